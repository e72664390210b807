"""What is looked at while calls come and go, and whether it stays as it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_MB = 1_000_000


@dataclass(frozen=True)
class Watched:
    """A figure. It is flat where it grows by less than `bound` per 1,000 calls; `scale` is how much one `unit` is."""

    name: str
    title: str
    unit: str
    bound: float
    scale: float = 1.0


WATCHED = (
    # With what is free in pieces between what is in use, which finds its level late.
    Watched("controller_memory", "controller, resident memory", "MB", 1, _MB),
    Watched("controller_heap", "controller, in use of the C library's heap", "MB", 0.1, _MB),
    Watched("controller_blocks", "controller, blocks of Python's in use", "", 2000),
    Watched("controller_files", "controller, open files", "", 1),
    Watched("controller_tasks", "controller, tasks of asyncio", "", 1),
    Watched("asterisk_memory", "Asterisk, resident memory", "MB", 0.5, _MB),
    Watched("asterisk_files", "Asterisk, open files", "", 2),
    Watched("channels", "channels", "", 1),
    Watched("bridges", "bridges", "", 1),
    Watched("redis_memory", "Redis, memory in use but for the record of who did what", "MB", 0.5, _MB),
    Watched("redis_keys", "Redis, keys", "", 20),
)


@dataclass(frozen=True)
class Sample:
    """`seconds` and `calls` since the begin; `values` by the name of the figure, in bytes where it is memory."""

    seconds: float
    calls: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Verdict:
    """In units of the figure: at the begin, in the middle, at the end; `growth` per 1,000 calls of the second half."""

    watched: Watched
    first: float
    middle: float
    last: float
    growth: float

    @property
    def flat(self) -> bool:
        return self.growth < self.watched.bound


def second_half(samples: Sequence[Sample]) -> list[Sample]:
    """Those of the second half of the calls: by then all that may fill up is full."""
    middle = (samples[0].calls + samples[-1].calls) / 2
    return [each for each in samples if each.calls >= middle]


def verdicts(samples: Sequence[Sample]) -> list[Verdict]:
    """Of each figure. Raises ValueError where the second half has fewer than two samples at different calls."""
    half = second_half(samples)
    found = []
    for watched in WATCHED:

        def value(sample: Sample, watched: Watched = watched) -> float:
            return sample.values[watched.name] / watched.scale

        growth = 1000 * slope([(each.calls, value(each)) for each in half])
        found.append(Verdict(watched, value(samples[0]), value(half[0]), value(samples[-1]), growth))
    return found


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the line that fits best (least squares). Raises ValueError where all points stand above each other."""
    across = sum(x for x, _ in points) / len(points)
    up = sum(y for _, y in points) / len(points)
    spread = sum((x - across) ** 2 for x, _ in points)
    if not spread:
        raise ValueError("too few samples: the second half of the calls was over at once")
    return sum((x - across) * (y - up) for x, y in points) / spread
