"""Two sides measured alternately, and how they are shown: a table for people, one line of JSON for programs.

A figure is the ratio of two medians of one run. The sides take turns, and which goes first alternates, so that noise
of the machine hits both.
"""

import argparse
import json
import os
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Figure:
    """One comparison, in `unit`; `goal` is the highest ratio of `ours` to `baseline` that is wanted."""

    name: str
    baseline_name: str
    goal: float | None = None
    unit: str = "ms"
    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.ours) / statistics.median(self.baseline)

    @property
    def difference(self) -> float:
        """Of the means: steadier than the medians' where each value was rounded up to a frame."""
        return statistics.fmean(self.ours) - statistics.fmean(self.baseline)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the ratio lies with 90 %, had other rounds of this run been drawn (bootstrap)."""
        dice = random.Random(1)
        ratios = sorted(
            statistics.median(dice.choices(self.ours, k=len(self.ours)))
            / statistics.median(dice.choices(self.baseline, k=len(self.baseline)))
            for _ in range(1000)
        )
        return ratios[50], ratios[950]

    def json(self) -> dict[str, object]:
        """For programs."""
        low, high = self.interval
        return {
            "name": self.name,
            "against": self.baseline_name,
            "n": len(self.ours),
            "unit": self.unit,
            "ours": summary(self.ours),
            "baseline": summary(self.baseline),
            "ratio": round(self.ratio, 3),
            "ratio_90": [round(low, 3), round(high, 3)],
            "difference_of_means": round(self.difference, 2),
            "goal": self.goal,
        }


def summary(values: Sequence[float]) -> dict[str, float]:
    """Minimum, quartiles and maximum."""
    low, middle, high = statistics.quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    numbers = {"min": min(values), "p25": low, "median": middle, "p75": high, "max": max(values)}
    return {name: round(value, 2) for name, value in numbers.items()}


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
        "",
        "n",
        "ours: median (quartiles)",
        "baseline: median (quartiles)",
        "means differ",
        "ratio (90 %)",
        "goal",
        "",
    )
    rows = [head]
    for figure in figures:
        low, high = figure.interval
        verdict = "" if figure.goal is None else "met" if figure.ratio <= figure.goal else "MISSED"
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


def tell(bench: str, result: dict[str, object], file: Path | None) -> None:
    """The last line of a bench: its result as JSON."""
    line = json.dumps({"bench": bench, "load": load(), "cores": os.cpu_count(), **result})
    print(line)
    if file is not None:
        with file.open("a") as out:
            out.write(line + "\n")


def progress(done: int, of: int) -> None:
    """Where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r  {done} of {of}", end="" if done < of else "\r\n", file=sys.stderr, flush=True)
