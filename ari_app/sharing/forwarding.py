"""Requests that another controller answers: passed on as they came, and their answers passed back, sockets too.

A connection of its own for each: on one that was kept, nobody could tell whether a command that broke had been read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import aiohttp
import structlog
from aiohttp import WSMsgType, web
from multidict import CIMultiDict
from yarl import URL

from ari_app.errors import Code, OutcomeUnknown, Unavailable
from ari_app.sharing.key import HEADER
from ari_app.sharing.passing import is_reached, standing_by
from ari_app.store.leases import Lease

log = structlog.get_logger(__name__)

FROM = "X-Controller-For"
"""Header: the address that a request that was passed on came from."""
DECLINED = "X-Controller-Declined"
"""Header of an answer: whoever it was passed on to leads no more, or not yet. Nothing was done, but with the code
`unknown_outcome`."""
CONNECT_WITHIN = 1.0
HEARTBEAT = 30.0
LONGEST = 4 * 1024 * 1024
"""Bytes of a message of a WebSocket."""
GONE = 1001
"""How a socket is closed whose other end is lost: clients open another one."""
# What is said to the next one along the way alone (RFC 9110, 7.6.1), and what only controllers say.
_OWN = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "expect"}
    | {HEADER.lower(), FROM.lower()}
)
_SOCKET = frozenset(
    {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"}
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Forwarder:
    """Make it inside the running loop. `leader` tells who leads; `inquired` waits until that may be another."""

    def __init__(self, key: str, leader: Callable[[], Lease], inquired: Callable[[], Awaitable[None]]) -> None:
        self._key = key
        self._leader = leader
        self._inquired = inquired
        self._sockets: set[aiohttp.ClientWebSocketResponse] = set()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_WITHIN),
            auto_decompress=False,
            # What is set in one browser is none of another's.
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close_sockets(self) -> None:
        """Whoever has one finds another controller."""
        await asyncio.gather(*(socket.close(code=GONE) for socket in self._sockets), return_exceptions=True)

    async def close(self) -> None:
        """Give up what is under way."""
        await self._session.close()

    async def __call__(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """The leader's answer. `body` is that of the request, which was read.

        Raises:
            Unavailable: it is not reached, or leads no more; nothing was done.
            OutcomeUnknown: it was lost before it answered.
        """
        leader = self._leader()
        if not is_reached(leader):
            raise standing_by()
        url = URL(f"{leader.address.rstrip('/')}{request.rel_url.raw_path_qs}", encoded=True)
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._socket(request, url, leader)
            return await self._answer(request, body, url, leader)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise Unavailable(Code.STANDBY, "the controller that leads is not reached; try again shortly") from None
        except (aiohttp.ClientError, OSError) as error:
            log.warning("leader_lost", reason=type(error).__name__)
            raise _lost(request.method) from None

    async def _answer(self, request: web.BaseRequest, body: bytes, url: URL, leader: Lease) -> web.StreamResponse:
        asking = asyncio.ensure_future(
            self._session.request(
                request.method,
                url,
                headers=self._headers(request),
                data=body if request.body_exists else None,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            )
        )
        replaced = asyncio.ensure_future(self._replaced(leader))
        try:
            await asyncio.wait({asking, replaced}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise _lost(request.method)
            async with asking.result() as answer:
                if (declined := answer.headers.get(DECLINED)) == Code.UNKNOWN_OUTCOME:
                    raise _lost("")
                if declined is not None:
                    raise Unavailable(Code.STANDBY, "no controller leads just now; try again shortly")
                return await _passed_back(request, answer, replaced)
        finally:
            for task in (asking, replaced):
                task.cancel()
            await asyncio.gather(asking, replaced, return_exceptions=True)

    async def _replaced(self, before: Lease) -> None:
        """Until another leads: one that is frozen never answers."""
        while not before.replaced_by(self._leader()):
            await self._inquired()

    def _headers(self, request: web.BaseRequest) -> Mapping[str, str]:
        named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
        kept = [(k, v) for k, v in request.headers.items() if k.lower() not in _OWN | named]
        return CIMultiDict([*kept, (HEADER, self._key), (FROM, request.remote or "")])

    async def _socket(self, request: web.BaseRequest, url: URL, leader: Lease) -> web.StreamResponse:
        headers = {k: v for k, v in self._headers(request).items() if k.lower() not in _SOCKET}
        protocols = [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if p.strip()]
        try:
            there = await self._session.ws_connect(
                url, protocols=protocols, headers=headers, max_msg_size=LONGEST, compress=0, heartbeat=HEARTBEAT
            )
        except aiohttp.WSServerHandshakeError:
            # What was refused is refused again, with its reason.
            return await self._answer(request, b"", url, leader)
        here = web.WebSocketResponse(
            protocols=[there.protocol] if there.protocol else (), max_msg_size=LONGEST, heartbeat=HEARTBEAT,
            compress=False,
        )  # fmt: skip
        self._sockets.add(there)
        try:
            await here.prepare(request)
            back = asyncio.create_task(_pass_on(there, here))
            on = asyncio.create_task(_pass_on(here, there))
            replaced = asyncio.create_task(self._replaced(leader))
            ends = (back, on, replaced)
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
            await here.close(code=_code(there.close_code), drain=False)
        finally:
            self._sockets.discard(there)
            with suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_WITHIN):  # one that is frozen does not answer
                    await there.close(code=_code(here.close_code))
        return here


type _Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pass_on(one: _Socket, other: _Socket) -> None:
    """All that comes from the one, to the other."""
    with suppress(aiohttp.ClientError, ConnectionError):
        async for message in one:
            if message.type is WSMsgType.TEXT:
                await other.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await other.send_bytes(message.data)


async def _passed_back(
    request: web.BaseRequest, answer: aiohttp.ClientResponse, replaced: asyncio.Future[None]
) -> web.StreamResponse:
    """To its end, or until another leads: one that is frozen never comes to it."""
    response = web.StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in answer.headers.items():
        if name.lower() not in _OWN:
            response.headers.add(name, value)
    await response.prepare(request)
    passing = asyncio.ensure_future(_rest_passed_back(response, answer))
    try:
        await asyncio.wait({passing, replaced}, return_when=asyncio.FIRST_COMPLETED)
        if not passing.done():
            raise ConnectionAbortedError
        passing.result()
    except (aiohttp.ClientError, OSError) as error:
        log.warning("answer_broken", reason=type(error).__name__)
        if request.transport is not None:
            request.transport.abort()  # so that nobody takes half of it for all
    finally:
        passing.cancel()
        await asyncio.gather(passing, return_exceptions=True)
    return response


async def _rest_passed_back(response: web.StreamResponse, answer: aiohttp.ClientResponse) -> None:
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    await response.write_eof()


def _code(code: int | None) -> int:
    """What may be said when a socket is closed: that it broke may not."""
    return code if code is not None and code not in (1005, 1006, 1015) else GONE


def _lost(method: str) -> Exception:
    if method in _SAFE:
        return Unavailable(Code.STANDBY, "the controller that leads was lost; try again shortly")
    return OutcomeUnknown("the controller that leads was lost: this may have been carried out; look at the call")
