"""One window's events on their way: what waits to be sent to one connection, and what is written at once.

A window whose client keeps up has nothing waiting: an event is written to its connection in the same step in which it
happens. Otherwise it waits here, at most `limit`; who does not keep up is closed with 4008. A `Window` never blocks.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from itertools import count
from typing import NamedTuple, Protocol

TOO_SLOW = 4008
SESSION_ENDED = 4001
GOING_AWAY = 1001
RESTART = 1012
# Bytes that are written at once; a client that takes time for more is waited for.
SMALL = 64 * 1024


class News:
    """What an event tells, without its number: encoded once, and shared by all streams that tell it.

    `rest` is JSON: the members besides type, number and time.
    """

    __slots__ = ("_head", "_tail", "at", "kind")

    def __init__(self, kind: str, at: str, rest: str) -> None:
        self.kind = kind
        self.at = at
        self._head = f'{{"type":"{kind}","seq":'.encode()
        self._tail = f',"at":"{at}",{rest}}}'.encode()

    def numbered(self, seq: int) -> bytes:
        """The message."""
        return b"%b%d%b" % (self._head, seq, self._tail)


class Event(NamedTuple):
    """One numbered event."""

    seq: int
    news: News

    @property
    def kind(self) -> str:
        """Its type."""
        return self.news.kind

    def text(self) -> str:
        """The message."""
        return self.news.numbered(self.seq).decode()


class Sink(Protocol):
    """A connection that can be written to without waiting."""

    def idle(self) -> bool:
        """Whether nothing that was written before still waits for the client."""

    def write(self, messages: Sequence[bytes]) -> None:
        """Send these, one frame each."""


class Outgoing:
    """Frames on their way to all windows: written at once, or, between `hold` and `release`, when all of them are made.

    A write wakes whoever waits for it, which costs more than the write: of those that follow each other closely the
    first does.
    """

    def __init__(self) -> None:
        self._held: list[tuple[Callable[[bytes], object], bytes]] | None = None

    def send(self, write: Callable[[bytes], object], data: bytes) -> None:
        """Have it written, after all that was sent before."""
        if self._held is None:
            write(data)
        else:
            self._held.append((write, data))

    def hold(self) -> None:
        """Until `release`, in the same step of the loop."""
        self._held = []

    def release(self) -> None:
        """Write what was held."""
        held, self._held = self._held or (), None
        for write, data in held:
            write(data)


class Window:
    """One connection's queue. `drained` is called when there is room again, and may put more."""

    def __init__(self, agent: str, digest: str, limit: int, drained: Callable[[], None] = lambda: None) -> None:
        self.agent = agent
        self.digest = digest
        self.closed: tuple[int, str] | None = None
        self._limit = limit
        self._drained = drained
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._taking = False
        self._sink: Sink | None = None

    @property
    def ready(self) -> bool:
        """Whether all that was put has been taken, and more is waited for."""
        return self._taking and not self._waiting and self.closed is None

    def connect(self, sink: Sink) -> None:
        """From now on events may be written at once. What was sent before must have been written."""
        self._sink = sink

    def put(self, first: int, reported: Sequence[News]) -> None:
        """Send or queue events, numbered from `first`.

        A window that is full is closed instead: what it missed it gets by a new snapshot.
        """
        if self.closed is not None:
            return
        if self._sink is not None and self._taking and not self._waiting and self._sink.idle():
            if len(reported) == 1:  # as a thousand windows are notified of one change
                messages = [reported[0].numbered(first)]
                size = len(messages[0])
            else:
                messages = [news.numbered(seq) for seq, news in enumerate(reported, first)]
                size = sum(map(len, messages))
            if size <= SMALL:
                self._sink.write(messages)
                return
        if len(self._waiting) + len(reported) > self._limit:
            self.close(TOO_SLOW, "too slow")
        else:
            self._waiting.extend(map(Event, count(first), reported))
            self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """End it; what still waits is not sent."""
        if self.closed is None:
            self.closed = (code, reason)
            self._waiting.clear()
            self._wake.set()
            self._ended.set()

    def take(self) -> Event | None:
        """The next event that waits, if one does."""
        if not self._waiting and self.closed is None:
            self._taking = True
            try:
                self._drained()
            finally:
                self._taking = False
        return self._waiting.popleft() if self._waiting else None

    async def next(self) -> Event | None:
        """The next event that could not be written at once, when there is one; None once it is closed."""
        while (event := self.take()) is None and self.closed is None:
            self._wake.clear()
            self._taking = True
            try:
                await self._wake.wait()
            finally:
                self._taking = False
        return event

    async def wait_closed(self) -> None:
        """Until it is closed, for whatever reason."""
        await self._ended.wait()
