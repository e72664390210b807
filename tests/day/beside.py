"""What the reports say beside what was counted: each figure of each row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.day.account import Row
from tests.day.spans import Bounds

type Document = Mapping[str, Any]

COUNTS = ("offered", "answered", "short_abandons", "abandoned", "overflowed", "by_key", "callbacks", "nobody",
          "otherwise", "answered_in_time", "transfers", "conferences")  # fmt: skip
TIMES = ("longest_wait", "talk", "hold", "wrap_up")
AGENT_COUNTS = ("rung", "answered", "missed", "declined", "busy", "unavailable", "withdrawn", "calls", "transfers",
                "conferences")  # fmt: skip
AGENT_TIMES = ("talk", "hold", "wrap_up", "logged_in")
_ZERO = Bounds(0, 0)
_ROUNDED = 1e-6


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one row: what the report has, and what was counted."""

    of: str
    name: str
    reported: float
    counted: Bounds
    count: bool

    @property
    def right(self) -> bool:
        return self.counted.low - _ROUNDED <= self.reported <= self.counted.high + _ROUNDED

    @property
    def exact(self) -> bool:
        """Whether no other number would have been right."""
        return self.counted.low == self.counted.high


def queues(rows: Iterable[Document], counted: Mapping[str, Row]) -> list[Figure]:
    """Of a report of queues. A row that one side lacks has nothing but zeros."""
    found = {str(row["target"]): row for row in rows}
    return [
        figure
        for target in sorted(found.keys() | counted.keys())
        for figure in _queue(target, found.get(target, {}), counted.get(target, {}))
    ]


def _queue(target: str, row: Document, counted: Row) -> list[Figure]:
    asa = row.get("speed_of_answer", {}).get("numerator", 0)
    return [
        *_named(target, COUNTS, row, counted, count=True),
        *_named(target, TIMES, row, counted, count=False),
        Figure(target, "speed_of_answer", asa, counted.get("waited_answered", _ZERO), count=False),
    ]


def agents(rows: Iterable[Document], counted: Mapping[str, Row]) -> list[Figure]:
    """Of a report of agents."""
    found = {str(row["agent"]): row for row in rows}
    return [
        figure
        for agent in sorted(found.keys() | counted.keys())
        for figure in _agent(agent, found.get(agent, {}), counted.get(agent, {}))
    ]


def _agent(agent: str, row: Document, counted: Row) -> list[Figure]:
    spent = {(each["state"], each["reason"]): each["seconds"] for each in row.get("states", ())}
    derived = {
        "on_call": sum(seconds for (state, _), seconds in spent.items() if state == "on_call"),
        "lunch": spent.get(("not_ready", "lunch"), 0.0),
        "occupancy": row.get("occupancy", {}).get("numerator", 0.0),
    }
    return [
        *_named(agent, AGENT_COUNTS, row, counted, count=True),
        *_named(agent, AGENT_TIMES, row, counted, count=False),
        *_named(agent, tuple(derived), derived, counted, count=False),
    ]


def _named(of: str, names: Sequence[str], row: Document, counted: Row, *, count: bool) -> list[Figure]:
    return [Figure(of, name, float(row.get(name, 0)), counted.get(name, _ZERO), count) for name in names]


def shares(rows: Iterable[Document]) -> list[str]:
    """Where a share or mean is not made of the figures beside it, as docs/reports.md says."""
    wrong = []
    for row in rows:
        work = row["talk"] + row["hold"] + row["wrap_up"]
        if "target" in row:
            all_of_them = row["offered"] - row["short_abandons"]
            wanted = {
                "service_level": (row["answered_in_time"], all_of_them),
                "abandonment": (row["abandoned"], all_of_them),
                "handle_time": (work, row["answered"]),
            }
        else:
            wanted = {
                "handle_time": (work, row["calls"]),
                "occupancy": (row["occupancy"]["numerator"], row["logged_in"]),
            }
        wrong += [
            f"{name} of {row.get('target') or row['agent']}"
            for name, parts in wanted.items()
            if not _is(row[name], *parts)
        ]
    return wrong


def _is(ratio: Document, numerator: float, denominator: float) -> bool:
    value = numerator / denominator if denominator else None
    same = (
        abs(ratio["numerator"] - numerator) < _ROUNDED * 1000
        and abs(ratio["denominator"] - denominator) < _ROUNDED * 1000
    )
    close = (
        ratio["value"] is None if value is None else ratio["value"] is not None and abs(ratio["value"] - value) < 1e-3
    )
    return same and close


def added_up(totals: Iterable[Document], intervals: Iterable[Document]) -> list[str]:
    """Where intervals do not add up to the whole."""
    sums: dict[tuple[str, str], float] = {}
    names = dict.fromkeys((*COUNTS, "talk", "hold", "wrap_up", *AGENT_COUNTS, "logged_in"))
    for row in intervals:
        of = str(row.get("target") or row["agent"])
        for name in names:
            if name in row:
                sums[of, name] = sums.get((of, name), 0) + row[name]
    return [
        f"{name} of {of}: {sums.get((of, name), 0)} in all intervals, {row[name]} in the whole"
        for row in totals
        for of in [str(row.get("target") or row["agent"])]
        for name in names
        if name in row and abs(sums.get((of, name), 0) - row[name]) > 0.01
    ]


# -- records ----------------------------------------------------------------------------------------------------------


def records(calls: Iterable[Document], stories: Iterable[Any]) -> list[str]:
    """Where the history has not each caller once, as they were: who talked to them, and what came of it."""
    by_number: dict[str, list[Document]] = {}
    for call in calls:
        if call["type"] == "inbound" and call["contact"] is not None:
            by_number.setdefault(call["contact"]["number"], []).append(call)
    wrong = []
    for story in stories:
        number = story.caller.number
        found = by_number.pop(number, [])
        if len(found) != 1:
            wrong.append(f"{number} is in the history {len(found)} times")
            continue
        wrong += [f"{number}: {what}" for what in _unlike(found[0], story)]
    return [*wrong, *(f"{number} is in the history, and never called" for number in by_number)]


def _unlike(call: Document, story: Any) -> Iterable[str]:
    if story.crossed is not None:
        return
    talked = sorted({each.agent for each in story.served})
    # Who came for somebody who was to be called back, and was not reached, was in the call, too.
    back = any(stay.left == "callbacks" for stay in story.stays)
    if not set(talked) <= set(call["agents"]) or (not back and sorted(call["agents"]) != talked):
        yield f"agents {call['agents']}, and {talked} talked to them"
    if (call["outcome"] == "answered") is not story.answered:
        yield f"{call['outcome']}, and {'served' if story.answered else 'not served'}"
    if call["dialled"] != story.caller.dialled:
        yield f"dialled {call['dialled']}, and not {story.caller.dialled}"
    for name in ("transfers", "conferences"):
        if call[name] != getattr(story, name):
            yield f"{call[name]} {name}, and {getattr(story, name)} were made"
