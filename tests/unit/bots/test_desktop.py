"""The desktop of a scenario against a controller of three routes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from tests.bots.desktop import ApiFailed, Desktop, at_path, same
from tests.bots.events import Board, DeadlineMissed

CALL = {
    "id": "c1",
    "state": "established",
    "parties": [
        {"id": "p1", "role": "agent", "agent": "alice", "you": True, "state": "connected"},
        {"id": "p2", "role": "contact", "number": "+336", "you": False, "state": "connected"},
        {"id": "p3", "role": "agent", "agent": "bob", "you": False, "state": "left"},
    ],
}


class Controller:
    """Logs alice in, and pushes whatever a test says."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []
        self.states: list[str] = []
        self.may_answer = asyncio.Event()

    def app(self) -> web.Application:
        """Its routes."""
        app = web.Application()
        app.router.add_post("/v1/login", self._login)
        app.router.add_put("/v1/me/state", self._state)
        app.router.add_get("/v1/events", self._events)
        app.router.add_post("/v1/calls/c1/hold", self._hold)
        return app

    async def push(self, event: dict[str, Any]) -> None:
        """To every desktop."""
        for socket in self.sockets:
            await socket.send_json(event)

    async def _login(self, request: web.Request) -> web.Response:
        good = (await request.json())["password"] == "alice-demo"
        return web.json_response({"token": "t"} if good else {"code": "unauthenticated"}, status=200 if good else 401)

    async def _state(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer t"
        self.states.append((await request.json())["state"])
        return web.json_response({})

    async def _hold(self, _: web.Request) -> web.Response:
        await self.may_answer.wait()
        return web.json_response(CALL)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "snapshot", "seq": 1, "me": {"agent": "alice"}, "calls": []})
        async for _ in socket:
            continue
        return socket


@pytest_asyncio.fixture
async def controller() -> Controller:
    return Controller()


@pytest_asyncio.fixture
async def base(controller: Controller) -> AsyncIterator[str]:
    runner = web.AppRunner(controller.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def follows(desktop: Desktop, board: Board, holds: Callable[[], bool]) -> None:
    """Wait for a fact."""
    await board.until(holds, within=3, otherwise=lambda: f"{desktop.calls}")


async def test_calls_are_followed_and_named_in_requests(controller: Controller, base: str) -> None:
    board = Board()
    desktop = Desktop(base, "alice", board)
    await desktop.login("alice-demo")
    filling: Awaitable[str] = asyncio.ensure_future(desktop.fill("/v1/calls/{call}/parties/{contact}/mute", 3))
    await controller.push({"type": "call.created", "seq": 2, "call": CALL})
    assert await filling == "/v1/calls/c1/parties/p2/mute"
    assert await desktop.fill("{me} {party:alice}", 1) == "p1 p1"
    with pytest.raises(DeadlineMissed, match="party:bob"):
        await desktop.fill("{party:bob}", 0.01)
    await controller.push({"type": "offer.updated", "seq": 3, "call_id": "c1", "offer": {"state": "declined"}})
    await follows(desktop, board, lambda: at_path(desktop.call, "offer.state") == "declined")
    await controller.push({"type": "call.ended", "seq": 4, "call": CALL})
    await follows(desktop, board, lambda: at_path(desktop.call, "state") == "released")
    await desktop.close(log_out=True)
    assert controller.states == ["logged_out"]


@pytest.mark.parametrize(("reported", "known"), [(True, "held"), (False, "established")], ids=["event", "none"])
async def test_an_answer_does_not_undo_what_an_event_said_meanwhile(
    controller: Controller, base: str, *, reported: bool, known: str
) -> None:
    board = Board()
    desktop = Desktop(base, "alice", board)
    await desktop.login("alice-demo")
    answer = asyncio.ensure_future(desktop.request("POST", "/v1/calls/c1/hold"))
    if reported:
        await controller.push({"type": "call.updated", "seq": 2, "call": CALL | {"state": "held"}})
        await follows(desktop, board, lambda: at_path(desktop.call, "state") == "held")
    controller.may_answer.set()
    await answer
    assert at_path(desktop.call, "state") == known
    await desktop.close(log_out=True)


async def test_a_wrong_password_is_reported(base: str) -> None:
    desktop = Desktop(base, "alice", Board())
    with pytest.raises(ApiFailed, match="401"):
        await desktop.login("wrong")
    await desktop.close(log_out=True)


def test_json_is_compared_as_scenarios_write_it() -> None:
    assert same(3, "3")
    assert same("held", "held")
    assert same(True, True)
    assert not same(True, "true")
    assert at_path({"a": [{"b": 1}]}, "a.0.b") == 1
    assert at_path({"a": []}, "a.0.b") is None
