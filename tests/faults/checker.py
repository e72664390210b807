"""Whether a history is one that a call centre may have, whatever dies in it. Pure.

Agents in it have no call waiting, and are in no conference: whoever has a call, be it one that they have requested
themselves, is offered no other, and hears one person. A call that they have requested is to be answered by itself.

What is decided at one place is seen at another a moment later (a BYE on its way to a phone), and machines are busy:
what overlaps by less than `SLACK` seconds did not happen at the same time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from tests.faults.history import FOREVER, History, Operation, Ring, Stay

SLACK = 0.5
DONE_WITHIN = 3.0
"""Seconds after the answer to a release in which the phone has to be rid of the call."""

type Rule = Literal[
    "rung for two calls",
    "rung twice for one call",
    "rung without a request",
    "talks with two",
    "a caller was refused",
    "a caller was lost",
    "a caller waits for ever",
    "done more than once",
    "answered and not done",
    "refused and done",
]


@dataclass(frozen=True)
class Violation:
    """Of a rule; `text` says by whom and when, in seconds from the begin of the history."""

    rule: Rule
    text: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


def violations(history: History) -> list[Violation]:
    """All that is wrong with it, rule by rule."""
    began = min((stay.dialled for stay in history.stays), default=0.0)
    return [
        *_rings(history, began),
        *_talks(history, began),
        *_callers(history, began),
        *_commands(history, began),
    ]


# -- phones -----------------------------------------------------------------------------------------------------------


def _rings(history: History, began: float) -> Iterator[Violation]:
    requests = {(each.agent, each.target) for each in history.operations if each.kind == "call"}
    for phone, rings in _by_phone(history.rings).items():
        for first, second in combinations(rings, 2):
            if not _overlap((first.received, first.ended), (second.received, second.ended)):
                continue
            if first.call == second.call:
                yield Violation("rung twice for one call", f"{phone} for {first.call} {_at(second.received, began)}")
            else:
                text = f"{phone} for {second.call} {_at(second.received, began)}, with {first.call} there"
                yield Violation("rung for two calls", text)
        for ring in rings:
            if ring.by_request and (phone, ring.call) not in requests:
                text = f"{phone} for {ring.call} {_at(ring.received, began)}"
                yield Violation("rung without a request", text)


def _by_phone(rings: Iterable[Ring]) -> dict[str, list[Ring]]:
    found = defaultdict(list)
    for ring in sorted(rings, key=lambda each: each.received):
        found[ring.phone].append(ring)
    return found


def _overlap(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return min(one[1], other[1]) - max(one[0], other[0]) > SLACK


def _talks(history: History, began: float) -> Iterator[Violation]:
    by_ear = defaultdict(list)
    for each in history.heard:
        by_ear[each.ear].append(each)
    for ear, stretches in by_ear.items():
        for one, other in combinations(stretches, 2):
            both = max(one.begin, other.begin), min(one.end, other.end)
            if one.voice == other.voice or both[1] - both[0] <= SLACK:
                continue
            yield Violation("talks with two", f"{ear} hears {one.voice} and {other.voice} {_at(both[0], began)}")


# -- callers ----------------------------------------------------------------------------------------------------------


def _callers(history: History, began: float) -> Iterator[Violation]:
    for stay in history.stays:
        if stay.by == "caller":
            continue
        if stay.answered == FOREVER:
            yield Violation("a caller was refused", f"{stay.call}, who dialled {_at(stay.dialled, began)}{_why(stay)}")
        elif stay.ended == FOREVER:
            yield Violation("a caller waits for ever", f"{stay.call}, who dialled {_at(stay.dialled, began)}")
        elif not any(_may_have_ended(each, stay, history.rings) for each in history.operations):
            up = f"{stay.ended - stay.dialled:.2f} s after they dialled"
            yield Violation("a caller was lost", f"{stay.call}, {_at(stay.ended, began)}, {up}{_why(stay)}")


def _may_have_ended(operation: Operation, stay: Stay, rings: Iterable[Ring]) -> bool:
    """Whether it is the end of that call: an agent who leaves it, or somebody outside to whom it was transferred."""
    if operation.call != stay.call or operation.outcome == "fail" or operation.invoked > stay.ended:
        return False
    if operation.kind != "transfer":
        return True
    return any(ring.phone == operation.target and ring.ended <= stay.ended + SLACK for ring in rings)


# -- commands ---------------------------------------------------------------------------------------------------------


def _commands(history: History, began: float) -> Iterator[Violation]:
    for operation in history.operations:
        what = f"{operation.kind} of {operation.agent} {_at(operation.invoked, began)}"
        if operation.target:
            gone = any(_gave_up(stay, operation) for stay in history.stays)
            yield from _once(operation, what, sum(ring.phone == operation.target for ring in history.rings), gone)
        elif operation.kind == "release" and operation.outcome == "ok":
            yield from _left(operation, what, history.rings)


def _gave_up(stay: Stay, operation: Operation) -> bool:
    """Whether the caller had hung up before anybody could be rung for them."""
    return stay.by == "caller" and stay.call == operation.call and stay.ended <= operation.answered + SLACK


def _once(operation: Operation, what: str, rung: int, gone: bool) -> Iterator[Violation]:
    """A number of its own was rung for it: once where it was done and nobody had `gone`, never where it was refused."""
    if rung > 1:
        yield Violation("done more than once", f"{what}: {operation.target} was rung {rung} times")
    elif rung == 0 and operation.outcome == "ok" and not gone:
        yield Violation("answered and not done", f"{what}: {operation.target} was not rung")
    elif rung == 1 and operation.outcome == "fail":
        yield Violation("refused and done", f"{what}: {operation.target} was rung")


def _left(operation: Operation, what: str, rings: Iterable[Ring]) -> Iterator[Violation]:
    """Whoever has left a call has it no more, and never again."""
    for ring in rings:
        of_it = (ring.phone, ring.call) == (operation.agent, operation.call)
        if of_it and ring.ended > operation.answered + DONE_WITHIN:
            yield Violation("answered and not done", f"{what}: {ring.call} is there yet, or again")


def _why(stay: Stay) -> str:
    return f" ({stay.why})" if stay.why else ""


def _at(seconds: float, began: float) -> str:
    return f"at {seconds - began:.2f} s"
