"""Any history of a call centre in order passes the checker; with one fault of any kind in it, that kind is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.checker import DONE_WITHIN, SLACK, Rule, violations
from tests.faults.history import FOREVER, Heard, History, Operation, Outcome, Ring, Stay

AGENTS = ("alice", "bob", "carol")
_SHORT = st.floats(0.05, 3.0)


@dataclass
class _Centre:
    """Serves caller after caller as it should, and writes down what is seen: agents one after the other."""

    draw: st.DrawFn
    free_at: dict[str, float] = field(default_factory=lambda: dict.fromkeys(AGENTS, 0.0))
    operations: list[Operation] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    number: int = 0

    def later(self, at: float) -> float:
        return at + self.draw(_SHORT)

    def unused(self) -> str:
        self.number += 1
        return f"+{self.number}"

    def somebody_calls(self) -> None:
        """They are offered to an agent, who serves them, or to several in turn; or give up."""
        call, dialled = self.unused(), self.draw(st.floats(0, 20))
        answered = at = self.later(dialled)
        if self.draw(st.integers(0, 4)) == 0:
            self.stays.append(Stay(call, dialled, answered, self.later(at), "caller"))
            return
        for _ in range(self.draw(st.integers(0, 2))):  # does not answer in time
            agent = self.draw(st.sampled_from(AGENTS))
            rung = self.later(max(at, self.free_at[agent]))
            at = self.free_at[agent] = self.later(rung)
            self.rings.append(Ring(agent, call, rung, ended=at))
        self.is_served(call, dialled, answered, at)

    def is_served(self, call: str, dialled: float, answered: float, at: float) -> None:
        agent = self.draw(st.sampled_from(AGENTS))
        rung = self.later(max(at, self.free_at[agent]))
        talks = self.later(rung)
        invoked = self.later(talks)
        done = self.later(invoked)
        self.free_at[agent] = done
        self.rings.append(Ring(agent, call, rung, talks, done))
        self.heard += [Heard(agent, call, talks, invoked), Heard(call, agent, talks, invoked)]
        outcome: Outcome = self.draw(st.sampled_from(("ok", "unknown")))
        if self.draw(st.booleans()):
            kind = self.draw(st.sampled_from(("release", "hang-up")))
            self.operations.append(Operation(agent, kind, call, invoked, done, outcome))  # type: ignore[arg-type]
            self.stays.append(Stay(call, dialled, answered, self.later(invoked), "system"))
            return
        number = self.unused()
        over = self.later(done)
        self.operations.append(Operation(agent, "transfer", call, invoked, done, outcome, number))
        self.rings.append(Ring(number, call, invoked, done, over))
        self.stays.append(Stay(call, dialled, answered, self.later(over), "system"))

    def agent_calls(self) -> None:
        """Once they are free; or it is refused."""
        agent, number, invoked = self.draw(st.sampled_from(AGENTS)), self.unused(), self.draw(st.floats(0, 20))
        outcome: Outcome = self.draw(st.sampled_from(("ok", "unknown", "fail")))
        self.operations.append(Operation(agent, "call", "", invoked, self.later(invoked), outcome, number))
        if outcome == "ok":
            begin = max(invoked, self.free_at[agent])
            end = self.free_at[agent] = self.later(begin)
            self.rings += [
                Ring(agent, number, begin, begin, end, by_request=True),
                Ring(number, "+33", begin, begin, end),
            ]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """With one caller at least who is released."""
    centre = _Centre(draw)
    for _ in range(draw(st.integers(1, 8))):
        draw(st.sampled_from((centre.somebody_calls, centre.somebody_calls, centre.agent_calls)))()
    number, agent = centre.unused(), draw(st.sampled_from(AGENTS))
    rung = centre.free_at[agent] + 1
    centre.rings.append(Ring(agent, number, rung, rung + 1, rung + 4))
    centre.stays.append(Stay(number, rung - 1, rung - 1, rung + 4, "system"))
    centre.operations.append(Operation(agent, "release", number, rung + 3, rung + 4, "ok"))
    return History(centre.operations, centre.rings, centre.stays, centre.heard)


def _rung_for_two(history: History) -> History:
    ring = history.rings[-1]
    other = replace(ring, call="+0", received=ring.received + 0.5)
    return replace(history, rings=[*history.rings, other])


def _rung_twice(history: History) -> History:
    ring = history.rings[-1]
    return replace(history, rings=[*history.rings, replace(ring, received=ring.received + 0.5)])


def _rung_by_nobody(history: History) -> History:
    return replace(history, rings=[*history.rings, Ring("dave", "+0", 1.0, 1.0, 2.0, by_request=True)])


def _heard_two(history: History) -> History:
    both = [Heard("dave", voice, 1.0, 1.2 + SLACK) for voice in ("+0", "+1")]
    return replace(history, heard=[*history.heard, *both])


def _refused(history: History) -> History:
    return replace(history, stays=[*history.stays, Stay("+0", 1.0, FOREVER, 2.0, "system")])


def _lost(history: History) -> History:
    released = history.operations[-1]
    return replace(history, operations=[*history.operations[:-1], replace(released, invoked=released.invoked + 9)])


def _waits(history: History) -> History:
    return replace(history, stays=[*history.stays, Stay("+0", 1.0, 1.1)])


def _twice(history: History) -> History:
    call = Operation("dave", "call", "", 1.0, 2.0, "unknown", "+0")
    rings = [Ring("+0", "+33", at, at, at + 0.1) for at in (1.1, 1.6)]
    return replace(history, operations=[*history.operations, call], rings=[*history.rings, *rings])


def _not_done(history: History) -> History:
    ring = history.rings[-1]
    late = replace(ring, ended=ring.ended + DONE_WITHIN + 1)
    return replace(history, rings=[*history.rings[:-1], late])


def _done_though_refused(history: History) -> History:
    call = Operation("dave", "call", "", 1.0, 2.0, "fail", "+0")
    return replace(history, operations=[*history.operations, call], rings=[*history.rings, Ring("+0", "+33", 1.1)])


FAULTS: dict[Rule, Callable[[History], History]] = {
    "rung for two calls": _rung_for_two,
    "rung twice for one call": _rung_twice,
    "rung without a request": _rung_by_nobody,
    "talks with two": _heard_two,
    "a caller was refused": _refused,
    "a caller was lost": _lost,
    "a caller waits for ever": _waits,
    "done more than once": _twice,
    "answered and not done": _not_done,
    "refused and done": _done_though_refused,
}


def test_there_is_a_fault_of_each_kind() -> None:
    assert set(FAULTS) == set(Rule.__value__.__args__)


@settings(max_examples=40)
@given(histories())
def test_what_is_in_order_passes(history: History) -> None:
    assert violations(history) == []


@pytest.mark.parametrize("rule", FAULTS)
@settings(max_examples=15)
@given(history=histories())
def test_one_fault_in_it_is_found_and_nothing_else(rule: Rule, history: History) -> None:
    assert {each.rule for each in violations(FAULTS[rule](history))} == {rule}
