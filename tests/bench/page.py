"""docs/benchmarks.md: what was measured, against what one would pick instead. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.goals import GOALS, Bound, Verdict, judged, name_of
from tests.bench.results import Result

RATIOS, CURVES = "benchmarks.svg", "benchmarks-curves.svg"
_HEAD = """\
# Measured against what one would pick instead

`docker/bench` measures it and writes this page: on one machine, in one run, in turns with a baseline on the same
Asterisk and the same phones. A figure is a ratio, ours to the baseline's, of rounds that alternate: the median of the
rounds' ratios where both did the same in each, else the ratio of the medians; with the interval in which it lies with
95 % (bootstrap over the rounds). Below 1 ours is less. How figures are made stands at the top of each
`tests/bench/bench_*.py`; what Asterisk is given for a baseline (`Dial()`, the transfers of `features.conf`,
`ConfBridge`, `app_queue` with twenty members), and what the product's own has nothing of, in
`tests/bench/baselines.py`.
"""
_ORDER = ("audio", "verbs", "serve", "announcement", "flood", "calls", "cpu", "busy", "agents")
_MARKS = {True: "met", False: "**missed**", None: "not measured"}


def page(results: Sequence[Result], notes: Mapping[str, str]) -> str:
    """The whole of it."""
    verdicts = judged(results)
    figures = [figure for result in _ordered(results) for figure in result.figures]
    lines = [_HEAD, *_run(results), "## Goals", "", "| figure | when it was set | goal | measured | |"]
    lines += ["|---|---|---|---|---|", *(_goal(each) for each in verdicts), ""]
    lines += _missed(verdicts, notes)
    if figures:
        lines += ["## All figures", "", f"![Each ratio with its interval](pictures/{RATIOS})", ""]
    for result in _ordered(results):
        lines += _bench(result)
    if any(result.curves for result in results):
        lines += ["## With load and size", "", f"![How figures go with load and size](pictures/{CURVES})", ""]
    return "\n".join(lines)


def all_figures(results: Sequence[Result]) -> list[Mapping[str, Any]]:
    """In the order of the page."""
    return [figure for result in _ordered(results) for figure in result.figures]


def all_curves(results: Sequence[Result]) -> list[Mapping[str, Any]]:
    """In the order of the page."""
    return [curve for result in _ordered(results) for curve in result.curves]


def _ordered(results: Sequence[Result]) -> list[Result]:
    places = {name: number for number, name in enumerate(_ORDER)}
    return sorted(results, key=lambda result: (places.get(result.bench, len(places)), result.bench))


def _run(results: Sequence[Result]) -> list[str]:
    if not results:
        return ["Nothing has been measured yet.", ""]
    days, commits = ({getattr(each, name) for each in results} for name in ("day", "commit"))
    cores = {each.said.get("cores") for each in results}
    loads = [each.said["load_before"] for each in results if each.said.get("load_before") is not None]
    minutes = sum(each.seconds for each in results) / 60
    load = f", with a load of {min(loads):.1f} to {max(loads):.1f} before each bench" if loads else ""
    where = " or ".join(str(number) for number in sorted(cores, key=str))
    said = (
        f"{_and(days)}, commit {_and(commits)}: {len(results)} benches in {minutes:.0f} minutes on {where} cores{load}."
    )
    return [said, ""]


def _and(words: set[str]) -> str:
    return " and ".join(sorted(words))


def _goal(verdict: Verdict) -> str:
    goal = verdict.goal
    wanted = "; ".join(_limit(bound) for bound in goal.bounds)
    found = "; ".join(
        "–" if value is None else _value(value, bound) for value, bound in zip(verdict.found, goal.bounds, strict=True)
    )
    return f"| {goal.title} | {goal.before} | {wanted} | {found} | {_MARKS[verdict.met]} |"


def _limit(bound: Bound) -> str:
    return f"{'≥' if bound.more else '≤'} {bound.limit:g}{_unit(bound.unit)}"


def _value(value: float, bound: Bound) -> str:
    return f"{value:.1f}{_unit(bound.unit)}" if bound.unit else f"{value:.2f}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _missed(verdicts: Sequence[Verdict], notes: Mapping[str, str]) -> list[str]:
    lines: list[str] = []
    for each in verdicts:
        if each.met is False:
            known = notes.get(each.goal.key) or "The limit has not been looked for yet."
            lines += [f"### Missed: {each.goal.title}", "", known, ""]
    return lines


def _bench(result: Result) -> list[str]:
    if not result.figures and not result.values:
        return []
    lines = [f"### {result.bench}", ""]
    if result.figures:
        lines += ["| figure | n | ours: median, 99 % | baseline: median, 99 % | ratio (95 %) | goal | |"]
        lines += ["|---|---|---|---|---|---|---|", *(_figure(each) for each in result.figures), ""]
    if result.values:
        lines += ["| figure | measured | goal | |", "|---|---|---|---|"]
        lines += [*(_stated(each) for each in result.values), ""]
    return lines


def _figure(each: Mapping[str, Any]) -> str:
    low, high = each["ratio_95"]
    goal, met = "", ""
    if each["goal"] is not None:
        goal = f"{'≥' if each['more'] else '≤'} {each['goal']:g}"
        met = _MARKS[each["ratio"] >= each["goal"] if each["more"] else each["ratio"] <= each["goal"]]
    sides = " | ".join(
        f"{each[side]['median']:g}, {each[side]['p99']:g} {each['unit']}".rstrip() for side in ("ours", "baseline")
    )
    of = "" if each["at"] == 50 else f", {each['at']} %"
    return (
        f"| {name_of(each)}{of} | {each['n']} | {sides} | {each['ratio']:.2f} ({low:.2f}–{high:.2f}) | {goal} | {met} |"
    )


def _stated(each: Mapping[str, Any]) -> str:
    goal, met = "", ""
    if each["goal"] is not None:
        goal, met = f"≤ {each['goal']:g} {each['unit']}", _MARKS[each["value"] <= each["goal"]]
    return f"| {each['name']} | {each['value']:g} {each['unit']} | {goal} | {met} |"


KEYS = frozenset(goal.key for goal in GOALS)
"""What notes may be about."""
