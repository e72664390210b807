"""Two sides measured alternately, and how they are shown: a table for people, one line of JSON for programs.

A figure is a ratio of one run. The sides take turns, and which goes first alternates, so that noise of the machine
hits both. Where both did the same in each round (`paired`) it is the median of the rounds' ratios; else the ratio of
the two medians, or of other percentiles (`at`). The interval is where it lies with 95 %, had other rounds of this run
been drawn (bootstrap). Pure, but for `load` and what writes.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.stack import Stack

_DRAWS = 2000
_OUTSIDE = 0.025


@dataclass
class Figure:
    """One comparison, in `unit`; `goal` is the highest ratio of `ours` to `baseline` that is wanted.

    `more`: more is better, and the goal is the lowest. `at`: of which percentile the ratio is.
    """

    name: str
    baseline_name: str
    goal: float | None = None
    unit: str = "ms"
    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    paired: bool = True
    more: bool = False
    at: int = 50

    @property
    def ratio(self) -> float:
        """See above. Raises statistics.StatisticsError where nothing was measured."""
        if self.paired:
            return statistics.median(self._ratios())
        return percentile(self.ours, self.at) / percentile(self.baseline, self.at)

    @property
    def difference(self) -> float:
        """Of the means: steadier than the medians' where each value was rounded up to a frame."""
        return statistics.fmean(self.ours) - statistics.fmean(self.baseline)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the ratio lies with 95 %."""
        dice = random.Random(1)
        ratios = self._ratios() if self.paired else []

        def drawn() -> float:
            if self.paired:
                return statistics.median(dice.choices(ratios, k=len(ratios)))
            ours, theirs = (dice.choices(side, k=len(side)) for side in (self.ours, self.baseline))
            return percentile(ours, self.at) / percentile(theirs, self.at)

        found = sorted(drawn() for _ in range(_DRAWS))
        edge = round(_DRAWS * _OUTSIDE)
        return found[edge], found[-edge - 1]

    def met(self) -> bool | None:
        """Whether the goal is; None where there is none."""
        if self.goal is None:
            return None
        return self.ratio >= self.goal if self.more else self.ratio <= self.goal

    def json(self) -> dict[str, object]:
        """For programs."""
        low, high = self.interval
        return {
            "name": self.name,
            "against": self.baseline_name,
            "n": len(self.ours),
            "unit": self.unit,
            "at": self.at,
            "more": self.more,
            "ours": summary(self.ours),
            "baseline": summary(self.baseline),
            "ratio": round(self.ratio, 3),
            "ratio_95": [round(low, 3), round(high, 3)],
            "difference_of_means": round(self.difference, 2),
            "goal": self.goal,
        }

    def _ratios(self) -> list[float]:
        return [one / other for one, other in zip(self.ours, self.baseline, strict=True)]


@dataclass(frozen=True)
class Curve:
    """How a figure goes with something: `points` are (how much of it, value)."""

    picture: str
    name: str
    across: str
    unit: str
    points: Sequence[tuple[float, float]]

    def json(self) -> dict[str, object]:
        """For programs."""
        points = [[x, round(y, 3)] for x, y in self.points]
        return {
            "picture": self.picture, "name": self.name, "across": self.across, "unit": self.unit, "points": points,
        }  # fmt: skip


@dataclass(frozen=True)
class Value:
    """What stands for itself, without a baseline beside it; `goal` is the most that is wanted."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    def json(self) -> dict[str, object]:
        """For programs."""
        return {"name": self.name, "value": round(self.value, 3), "unit": self.unit, "goal": self.goal}


def percentile(values: Sequence[float], at: int) -> float:
    """Raises statistics.StatisticsError where there are no values."""
    if at == 50 or len(values) == 1:
        return statistics.median(values)
    return statistics.quantiles(values, n=100, method="inclusive")[at - 1]


def summary(values: Sequence[float]) -> dict[str, float]:
    """Minimum, quartiles, 99th percentile and maximum."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else (values[0],) * 3
    numbers = {"min": min(values), "p25": low, "median": middle, "p75": high, "p99": percentile(values, 99)}
    return {name: round(value, 2) for name, value in (numbers | {"max": max(values)}).items()}


def spread(count: int, width: float, seed: int = 1) -> list[float]:
    """`count` offsets that cover 0 to `width` evenly, in random order.

    Whatever happens is heard at the next frame of 20 ms. Each side begins as often in every part of a frame, so that
    neither is lucky.
    """
    offsets = [(i + 0.5) / count * width for i in range(count)]
    random.Random(seed).shuffle(offsets)
    return offsets


def table(figures: Sequence[Figure]) -> str:
    """For people."""
    head = (
        *("", "n", "ours: median (quartiles)", "baseline: median (quartiles)"),
        *("means differ", "ratio (95 %)", "goal", ""),
    )
    rows = [head]
    for figure in figures:
        low, high = figure.interval
        verdict = {None: "", True: "met", False: "MISSED"}[figure.met()]
        rows.append(
            (
                f"{figure.name} / {figure.baseline_name}",
                str(len(figure.ours)),
                _spread(figure.ours, figure.unit),
                _spread(figure.baseline, figure.unit),
                f"{figure.difference:+.1f} {figure.unit}",
                f"{figure.ratio:.3f} ({low:.2f}-{high:.2f})",
                "" if figure.goal is None else f"{figure.goal:.2f}",
                verdict,
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)


def _spread(values: Sequence[float], unit: str) -> str:
    shown = summary(values)
    return f"{shown['median']:.1f} {unit} ({shown['p25']:.1f}-{shown['p75']:.1f})"


def load() -> float:
    """Runnable processes of the last minute, for judging the run."""
    return round(os.getloadavg()[0], 1)


def parser(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """Arguments that all benches have."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--rounds", type=int, default=rounds)
    made.add_argument("--json", type=Path, help="append the result to this file too, as one line")
    return made


def begin(
    run: Callable[[Stack, int, int, Path | None], Coroutine[None, None, None]], description: str | None, rounds: int
) -> None:
    """Run a bench by its arguments, at the call centre of the environment: so many rounds, in an order by a seed."""
    arguments = parser(description, rounds)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.seed, given.json))


def tell(
    bench: str,
    file: Path | None,
    *,
    began: float | None = None,
    figures: Sequence[Figure] = (),
    curves: Sequence[Curve] = (),
    values: Sequence[Value] = (),
    more: Mapping[str, object] | None = None,
) -> None:
    """The last line of a bench: its result as JSON. `began`: the load before; `more`: what no report shows."""
    said: Mapping[str, object] = {
        "bench": bench, "load_before": began, "load": load(), "cores": os.cpu_count(),
        "figures": [each.json() for each in figures], "curves": [each.json() for each in curves],
        "values": [each.json() for each in values], **(more or {}),
    }  # fmt: skip
    line = json.dumps(said)
    print(line)
    if file is not None:
        with file.open("a") as out:
            out.write(line + "\n")


def progress(done: int, of: int) -> None:
    """Where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r  {done} of {of}", end="" if done < of else "\r\n", file=sys.stderr, flush=True)
