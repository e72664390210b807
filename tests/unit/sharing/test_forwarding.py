"""A request that another controller answers: what comes there, what comes back, and what is said where nobody does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from yarl import URL

from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.standby import Standby
from ari_app.routing.directory import Desk
from ari_app.sharing.forwarding import DECLINED, FROM, GONE, Forwarder
from ari_app.sharing.key import HEADER, is_ours, key_of
from ari_app.store.leases import Lease

HOST = "127.0.79.3"
KEY = key_of("s3cret")
WAIT = 5.0
SET = [("Set-Cookie", "mine=1; Path=/; HttpOnly"), ("Set-Cookie", "other=2")]


@dataclass
class Leader:
    """The one that leads: keeps what was requested, or does as a test wants."""

    requests: list[tuple[str, str, bytes, dict[str, str]]] = field(default_factory=list)
    requested: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    breaks: bool = False
    declined: str = ""
    close_code: int = 4001

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/socket":
            return await self._socket(request)
        self.requests.append((request.method, request.path_qs, await request.read(), dict(request.headers)))
        self.requested.set()
        if request.path == "/slow":
            await self.gate.wait()
        if self.breaks:
            assert request.transport is not None
            request.transport.abort()
        if self.declined:
            return web.Response(status=503, headers={DECLINED: self.declined})
        if request.path == "/cookie":
            return web.Response(status=303, headers=[("Location", "/there"), *SET])
        if request.path == "/refused":
            return web.Response(status=401, text="no", headers={"WWW-Authenticate": "Bearer"})
        response = web.StreamResponse(status=201, headers={"Location": "/v1/calls/c", "Content-Type": "text/plain"})
        await response.prepare(request)
        await response.write(b"half ")
        if request.path == "/half":
            await self.gate.wait()
        await response.write(b"and half")
        return response

    async def _socket(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer t":
            return web.Response(status=401, text="no token")
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            if message.data == "end":
                await socket.close(code=self.close_code)
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
            else:
                await socket.send_str(f"{message.data} {request.headers[FROM]}")
        return socket


@dataclass
class Passing:
    """A standby, with who leads behind it."""

    leader: Leader
    leads: list[Lease]
    url: str
    forwarder: Forwarder
    session: aiohttp.ClientSession
    news: asyncio.Event

    async def code(self, method: str, path: str) -> tuple[int, str, str | None]:
        async with self.session.request(method, f"{self.url}{path}") as response:
            return response.status, str((await response.json())["code"]), response.headers.get("Retry-After")


@pytest.fixture
async def passing() -> AsyncIterator[Passing]:
    leader = Leader()
    behind = Listener(leader)
    port = await behind.start(HOST, 0)
    lease, news = Lease(1, "one", f"http://{HOST}:{port}"), asyncio.Event()
    leads = [lease]

    async def heard() -> None:
        await news.wait()

    forwarder = Forwarder(KEY, lambda: leads[-1], heard)
    standby = Listener(Standby(Metrics(), Desk, str, forwarder))
    mine = await standby.start(HOST, 0)
    async with aiohttp.ClientSession() as session:
        passing = Passing(leader, leads, f"http://{HOST}:{mine}", forwarder, session, news)
        yield passing
        await forwarder.close_sockets()
        leader.gate.set()
        await standby.stop()
        await behind.stop()
        await forwarder.close()


async def test_a_request_is_answered_as_if_it_had_been_made_there(passing: Passing) -> None:
    headers = {"Authorization": "Bearer t", "Idempotency-Key": "k", "Content-Type": "application/json"}
    url = URL(f"{passing.url}/v1/calls?a=%2Fb", encoded=True)
    async with passing.session.post(url, data=b'{"x": 1}', headers=headers) as response:
        assert (response.status, await response.text()) == (201, "half and half")
        assert response.headers["Location"] == "/v1/calls/c"
    ((method, path, body, sent),) = passing.leader.requests
    assert (method, path, body) == ("POST", "/v1/calls?a=%2Fb", b'{"x": 1}')
    assert {name: sent[name] for name in headers} == headers
    assert sent["Host"] == passing.url.removeprefix("http://")
    assert sent[FROM].startswith("127.0.")
    assert is_ours(sent, KEY)


async def test_nobody_else_speaks_as_a_controller(passing: Passing) -> None:
    forged = {HEADER: "guessed", FROM: "10.0.0.1"}
    async with passing.session.get(f"{passing.url}/v1/me", headers=forged):
        pass
    sent = passing.leader.requests[0][3]
    assert (sent[HEADER], sent[FROM]) == (KEY, "127.0.0.1")
    assert not is_ours(forged, KEY)
    assert not is_ours({}, KEY)
    assert key_of("another") != KEY


async def test_a_refusal_comes_back_as_it_is(passing: Passing) -> None:
    async with passing.session.get(f"{passing.url}/refused") as response:
        assert (response.status, response.headers["WWW-Authenticate"], await response.text()) == (401, "Bearer", "no")


async def test_a_cookie_comes_to_the_browser_that_it_is_for_and_from_no_other(passing: Passing) -> None:
    # By a name: of addresses no client keeps a cookie.
    named = Listener(passing.leader)
    passing.leads.append(Lease(1, "one", f"http://localhost:{await named.start('127.0.0.1', 0)}"))
    async with passing.session.get(f"{passing.url}/cookie", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/there")
        assert response.headers.getall("Set-Cookie") == [value for _, value in SET]
    async with aiohttp.ClientSession() as another, another.get(f"{passing.url}/v1/me"):
        pass
    assert "Cookie" not in passing.leader.requests[-1][3]
    async with aiohttp.ClientSession() as another, another.get(f"{passing.url}/v1/me", headers={"Cookie": "mine=3"}):
        pass
    assert passing.leader.requests[-1][3]["Cookie"] == "mine=3"
    await named.stop()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_where_nobody_is_reached_nothing_was_done_and_it_may_be_tried_again(
    passing: Passing, method: str
) -> None:
    passing.leads.append(Lease(1, "one", f"http://{HOST}:1"))
    assert await passing.code(method, "/v1/me") == (503, "standby", "1")
    passing.leads.append(Lease(1, "one", f"{HOST}:8080"))  # it does not say how others reach it
    assert await passing.code(method, "/v1/me") == (503, "standby", "1")


async def test_what_broke_has_an_unknown_outcome_unless_it_changes_nothing_and_is_sent_once(passing: Passing) -> None:
    passing.leader.breaks = True
    assert await passing.code("POST", "/v1/calls") == (504, "unknown_outcome", None)
    assert await passing.code("GET", "/v1/me") == (503, "standby", "1")
    assert [method for method, *_ in passing.leader.requests].count("POST") == 1


@pytest.mark.parametrize(("declined", "status"), [("standby", 503), ("unknown_outcome", 504)])
async def test_who_leads_no_more_says_so_and_whether_it_had_begun(passing: Passing, declined: str, status: int) -> None:
    passing.leader.declined = declined
    assert (await passing.code("POST", "/v1/calls"))[:2] == (status, declined)


async def test_a_body_that_no_leader_would_take_is_not_passed_on(passing: Passing) -> None:
    async with passing.session.post(f"{passing.url}/v1/calls", data=b"x" * 70_000) as response:
        assert (response.status, (await response.json())["code"]) == (413, "invalid")
    assert passing.leader.requests == []


async def test_a_leader_that_is_frozen_is_waited_for_until_another_leads(passing: Passing) -> None:
    asking = asyncio.create_task(passing.code("POST", "/slow"))
    async with asyncio.timeout(WAIT):
        await passing.leader.requested.wait()
        passing.leads.append(Lease(2, "two", passing.leads[0].address))
        passing.news.set()
        assert await asking == (504, "unknown_outcome", None)


async def test_a_socket_is_passed_on_with_its_protocol_and_how_it_ends(passing: Passing) -> None:
    async with passing.session.ws_connect(
        f"{passing.url}/socket", protocols=("sip",), headers={"Authorization": "Bearer t"}
    ) as socket:
        assert socket.protocol == "sip"
        await socket.send_str("REGISTER")
        assert await socket.receive_str(timeout=WAIT) == "REGISTER 127.0.0.1"
        await socket.send_bytes(b"\x00")
        assert await socket.receive_bytes(timeout=WAIT) == b"\x00"
        await socket.send_str("end")
        assert (await socket.receive(timeout=WAIT)).type is WSMsgType.CLOSE
        assert socket.close_code == 4001


async def test_a_socket_that_is_refused_is_refused_for_its_reason(passing: Passing) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    async with passing.session.get(f"{passing.url}/socket", headers=headers) as response:
        assert (response.status, await response.text()) == (401, "no token")


async def test_who_has_a_socket_is_sent_to_another_controller_when_this_one_stops(passing: Passing) -> None:
    async with passing.session.ws_connect(f"{passing.url}/socket", headers={"Authorization": "Bearer t"}) as socket:
        await socket.send_str("x")
        await socket.receive_str(timeout=WAIT)
        await passing.forwarder.close_sockets()
        assert (await socket.receive(timeout=WAIT)).type is WSMsgType.CLOSE
        assert socket.close_code == GONE


def replaced(passing: Passing) -> None:
    """Another leads, while the one before stands still."""
    passing.leads.append(Lease(2, "two", f"http://{HOST}:1"))
    passing.news.set()


async def test_a_window_is_closed_when_another_leads_while_the_one_before_stands_still(passing: Passing) -> None:
    headers = {"Authorization": "Bearer t"}
    async with passing.session.ws_connect(f"{passing.url}/socket", headers=headers) as socket:
        await socket.send_str("hello")
        await socket.receive()
        replaced(passing)
        async with asyncio.timeout(WAIT):
            assert (await socket.receive()).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_what_comes_half_is_broken_off_when_another_leads_while_the_one_before_stands_still(
    passing: Passing,
) -> None:
    async with passing.session.get(f"{passing.url}/half") as response:
        assert await response.content.readany() == b"half "
        replaced(passing)
        async with asyncio.timeout(WAIT):
            with pytest.raises(aiohttp.ClientError):
                await response.content.read()
