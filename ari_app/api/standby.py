"""What a controller answers that does not lead: that it is there, its figures; for all else the one that leads."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from pydantic_core import to_json

from ari_app.api.bodies import body_of
from ari_app.api.metrics import CONTENT_TYPE, Metrics
from ari_app.api.models.admin import Health
from ari_app.api.origins import check_source
from ari_app.api.problems import HttpError, problem_response, protect
from ari_app.errors import CallControlError, Code, StoreUnavailable, Unavailable
from ari_app.routing.directory import Desk

type Forward = Callable[[web.BaseRequest, bytes], Awaitable[web.StreamResponse]]


async def nowhere(request: web.BaseRequest, body: bytes) -> web.StreamResponse:
    """Raises: Unavailable, for nobody is known to whom it could be passed on."""
    raise Unavailable(Code.STANDBY, "this controller waits as a standby; ask the one that leads")


class Standby:
    """Answers every request as long as this controller waits; `desk` is as configured, `trouble` why the store is not
    reached, without which nobody can lead: empty where it is. `forward` has the leader answer.
    """

    def __init__(
        self, metrics: Metrics, desk: Callable[[], Desk], trouble: Callable[[], str], forward: Forward = nowhere
    ) -> None:
        self._trouble = trouble
        self._metrics = metrics
        self._desk = desk
        self._forward = forward

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer."""
        try:
            check_source(request.headers.get("Origin"), request.headers.get("Host"), self._desk())
            response = await self._answer(request)
        except (CallControlError, HttpError) as error:
            response = problem_response(error)
        if not response.prepared:
            protect(response, request)
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.rel_url.raw_path:
            case "/healthz":
                return web.Response(body=to_json(Health(role="standby")), content_type="application/json")
            case "/metrics":
                return web.Response(body=self._metrics.exposition(), headers={"Content-Type": CONTENT_TYPE})
            case _:
                return await self._elsewhere(request)

    async def _elsewhere(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._forward(request, await body_of(request) if request.body_exists else b"")
        except Unavailable as unavailable:
            if unavailable.code is Code.STANDBY and (trouble := self._trouble()):
                raise StoreUnavailable(trouble) from None
            raise
