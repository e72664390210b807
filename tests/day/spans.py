"""When something happened, as far as phones can tell, and what follows for sums of it. Pure; seconds since the epoch.

Whoever is in the middle notes an event after the phone that caused it and before the phone that is shown what follows.
So each event that both have seen lies between two times. Of others only the cause is known: they were noted later by so
much as the way from one phone through all parts to another one took, which is measured in the same run (`Lateness`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_SURE = 4.0
"""Standard errors: the mean of a part of that way is above this in one run of 30,000, were it as long as the whole."""
ROUNDED = 0.001
"""Reports count in milliseconds."""


@dataclass(frozen=True, slots=True)
class Moment:
    """It was noted at `earliest` or later, and before `latest`, where anybody has seen what follows. `since`: where
    nobody has, it was late by the way from then on; without it, from `earliest` on."""

    earliest: float
    latest: float | None = None
    since: float | None = None

    def last(self, late: float) -> float:
        """When it was noted at the latest."""
        if self.latest is not None:
            return self.latest
        return (self.earliest if self.since is None else self.since) + late

    def after(self, seconds: float) -> Moment:
        """So much later."""
        return Moment(
            self.earliest + seconds,
            None if self.latest is None else self.latest + seconds,
            None if self.since is None else self.since + seconds,
        )


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long the way took, each time that both ends of it were seen."""

    samples: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.samples) / len(self.samples)

    @property
    def deviation(self) -> float:
        return math.sqrt(sum((each - self.mean) ** 2 for each in self.samples) / len(self.samples))

    @property
    def most(self) -> float:
        return max(self.samples)

    def of(self, events: int) -> float:
        """By how much so many events were noted late, in the mean, at most."""
        return min(self.most, self.mean + _SURE * self.deviation / math.sqrt(max(events, 1)))


@dataclass(frozen=True, slots=True)
class Window:
    """From `begin` to before `end`."""

    begin: float = -math.inf
    end: float = math.inf


WHOLE = Window()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a figure may be, both included."""

    low: float
    high: float

    def holds(self, figure: float) -> bool:
        return self.low <= figure <= self.high

    def __add__(self, other: Bounds) -> Bounds:
        return Bounds(self.low + other.low, self.high + other.high)


NONE = Bounds(0, 0)


@dataclass(frozen=True, slots=True)
class Span:
    """It went on from one moment to the other."""

    begin: Moment
    end: Moment


def total(spans: Iterable[Span], late: Lateness, window: Window = WHOLE) -> Bounds:
    """How long they went on within the window, all together, in seconds."""
    found = [x for x in spans if x.end.last(late.most) >= window.begin and x.begin.earliest <= window.end]
    unseen = sum(moment.latest is None for span in found for moment in (span.begin, span.end))
    by = late.of(unseen)
    low = high = 0.0
    for span in found:
        low += _length(span.begin.last(by), span.end.earliest, window)
        high += _length(span.begin.earliest, span.end.last(by), window)
    slack = len(found) * ROUNDED
    return Bounds(max(0.0, low - slack), high + slack)


def longest(spans: Sequence[Span], late: Lateness) -> Bounds:
    """How long the longest of them went on."""
    low = max((span.end.earliest - span.begin.last(late.most) for span in spans), default=0.0)
    high = max((span.end.last(late.most) - span.begin.earliest for span in spans), default=0.0)
    return Bounds(max(0.0, low - ROUNDED), high + ROUNDED)


def length(span: Span, late: Lateness) -> Bounds:
    """How long this one went on."""
    return longest([span], late)


def within(moment: Moment, late: Lateness, window: Window) -> bool | None:
    """Whether it is in the window. None: it may be on either side of an edge."""
    latest = moment.last(late.most)
    if latest < window.begin or moment.earliest >= window.end:
        return False
    return True if window.begin <= moment.earliest and latest < window.end else None


def count(moments: Iterable[Moment], late: Lateness, window: Window = WHOLE) -> Bounds:
    """How many of them are in the window: more than one number only where one may be on either side of its edge."""
    found = [within(moment, late, window) for moment in moments]
    return Bounds(found.count(True), len(found) - found.count(False))


def _length(begin: float, end: float, window: Window) -> float:
    return max(0.0, min(end, window.end) - max(begin, window.begin))
