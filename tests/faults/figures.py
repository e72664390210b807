"""What one round of a fault has shown, and what all rounds of a row come to. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

HEARD = "longest that somebody did not hear whom they talk to"
LATE = 0.3
"""Seconds for which a voice may be missing: late packets on a busy machine."""


@dataclass(frozen=True)
class Promise:
    """Something that is measured in each round; it comes within so many seconds, where anything is promised of it."""

    what: str
    within: float | None = None


@dataclass(frozen=True)
class Row:
    """A fault. `rounds` unless others are requested."""

    name: str
    title: str
    promises: tuple[Promise, ...]
    rounds: int = 20


@dataclass(frozen=True)
class Round:
    """What was done, and what came of it.

    `took` has seconds by what was measured, None where it did not come at all; `silences` the longest that each bot did
    not hear whom they talk to, in seconds. `wrong` is what was lost, or left behind. `counts`: how much was done.
    """

    what: str
    took: Mapping[str, float | None]
    silences: Mapping[str, float]
    wrong: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def silence(self) -> float:
        """The longest of all bots."""
        return max(self.silences.values(), default=0.0)


@dataclass(frozen=True)
class Figure:
    """One figure of a row, in seconds; `missed` are the rounds in which it was not as promised, or did not come."""

    what: str
    within: float | None
    rounds: int
    median: float | None
    longest: float | None
    missed: int


@dataclass(frozen=True)
class Conditions:
    """Under which a row was run: `calls` were up; `load` is the load average of a minute, when it began and ended."""

    commit: str
    day: str
    seed: int
    cores: int
    calls: int
    load: tuple[float, float]


def figures(row: Row, rounds: Sequence[Round]) -> list[Figure]:
    """Each promise of the row, then what was heard, where calls were up all the while."""
    found = [
        _figure(promise, [each.took[promise.what] for each in rounds if promise.what in each.took])
        for promise in row.promises
    ]
    if any(each.silences for each in rounds):
        found.append(_figure(Promise(HEARD, LATE), [each.silence for each in rounds]))
    return found


def _figure(promise: Promise, seconds: Sequence[float | None]) -> Figure:
    came = [each for each in seconds if each is not None]
    late = sum(promise.within is not None and each > promise.within for each in came)
    return Figure(
        what=promise.what,
        within=promise.within,
        rounds=len(seconds),
        median=statistics.median(came) if came else None,
        longest=max(came, default=None),
        missed=late + len(seconds) - len(came),
    )


def gap(heard: Iterable[tuple[float, float, frozenset[str]]], wanted: frozenset[str]) -> float:
    """The longest time in which not all of `wanted` were heard, of stretches (from, to, who was heard) in order."""
    longest = lasted = 0.0
    for begin, end, voices in heard:
        lasted = 0.0 if wanted <= voices else lasted + end - begin
        longest = max(longest, lasted)
    return longest
