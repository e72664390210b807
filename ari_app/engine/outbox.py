"""Facts on their way into the stream: kept here until the store has them, the newest `MOST` of them.

Those that were written lately are known for a while: a primary that died may not have passed them on.
"""

import time
from collections import deque
from collections.abc import Callable

import structlog

from ari_app.records.model import Fact
from ari_app.records.wire import kind_of, written
from ari_app.store.port import KeptFact

log = structlog.get_logger(__name__)

MOST = 10_000
"""Some 10 MB: ten minutes of 150 agents, an hour of 20."""
PAGE = 500
"""Added at once: more would keep others waiting in Redis."""
AGAIN_WITHIN = 10.0
"""Seconds: longer than Redis takes to pass a write on, or than what it wrote to its disk last is old."""


class Outbox:
    """In the order in which they came. `lost` is called with how many are lost, whenever some are."""

    def __init__(self, lost: Callable[[int], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._lost = lost
        self._clock = clock
        self._waiting: deque[KeptFact] = deque()
        self._first = 0  # the number of the first that waits
        self._lately: deque[tuple[float, KeptFact]] = deque(maxlen=MOST)
        self._losing = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, fact: Fact) -> None:
        """One more; the oldest is lost where there is no room."""
        self._waiting.append(KeptFact(fact.key, kind_of(fact), written(fact)))
        if len(self._waiting) > MOST:
            self._waiting.popleft()
            self._first += 1
            self._report(1, "memory")

    def page(self) -> tuple[list[KeptFact], int]:
        """The first ones, and up to which number they are."""
        facts = [self._waiting[n] for n in range(min(PAGE, len(self._waiting)))]
        return facts, self._first + len(facts)

    def kept(self, up_to: int, dropped: int) -> None:
        """The stream has those before that number, and has dropped so many of its oldest for them."""
        self._losing = self._losing and dropped > 0
        now = self._clock()
        while self._first < up_to:
            self._lately.append((now, self._waiting.popleft()))
            self._first += 1
        while self._lately and self._lately[0][0] < now - AGAIN_WITHIN:
            self._lately.popleft()
        if dropped:
            self._report(dropped, "stream")

    def again(self) -> None:
        """Another primary may not have had those that were written last: they are added again, under the same keys."""
        since = self._clock() - AGAIN_WITHIN
        found = [fact for at, fact in self._lately if at >= since]
        self._lately.clear()
        self._waiting.extend(found)

    def _report(self, how_many: int, where: str) -> None:
        self._lost(how_many)
        if not self._losing:
            log.warning("facts_lost", where=where, lost=how_many)
        self._losing = True
