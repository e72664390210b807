"""The HTTP client under aioari: what its own gets wrong is right here, and what may go over a lane does.

aioari's client raises the exceptions of aiohttp's *server*, which would become our own API's answers, and loses
Asterisk's message; it fails on booleans, None, and passwords with `+ & #`. This one has the same interface
(`request`, `ws_connect`, `close`), sends the password in a header only, and raises what `failures` defines.
"""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import aiohttp
from aiohttp import ClientSession, ClientTimeout, ClientWebSocketResponse, TCPConnector

from ari_app import tracing
from ari_app.ari.failures import AriError, NobodyListens, Unreachable, failure
from ari_app.ari.figures import HTTP, Figures, NoFigures, kind_of_request, outcome_of
from ari_app.ari.lane_keys import key_of
from ari_app.ari.lane_socket import LaneSocket
from ari_app.ari.lanes import LONGEST, Lane, LaneLost, Lanes, Turn, resource_of

type Given = Mapping[str, object]
type Query = Mapping[str, str]
type Leads = Callable[[], Awaitable[bool]]


async def always() -> bool:
    """There is no other controller."""
    return True


# Shorter than any sensible `session_keep_alive` in Asterisk's http.conf (default 15 s): at its expiry Asterisk closes
# a connection that we may just be writing to.
KEEP_ALIVE = 5.0
CONNECTIONS = 64
# Bytes that are read at once of what may be long.
CHUNK = 64 * 1024
# Sent twice they would be done twice: digits are heard twice, and a second dial hangs the first up.
_ONCE = ("/dial", "/dtmf")


@dataclass(frozen=True, slots=True)
class Answer:
    """What aioari reads of a response: the body was read before, so no connection waits for it."""

    status: int
    body: str

    async def text(self) -> str:
        """The body; a coroutine because aioari awaits it."""
        return self.body


class HttpClient:
    """Requests to one Asterisk as one user, over at most `connections` connections that are kept alive.

    `timeout` is for a whole request, in seconds. `leads` is waited for before each: whoever wakes after another took
    over must command nothing, and take no application back. `lanes`: how many of them carry requests, once they are
    opened; `lanes_called`: what their names in metrics begin with. Must be made inside the running event loop.
    """

    def __init__(
        self,
        user: str,
        password: str,
        *,
        timeout: float = 5.0,
        heartbeat: float = 10.0,
        connections: int = CONNECTIONS,
        keep_alive: float = KEEP_ALIVE,
        leads: Leads = always,
        figures: Figures | None = None,
        lanes: int = 0,
        lanes_called: str = "",
    ) -> None:
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
        self._session = ClientSession(
            connector=TCPConnector(limit=connections, keepalive_timeout=keep_alive),
            headers={"Authorization": f"Basic {credentials}"},
            timeout=ClientTimeout(total=timeout, connect=min(2.0, timeout)),
            ws_response_class=LaneSocket,
        )
        self._leads = leads
        self._timeout = timeout
        self.figures = figures or NoFigures()
        self.lanes = Lanes(lanes, timeout, self.figures, lanes_called)
        self._heartbeat = heartbeat
        self._read_timeout = ClientTimeout(total=None, connect=min(2.0, timeout), sock_read=timeout)
        self.on_connected: Callable[[ClientWebSocketResponse], None] | None = None
        self.abandoned = 0
        """Sockets that were given up before Asterisk answered: it opens them all the same when it gets to them."""

    async def request(
        self,
        method: str,
        url: str,
        params: Given | None = None,
        data: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask, once more if the connection broke and asking twice does no harm.

        Raises:
            AriError: Asterisk refused, or (Unreachable) did not answer in time.
        """
        query, resource = plain(params), resource_of(url)
        key = key_of(method, resource, query) if self.lanes.wanted else None
        if key is None or len(data or "") > LONGEST:
            return await self._over_http(method, url, query, data, headers)
        turn = self.lanes.turn(key)
        try:
            return await self._in_turn(turn, method, url, query, data, headers)
        finally:
            self.lanes.end(turn)

    async def _in_turn(
        self, turn: Turn, method: str, url: str, query: Query, data: str | None, headers: Mapping[str, str] | None
    ) -> Answer:
        """Over a lane, where one is free; once more over HTTP, if that was lost and asking twice does no harm."""
        may_go, lost = False, False
        while not may_go:
            await self.lanes.its_turn(turn)
            await self._check_lead()
            may_go = self.lanes.may_go(turn)
        if (lane := self.lanes.choose(turn)) is not None:
            try:
                return await self._over_lane(lane, turn, method, url, query, data)
            except LaneLost as error:
                lost = error.sent
                if lost and url.endswith(_ONCE):
                    raise Unreachable("connection lost: LaneLost") from error
            except TimeoutError as error:
                raise Unreachable("no answer in time") from error
            await self.lanes.its_turn(turn, alone=True)
        return await self._over_http(method, url, query, data, headers, again=not lost)

    async def _over_lane(self, lane: Lane, turn: Turn, method: str, url: str, query: Query, data: str | None) -> Answer:
        async def sent() -> Answer:
            async with asyncio.timeout(self._timeout):
                reply = await lane.ask(turn, method, resource_of(url), query, data)
            if reply.status >= 400:
                raise failure(reply.status, _message(reply.body) or reply.reason)
            return Answer(reply.status, reply.body)

        with tracing.span(f"ARI {method}", path=f"/ari/{resource_of(url)}"):
            return await self._measured(method, url, lane.number, sent())

    async def _over_http(
        self,
        method: str,
        url: str,
        query: Query,
        data: str | None,
        headers: Mapping[str, str] | None,
        *,
        again: bool = True,
    ) -> Answer:
        attempts = 2 if again and not url.endswith(_ONCE) else 1
        for attempt in range(attempts):
            try:
                return await self._ask(method, url, query, data, headers)
            except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
                if attempt + 1 == attempts:
                    raise Unreachable(f"connection lost: {type(error).__name__}") from error
            except aiohttp.ClientConnectorError as error:
                refused = isinstance(error.os_error, ConnectionRefusedError)
                kind = NobodyListens if refused else Unreachable
                raise kind(f"no connection: {type(error).__name__}") from error
            except aiohttp.ClientError as error:
                # Only the type: the text of some holds the whole URL.
                raise Unreachable(f"no connection: {type(error).__name__}") from error
            except TimeoutError as error:
                raise Unreachable("no answer in time") from error
        raise AssertionError("unreachable")

    async def _check_lead(self) -> None:
        if not await self._leads():
            raise Unreachable("another controller leads this Asterisk")

    async def _ask(
        self, method: str, url: str, query: Query, data: str | None, headers: Mapping[str, str] | None
    ) -> Answer:
        await self._check_lead()
        with tracing.span(f"ARI {method}", path=f"/ari/{resource_of(url)}"):
            return await self._measured(method, url, HTTP, self._sent(method, url, query, data, headers))

    async def _measured(self, method: str, url: str, carrier: str, sending: Coroutine[None, None, Answer]) -> Answer:
        began, outcome = time.perf_counter(), "given_up"
        try:
            answer = await sending
            outcome = outcome_of(answer.status)
            return answer
        except AriError as error:
            outcome = outcome_of(error.status)
            raise
        except (aiohttp.ClientError, ConnectionResetError, TimeoutError, LaneLost):
            outcome = outcome_of(0)
            raise
        finally:
            self.figures.request(kind_of_request(method, url), time.perf_counter() - began, outcome, carrier)

    async def _sent(
        self, method: str, url: str, query: Query, data: str | None, headers: Mapping[str, str] | None
    ) -> Answer:
        async with self._session.request(method, url, params=query, data=data, headers=headers) as response:
            body = await response.text()
            if response.status >= 400:
                raise failure(response.status, _message(body) or response.reason or "")
            return Answer(response.status, body)

    @asynccontextmanager
    async def stream(self, url: str) -> AsyncIterator[tuple[int | None, AsyncIterator[bytes]]]:
        """Get what may be long: its length in bytes, where that is known, and the bytes as they come.

        Raises:
            AriError: as for `request`; also in the midst of reading.
        """
        try:
            async with self._session.get(url, timeout=self._read_timeout) as response:
                if response.status >= 400:
                    raise failure(response.status, _message(await response.text()) or response.reason or "")
                yield response.content_length, _chunks(response)
        except aiohttp.ClientError as error:
            raise Unreachable(f"no connection: {type(error).__name__}") from error
        except TimeoutError as error:
            raise Unreachable("no answer in time") from error

    async def ws_connect(self, url: str, params: Given | None = None) -> ClientWebSocketResponse:
        """Open the WebSocket of events; `on_connected` is called before anything is read from it.

        Raises:
            AriError: as for `request`.
        """
        await self._check_lead()
        try:
            socket = await self._opened(url, plain(params))
        except TimeoutError as error:
            self.abandoned += 1
            raise Unreachable("no answer in time") from error
        except asyncio.CancelledError:
            self.abandoned += 1
            raise
        if self.on_connected is not None:
            self.on_connected(socket)
        return socket

    async def open_lane(self, url: str, application: str) -> LaneSocket:
        """Open a WebSocket for requests alone.

        Raises:
            AriError: as for `request`.
        """
        await self._check_lead()
        try:
            return await self._opened(url, {"app": application})
        except TimeoutError as error:
            raise Unreachable("no answer in time") from error

    async def _opened(self, url: str, params: Query) -> LaneSocket:
        """Raises: AriError, and TimeoutError where Asterisk may open it all the same later."""
        try:
            socket = await asyncio.wait_for(
                self._session.ws_connect(url, params=params, heartbeat=self._heartbeat, max_msg_size=0), 5.0
            )
        except aiohttp.WSServerHandshakeError as error:
            raise failure(error.status, "the WebSocket was refused") from error
        except aiohttp.ClientError as error:
            raise Unreachable(f"no connection: {type(error).__name__}") from error
        return cast("LaneSocket", socket)

    def set_basic_auth(self, host: str, username: str, password: str) -> None:
        """Part of the interface; the credentials are given when the client is made."""
        raise TypeError("credentials are given to the constructor")

    def set_api_key(self, host: str, api_key: str, param_name: str = "api_key") -> None:
        """Part of the interface; keys in a URL end up in logs."""
        raise TypeError("credentials are given to the constructor")

    async def close(self) -> None:
        """Close every connection."""
        await self.lanes.close()
        await self._session.close()


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_chunked(CHUNK):
            yield chunk
    except aiohttp.ClientError as error:
        raise Unreachable(f"connection lost: {type(error).__name__}") from error
    except TimeoutError as error:
        raise Unreachable("no answer in time") from error


def plain(params: Given | None) -> dict[str, str]:
    """Query parameters as Asterisk reads them: booleans in lower case, None left out."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in (params or {}).items()
        if value is not None
    }


def _message(body: str) -> str:
    """Asterisk's own words: `{"message": ...}`, in some answers `{"error": ...}`."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(parsed, dict):
        return ""
    return str(parsed.get("message") or parsed.get("error") or "")
