"""Whether callers from outside are let in: while neither calls, nor new ones, nor what there is to do are too many.

Calls that are up go on, whatever this says. No I/O; times in seconds of the clock that is given.
"""

from collections.abc import Callable, Collection
from enum import StrEnum

from ari_app.routing.directory import Admission as Bounds

LATE_SECONDS = 0.5
"""By so much, twice in a row, the loop is later than it wanted to be: commands wait as long. Once may be a moment in
which the machine stood still."""
_LATE_BEATS = 2
_ON_TIME_BEATS = 4
_REOPENS = 0.25
"""For so long nobody is let in when those of a second have come: each change is a request to Asterisk."""
REPORTED_SECONDS = 5.0
"""For so long a reason is reported that was one: it comes and goes several times a second."""


class Reason(StrEnum):
    """Why nobody is let in."""

    CALLS = "calls"
    RATE = "rate"
    LATE = "late"


class Admission:
    """Of one Asterisk. Report who arrived (`arrived`) and how late the loop is (`beat`)."""

    def __init__(self, bounds: Callable[[], Bounds], calls: Callable[[], int], clock: Callable[[], float]) -> None:
        self._bounds = bounds
        self._calls = calls
        self._clock = clock
        self._room = float(bounds().per_second)
        self._at = clock()
        self._exhausted = False
        self._late = 0
        self._on_time = 0
        self._was: dict[Reason, float] = {}

    def arrived(self) -> None:
        """Somebody from outside was let in."""
        self._refill()
        most = self._bounds().per_second
        self._room = max(-float(most), self._room - 1)  # all who came while nobody led: a second later it is forgotten
        self._exhausted = self._exhausted or self._room < 1

    def beat(self, late: float) -> None:
        """The loop is later by so much than it wanted to be."""
        if late > LATE_SECONDS:
            self._late, self._on_time = self._late + 1, 0
        else:
            self._on_time += 1
            if self._late < _LATE_BEATS or self._on_time >= _ON_TIME_BEATS:
                self._late = 0

    def refused_for(self) -> Collection[Reason]:
        """Why nobody is let in now; nothing where they are."""
        self._refill()
        found = set()
        if self._calls() >= self._bounds().calls:
            found.add(Reason.CALLS)
        if self._exhausted:
            found.add(Reason.RATE)
        if self._late >= _LATE_BEATS:
            found.add(Reason.LATE)
        self._was.update(dict.fromkeys(found, self._at))
        return found

    def reported(self) -> frozenset[Reason]:
        """What has been a reason lately, as `refused_for` was last looked at."""
        return frozenset(reason for reason, at in self._was.items() if self._at - at < REPORTED_SECONDS)

    def _refill(self) -> None:
        most, now = self._bounds().per_second, self._clock()
        self._room = min(float(most), self._room + (now - self._at) * most)
        self._at = now
        if self._room >= max(1.0, most * _REOPENS):
            self._exhausted = False
