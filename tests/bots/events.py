"""What happened to the bots, in order, and waiting for it.

Owns the event log of a lab and the waiters on it. A waiter is a predicate that is looked at again
after every event: nothing here polls, and nothing here knows SIP or audio.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_SLACK = 0.5
"""Seconds by which a fact that held for all of its time wins against the deadline of the same moment."""

KEPT_EVENTS = 20_000
"""Events kept a lab; the oldest go first, so that a lab that runs for hours doesn't grow."""


@dataclass(frozen=True, slots=True)
class Event:
    """One fact about one bot. `at` is `time.monotonic()`, in seconds."""

    at: float
    bot: str
    kind: str
    text: str = ""
    call: str = ""

    def line(self, epoch: float) -> str:
        """The event as a line of a report, `at` counted from `epoch`."""
        number = f" [{self.call}]" if self.call else ""
        return f"{self.at - epoch:8.3f}  {self.bot:<12}{number} {self.kind} {self.text}".rstrip()


class DeadlineMissed(AssertionError):
    """A fact that was waited for did not come; the message holds the matrix and the last events."""


@dataclass(slots=True, eq=False)
class _Waiter:
    holds: Callable[[], bool]
    stable: float
    done: asyncio.Future[float]
    since: float | None = None
    timer: asyncio.TimerHandle | None = None


@dataclass(slots=True)
class Board:
    """The log of a lab and its waiters. One event loop, no threads."""

    epoch: float = field(default_factory=time.monotonic)
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    _waiters: list[_Waiter] = field(default_factory=list)
    _looking: bool = False

    def record(self, bot: str, kind: str, text: str = "", *, call: str = "", at: float | None = None) -> None:
        """Append an event and look at every waiter again."""
        self.note(bot, kind, text, call=call, at=at)
        self.changed()

    def note(self, bot: str, kind: str, text: str = "", *, call: str = "", at: float | None = None) -> None:
        """Append what nobody waits for: a look at it may take long, and a loop that stands still would do so again."""
        self.events.append(Event(time.monotonic() if at is None else at, bot, kind, text, call))

    def changed(self) -> None:
        """Something that waiters may look at has changed: they look once a turn of the loop."""
        if self._waiters and not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looking = False
        for waiter in list(self._waiters):
            _look(waiter)

    async def until(
        self,
        holds: Callable[[], bool],
        *,
        within: float,
        stable: float = 0.0,
        otherwise: Callable[[], str],
    ) -> float:
        """Wait until `holds()` is true, and has been for `stable` seconds without a break.

        Returns the monotonic time at which it became true. Raises DeadlineMissed with
        `otherwise()` when it did not become true within `within` seconds.
        """
        waiter = _Waiter(holds, stable, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        _look(waiter)
        try:
            async with asyncio.timeout(within + stable + _SLACK):
                return await waiter.done
        except TimeoutError:
            raise DeadlineMissed(otherwise()) from None
        finally:
            self._waiters.remove(waiter)
            if waiter.timer is not None:
                waiter.timer.cancel()

    def recent(self, bots: set[str] | None = None, last: int = 25) -> str:
        """The last events of those bots (of all, if None), a line each."""
        chosen = [event for event in self.events if bots is None or event.bot in bots]
        return "\n".join(event.line(self.epoch) for event in chosen[-last:])


def _look(waiter: _Waiter) -> None:
    if waiter.done.done():
        return
    if not waiter.holds():
        waiter.since = None
        if waiter.timer is not None:
            waiter.timer.cancel()
            waiter.timer = None
        return
    if waiter.since is None:
        waiter.since = time.monotonic()
        if waiter.stable > 0:
            waiter.timer = asyncio.get_running_loop().call_later(waiter.stable, _held, waiter)
    if waiter.stable <= 0:
        _held(waiter)


def _held(waiter: _Waiter) -> None:
    if not waiter.done.done() and waiter.since is not None:
        waiter.done.set_result(waiter.since)
