"""One agent's window: a snapshot or the events missed, then each event as it comes; and what the client says.

What a client may send is `subscriptions`. Ends when the client goes, does not keep up (4008), its token ends (4001), it
sends a message longer than `LONGEST` (1009) or the server stops (1001).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from aiohttp import ClientConnectionError, WSMsgType, web
from pydantic_core import to_json

from ari_app.api import subscriptions
from ari_app.api.authentication import Session
from ari_app.api.documents import me
from ari_app.api.events import EventHub, Opened
from ari_app.api.finder import Finder
from ari_app.api.models.sockets import EventsQuery
from ari_app.api.port import Agents, Control, Store
from ari_app.api.problems import UPGRADE_REQUIRED, HttpError
from ari_app.api.routes import Access, Exchange, Route
from ari_app.api.streams import Selection, Subscription
from ari_app.api.tickets import Tickets
from ari_app.api.windows import SESSION_ENDED, Outgoing, Window
from ari_app.calls.views import timestamp
from ari_app.errors import CallControlError, Code, FieldError, Refused
from ari_app.tasks import keep_on

# Seconds between pings; a client that does not answer within half of it is gone.
HEARTBEAT = 30.0
# Streams that one agent may have open at once.
WINDOWS_OF_AGENT = 100
# Seconds that a client has for answering our close.
GOODBYE = 2.0
# Bytes of a message from a client.
LONGEST = 64 * 1024
# Bytes that may wait for a client beyond what the kernel takes: as long as any do, nothing is taken from its window,
# so that changes of targets wait where they are replaced by newer ones.
BACKLOG = 0
# Bytes that count as nothing where events are written at once: uvloop sends what a step has written at its end, and a
# step may report several things.
OF_A_STEP = 8 * 1024

DESCRIPTION = f"""Who asks is known by `Authorization: Bearer`, by `?ticket=` (`POST /v1/events/ticket`) or, for clients
that can do neither, by `?token=`. The first message is `snapshot`, unless `since` names an event after which all is
still known; then events follow, each with the next `seq` and with `at`: `call.created`, `call.updated`, `call.ended`,
`call.alarm`, `alarm.raised`, `alarm.cleared`, `call.hearing`, `call.recorded`, `emergency.dialled`, `offer.updated`,
`agent.updated`, `target.updated`, `queue.updated`, `phone.updated`, `day.updated`, `voicemail.left`,
`voicemail.updated`, `voicemail.deleted`, `subscribed`, `error`.

Without a subscription `target.updated` comes for every target that the agent may reach. With `targets` or `q` it comes
for those only, after the event `subscribed` with the targets as they are now. The client may change that at any time:

    {{"type": "subscribe", "targets": ["agent:bob", "group:support"]}}
    {{"type": "subscribe", "q": "sup", "types": ["group"], "limit": 20}}
    {{"type": "unsubscribe"}}

Each is answered with `subscribed` (`targets` null: all), or with `error` where it is not valid; then the subscription
is as before. At most {subscriptions.MOST} targets. A subscription is kept when `since` resumes; after a new snapshot
there is none but that of the query. Changes of one target, queue or other agent that a client was too slow for come as
one, with the newest value.

Close codes: 4001 the session has ended; 4008 the client was too slow; 1009 its message was longer than {LONGEST} bytes;
1012 begin anew; 1001 the server stops."""


class _Socket:
    """Writes frames at once, past the queues of aiohttp: a change that a thousand windows show is a thousand of these.

    Frames from here and from `web.WebSocketResponse` don't mix within one another, for each is one write.
    """

    __slots__ = ("_outgoing", "_socket", "_transport")

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport, outgoing: Outgoing) -> None:
        self._socket = socket
        self._transport = transport
        self._outgoing = outgoing

    def idle(self) -> bool:
        transport = self._transport
        ended = self._socket.closed or transport.is_closing()
        return not ended and transport.get_write_buffer_size() <= OF_A_STEP

    def write(self, messages: Sequence[bytes]) -> None:
        data = _frame(messages[0]) if len(messages) == 1 else b"".join(map(_frame, messages))
        self._outgoing.send(self._transport.write, data)


def _frame(payload: bytes) -> bytes:
    """A text frame of RFC 6455: whole, not masked, for it comes from a server."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2) + payload
    return b"\x81\x7f" + size.to_bytes(8) + payload


class EventsApi:
    """`GET /v1/events`."""

    def __init__(
        self,
        hub: EventHub,
        tickets: Tickets,
        control: Control,
        agents: Agents,
        store: Store,
        finder: Finder,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hub = hub
        self._tickets = tickets
        self._control = control
        self._agents = agents
        self._store = store
        self._finder = finder
        self._clock = clock
        self._renewing: asyncio.Task[None] | None = None
        self.refused: Callable[[], None] = lambda: None
        hub.renew = self._renew

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        """Send until it ends; see `Tickets` for who asks."""
        session = await self._tickets.session(exchange)
        query: EventsQuery = exchange.query
        selection = subscriptions.selection_of(query)
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, timeout=GOODBYE, max_msg_size=LONGEST, compress=False, writer_limit=BACKLOG
        )
        if not socket.can_prepare(exchange.http).ok:
            detail = "this is a WebSocket; ask for an upgrade"
            raise HttpError(UPGRADE_REQUIRED, Code.INVALID, detail, headers={"Upgrade": "websocket"})
        if self._hub.publisher.windows_of(session.agent.id) >= WINDOWS_OF_AGENT:
            self.refused()
            raise Refused(Code.TOO_MANY, f"you have {WINDOWS_OF_AGENT} streams of events open, the most that may be")
        subscription = await self._subscription(session.agent.id, selection)
        await socket.prepare(exchange.http)
        opened = self._hub.open(session.agent, session.digest, query.since, subscription)
        ends = asyncio.get_running_loop().call_later(
            max(0.0, session.expires_at - self._clock()), opened.window.close, SESSION_ENDED, "the token has expired"
        )
        try:
            await self._run(socket, opened, session, exchange.http.transport)
        finally:
            ends.cancel()
            self._hub.publisher.closed(opened.window)
        code, reason = opened.window.closed or (1000, "")
        await socket.close(code=code, message=reason.encode(), drain=False)
        return socket

    def stop(self) -> None:
        """Leave subscriptions as they are."""
        if self._renewing is not None:
            self._renewing.cancel()

    async def _subscription(self, viewer: str, selection: Selection | None) -> Subscription | None:
        if selection is None:
            return None
        return await subscriptions.subscription(self._finder, self._control.directory(), viewer, selection)

    async def _run(
        self, socket: web.WebSocketResponse, opened: Opened, session: Session, transport: asyncio.Transport | None
    ) -> None:
        """Until the first of: the client is gone, the window is closed."""
        if transport is None:
            return  # it went before it began
        transport.set_write_buffer_limits(high=BACKLOG)
        tasks = [
            asyncio.create_task(self._send(socket, opened, session, _Socket(socket, transport, self._hub.outgoing))),
            asyncio.create_task(self._listen(socket, opened.window)),
            asyncio.create_task(opened.window.wait_closed()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _send(self, socket: web.WebSocketResponse, opened: Opened, session: Session, direct: _Socket) -> None:
        with suppress(ClientConnectionError):  # it went while we were writing
            if opened.calls is not None:
                await socket.send_str(await self._snapshot(opened, session))
            opened.window.connect(direct)
            while (event := await opened.window.next()) is not None:
                await socket.send_str(event.text())

    async def _snapshot(self, opened: Opened, session: Session) -> str:
        """Calls are as of `seq`; the agent's own state is as of now, which their next event tells again."""
        directory = self._control.directory()
        myself = await me(
            session.agent,
            self._agents.record(session.agent.id),
            directory,
            self._store,
            self._agents.device(session.agent.id),
        )
        snapshot = {
            "type": "snapshot",
            "seq": opened.seq,
            "at": timestamp(self._clock()),
            "me": myself,
            "calls": opened.calls,
        }
        return to_json(snapshot).decode()

    async def _listen(self, socket: web.WebSocketResponse, window: Window) -> None:
        """Do what the client says until it closes, one after the other; aiohttp answers pings meanwhile."""
        while True:
            message = await socket.receive()
            match message.type:
                case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED | WSMsgType.ERROR:
                    return
                case WSMsgType.TEXT:
                    await self._received(window, message.data)
                case _:
                    problem = FieldError("", "messages are JSON, as text")
                    error = Refused(Code.INVALID, "the message is not valid", (problem,))
                    self._hub.refuse(window, "subscribe", error)

    async def _received(self, window: Window, text: str) -> None:
        try:
            subscription = await self._subscription(window.agent, subscriptions.read_message(text))
        except CallControlError as error:
            self._hub.refuse(window, "subscribe", error)
        else:
            self._hub.subscribe(window, subscription)

    def _renew(self) -> None:
        """The configuration has changed: what windows show may be another now."""
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(keep_on(self._renew_all))

    async def _renew_all(self) -> None:
        while streams := self._hub.outdated():
            for stream in streams:
                before = stream.subscription
                if before is None:
                    continue
                viewer, directory = stream.viewer.agent, self._control.directory()
                after = await subscriptions.renewed(self._finder, directory, viewer, before.selection)
                if stream.subscription is before:
                    self._hub.resubscribe(stream, after)

    def route(self) -> Route:
        """The one operation of this class."""
        return Route(
            "GET", "/v1/events", "events", "A WebSocket: a snapshot, then events in order", "events", self.serve,
            status=101, query=EventsQuery, access=Access.OWN, codes=(Code.UNKNOWN_TARGET, Code.TOO_MANY),
            statuses={426: "this is a WebSocket; ask for an upgrade"}, description=DESCRIPTION,
        )  # fmt: skip
