"""Whose turn it is when several are sought for at once: the queue's order holds, whatever order Redis answers in."""

import pytest

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, OfferState
from tests.support.office import Office


def _wait(office: Office, *legs: str, group: str = "support") -> None:
    for leg in legs:
        office.arrives("group", group, leg=leg)
        office.settle()
        office.now += 1.0


def _comes(office: Office, group: str, leg: str, *more: str) -> None:
    """A caller, for whom nothing has happened yet but that somebody is sought."""
    office.asterisk.arrive(leg, "carrier", "group", group, *more)
    office.feed(s.ChannelArrived(leg, "carrier", "group", (group, *more)))


def _free(office: Office, *agents: str) -> None:
    """They can be had, and it is reported; what is requested of Redis for it stands answered in the inbox."""
    office.agents.idle += agents
    for agent in agents:
        office.feed(s.AgentBecameAvailable(agent))


def _call(office: Office, leg: str) -> Call:
    return next(c for c in office.switch.calls.values() if any(p.leg == leg for p in c.parties.values()))


def _state(office: Office, leg: str) -> OfferState:
    offer = _call(office, leg).offer
    assert offer is not None
    return offer.state


def _rung(office: Office, leg: str) -> list[str | None]:
    offer = _call(office, leg).offer
    assert offer is not None
    return [attempt.agent for attempt in offer.attempts]


def _turns(office: Office, *legs: str) -> list[str]:
    """Whose call rings somebody, one after the other, until nothing more happens."""
    rung: list[str] = []
    while office.step():
        rung += [leg for leg in legs if leg not in rung and _rung(office, leg)]
    return rung


def test_a_caller_who_has_music_can_wait_for_the_answer() -> None:
    office = Office(ready=())
    _comes(office, "support", "in1")
    assert [effect.can_wait for effect in office.effects if isinstance(effect, e.ReserveAgent)] == [True]


def test_answers_that_come_the_other_way_round_leave_the_order_as_it_is() -> None:
    office = Office(ready=())
    _wait(office, "in1", "in2", "in3")
    _free(office, "alice", "bob", "carol")
    office.inbox.reverse()
    assert _turns(office, "in1", "in2", "in3") == ["in1", "in2", "in3"]
    assert [_rung(office, leg) for leg in ("in1", "in2", "in3")] == [["carol"], ["bob"], ["alice"]]
    office.is_calm()


def test_who_change_places_await_each_others_answers_and_nobody_is_requested_anew() -> None:
    office = Office(ready=())
    _wait(office, "in1", "in2")
    _free(office, "alice", "bob")
    office.inbox.reverse()
    requested: list[e.Effect] = []
    while office.step():
        requested += office.effects
    assert [_rung(office, leg) for leg in ("in1", "in2")] == [["bob"], ["alice"]]
    assert not [x for x in requested if isinstance(x, e.ReserveAgent)]
    office.is_calm()


def test_one_agent_for_two_who_are_sought_for_goes_to_the_first() -> None:
    """The first one's answer was on its way when they became free; the second one's finds them."""
    office = Office(ready=())
    _wait(office, "in1", "in2")
    office.feed(s.AgentBecameAvailable("alice"))  # who is gone again: the answer on its way is that nobody is free
    assert _state(office, "in1") is OfferState.SEEKING
    _free(office, "bob")
    office.inbox.reverse()
    office.settle()
    assert _rung(office, "in1") == ["bob"]
    assert _state(office, "in2") is OfferState.WAITING
    office.is_calm()
    _free(office, "carol")
    office.settle()
    assert _rung(office, "in2") == ["carol"]


def test_who_comes_as_somebody_becomes_free_does_not_get_them_before_the_one_who_waits() -> None:
    office = Office(ready=())
    _wait(office, "in1")
    office.agents.idle.append("alice")  # reported a moment later
    _wait(office, "in2")
    assert _rung(office, "in1") == ["alice"]
    assert _state(office, "in2") is OfferState.WAITING
    office.feed(s.AgentBecameAvailable("alice"))
    office.is_calm()
    assert office.music() == {"in1", "in2"}
    office.agents.idle.append("bob")
    office.feed(s.AgentBecameAvailable("bob"))
    office.settle()
    assert _rung(office, "in2") == ["bob"]


def test_who_is_urgent_takes_what_was_found_for_another() -> None:
    office = Office(ready=())
    _wait(office, "in1")
    _free(office, "alice")
    _comes(office, "support", "in2", "5")
    office.settle()
    assert _rung(office, "in2") == ["alice"]
    assert _state(office, "in1") is OfferState.WAITING
    office.is_calm()


def test_nobody_gets_an_agent_who_has_just_refused_them() -> None:
    office = Office(ready=("alice",))
    _wait(office, "in1")
    office.hangs_up("alice", 21)
    assert _state(office, "in1") is OfferState.WAITING
    _wait(office, "in2")
    assert _rung(office, "in2") == ["alice"]
    assert _state(office, "in1") is OfferState.WAITING
    office.is_calm()


def test_an_answer_on_its_way_that_is_for_others_is_given_back_and_requested_anew() -> None:
    """The first must not have alice, who refused them: what was requested for them does not do for everybody."""
    office = Office(ready=("alice",))
    _wait(office, "in1")
    office.hangs_up("alice", 21)
    _wait(office, "in2")
    _free(office, "bob", "carol")
    _comes(office, "support", "in3")
    office.inbox.reverse()
    office.settle()
    assert [_rung(office, leg) for leg in ("in1", "in2", "in3")] == [["carol"], ["alice"], ["bob"]]
    office.is_calm()


@pytest.mark.parametrize("group", ["sales", "together"])
def test_other_lines_are_not_looked_at(group: str) -> None:
    office = Office(ready=())
    _wait(office, "in1")
    _wait(office, "in2", group=group)
    office.agents.idle.append("carol")
    _comes(office, group, "in3")
    office.settle()
    assert _rung(office, "in2") == ["carol"]
    assert _state(office, "in1") is _state(office, "in3") is OfferState.WAITING
    office.is_calm()
