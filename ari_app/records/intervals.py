"""Intervals of a report: where one ends and the next begins, and what of a time falls into which. Pure.

Times in whole milliseconds since the epoch, so that parts add up to the whole.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

MOST = 3_000
"""Intervals of one report: a month of quarter hours."""

DAY = 86_400_000


def milliseconds(seconds: float) -> int:
    """The nearest."""
    return round(seconds * 1000)


def edges(begin: int, end: int, length: int | None, zone: ZoneInfo) -> tuple[int, ...]:
    """Where intervals of `length` minutes begin, in order, and in the end `end`. Without a length there is one.

    They are counted from each midnight of the zone: on a day on which the clock is changed a day has 23 or 25 hours,
    and as many quarter hours; a whole day (1440) is that day, however long it is. The first and the last are cut at
    `begin` and `end`.

    Raises:
        ValueError: `end` is not after `begin`, or they are more than `MOST`.
    """
    if end <= begin:
        raise ValueError("the end must be after the begin")
    if length is None:
        return (begin, end)
    if (end - begin) // (length * 60_000) > MOST:
        raise ValueError(f"these are more than {MOST:,} intervals")
    starts = takewhile(lambda at: at < end, _begins(begin, length * 60_000, zone))
    found = [begin, *(at for at in starts if at > begin)]
    if len(found) > MOST:
        raise ValueError(f"these are more than {MOST:,} intervals")
    return (*found, end)


def day_of(moment: int, zone: ZoneInfo) -> tuple[int, int]:
    """When the day of the zone that has this moment begins, and when the next one does."""
    midnight = datetime.fromtimestamp(moment / 1000, zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return _at(midnight), _at(midnight + timedelta(days=1))


def _begins(begin: int, length: int, zone: ZoneInfo) -> Iterator[int]:
    """All from the midnight before `begin` on, without an end."""
    midnight, following = day_of(begin, zone)
    while True:
        yield from range(midnight, following, length) if length < DAY else (midnight,)
        midnight, following = day_of(following, zone)


def _at(day: datetime) -> int:
    """A midnight that a change of the clock leaves out is the moment of that change."""
    return milliseconds(day.astimezone(UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Intervals:
    """Each from one of `edges` to the next."""

    edges: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.edges) - 1

    @property
    def begin(self) -> int:
        return self.edges[0]

    @property
    def end(self) -> int:
        return self.edges[-1]

    def at(self, moment: int) -> int | None:
        """Which one has this moment; None: it is before the first or after the last."""
        return bisect_right(self.edges, moment) - 1 if self.begin <= moment < self.end else None

    def parts(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Which ones have something of the time from `begin` to `end`, and how much of it."""
        begin, end = max(begin, self.begin), min(end, self.end)
        if begin >= end:
            return
        which = bisect_right(self.edges, begin) - 1
        while begin < end:
            until = min(end, self.edges[which + 1])
            yield which, until - begin
            begin, which = until, which + 1
