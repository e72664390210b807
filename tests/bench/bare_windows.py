"""WebSockets without our API: what the benches of events are measured against."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.bench.bench_search import HOST


@asynccontextmanager
async def bare_windows() -> AsyncIterator[list[web.WebSocketResponse]]:
    """Those who have connected so far, each greeted as the API does with a snapshot. The port is printed."""
    sockets: list[web.WebSocketResponse] = []

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        await socket.send_str("{}")
        sockets.append(socket)
        await socket.receive()
        return socket

    application = web.Application()
    application.router.add_get("/", serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    print(runner.addresses[0][1], flush=True)
    try:
        yield sockets
    finally:
        await runner.cleanup()
