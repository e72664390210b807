"""Who waits, and at what pace they go on: a flood takes a part of the loop, and commands of calls have the rest.

A read takes a third of a millisecond of the one core that also carries commands to Asterisk. So all that is no command
of somebody who is logged in has a pace; what comes faster waits its turn, address by address. Commands have a pace of
their own, session by session.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable

from ari_app.api.problems import too_many
from ari_app.bucket import Bucket

READS, READS_AT_ONCE = 500.0, 200.0
"""Requests a second of all together, and after some time with fewer: about a sixth of what one core answers."""
COMMANDS, COMMANDS_AT_ONCE = 250.0, 100.0
WAITING = 2_000
HELD_SECONDS = 1.0
"""After which one is refused for which there was no room: who asks again at once is not answered at once."""


class Costs:
    """What a kind of request costs, in turns beyond its own: by what was written or looked at for it, the last time."""

    MOST = 100  # what is larger is written in slices
    WRITTEN, LOOKED_AT = 10_000, 50
    """Bytes of an answer, and entries that were looked at, which take as long as a read."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], int] = {}

    def expected(self, operation: str, role: str) -> int:
        """By what it was the last time."""
        return self._last.get((operation, role), 0)

    def was(self, operation: str, role: str, written: int, looked_at: int) -> int:
        """What it has cost; remembered."""
        cost = min(self.MOST, written // self.WRITTEN + looked_at // self.LOOKED_AT)
        self._last[operation, role] = cost
        return cost


class Full(Exception):
    """As many wait as may."""


class FairQueue:
    """Who waits. Others come between two of one name; where it is full, one goes of whom most wait.

    `lost` is called where somebody's turn comes as they give up.
    """

    def __init__(self, most: int, of_one: int, lost: Callable[[], None]) -> None:
        self._most = most
        self._of_one = of_one
        self._lost = lost
        self._queues: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()  # whose turn is next is first
        self._count = 0

    def __len__(self) -> int:
        return self._count

    async def wait(self, name: str) -> None:
        """Until `next` reaches this one. Raises: Full."""
        mine = self._queues.get(name, ())
        if len(mine) >= self._of_one or (self._count >= self._most and not self._make_room(len(mine) + 1)):
            raise Full
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(name, deque()).append(called)
        self._count += 1
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():
                self._lost()
            elif called in self._queues.get(name, ()):
                self._leave(name, called)
            raise

    def next(self) -> bool:
        """Whoever is next goes on; False: nobody waits."""
        while self._queues:
            name, queue = self._queues.popitem(last=False)
            called = queue.popleft()
            self._count -= 1
            if queue:
                self._queues[name] = queue  # after all others
            if not called.done():
                called.set_result(None)
                return True
        return False

    def _leave(self, name: str, called: asyncio.Future[None]) -> None:
        self._queues[name].remove(called)
        self._count -= 1
        if not self._queues[name]:
            del self._queues[name]

    def _make_room(self, besides: int) -> bool:
        """Whoever came last under the name of whom most wait goes, where those are more than `besides`."""
        longest = max(self._queues.values(), key=len)
        if len(longest) <= besides:
            return False
        longest.pop().set_exception(Full())
        self._count -= 1
        return True


class Pace:
    """So many pass a second, and after some time with fewer, some more at once; the others wait in turn.

    `clock`: monotonic seconds, those of the loop where none is given.
    """

    def __init__(
        self, rate: float, at_once: float, waiting: int = WAITING, held: float = HELD_SECONDS,
        clock: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        self._held = held
        self._clock = clock or asyncio.get_running_loop().time
        self._queue = FairQueue(waiting, waiting, self._give_back)
        self._bucket = Bucket(rate, at_once, self._clock())
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self, name: str) -> None:
        """Until this one may go on. Raises: HttpError 429, after a while, where too many wait."""
        if not self._queue and self._bucket.take(self._clock()):
            return
        self._arm()
        try:
            await self._queue.wait(name)
        except Full:
            await asyncio.sleep(self._held)
            raise too_many("too many requests wait; try again in 1 s", 1) from None

    def charge(self, turns: int) -> None:
        """One that has had its turn costs as much as so many more."""
        self._bucket.left -= turns

    def __len__(self) -> int:
        """How many wait."""
        return len(self._queue)

    def close(self) -> None:
        """Nobody's turn comes any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._bucket.soonest(), self._pass)

    def _pass(self) -> None:
        self._timer = None
        while self._queue and self._bucket.take(self._clock()):
            if not self._queue.next():
                self._give_back()
        if self._queue:
            self._arm()

    def _give_back(self) -> None:
        self._bucket.left += 1
