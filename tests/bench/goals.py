"""What is wanted, figure by figure: the table of docs/benchmarks.md. Pure.

A goal may have several bounds, all of which have to hold. Each is about a figure of some bench, by its name and what
it is measured against, or about a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.bench.results import Result

type Of = Literal["ratio", "median", "p99", "value"]


@dataclass(frozen=True)
class Bound:
    """Of the figures whose names (`name / against`, or that of a value) begin so; the worst of them counts."""

    figure: str
    of: Of
    limit: float
    more: bool = False
    """More is better: the limit is the least."""
    unit: str = ""

    def found(self, results: Iterable[Result]) -> float | None:
        """The worst that was measured; None where nothing was."""
        values = [value for result in results for value in self._in(result)]
        if not values:
            return None
        return min(values) if self.more else max(values)

    def holds(self, value: float) -> bool:
        """Whether that is good enough."""
        return value >= self.limit if self.more else value <= self.limit

    def _in(self, result: Result) -> Iterable[float]:
        if self.of == "value":
            yield from (each["value"] for each in result.values if each["name"].startswith(self.figure))
            return
        for each in result.figures:
            if name_of(each).startswith(self.figure):
                yield each["ratio"] if self.of == "ratio" else each["ours"][self.of]


@dataclass(frozen=True)
class Goal:
    """`key` is by which notes are about it; `before` is what was measured when it was set."""

    key: str
    title: str
    before: str
    bounds: Sequence[Bound]


@dataclass(frozen=True)
class Verdict:
    """`found` in the order of the bounds. `met` is None where some were not measured."""

    goal: Goal
    found: Sequence[float | None]
    met: bool | None


def name_of(figure: Mapping[str, Any]) -> str:
    """As tables show it."""
    return f"{figure['name']} / {figure['against']}"


GOALS = (
    Goal(
        "transfer",
        "instant transfer, answer → first audio / `Dial()`",
        "1.18–1.34",
        (Bound("transfer, answer → audio / Dial()", "ratio", 1.05),),
    ),
    Goal(
        "serve",
        "ready → next caller rings / bare originate; / `app_queue`",
        "6.1; not measured",
        (
            Bound("ready → next caller rings / bare originate", "ratio", 2.5),
            Bound("ready → next caller rings / app_queue", "ratio", 1.5),
        ),
    ),
    Goal(
        "cpu",
        "controller's CPU / Asterisk's, signalling alone",
        "1.54",
        (Bound("CPU of a call, signalling / Asterisk", "ratio", 0.75),),
    ),
    Goal(
        "calls",
        "calls a second, clean, through a group with 20 agents / `app_queue`",
        "not measured",
        (Bound("calls a second through 20 agents / app_queue", "ratio", 0.8, more=True),),
    ),
    Goal(
        "windows",
        "change → last of 1,000 windows: median; 99 %; / bare Redis and WebSockets",
        "31 ms; 52 ms; not measured",
        (
            Bound("change → last of 1,000 windows / bare", "median", 20.0, unit="ms"),
            Bound("change → last of 1,000 windows / bare", "p99", 50.0, unit="ms"),
            Bound("change → last of 1,000 windows / bare", "ratio", 1.3),
        ),
    ),
    Goal(
        "reservations",
        "reservations a second / bare EVALSHA: agents in two groups, queues, skills",
        "0.39–0.45",
        (Bound("reservations, rich", "ratio", 0.6, more=True),),
    ),
    Goal(
        "memory",
        "controller's memory for a call that is up; for an agent who is logged in",
        "45 kB; not measured",
        (
            Bound("memory of a call that is up", "value", 30.0, unit="kB"),
            Bound("memory of an agent who is logged in", "value", 10.0, unit="kB"),
        ),
    ),
    Goal(
        "growth",
        "growth: any figure at ten times as many agents or calls / before",
        "not measured",
        (Bound("growth, ", "ratio", 1.25),),
    ),
)


def judged(results: Sequence[Result], goals: Sequence[Goal] = GOALS) -> list[Verdict]:
    """Each goal with what was found."""
    verdicts = []
    for goal in goals:
        found = [bound.found(results) for bound in goal.bounds]
        pairs = list(zip(goal.bounds, found, strict=True))
        missed = any(value is not None and not bound.holds(value) for bound, value in pairs)
        met = False if missed else None if None in found else True
        verdicts.append(Verdict(goal, found, met))
    return verdicts
