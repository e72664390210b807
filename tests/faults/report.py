"""docs/faults.md: a section for each row of faults. Those that were not run stay as they are. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from tests.faults.figures import Conditions, Figure, Round, Row, figures

_HEAD = """\
# Faults, again and again

What `docker/test --faults` has measured: in a [cluster](operations.md#a-cluster) on one machine parts are killed,
frozen and cut off while people talk. In each round it measures how long it takes until commands are carried out again,
counted from the command that ends the part (of a Redis: from its last answer); hears in RTP what everybody heard; and
looks at what is left behind then: calls, channels and bridges, what Redis has of them, reservations, and agents who are
not ready. That command writes this page, row by row.

A voice that was missing for up to 0.3 seconds is a packet that came late. All parts and all phones share the machine,
and others may have worked on it too: its load is stated with each row.
*Missed* are the rounds that took longer than is promised, or in which it did not come at all; where nothing is
promised, the figure stands for itself.
"""
_SECTION = re.compile(r"^## .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_SHOWN = 12


def page(written: str, rows: Sequence[Row], run: Iterable[tuple[Row, Conditions, Sequence[Round]]]) -> str:
    """The page anew: what is `written` already, with sections of the rows that were `run` in place of their last."""
    sections = {_name_of(found): found for found in _SECTION.findall(written)}
    sections |= {row.name: section(row, conditions, rounds) for row, conditions, rounds in run}
    return "\n".join([_HEAD, *(sections[row.name].rstrip("\n") + "\n" for row in rows if row.name in sections)])


def _name_of(text: str) -> str:
    return text.splitlines()[0].removeprefix("## ")


def section(row: Row, conditions: Conditions, rounds: Sequence[Round]) -> str:
    """What one row came to."""
    wrong = [(number, what) for number, each in enumerate(rounds, start=1) for what in each.wrong]
    lines = [
        f"## {row.name}",
        "",
        f"{row.title}. {_conditions(conditions, len(rounds))}",
        "",
        "| measured | promised | median | longest | missed |",
        "|---|---|---|---|---|",
        *(_line(figure) for figure in figures(row, rounds)),
        "",
        *_heard(rounds),
        *_done(rounds),
        *_left(wrong, len(rounds)),
    ]
    return "\n".join(lines) + "\n"


def _conditions(of: Conditions, rounds: int) -> str:
    begin, end = of.load
    return (
        f"{of.day}, commit {of.commit}, {rounds} rounds, seed {of.seed}, {f'{of.calls} calls up, ' if of.calls else ''}"
        f"{of.cores} cores with a load of {begin:.1f} at the begin and {end:.1f} at the end."
    )


def _line(figure: Figure) -> str:
    promised = "" if figure.within is None else f"< {figure.within:g} s"
    missed = f"{figure.missed} of {figure.rounds}" if promised or figure.missed else ""
    return f"| {figure.what} | {promised} | {_seconds(figure.median)} | {_seconds(figure.longest)} | {missed} |"


def _seconds(value: float | None) -> str:
    if value is None:
        return "never"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def _heard(rounds: Sequence[Round]) -> list[str]:
    """The longest of each bot over all rounds."""
    longest: dict[str, float] = {}
    for name, seconds in chain.from_iterable(each.silences.items() for each in rounds):
        longest[name] = max(longest.get(name, 0.0), seconds)
    if not longest:
        return []
    worst = sorted(longest.items(), key=lambda found: (-found[1], found[0]))
    shown = ", ".join(f"{name} {_seconds(seconds)}" for name, seconds in worst[:_SHOWN])
    more = f", {len(worst) - _SHOWN} others less" if len(worst) > _SHOWN else ""
    return [f"The longest that each did not hear whom they talk to, in all rounds: {shown}{more}.", ""]


def _done(rounds: Sequence[Round]) -> list[str]:
    """Of all rounds together."""
    counts: Counter[str] = Counter()
    for each in rounds:
        counts.update(each.counts)
    return [f"In all: {', '.join(f'{number:,} {what}' for what, number in counts.items())}.", ""] if counts else []


def _left(wrong: Sequence[tuple[int, str]], rounds: int) -> list[str]:
    if not wrong:
        return ["Lost or left behind: nothing."]
    broken = len({number for number, _ in wrong})
    found = [f"- round {number}: {what}" for number, what in wrong]
    return [f"**Lost or left behind in {broken} of {rounds} rounds:**", "", *found]


def line(number: int, of: int, each: Round) -> str:
    """One round, for who watches."""
    took = ", ".join(f"{what} {_seconds(seconds)}" for what, seconds in each.took.items())
    wrong = "".join(f"\n      WRONG: {what}" for what in each.wrong)
    heard = f"; not heard for {_seconds(each.silence)}" if each.silences else ""
    done = f"; {', '.join(f'{count} {what}' for what, count in each.counts.items())}" if each.counts else ""
    return f"  {number:2} of {of}  {each.what}: {took}{heard}{done}{wrong}"
