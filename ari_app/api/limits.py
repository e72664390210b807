"""What somebody who guesses at passwords may cost everybody else: failures are counted, and work is done in turn.

Checking a password takes a core for some 20 ms and 19 MB, on purpose. So a few are checked at once, whoever waits is
served address by address, and of those who wait there are never more than a bounded number: a flood from one address
makes nobody at another wait, and is refused where it comes in.
"""

import asyncio
import os
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from ari_app.api.pace import FairQueue, Full
from ari_app.api.problems import too_many
from ari_app.bucket import Bucket

FAILURES = 10
"""Of an agent from one address, or in one session."""
FAILURES_OF_ADDRESS = 100
"""Of whomever from one address: there may be a proxy behind it, with many people."""
FAILURES_OF_AGENT = 50
"""Of an agent from all addresses together but those that they have logged in from, in `SLOW_WINDOW`."""
FAILURE_WINDOW = 60.0
SLOW_WINDOW = 600.0
REQUESTS, REQUESTS_AT_ONCE = 100.0, 1_000.0
"""Of one session: a second, and after some time without."""
REMEMBERED_SESSIONS = 20_000
REMEMBERED_FAILURES = 10_000

AT_ONCE = 2
BEHIND = 15
"""How nice threads are that check passwords: commands of calls come first."""
WAITING = 256
WAITING_OF_ADDRESS = 64
"""About as many as are checked in a second."""
_SOON = 2


class FailureLimit:
    """At most so many failures of somebody in a window; then a pause for them. Seconds."""

    def __init__(
        self,
        clock: Callable[[], float],
        most: int,
        window: float = FAILURE_WINDOW,
        *,
        what: str = "the password was wrong",
    ) -> None:
        self._clock = clock
        self._most = most
        self._window = window
        self._what = what
        self._failures: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def check(self, who: tuple[str, ...]) -> None:
        """Raises: HttpError 429 with `Retry-After` seconds."""
        times = self._failures.get(who)
        if times is None:
            return
        now = self._clock()
        while times and times[0] <= now - self._window:
            times.popleft()
        if len(times) >= self._most:
            seconds = int(times[0] + self._window - now) + 1
            raise too_many(f"{self._what} too often; try again in {seconds} s", seconds)

    def note(self, who: tuple[str, ...]) -> None:
        """Count a failure."""
        self._failures.setdefault(who, deque(maxlen=self._most)).append(self._clock())
        self._failures.move_to_end(who)
        while len(self._failures) > REMEMBERED_FAILURES:
            self._failures.popitem(last=False)

    def forget(self, who: tuple[str, ...]) -> None:
        """A login that succeeded wipes the slate."""
        self._failures.pop(who, None)


class Rates:
    """So many requests of one session, or agent, a second; after some time without, some more at once."""

    def __init__(self, clock: Callable[[], float], rate: float = REQUESTS, burst: float = REQUESTS_AT_ONCE) -> None:
        self._clock = clock
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, session: str) -> None:
        """One request more. Raises: HttpError 429 with `Retry-After` seconds."""
        now = self._clock()
        bucket = self._buckets.get(session)
        if bucket is None:
            bucket = self._buckets[session] = Bucket(self._rate, self._burst, now)
        if not bucket.take(now):
            raise too_many(f"more than {self._rate:.0f} such requests a second; try again in 1 s", 1)
        self._buckets.move_to_end(session)
        while len(self._buckets) > REMEMBERED_SESSIONS:
            self._buckets.popitem(last=False)


class Turns:
    """Hands out so many turns at once; of those who wait, no more than so many, and of one name `of_one`. `busy` says
    what there is too much of."""

    def __init__(self, at_once: int, waiting: int, of_one: int, busy: str) -> None:
        self._free = at_once
        self._queue = FairQueue(waiting, of_one, self._next)
        self._busy = busy

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """The block is one of a few at once; others that wait come between two of this name.

        Raises:
            HttpError: 429, too many wait: of this name, or of all.
        """
        if self._free:
            self._free -= 1
        else:
            try:
                await self._queue.wait(name)
            except Full:
                raise too_many(f"{self._busy}; try again in {_SOON} s", _SOON) from None
        try:
            yield
        finally:
            self._next()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._queue)

    def _next(self) -> None:
        if not self._queue.next():
            self._free += 1


class PasswordTurns(Turns):
    """`AT_ONCE` turns, by address, and as many threads of its own for what is done within."""

    def __init__(self) -> None:
        super().__init__(AT_ONCE, WAITING, WAITING_OF_ADDRESS, "too many passwords are being checked")
        # Not the loop's threads: each that has done such work once keeps memory for the next.
        self._threads = ThreadPoolExecutor(AT_ONCE, "passwords", _give_way)

    async def work[**P, R](self, does: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What it returns, from a thread. Within a turn."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: does(*args, **kwargs))

    def close(self) -> None:
        """No work is done any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _give_way() -> None:
    """Have the thread that calls this run behind all others: Linux keeps the priority of each."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BEHIND)
