"""Requests while one controller takes over from another: held, and answered as if nothing had happened."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from ari_app.api.listening import Listener
from ari_app.api.problems import problem_response
from ari_app.errors import CallControlError, Code, LeadsNoMore, OutcomeUnknown, Unavailable
from ari_app.sharing import passing
from ari_app.sharing.passing import HELD, OTHERWISE, Passing
from ari_app.store.leases import Lease
from tests.unit.engine.ends import turn

HOST = "127.0.79.4"
WAIT = 5.0
AWAY = Unavailable(Code.STANDBY, "not reached")
UNKNOWN = OutcomeUnknown()
KEY = {"Idempotency-Key": "k1"}


@dataclass
class Leaders:
    leader: Lease = field(default_factory=lambda: Lease(1))
    trouble: str = ""


@dataclass
class Controller:
    """One that passes on; `says` is what comes of each try, in order, the last again and again."""

    says: list[CallControlError | str] = field(default_factory=list)
    leaders: Leaders = field(default_factory=Leaders)
    serves: bool = False
    stopping: bool = False
    now: float = 0.0
    bodies: list[bytes] = field(default_factory=list)
    requests: list[web.BaseRequest] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    begun: CallControlError | None = None
    session: aiohttp.ClientSession = field(init=False)

    def __post_init__(self) -> None:
        self.passing = Passing(
            self._own, self._forward, self.leaders, self._news, lambda: self.stopping, lambda: self.now
        )
        self.listener = Listener(self._handle)

    async def _own(self, request: web.BaseRequest) -> web.StreamResponse | None:
        return web.Response(text="own") if self.serves else None

    async def _forward(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        self.bodies.append(body)
        said = self.says.pop(0) if len(self.says) > 1 else self.says[0]
        if isinstance(said, CallControlError):
            raise said
        return web.Response(text=said)

    async def _news(self) -> None:
        async with self.news:
            self.held.set()
            await self.news.wait()

    async def something_new(self, after: float = 0.0) -> None:
        """As soon as something is held, and for so many seconds."""
        async with asyncio.timeout(WAIT):
            await self.held.wait()
        self.held.clear()
        self.now += after
        async with self.news:
            self.news.notify_all()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests.append(request)
        if self.begun is not None:
            request[OTHERWISE] = self.begun
        try:
            return await self.passing(request, await request.read())
        except CallControlError as error:
            return problem_response(error)

    async def requested(self, method: str = "POST", path: str = "/v1/calls", **more: Any) -> tuple[int, str]:
        within = aiohttp.ClientTimeout(total=WAIT)
        async with self.session.request(method, path, data=b"{}", timeout=within, **more) as response:
            text = await response.text()
            return response.status, text if response.status == 200 else str((await response.json())["code"])


@pytest.fixture
async def controller() -> AsyncIterator[Controller]:
    controller = Controller()
    port = await controller.listener.start(HOST, 0)
    async with aiohttp.ClientSession(f"http://{HOST}:{port}") as controller.session:
        yield controller
    await controller.listener.stop()


async def test_what_nobody_has_begun_is_held_until_another_leads(controller: Controller) -> None:
    controller.says = [AWAY, LeadsNoMore(), "done"]
    asking = asyncio.create_task(controller.requested())
    await controller.something_new()
    await controller.something_new()
    assert await asking == (200, "done")
    assert controller.bodies == [b"{}"] * 3


async def test_who_leads_by_then_answers_itself(controller: Controller) -> None:
    controller.says = [AWAY]
    asking = asyncio.create_task(controller.requested("GET"))
    async with asyncio.timeout(WAIT):
        await controller.held.wait()
    controller.serves = True
    await controller.something_new()
    assert await asking == (200, "own")


async def test_it_is_not_held_for_ever_and_nothing_was_done(controller: Controller) -> None:
    controller.says = [AWAY]
    asking = asyncio.create_task(controller.requested(headers=KEY))
    await controller.something_new(after=HELD + 0.1)
    assert await asking == (503, "standby")


@pytest.mark.parametrize(
    ("what", "headers", "comes"),
    [
        ("POST /v1/calls", KEY, (200, "done")),
        ("PATCH /v1/me", {}, (200, "done")),
        ("POST /v1/login", {}, (200, "done")),
        ("POST /v1/calls", {}, (504, "unknown_outcome")),
    ],
)
async def test_what_may_have_been_done_is_requested_again_where_it_is_done_once(
    controller: Controller, what: str, headers: dict[str, str], comes: tuple[int, str]
) -> None:
    controller.says = [UNKNOWN, AWAY, "done"]
    asking = asyncio.create_task(controller.requested(*what.split(), headers=headers))
    if comes[0] == 200:
        await controller.something_new()
        await controller.something_new()
    assert await asking == comes


@pytest.mark.parametrize("says", [[UNKNOWN, AWAY], [LeadsNoMore(UNKNOWN), AWAY], [AWAY]])
async def test_that_it_may_have_been_done_is_true_whatever_is_found_later(
    controller: Controller, says: list[CallControlError | str]
) -> None:
    controller.begun = UNKNOWN if len(says) == 1 else None  # by this one, before it led no more
    controller.says = says
    asking = asyncio.create_task(controller.requested(headers=KEY))
    await controller.something_new(after=HELD + 0.1)
    assert await asking == (504, "unknown_outcome")


async def test_where_nobody_can_take_over_it_is_said_sooner(controller: Controller) -> None:
    controller.says = [AWAY]
    controller.leaders.trouble = "no store"
    asking = asyncio.create_task(controller.requested())
    await controller.something_new(after=passing.HELD_WITHOUT_STORE + 0.1)
    assert await asking == (503, "standby")


@pytest.mark.parametrize("why", ["watched", "stopping", "too many", "not reached"])
async def test_it_is_said_at_once(controller: Controller, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    controller.says = [AWAY]
    path = "/readyz" if why == "watched" else "/v1/me"
    controller.stopping = why == "stopping"
    if why == "too many":
        monkeypatch.setattr(passing, "MOST_HELD", 0)
    if why == "not reached":  # it does not say how others reach it
        controller.leaders.leader = Lease(1, "one", "127.0.0.1:8080")
    async with asyncio.timeout(WAIT):
        assert await controller.requested("GET", path) == (503, "standby")


async def test_nothing_is_begun_for_somebody_who_is_gone(controller: Controller) -> None:
    controller.says = [AWAY, "done"]
    asking = asyncio.create_task(controller.requested())
    async with asyncio.timeout(WAIT):
        await controller.held.wait()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(WAIT):
        while controller.requests[0].transport is not None:
            await turn()
        await controller.something_new()
        while controller.passing.held:
            await turn()
    assert len(controller.bodies) == 1
