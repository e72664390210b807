"""Who is to be called back, for those who oversee: who they are, and an end to it."""

from dataclasses import asdict

from ari_app.api.calls_api import CallsApi
from ari_app.api.models.supervision import CallBackDocument, CallBacks
from ari_app.api.port import Control
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls import commands as c
from ari_app.calls.views import CallView, callback_view
from ari_app.errors import Code


class CallBacksApi:
    """Operations of supervisors and admins on call-backs; each goes by the id of its call."""

    def __init__(self, control: Control, calls: CallsApi) -> None:
        self._control = control
        self._calls = calls

    async def all(self, exchange: Exchange) -> CallBacks:
        """All of them, whoever is being rung among them."""
        found = [(call.id, view) for call in self._control.calls().values() if (view := callback_view(call))]
        listed = [CallBackDocument(call=call, **asdict(view)) for call, view in found]
        return CallBacks(callbacks=sorted(listed, key=lambda each: (each.promised_at, each.call)))

    async def cancel(self, exchange: Exchange) -> CallView:
        """Raises: Refused `not_found`; `not_allowed_now` once they were reached."""
        return await self._calls.submit(exchange, c.Clear, callback=True)

    def routes(self) -> list[Route]:
        """The operations of this class."""
        return [
            Route(
                "GET", "/v1/callbacks", "list_callbacks", "Who is to be called back", "supervision", self.all,
                CallBacks, access=Access.OVERSEER,
            ),
            Route(
                "DELETE", "/v1/callbacks/{call}", "cancel_callback", "Call somebody back no more", "supervision",
                self.cancel, CallView, access=Access.OVERSEER, audit=(),
                codes=(
                    Code.NOT_FOUND,
                    Code.NOT_ALLOWED_NOW,
                    Code.ASTERISK_UNAVAILABLE,
                    Code.STORE_UNAVAILABLE,
                    Code.UNKNOWN_OUTCOME,
                ),
            ),
        ]  # fmt: skip
