"""What a controller answers that does not lead: that it is there, its figures, and that another one leads."""

from collections.abc import Callable

from aiohttp import web
from pydantic_core import to_json

from ari_app.api.metrics import CONTENT_TYPE, Metrics
from ari_app.api.models.admin import Health
from ari_app.api.origins import check_source
from ari_app.api.problems import problem_response, protect
from ari_app.errors import CallControlError, Code, StoreUnavailable, Unavailable
from ari_app.routing.directory import Desk

RETRY_AFTER = 1
"""Seconds."""


class Standby:
    """Answers every request as long as this controller waits; `desk` is as configured, `trouble` why the store is not
    reached, without which nobody can lead: empty where it is.
    """

    def __init__(self, metrics: Metrics, desk: Callable[[], Desk], trouble: Callable[[], str]) -> None:
        self._trouble = trouble
        self._metrics = metrics
        self._desk = desk

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer."""
        try:
            check_source(request.headers.get("Origin"), request.headers.get("Host"), self._desk())
            response = self._answer(request.rel_url.raw_path)
        except CallControlError as error:
            response = problem_response(error)
            if isinstance(error, Unavailable):
                response.headers["Retry-After"] = str(RETRY_AFTER)
        protect(response, request)
        return response

    def _answer(self, path: str) -> web.Response:
        match path:
            case "/healthz":
                return web.Response(body=to_json(Health(role="standby")), content_type="application/json")
            case "/metrics":
                return web.Response(body=self._metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})
            case _ if trouble := self._trouble():
                raise StoreUnavailable(trouble)
            case _:
                raise Unavailable(Code.STANDBY, "this controller waits as a standby; ask the one that leads")
