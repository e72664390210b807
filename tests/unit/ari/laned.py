"""An Asterisk that answers requests over HTTP and over WebSockets, those of one socket one after the other."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web

from ari_app.ari.client import AriClient
from ari_app.ari.figures import NoFigures
from ari_app.ari.http import Answer, HttpClient

HTTP = "http"
PASSWORD = "a+b&c#d e%f=/é"


@dataclass(eq=False)
class Sent:
    """A request that has arrived. `by` is the application whose socket brought it, or HTTP."""

    by: str
    method: str
    uri: str
    body: str = ""
    content_type: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def path(self) -> str:
        return self.uri.partition("?")[0]


class Laned:
    """`holds` are the paths that are answered when `release` says so; `refuses`: status and body of others; `rubbish`:
    what is sent over a socket in place of the answer."""

    def __init__(self) -> None:
        self.url = ""
        self.sent: list[Sent] = []
        self.sockets: dict[str, web.WebSocketResponse] = {}
        self.opened: list[str] = []
        self.holds: set[str] = set()
        self.refuses: dict[str, tuple[int, str]] = {}
        self.rubbish: dict[str, str] = {}
        self.dies: Callable[[], Awaitable[None]]
        self.no_sockets = False
        self.mute_sockets = False
        self.cuts_http: set[str] = set()
        self._news = asyncio.Condition()
        self._released = asyncio.Event()
        self._notice: asyncio.Future[None] | None = None

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(holds)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def arrived(self, *paths: str) -> None:
        """All these have."""
        await self.until(lambda: not set(paths) - {each.path for each in self.sent})

    def of(self, *paths: str) -> list[tuple[str, str]]:
        """How the requests with these paths came, in order."""
        return [(HTTP if each.by == HTTP else "lane", each.path) for each in self.sent if each.path in paths]

    def carrier(self, path: str) -> str:
        return next(each.by for each in self.sent if each.path == path)

    def release(self, *paths: str) -> None:
        self.holds -= set(paths)
        released, self._released = self._released, asyncio.Event()
        released.set()

    def cut(self, application: str) -> None:
        """End that socket as a network does."""
        request = self.sockets.pop(application)._req
        assert request is not None
        assert request.transport is not None
        request.transport.abort()

    async def _answered(self, sent: Sent) -> tuple[int, str]:
        self.sent.append(sent)
        await self._tell()
        while sent.path in self.holds:
            await self._released.wait()
        sent.answered.set()
        return self.refuses.get(sent.path, (200, json.dumps({"by": sent.path})))

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/ari/")
        if path == "events":
            return await self._socket(request)
        status, body = await self._answered(Sent(HTTP, request.method, path, await request.text()))
        if path in self.cuts_http:
            assert request.transport is not None
            request.transport.abort()
        return web.Response(status=status, text=body)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        name = request.query["app"]
        self.opened.append(name)
        if self.no_sockets:
            await self._tell()
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets[name] = socket
        await self._tell()
        try:
            await self._requests(name, socket)
        finally:
            self.sockets.pop(name, None)
            self._notice = asyncio.ensure_future(self._tell())  # who is cancelled may await nothing
        return socket

    async def _requests(self, name: str, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT or self.mute_sockets:
                continue
            wanted = json.loads(message.data)
            assert wanted["type"] == "RESTRequest"
            sent = Sent(name, wanted["method"], wanted["uri"], wanted.get("message_body", ""))
            sent.content_type = wanted.get("content_type", "")
            status, body = await self._answered(sent)
            answer = {"type": "RESTResponse", "request_id": wanted["request_id"], "status_code": status}
            answer |= {"reason_phrase": "Because", "uri": sent.path, "application": name}
            if body:
                answer |= {"content_type": "application/json", "message_body": body}
            await socket.send_str(self.rubbish.get(sent.path) or json.dumps(answer))


@asynccontextmanager
async def serving() -> AsyncIterator[Laned]:
    """One, at an address of its own."""
    server = Laned()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]

    async def died() -> None:
        await site.stop()
        for application in list(server.sockets):
            server.cut(application)

    server.dies = died
    server.url = f"http://{host}:{port}/ari"
    yield server
    server.holds.clear()
    server.release()
    await runner.cleanup()


class Counting(NoFigures):
    """Keeps what is counted."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.lanes: list[tuple[str, bool]] = []
        self.opened: asyncio.Queue[str] = asyncio.Queue()
        self.lost: asyncio.Queue[str] = asyncio.Queue()

    def request(self, kind: str, seconds: float, outcome: str, carrier: str) -> None:
        self.requests.append((kind, outcome, carrier))

    def lane(self, number: str, *, is_open: bool) -> None:
        self.lanes.append((number, is_open))
        (self.opened if is_open else self.lost).put_nowait(number)


class Laning:
    """A client with so many lanes, which are open."""

    def __init__(self, asterisk: Laned, lanes: int, timeout: float = 5.0) -> None:
        self.asterisk = asterisk
        self.lanes = lanes
        self.leads = True
        self.known = asyncio.Event()  # whether it leads
        self.known.set()
        self.counted = Counting()
        self.http = HttpClient("user", PASSWORD, lanes=lanes, leads=self._leads, timeout=timeout, figures=self.counted)
        self.client = AriClient(asterisk.url.removesuffix("/ari"), self.http)
        self._pending: list[asyncio.Task[Answer]] = []

    async def _leads(self) -> bool:
        await self.known.wait()
        return self.leads

    async def open(self) -> "Laning":
        self.client.open_lanes("app")
        for _ in range(self.lanes):
            await self.opens()
        return self

    async def opens(self) -> None:
        """A lane does (again)."""
        await ended(self.counted.opened.get())

    def asks(self, method: str, path: str, data: str | None = None, **query: str) -> "asyncio.Task[Answer]":
        """Sent now; the answer is waited for."""
        headers = {"Content-Type": "application/json"}
        sending = self.http.request(method, f"{self.asterisk.url}/{path}", query, data, headers)
        task = asyncio.ensure_future(sending)
        self._pending.append(task)
        return task

    async def close(self) -> None:
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self.http.close()


async def ended[T](awaited: Awaitable[T]) -> T:
    async with asyncio.timeout(5):
        return await awaited
