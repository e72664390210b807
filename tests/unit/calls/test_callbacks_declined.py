"""Whoever has declined a caller is not rung to call that caller back sooner than for one who waits."""

import pytest

from ari_app.calls.model import LegState
from ari_app.routing.ways_out import CallBackRules
from tests.support.office import hear_each_other
from tests.support.world import CALLER
from tests.unit.calls.called_back import OUT, Queueing
from tests.unit.calls.keypad import presses


def _rings(office: Queueing, agent: str) -> bool:
    return any(leg.agent == agent and leg.state is LegState.RINGING for leg in office.switch.legs.values())


def _has_their_rest(office: Queueing, declined_at: float) -> None:
    """Nobody has rung Bob for this caller until a minute after that."""
    assert not _rings(office, "bob")
    office.is_calm()
    while office.now < declined_at + 60.0:
        assert not _rings(office, "bob")
        office.pass_time()
        office.settle()
    assert _rings(office, "bob")
    office.is_calm()


@pytest.mark.parametrize("cause", [17, 21])
def test_declined_while_the_caller_was_on_the_line_it_is_declined_without_it_too(cause: int) -> None:
    office = Queueing(ready=("bob",), declined_interval=60.0)
    call = office.enters("in1")
    office.hangs_up("bob", cause)
    declined_at = office.now
    presses(office, "1", "in1")
    assert office.shows(call).state == "queued"
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert (offer.tried, offer.rests) == (frozenset({"bob"}), {"bob": declined_at + 60.0})
    _has_their_rest(office, declined_at)


def test_others_call_back_at_once_a_caller_whom_somebody_has_declined() -> None:
    office = Queueing(ready=("bob",), declined_interval=60.0)
    office.enters("in1")
    office.hangs_up("bob", 21)
    presses(office, "1", "in1")
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == [CALLER.number]
    office.answers_outside()
    there = next(leg.id for leg in office.switch.legs.values() if leg.destination == OUT)
    assert office.hears() == hear_each_other("alice", there)
    office.is_calm()


def _dialled_by_alice(office: Queueing) -> tuple[str, float]:
    """Bob has declined to call them back, and Alice hears it ring; who has declined, when."""
    call = office.is_promised("in1")
    office.free("bob")
    office.hangs_up("bob", 21)
    declined_at = office.now
    office.free("alice")
    office.picks_up("alice")
    return call, declined_at


def test_the_next_try_comes_soon_and_not_to_who_has_declined_the_one_before() -> None:
    office = Queueing(declined_interval=60.0)
    office.queue(callback=CallBackRules(retry_after=5.0))
    call, declined_at = _dialled_by_alice(office)
    office.agents.idle = ["bob"]
    office.outside_ends(19)
    office.agents.idle = ["bob"]
    assert office.shows(call).state == "resting"
    office.pass_time(5.0)
    office.settle()
    assert office.shows(call).state == "queued"
    _has_their_rest(office, declined_at)


def test_who_answers_when_the_agent_has_gone_waits_for_others_than_who_has_declined() -> None:
    office = Queueing(declined_interval=60.0)
    call, declined_at = _dialled_by_alice(office)
    office.hangs_up("alice")
    office.agents.idle = ["bob"]
    office.answers_outside()
    assert office.seen("erin", call).state == "queued"
    _has_their_rest(office, declined_at)


def test_a_rest_that_is_over_before_the_next_try_is_of_nobody() -> None:
    office = Queueing(declined_interval=3.0)
    office.queue(callback=CallBackRules(retry_after=5.0))
    call, _ = _dialled_by_alice(office)
    office.outside_ends(19)
    office.agents.idle = ["bob"]
    office.pass_time(5.0)
    office.settle()
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert (offer.tried, offer.rests) == (frozenset(), {})
    assert _rings(office, "bob")
    office.is_calm()
