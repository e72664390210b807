"""Passwords that agents choose, and the end of sessions: by the agent, by an administrator, by not being used.

Whatever was opened with a session ends with it, however that came about: windows and the phone in the page.
"""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from ari_app.api.authentication import Authentication
from ari_app.api.models.sessions import NewPassword, SessionsEnded
from ari_app.api.port import Control
from ari_app.api.routes import Access, Exchange, Route
from ari_app.errors import Code, Refused, StoreUnavailable

log = structlog.get_logger(__name__)


class SessionsApi:
    """Operations on sessions. `opened()`: those with which something is open; `close(digest)` closes it."""

    def __init__(
        self,
        control: Control,
        authentication: Authentication,
        opened: Callable[[], Iterable[str]],
        close: Callable[[str], None],
    ) -> None:
        self._control = control
        self._authentication = authentication
        self._opened = opened
        self._close = close

    async def change_password(self, exchange: Exchange) -> None:
        """Raises: Refused `invalid`; HttpError 429; StoreUnavailable."""
        body: NewPassword = exchange.body
        address = exchange.http.remote or ""
        current, new = body.current_password, body.new_password
        await self._authentication.change_password(exchange.session, current, new, address)

    async def end(self, exchange: Exchange) -> SessionsEnded:
        """Raises: Refused `not_found`; StoreUnavailable."""
        agent = exchange.path["agent"]
        if agent not in self._control.directory().agents:
            raise Refused(Code.NOT_FOUND, "there is no such agent")
        ended = await self._authentication.end_all(agent)
        log.info("sessions_ended", agent=agent, by=exchange.session.agent.id, sessions=ended)
        return SessionsEnded(agent=agent, ended=ended)

    async def look(self) -> None:
        """Close what was opened with a session that is over. One with which something is open counts as used."""
        for digest in dict.fromkeys(self._opened()):
            try:
                await self._authentication.by_digest(digest)
            except StoreUnavailable:
                return  # agents go on while the store is away
            except Refused:
                self._close(digest)

    async def watch(self, seconds: float) -> None:
        """Look every so many seconds, until it is cancelled."""
        while True:
            await asyncio.sleep(seconds)
            await self.look()

    def routes(self) -> list[Route]:
        """The operations of this class."""
        return [
            Route(
                "PUT", "/v1/me/password", "change_password", "Choose another password; my other sessions end",
                "session", self.change_password, status=204, request=NewPassword, audit=(),
                codes=(Code.FEATURE_DISABLED,),
                statuses={
                    429: "`rate_limited`: the password given as the current one was wrong too often, or too many wait"
                },
            ),
            Route(
                "DELETE", "/v1/agents/{agent}/sessions", "end_sessions", "End all sessions of an agent", "session",
                self.end, SessionsEnded, codes=(Code.NOT_FOUND,), access=Access.ADMIN, audit=(),
            ),
        ]  # fmt: skip
