"""The HTTP client: what Asterisk is sent, and what its refusals become."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import WSMsgType, web

from ari_app.ari.failures import (
    AriError,
    ChannelGone,
    Conflict,
    InvalidState,
    NobodyListens,
    NotFound,
    Unprocessable,
    Unreachable,
)
from ari_app.ari.figures import NoFigures
from ari_app.ari.http import HttpClient, plain
from ari_app.errors import AsteriskUnavailable, Code

PASSWORD = "a+b&c#d e%f=/é"


class Server:
    """Answers as it is made to, and keeps what was requested."""

    def __init__(self) -> None:
        self.requests: list[web.Request] = []
        self.answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        if self.answer is None:
            return web.json_response({"ok": True})
        return await self.answer(request)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/ari"
    yield server
    await runner.cleanup()


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient("user", PASSWORD, timeout=5)
    yield client
    await client.close()


def refusing(status: int, body: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=body)

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def test_parameters_are_as_asterisk_reads_them() -> None:
    assert plain({"a": True, "b": False, "c": None, "d": 3, "e": "x"}) == {
        "a": "true",
        "b": "false",
        "d": "3",
        "e": "x",
    }
    assert plain(None) == {}


async def test_the_password_goes_in_a_header_whatever_is_in_it(server: Server, client: HttpClient) -> None:
    answer = await client.request("GET", f"{server.url}/channels", params={"a": "+ &#é"})
    assert await answer.text() == '{"ok": true}'
    (request,) = server.requests
    sent = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert sent == f"user:{PASSWORD}"
    assert request.query["a"] == "+ &#é"
    assert list(request.query) == ["a"]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, '{"message":"Bridge not found"}', NotFound),
        (404, '{"message":"Channel not found"}', ChannelGone),
        (404, '{"message":"Provided channel was not found"}', ChannelGone),
        (400, '{"message":"Channel not found"}', ChannelGone),
        (409, '{"message":"Channel not in Stasis application"}', ChannelGone),
        (409, '{"message":"Bridge with id \'x\' already exists"}', Conflict),
        (412, '{"message":"Channel in invalid state"}', InvalidState),
        (422, '{"message":"Channel not in this bridge"}', Unprocessable),
        (500, '{"error":"Allocation failed"}', AriError),
        (503, "<html>", AriError),
        (400, "[1]", AriError),
    ],
)
async def test_a_refusal_has_its_kind_and_asterisks_own_words(
    server: Server, client: HttpClient, status: int, body: str, kind: type[AriError]
) -> None:
    server.answer = refusing(status, body)
    with pytest.raises(kind) as caught:
        await client.request("POST", f"{server.url}/x")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.message
    assert caught.value.message in body or not body.startswith("{")


def test_a_leaked_error_tells_a_client_nothing_of_asterisk() -> None:
    error = AriError(500, "Allocation failed")
    assert isinstance(error, AsteriskUnavailable)
    assert error.code is Code.ASTERISK_UNAVAILABLE
    assert "Allocation" not in error.detail


async def test_a_lost_connection_is_tried_once_more(server: Server, client: HttpClient) -> None:
    async def first_lost(request: web.Request) -> web.StreamResponse:
        return await hang_up(request) if len(server.requests) == 1 else web.json_response({})

    server.answer = first_lost
    assert (await client.request("POST", f"{server.url}/channels/create")).status == 200
    assert len(server.requests) == 2


@pytest.mark.parametrize("operation", ["dial", "dtmf"])
async def test_what_must_not_happen_twice_is_not_tried_again(
    server: Server, client: HttpClient, operation: str
) -> None:
    server.answer = hang_up
    with pytest.raises(Unreachable):
        await client.request("POST", f"{server.url}/channels/x/{operation}")
    assert len(server.requests) == 1


async def test_a_connection_lost_twice_is_an_error(server: Server, client: HttpClient) -> None:
    server.answer = hang_up
    with pytest.raises(Unreachable):
        await client.request("PUT", f"{server.url}/x")


async def test_no_answer_in_time_is_an_error(server: Server) -> None:
    never = asyncio.Event()

    async def wait(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    server.answer = wait
    client = HttpClient("user", PASSWORD, timeout=0.05)
    with pytest.raises(Unreachable, match="in time"):
        await client.request("GET", f"{server.url}/x")
    never.set()
    await client.close()


async def test_nobody_there_is_an_error_without_secrets(client: HttpClient) -> None:
    with pytest.raises(Unreachable) as caught:
        await client.request("GET", "http://127.0.78.250:9/x", params={"api_key": "hidden"})
    assert "hidden" not in str(caught.value)
    assert PASSWORD not in str(caught.value)


async def test_the_websocket_opens_with_the_same_credentials(server: Server, client: HttpClient) -> None:
    async def accept(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("hello")
        await socket.close()
        return socket

    opened: list[object] = []
    client.on_connected = opened.append
    server.answer = accept
    socket = await client.ws_connect(f"{server.url}/events".replace("http", "ws"), params={"app": "a b", "all": False})
    message = await socket.receive()
    assert (message.type, message.data) == (WSMsgType.TEXT, "hello")
    assert opened == [socket]
    assert dict(server.requests[0].query) == {"app": "a b", "all": "false"}
    assert "Authorization" in server.requests[0].headers
    await socket.close()


async def test_a_refused_websocket_is_an_error(server: Server, client: HttpClient) -> None:
    server.answer = refusing(401, "")
    with pytest.raises(AriError) as caught:
        await client.ws_connect(f"{server.url}/events")
    assert caught.value.status == 401


async def test_where_nobody_listens_that_is_known(client: HttpClient) -> None:
    with pytest.raises(NobodyListens):
        await client.request("GET", "http://127.0.78.250:9/x")


async def test_a_websocket_to_nobody_is_an_error(client: HttpClient) -> None:
    with pytest.raises(Unreachable):
        await client.ws_connect("ws://127.0.78.250:9/x")


async def test_a_websocket_that_is_given_up_before_it_was_opened_is_counted(server: Server, client: HttpClient) -> None:
    arrived, goes_on = asyncio.Event(), asyncio.Event()

    async def stand_still(request: web.Request) -> web.StreamResponse:
        arrived.set()
        await goes_on.wait()
        return web.Response()

    server.answer = stand_still
    opening = asyncio.ensure_future(client.ws_connect(f"{server.url}/events"))
    await arrived.wait()
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    goes_on.set()  # or the server waits for its answer
    assert client.abandoned == 1


@pytest.mark.parametrize("setter", ["set_basic_auth", "set_api_key"])
async def test_credentials_cannot_be_given_later(client: HttpClient, setter: str) -> None:
    with pytest.raises(TypeError):
        getattr(client, setter)("host", "name", "secret")


async def read(client: HttpClient, url: str) -> tuple[int | None, list[bytes]]:
    async with client.stream(url) as (length, chunks):
        return length, [chunk async for chunk in chunks]


async def test_what_may_be_long_comes_in_pieces_with_its_length(server: Server, client: HttpClient) -> None:
    data = bytes(range(256)) * 1024

    async def sound(request: web.Request) -> web.StreamResponse:
        return web.Response(body=data)

    server.answer = sound
    length, pieces = await read(client, f"{server.url}/recordings/stored/a/file")
    assert (length, b"".join(pieces), len(pieces) > 1) == (len(data), data, True)


async def test_what_may_be_long_is_refused_or_breaks_off_as_anything_else(server: Server, client: HttpClient) -> None:
    server.answer = refusing(404, '{"message": "Recording not found"}')
    with pytest.raises(NotFound, match="Recording not found"):
        await read(client, f"{server.url}/x")

    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    for answer in (half, hang_up):
        server.answer = answer
        with pytest.raises(Unreachable):
            await read(client, f"{server.url}/x")


async def test_what_may_be_long_does_not_keep_one_waiting(server: Server) -> None:
    hasty, gate = HttpClient("user", PASSWORD, timeout=0.05), asyncio.Event()

    async def stalled(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        if request.path.endswith("begun"):
            await response.prepare(request)
            await response.write(b"half")
        await gate.wait()
        return response

    server.answer = stalled
    for path in ("begun", "never"):
        with pytest.raises(Unreachable):
            await read(hasty, f"{server.url}/{path}")
    gate.set()
    await hasty.close()


async def test_whoever_does_not_lead_any_more_requests_nothing_and_opens_nothing(server: Server) -> None:
    leads = asyncio.get_running_loop().create_future()
    client = HttpClient("user", PASSWORD, leads=lambda: asyncio.shield(leads))
    requests = [
        asyncio.ensure_future(client.request("POST", f"{server.url}/channels")),
        asyncio.ensure_future(client.ws_connect(f"{server.url}/events")),
    ]
    await asyncio.sleep(0)
    leads.set_result(False)
    for request in requests:
        with pytest.raises(Unreachable, match="another controller leads"):
            await request
    assert server.requests == []
    await client.close()


async def test_each_request_is_counted_with_what_became_of_it(server: Server, client: HttpClient) -> None:
    counted: list[tuple[str, str]] = []

    class Counting(NoFigures):
        def request(self, kind: str, seconds: float, outcome: str, carrier: str) -> None:
            assert (0 <= seconds < 5, carrier) == (True, "http")
            counted.append((kind, outcome))

    client.figures = Counting()
    await client.request("GET", f"{server.url}/channels")
    server.answer = refusing(404, "")
    with pytest.raises(AriError):
        await client.request("POST", f"{server.url}/channels/cc-1/mute")
    server.answer = hang_up
    with pytest.raises(Unreachable):
        await client.request("POST", f"{server.url}/channels/cc-1/dial")
    assert counted == [("GET channels", "done"), ("POST channels/mute", "refused"), ("POST channels/dial", "unreached")]
