"""The port: one for the whole life of the process, whoever answers there."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from ari_app.api.connections import IDLE_SECONDS, Connections
from ari_app.api.handshake import Handshake
from ari_app.api.problems import HttpError, problem_response
from ari_app.errors import Code

log = structlog.get_logger(__name__)

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

# Seconds that requests under way have when the server stops.
GRACE = 5.0
# Seconds for which what is left of a body that is too large is read away, so that the connection stays usable.
LINGER = 2.0
# Bytes of a request's first line: every query that the document allows fits, however it is encoded.
MAX_LINE = 32_768


class _Protocol(RequestHandler):
    """What isn't HTTP is answered as a problem too, not as aiohttp's page. See `connections` for when it ends."""

    __slots__ = ("_address", "_counted", "_unfinished")

    def __init__(self, manager: web.Server, connections: Connections, **kwargs: Any) -> None:
        super().__init__(manager, **kwargs)
        self._counted = connections
        self._address: str | None = None
        self._unfinished: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection; of too many from its address it is closed at once."""
        super().connection_made(transport)
        address = str((transport.get_extra_info("peername") or ("",))[0])
        if not self._counted.begin(address):
            self.force_close()
            return
        self._address = address
        self._unfinished = self._counted.watch(self.force_close)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It is over."""
        super().connection_lost(exc)
        self.requested()
        if self._address is not None:
            self._counted.end(self._address)
            self._address = None

    def requested(self) -> None:
        """A whole request has come."""
        if self._unfinished is not None:
            self._unfinished.cancel()
            self._unfinished = None

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        if status < 500:
            response = problem_response(HttpError(status, Code.INVALID, "this is not a valid HTTP request"))
        else:
            log.error("request_failed", exc_info=exc)
            response = problem_response(RuntimeError())
        response.force_close()
        return response


class _Server(web.Server):
    def __init__(
        self, handler: Handler, connections: Connections, encryption: ssl.SSLContext | None, **kwargs: Any
    ) -> None:
        super().__init__(handler, **kwargs)
        self._counted = connections
        self._encryption = encryption

    def __call__(self) -> Any:
        """The protocol of the next connection."""
        return (
            self._protocol() if self._encryption is None else Handshake(self._protocol, self._counted, self._encryption)
        )

    def _protocol(self) -> _Protocol:
        return _Protocol(self, self._counted, loop=self._loop, **self._kwargs)


class Listener:
    """Hands each request to `handler`, which may be another one from one request to the next."""

    def __init__(self, handler: Handler, connections: Connections | None = None) -> None:
        self.handler = handler
        self._connections = connections or Connections(lambda why: None)
        self._runner: web.ServerRunner | None = None

    async def start(self, host: str, port: int, encryption: ssl.SSLContext | None = None) -> int:
        """Listen, by TLS where that is given; returns the port (another than requested where that was 0).

        Raises:
            OSError: the address can't be had.
        """
        server = _Server(
            self._handle,
            self._connections,
            encryption,
            keepalive_timeout=IDLE_SECONDS,
            access_log=None,
            logger=logging.getLogger("aiohttp"),
            lingering_time=LINGER,
            max_line_size=MAX_LINE,
        )
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=GRACE, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, host, port, reuse_address=True)
        try:
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        listening = int(runner.addresses[0][1])
        log.info("api_listening", host=host, port=listening)
        return listening

    async def stop(self) -> None:
        """Let requests under way finish, and no longer listen."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if isinstance(request.protocol, _Protocol):
            request.protocol.requested()
        return await self.handler(request)
