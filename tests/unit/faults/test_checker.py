"""The checker of histories: what it finds, exactly."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.faults.checker import DONE_WITHIN, SLACK, Rule, violations
from tests.faults.history import FOREVER, Heard, History, Operation, Ring, Stay

RELEASE = Operation("alice", "release", "+1", 5.0, 5.1, "ok")
RING = Ring("alice", "+1", 1.0, 1.4, 5.1)
STAY = Stay("+1", 0.0, 0.1, 5.1, "system")
SERVED = History((RELEASE,), (RING,), (STAY,), (Heard("alice", "+1", 1.5, 5.0), Heard("+1", "alice", 1.5, 5.0)))
TRANSFER = Operation("alice", "transfer", "+1", 3.0, 3.2, "ok", "+99")
OUTSIDE = Ring("+99", "+1", 3.1, 3.5, 5.0)
TRANSFERRED = replace(SERVED, operations=(TRANSFER,), rings=(replace(RING, ended=3.6), OUTSIDE))
CALL_OUT = Operation("bob", "call", "", 2.0, 2.5, "ok", "+77")
OWN = Ring("bob", "+77", 2.1, 2.1, 6.0, by_request=True)
CALLED = replace(SERVED, operations=(RELEASE, CALL_OUT), rings=(RING, OWN, Ring("+77", "+33", 2.4, 2.6, 6.0)))


def found(history: History) -> list[str]:
    return [str(each) for each in violations(history)]


@pytest.mark.parametrize("history", [History(), SERVED, TRANSFERRED, CALLED])
def test_a_history_that_may_be_has_no_violation(history: History) -> None:
    assert found(history) == []


def test_a_phone_with_a_call_is_rung_for_another() -> None:
    other = Ring("alice", "+2", RING.ended - SLACK - 0.01, 4.9, 5.6)
    assert found(replace(SERVED, rings=(other, RING))) == ["rung for two calls: alice for +2 at 4.59 s, with +1 there"]
    late = replace(other, received=RING.ended - SLACK + 0.01)
    assert found(replace(SERVED, rings=(RING, late))) == []
    elsewhere = replace(other, phone="bob")
    assert found(replace(SERVED, rings=(RING, elsewhere))) == []


def test_a_phone_that_is_rung_twice_for_one_call_at_once() -> None:
    again = replace(RING, received=2.0, ended=2.9)
    assert found(replace(SERVED, rings=(RING, again))) == ["rung twice for one call: alice for +1 at 2.00 s"]
    assert found(replace(SERVED, rings=(replace(RING, ended=1.9), replace(RING, received=2.0)))) == []


@pytest.mark.parametrize("at", [CALL_OUT.invoked - 0.5, CALL_OUT.invoked + 0.05, CALL_OUT.invoked + 1.0])
def test_an_agent_gets_no_call_beside_one_that_they_requested(at: float) -> None:
    offered = Ring("bob", "+1", at, at + 0.2, 5.1)
    first, second = sorted((offered, OWN), key=lambda ring: ring.received)
    assert found(replace(CALLED, rings=(*CALLED.rings, offered))) == [
        f"rung for two calls: bob for {second.call} at {second.received:.2f} s, with {first.call} there"
    ]


def test_an_agent_gets_no_call_that_they_are_said_to_have_requested_and_did_not() -> None:
    nobodys = replace(OWN, phone="alice", call="+55", received=6.0, ended=7.0)
    assert found(replace(CALLED, rings=(*CALLED.rings, nobodys))) == ["rung without a request: alice for +55 at 6.00 s"]


def test_nobody_has_to_be_rung_for_a_caller_who_has_given_up() -> None:
    assert (
        found(replace(TRANSFERRED, rings=TRANSFERRED.rings[:1], stays=(replace(STAY, ended=3.1, by="caller"),))) == []
    )
    assert found(replace(TRANSFERRED, rings=TRANSFERRED.rings[:1], stays=(replace(STAY, ended=3.8, by="caller"),))) == [
        "answered and not done: transfer of alice at 3.00 s: +99 was not rung"
    ]


def test_who_hears_two_talks_with_two() -> None:
    third = Heard("+1", "bob", 4.0, 4.0 + SLACK + 0.1)
    assert found(replace(SERVED, heard=(*SERVED.heard, third))) == ["talks with two: +1 hears alice and bob at 4.00 s"]
    assert found(replace(SERVED, heard=(*SERVED.heard, replace(third, end=4.3)))) == []


@pytest.mark.parametrize(
    ("stay", "rule"),
    [
        (replace(STAY, answered=FOREVER), "a caller was refused: +1, who dialled at 0.00 s"),
        (replace(STAY, ended=FOREVER, by="nobody"), "a caller waits for ever: +1, who dialled at 0.00 s"),
        (replace(STAY, ended=4.9), "a caller was lost: +1, at 4.90 s, 4.90 s after they dialled"),
    ],
)
def test_a_caller_who_is_not_served(stay: Stay, rule: str) -> None:
    assert found(replace(SERVED, stays=(stay,))) == [rule]
    assert found(replace(SERVED, stays=(replace(stay, by="caller"),))) == []


def test_a_command_that_was_refused_ends_no_call_and_one_of_which_nobody_knows_may() -> None:
    for outcome, wrong in (("fail", ["a caller was lost: +1, at 5.10 s, 5.10 s after they dialled"]), ("unknown", [])):
        operations = (replace(RELEASE, outcome=outcome),)  # type: ignore[arg-type]
        assert found(replace(SERVED, operations=operations)) == wrong
    assert found(replace(SERVED, operations=(replace(RELEASE, call="+2", agent="bob"),))) == [
        "a caller was lost: +1, at 5.10 s, 5.10 s after they dialled"
    ]


def test_a_transferred_caller_is_let_go_by_who_has_them() -> None:
    assert found(replace(TRANSFERRED, rings=(replace(RING, ended=3.6), replace(OUTSIDE, ended=8.0)))) == [
        "a caller was lost: +1, at 5.10 s, 5.10 s after they dialled"
    ]


@pytest.mark.parametrize(
    ("outcome", "rung", "rule"),
    [
        ("ok", 0, "answered and not done"),
        ("ok", 2, "done more than once"),
        ("unknown", 2, "done more than once"),
        ("unknown", 1, None),
        ("unknown", 0, None),
        ("fail", 1, "refused and done"),
        ("fail", 0, None),
    ],
)
def test_a_number_is_rung_once_for_the_command_that_names_it(outcome: str, rung: int, rule: Rule | None) -> None:
    call = replace(CALL_OUT, outcome=outcome)  # type: ignore[arg-type]
    rings = [Ring("+77", "+33", 2.4 + 2 * n, 2.5 + 2 * n, 3.0 + 2 * n) for n in range(rung)]
    checked = violations(replace(SERVED, operations=(RELEASE, call), rings=(RING, *rings)))
    assert [each.rule for each in checked] == ([rule] if rule else [])


def test_whoever_has_left_a_call_has_it_no_more_and_is_not_rung_for_it_again() -> None:
    late = replace(RING, ended=RELEASE.answered + DONE_WITHIN + 0.1)
    again = Ring("alice", "+1", 7.0, 7.1, 9.0)
    for rings in ((late,), (RING, again)):
        assert found(replace(SERVED, rings=rings)) == [
            "answered and not done: release of alice at 5.00 s: +1 is there yet, or again"
        ]
    other = replace(again, call="+2")
    assert found(replace(SERVED, rings=(RING, other))) == []
