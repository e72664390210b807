"""Opening hours: when something is open, as a function of its calendar and of time alone.

A calendar carries all that it takes: its week, the days that are otherwise, and the offsets of its time zone. Nobody
here knows what time it is, nor where time zones and holidays are looked up.

    09:00-12:30   from the first moment in which the clock shows 9:00 until it will not show less than 12:30 any more
    22:00-06:00   until 6:00 of the next day
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from math import inf
from types import MappingProxyType

from ari_app.routing.targets import Target

_DAY = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_DAYS_AHEAD = 400
"""So far ahead the next change is looked for: what stays as it is for longer never changes."""
_LONGEST = 3
"""Days after which a span that began on a day is over, whatever is done to the clock."""
_FARTHEST = 2 * _DAY
"""Beyond what any clock is ahead of UTC, or behind."""


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `begin` until `end`, in minutes of the day on which it begins; `end` may be on the next one."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """`week` has the spans of each day from Monday on, `days` those of days that are otherwise, by ordinal.

    `offsets`: how far the clock there is ahead of UTC, each with since when, in seconds; the first is from the
    beginning. `holidays` and `dates` are as the administrator gave them.
    """

    zone: str
    week: tuple[tuple[Span, ...], ...]
    holidays: tuple[str, ...] = ()
    dates: Mapping[str, tuple[Span, ...] | None] = MappingProxyType({})
    days: Mapping[int, tuple[Span, ...]] = field(default=MappingProxyType({}), repr=False)
    offsets: tuple[tuple[float, int], ...] = field(default=((0.0, 0),), repr=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """What callers get where it is closed: these sounds (without: the announcement `closed`), then `to`, or the end.

    `release`: so do those who wait already when it closes.
    """

    sounds: str = ""
    to: Target | None = None
    release: bool = False


RELEASED = Closed()


class Chosen(StrEnum):
    """What somebody has chosen for a target: as its calendar says, or the other way."""

    HOURS = "hours"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Override:
    """What was chosen last for a target, by whom, and when; it counts until then, where that is given.

    `phone`: by feature code. Times in seconds since the epoch.
    """

    chosen: Chosen
    by: str
    at: float
    until: float | None = None
    phone: bool = False

    def counts(self, now: float) -> bool:
        """Whether it goes before the calendar now."""
        return self.chosen is not Chosen.HOURS and (self.until is None or now < self.until)


def is_open(calendar: Calendar | None, override: Override | None, now: float) -> bool:
    """Whether it is open; without a calendar it always is, unless somebody has closed it."""
    if override is not None and override.counts(now):
        return override.chosen is Chosen.OPEN
    return calendar is None or open_at(calendar, now)


def next_change(calendar: Calendar | None, override: Override | None, now: float) -> float | None:
    """When it will next be closed or open, other than it is now; None: not by itself, or not within a year."""
    at = now
    if override is not None and override.counts(now):
        if override.until is None:
            return None
        at = override.until
        if is_open(calendar, None, at) is not is_open(calendar, override, now):
            return at
    return None if calendar is None else changes_after(calendar, at)


def open_at(calendar: Calendar, now: float) -> bool:
    """Whether the calendar says that it is open."""
    return any(begin <= now < end for begin, end in _around(calendar, now, 0))


def changes_after(calendar: Calendar, now: float) -> float | None:
    """When the calendar next changes from what it says now; None where it does not, for more than a year."""
    opened, closes = open_at(calendar, now), now
    for begin, end in _around(calendar, now, _DAYS_AHEAD):
        if not opened:
            if begin > now:
                return begin
        elif begin > closes:
            return closes
        else:  # what is open goes on as long as the next span begins before it ends
            closes = max(closes, end)
    return closes if opened and closes < now + _DAYS_AHEAD * _DAY else None


def _around(calendar: Calendar, now: float, ahead: int) -> Iterator[tuple[float, float]]:
    """The spans in UTC of the days on which one may have begun that goes on now, and of so many more; in order."""
    today = _EPOCH + int((now + _offset(calendar, now)) // _DAY)
    for day in range(today - _LONGEST, today + ahead + 2):
        midnight = (day - _EPOCH) * _DAY
        for span in calendar.days.get(day, calendar.week[(day + 6) % 7]):
            begin, end = _first(calendar, midnight + span.begin * 60), _last(calendar, midnight + span.end * 60)
            if begin < end:
                yield begin, end


def _offset(calendar: Calendar, at: float) -> int:
    return calendar.offsets[max(0, bisect_right(calendar.offsets, at, key=_since) - 1)][1]


def _first(calendar: Calendar, clock: int) -> float:
    """The first moment in which the clock shows so much, or already more as it was set forward."""
    return next(
        max(since, clock - offset) for since, until, offset in _about(calendar, clock) if clock - offset < until
    )


def _last(calendar: Calendar, clock: int) -> float:
    """The moment from which on the clock shows no less any more, also after it was set back."""
    return max(min(until, clock - ahead) for since, until, ahead in _about(calendar, clock) if clock - ahead > since)


def _about(calendar: Calendar, clock: int) -> Iterator[tuple[float, float, int]]:
    """Since when and until when the clock is so far ahead of UTC, for all times about which it may show so much."""
    offsets = calendar.offsets
    first = max(0, bisect_right(offsets, float(clock - _FARTHEST), key=_since) - 1)
    for index in range(first, len(offsets)):
        since, offset = offsets[index]
        if index > first and since > clock + _FARTHEST:
            return
        until = offsets[index + 1][0] if index + 1 < len(offsets) else inf
        yield since if index > first else -inf, until, offset


def _since(offset: tuple[float, int]) -> float:
    return offset[0]
