"""Instructions of Python that a machine executes for each kind of stimulus, and the bytes that it takes meanwhile.

The interpreter itself counts (`sys.monitoring`): every instruction, also those of the standard library, whoever calls
it. What a built-in does inside is one instruction: of that the bytes tell, where it copies what grows. Both are the
same on every machine with the same Python, as long as texts have the same hashes (`PYTHONHASHSEED=0`).
"""

import sys
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

import msgspec

from ari_app.calls.effects import CallChanged, Effect
from ari_app.calls.model import Call, Leg
from ari_app.calls.switch import Switch
from ari_app.calls.views import view
from ari_app.engine import snapshots
from ari_app.records.projector import Projector
from tests.costs.plays import PLAYS, Played, crowd, play

_EVENT = sys.monitoring.events.INSTRUCTION
_VIEWS = msgspec.json.Encoder()
RECORDED, SHOWN, KEPT = "(recorded)", "(shown)", "(kept)"
"""Beside the stimuli: what follows from a call that has changed, of each change. Shown to one of its agents."""


class _Counter:
    def __init__(self) -> None:
        self.count = 0

    def step(self, code: CodeType, offset: int) -> None:
        self.count += 1


@contextmanager
def _instructions() -> Iterator[Callable[[Callable[[], object]], int]]:
    """How many a piece of work takes."""
    counter, tool = _Counter(), sys.monitoring.PROFILER_ID
    sys.monitoring.use_tool_id(tool, "costs")
    sys.monitoring.register_callback(tool, _EVENT, counter.step)

    def counted(work: Callable[[], object]) -> int:
        counter.count = 0
        sys.monitoring.set_events(tool, _EVENT)
        try:
            work()
        finally:
            sys.monitoring.set_events(tool, sys.monitoring.events.NO_EVENTS)
        return counter.count

    try:
        yield counted
    finally:
        sys.monitoring.free_tool_id(tool)


@contextmanager
def _bytes() -> Iterator[Callable[[Callable[[], object]], int]]:
    """How many it takes at once, at most."""
    tracemalloc.start()

    def counted(work: Callable[[], object]) -> int:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before

    try:
        yield counted
    finally:
        tracemalloc.stop()


@dataclass(frozen=True, slots=True)
class Cost:
    """Of so many times, all together."""

    times: int = 0
    total: int = 0

    @property
    def each(self) -> float:
        """Of one."""
        return self.total / self.times

    def and_(self, more: int) -> "Cost":
        """And once more."""
        return Cost(self.times + 1, self.total + more)


type _Counted = Callable[[Callable[[], object]], int]


def _count(played: Played, counted: _Counted, others: tuple[list[Call], list[Leg]] = ([], [])) -> dict[str, Cost]:
    """One machine goes before: what is found once, and kept by the process, is no cost of a stimulus."""
    costs: dict[str, Cost] = defaultdict(Cost)
    for costs_count in (False, True):
        switch, projector = Switch(played.directory, "cc-1"), Projector()
        for stimulus, now in played.before:
            switch.handle(stimulus, now)
        switch.restore(*others)
        for stimulus, now in played.given:
            effects: list[Effect] = []
            spent = counted(lambda: effects.extend(switch.handle(stimulus, now)))  # noqa: B023
            if costs_count:
                costs[type(stimulus).__name__] = costs[type(stimulus).__name__].and_(spent)
            for change in (x for x in effects if isinstance(x, CallChanged)):
                follows = {
                    RECORDED: lambda: projector.changed(change),  # noqa: B023
                    SHOWN: lambda: _VIEWS.encode(view(change.call, "alice", played.directory)),  # noqa: B023
                    KEPT: lambda: snapshots.dumped(change.call),  # noqa: B023
                }
                for what, work in follows.items():
                    spent = counted(work)
                    if costs_count:
                        costs[what] = costs[what].and_(spent)
        if len(switch.calls) != len(others[0]):
            raise AssertionError("what was played does not come to its end when it is played again")
    return costs


type Growth = Mapping[str, tuple[float, float]]


def costs() -> dict[str, Cost]:
    """What each kind of stimulus costs, of all plays together."""
    found: dict[str, Cost] = defaultdict(Cost)
    with _instructions() as counted:
        for name in PLAYS:
            for kind, cost in _count(play(name), counted).items():
                found[kind] = Cost(found[kind].times + cost.times, found[kind].total + cost.total)
    return dict(sorted(found.items()))


def growth(name: str, few: int, many: int) -> tuple[Growth, Growth]:
    """Of each kind in that play, with so few and with so many other calls up: instructions, and bytes."""
    played, crowds = play(name), [crowd(size) for size in (few, many)]
    with _instructions() as counted:
        instructions = [_count(played, counted, others) for others in crowds]
    with _bytes() as counted:
        room = [_count(played, counted, others) for others in crowds]
    both = ({kind: (a[kind].each, b[kind].each) for kind in a} for a, b in (instructions, room))
    return next(both), next(both)
