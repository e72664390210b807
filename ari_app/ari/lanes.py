"""Lanes: WebSockets that carry requests to Asterisk, which answers each socket's in order, by a thread of its own.

So what must happen one after the other for a leg is sent at once, without waiting for the answers in between, and costs
a fraction of an HTTP request. But that thread waits: while it does `addChannel`, say, for the channel's own thread,
nothing behind that is done. So no lane gets what may wait long, nobody is put behind others where another lane has
nothing to do, nor behind what has not been answered in time; HTTP carries what no lane may. What is of one leg or
bridge goes in order, whatever carries it (`Turn`).

Each lane is an application of Asterisk's, under a name that is never used again (Asterisk may open a socket that was
given up long ago, and would give it the application of its successor): nothing is subscribed to, so none gets events.
"""

import asyncio
import json
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

import structlog
from aiohttp import WSMsgType

from ari_app.ari.failures import AriError, Unreachable
from ari_app.ari.figures import Figures, NoFigures
from ari_app.ari.lane_keys import BEHIND_NOTHING
from ari_app.ari.lane_socket import LaneSocket

log = structlog.get_logger(__name__)

MOST = 8
STALLED = 0.05
"""Seconds after which a lane that has not answered is one to keep away from: most requests are answered in 2 ms."""
LONGEST = 32 * 1024
"""Characters of a message that a lane gets. Over 65,535 bytes Asterisk closes the socket (http_websocket.h)."""
FIRST_DELAY, LAST_DELAY = 0.1, 30.0
"""Seconds until a lane that was lost is opened again: at first, and at most."""
PROOF = "asterisk/ping"
"""Sent first over each lane: an Asterisk before 22.4 answers no request there."""
KEPT_FROM = 4
"""Of so many lanes, or more, one is kept for what goes behind nothing: by HTTP that costs many times as much."""


class LaneLost(Exception):
    """The connection was lost before the answer: whether Asterisk has done it is not known, where it was `sent`."""

    def __init__(self, *, sent: bool) -> None:
        super().__init__()
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer. `body` is JSON, or empty."""

    status: int
    reason: str
    body: str


class Opens(Protocol):
    """Opens the WebSocket of an application with this name. Raises AriError."""

    def __call__(self, application: str, /) -> Awaitable[LaneSocket]: ...


def resource_of(url: str) -> str:
    """What ARI calls it: `channels/cc-1/mute`."""
    return url.partition("/ari/")[2]


class Turn:
    """A request's place among those of the same leg or bridge: it is sent behind `before`, over the same lane, or when
    that is over. `lane` has it now, and will answer it."""

    __slots__ = ("_news", "before", "key", "lane", "over")

    def __init__(self, key: str, before: "Turn | None") -> None:
        self.key = key
        self.before = before
        self.lane: Lane | None = None
        self.over = False
        self._news: asyncio.Event | None = None

    async def changes(self) -> None:
        """It is sent, or lost on its way, or over."""
        self._news = self._news or asyncio.Event()
        await self._news.wait()

    def on(self, lane: "Lane | None") -> None:
        """Another lane has it, or none any more."""
        self.lane = lane
        self._tell()

    def end(self) -> None:
        """It was answered, or given up."""
        self.over, self.before, self.lane = True, None, None
        self._tell()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None


class Lane:
    """One WebSocket, opened again when it is lost. `number` is its name in metrics."""

    def __init__(
        self,
        number: str,
        application: str,
        opens: Opens,
        timeout: float,
        figures: Figures,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._jitter = jitter
        self.number = number
        self._application = application
        self._opens = opens
        self._timeout = timeout
        self._figures = figures
        self._socket: LaneSocket | None = None
        self._proven = False
        self._sent = 0
        self._waiting: dict[str, tuple[asyncio.Future[Reply], float]] = {}
        self._swift: set[str] = set()  # of these what waits for no channel's thread

    @property
    def open(self) -> bool:
        """Whether it takes requests."""
        return self._proven

    @property
    def load(self) -> int:
        """How many requests have not been answered."""
        return len(self._waiting)

    @property
    def swift(self) -> bool:
        """Whether all that is to be answered there goes behind nothing."""
        return len(self._swift) == len(self._waiting)

    @property
    def stalled(self) -> bool:
        """Whether the request that is Asterisk's turn keeps it busy."""
        oldest = next(iter(self._waiting.values()), None)
        return oldest is not None and time.monotonic() - oldest[1] > STALLED

    async def keep(self) -> None:
        """Open it, and again whenever it is lost, until cancelled."""
        delay = FIRST_DELAY
        while True:
            try:
                lasted = await self._one_connection()
            except AriError as error:
                log.warning("asterisk_lane_refused", lane=self.number, reason=str(error))
                lasted = False
            except Exception:
                log.exception("asterisk_lane_failed", lane=self.number)  # without this task nobody would open it again
                lasted = False
            delay = FIRST_DELAY if lasted else min(2 * delay, LAST_DELAY)
            await asyncio.sleep(delay * (0.5 + self._jitter() / 2))

    async def _one_connection(self) -> bool:
        """From its opening to its end; whether it took requests."""
        socket = await self._opens(f"{self._application}-lane-{self.number}-{secrets.token_hex(4)}")
        self._socket = socket
        reading = asyncio.ensure_future(self._read(socket))
        reading.add_done_callback(lambda _: self._cut(socket))
        try:
            await self._prove()
            self._proven = True
            self._figures.lane(self.number, is_open=True)
            await reading
            log.warning("asterisk_lane_lost", lane=self.number)
            return True
        finally:
            reading.cancel()
            self._cut(socket)

    async def _prove(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                reply = await self.ask(None, "GET", PROOF, {}, None)
        except LaneLost as error:
            raise Unreachable("the socket was closed") from error
        except TimeoutError as error:
            raise Unreachable("no request is answered there") from error
        if reply.status >= 400:
            raise AriError(reply.status, reply.reason)

    async def ask(
        self, turn: Turn | None, method: str, resource: str, query: Mapping[str, str], body: str | None
    ) -> Reply:
        """Send it, before anything else can run, and wait for the answer. Who gives that up cuts the lane: of what was
        sent over it Asterisk does no more than it has begun, or begins with where it stood still.

        Raises:
            LaneLost: the lane was lost.
        """
        socket = self._socket
        if socket is None:
            raise LaneLost(sent=False)
        self._sent += 1
        number = str(self._sent)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[number] = (answer, time.monotonic())
        if turn is not None:
            turn.on(self)
            if turn.key == BEHIND_NOTHING:
                self._swift.add(number)
        try:
            await socket.send_str(message(number, method, resource, query, body))
            return await answer
        except asyncio.CancelledError:
            if answer.cancelled() or not answer.done():
                self._cut(socket)
            raise
        except ConnectionError as error:
            self._cut(socket)
            raise LaneLost(sent=True) from error
        finally:
            self._waiting.pop(number, None)
            self._swift.discard(number)
            if answer.done() and not answer.cancelled():
                answer.exception()  # or asyncio finds it unseen, where it was lost while it was being sent
            if turn is not None:
                turn.on(None)

    async def _read(self, socket: LaneSocket) -> None:
        """Until it ends, or brings an answer to nothing: whose that was to be nobody knows, and they would wait."""
        async for received in socket:
            if socket is not self._socket:
                return  # cut: nobody waits for what had come before that
            if received.type is not WSMsgType.TEXT:
                continue
            try:
                self._answered(json.loads(received.data))
            except (ValueError, TypeError, LookupError):
                log.exception("asterisk_answer_malformed", lane=self.number)
                return

    def _answered(self, answer: Mapping[str, Any]) -> None:
        """Raises TypeError, ValueError or LookupError where it answers nothing that was sent."""
        if answer["type"] != "RESTResponse":
            return
        waiting, _ = self._waiting[answer["request_id"]]
        body = str(answer.get("message_body") or "")
        reply = Reply(int(answer["status_code"]), str(answer.get("reason_phrase", "")), body)
        if not waiting.done():
            waiting.set_result(reply)

    def cut(self) -> None:
        """Take no more, have Asterisk read no more, and let who waits know."""
        if self._socket is not None:
            self._cut(self._socket)

    def _cut(self, socket: LaneSocket) -> None:
        if socket is not self._socket:
            return  # that was done before
        self._socket = None
        if self._proven:
            self._figures.lane(self.number, is_open=False)
        self._proven = False
        socket.abort()
        waiting, self._waiting = self._waiting, {}
        self._swift.clear()
        for answer, _ in waiting.values():
            if not answer.done():
                answer.set_exception(LaneLost(sent=True))


def message(number: str, method: str, resource: str, query: Mapping[str, str], body: str | None) -> str:
    """The request as it is sent."""
    uri = f"{resource}?{urlencode(query)}" if query else resource
    request = {"type": "RESTRequest", "request_id": number, "method": method, "uri": uri}
    if body is not None:
        request |= {"content_type": "application/json", "message_body": body}
    return json.dumps(request)


class Lanes:
    """`count` of them to one Asterisk, open while it is connected. None at all: HTTP carries everything. `called` goes
    before their numbers."""

    def __init__(self, count: int, timeout: float, figures: Figures | None = None, called: str = "") -> None:
        self._count = count
        self._called = called
        self._timeout = timeout
        self._figures = figures or NoFigures()
        self._lanes: list[Lane] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._last: dict[str, Turn] = {}

    @property
    def wanted(self) -> bool:
        """Whether requests are kept in order here, and may follow each other without waiting."""
        return self._count > 0

    def open(self, application: str, opens: Opens) -> None:
        """Open them; requests go over HTTP until that is done."""
        self.shut()
        self._lanes = [
            Lane(f"{self._called}{number}", application, opens, self._timeout, self._figures)
            for number in range(1, self._count + 1)
        ]
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(lane.keep(), name=f"asterisk-lane-{lane.number}") for lane in self._lanes]

    def shut(self) -> None:
        """Cut them all; who waits is to go over HTTP."""
        for task in self._tasks:
            task.cancel()
        for lane in self._lanes:
            lane.cut()
        self._lanes, self._tasks = [], []

    async def close(self) -> None:
        """Cut them all for good."""
        tasks = self._tasks
        self.shut()
        await asyncio.gather(*tasks, return_exceptions=True)

    def turn(self, key: str) -> Turn:
        """The next of this leg or bridge; `end` is to be called with it, whatever becomes of it."""
        if key == BEHIND_NOTHING:
            return Turn(key, None)
        turn = Turn(key, self._last.get(key))
        self._last[key] = turn
        return turn

    def end(self, turn: Turn) -> None:
        """It was answered, or given up."""
        turn.end()
        if self._last.get(turn.key) is turn:
            del self._last[turn.key]

    def may_go(self, turn: Turn) -> bool:
        """Whether it may be sent now: behind what was before it, over the lane that has that, or because it is over."""
        before = turn.before
        return before is None or before.over or (before.lane is not None and before.lane.open)

    async def its_turn(self, turn: Turn, *, alone: bool = False) -> None:
        """Wait until it may go; `alone`: until all that was before it is over."""
        while (before := turn.before) is not None and not before.over:
            if not alone and self.may_go(turn):
                return
            await before.changes()
        turn.before = None

    def choose(self, turn: Turn) -> Lane | None:
        """The lane for what may go now; None: HTTP. It has to be sent before anything else runs."""
        if turn.before is not None and turn.before.lane is not None:
            return turn.before.lane
        if turn.key == BEHIND_NOTHING:
            return next((lane for lane in reversed(self._lanes) if lane.open and lane.swift and not lane.stalled), None)
        return self._free()

    def _free(self) -> Lane | None:
        """The one with the least to do, but for the one that is kept."""
        free: Lane | None = None
        for lane in self._lanes[:-1] if len(self._lanes) >= KEPT_FROM else self._lanes:
            if not lane.open or lane.stalled:
                continue
            if lane.load == 0:
                return lane
            if free is None or lane.load < free.load:
                free = lane
        return free
