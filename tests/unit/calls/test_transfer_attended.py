"""The transfer key on two calls of one phone, with `transfer_progress`: they are joined, or go on (S21)."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls.model import Party
from tests.support.office import NUMBER, Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.transferring import done, progressing, was_notified


def _two_calls(office: Office) -> tuple[str, str]:
    """The contact's call on hold by the phone's key, and the phone's own call to bob: two legs of one phone."""
    call = office.served()
    first = office.leg_of("alice")
    office.asterisk.press_hold(first)
    office.pass_time(1.0)
    office.asterisk.arrive("dialled", "1001", "dial", "1002")
    office.settle()
    office.picks_up("bob")
    assert "in1" in office.music()
    assert call.id in office.switch.calls
    return first, "dialled"


def test_two_calls_of_the_phone_are_joined_and_it_is_notified_before_both_are_hung_up_s21() -> None:
    office = progressing()
    first, second = _two_calls(office)
    office.asterisk.press_transfer(first, "1002", replaces=True, other=second)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert done(office, first, e.TellTransfer, e.HangUp) == ["TellTransfer", "HangUp"]
    assert was_notified(office, first) == ["answered"]
    assert not [leg for leg in office.switch.legs.values() if leg.agent == "alice"]
    assert office.only_call().owner == "bob"


def test_two_calls_are_joined_whichever_of_them_asks_s21() -> None:
    office = progressing()
    first, second = _two_calls(office)
    office.asterisk.press_transfer(second, "x", replaces=True, other=first)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.only_call().type == "inbound"


@pytest.mark.parametrize("other", [None, "in1", "nobody", "itself"])
def test_what_is_no_other_call_of_that_phone_is_not_joined(other: str | None) -> None:
    office = progressing()
    first, _second = _two_calls(office)
    office.asterisk.press_transfer(first, "1002", replaces=True, other=first if other == "itself" else other)
    office.is_calm()
    assert was_notified(office, first) == ["declined"]
    assert "in1" in office.music()
    assert office.hears() == hear_each_other("alice", "bob")


def test_another_agents_call_is_not_joined() -> None:
    office = progressing()
    office.served()
    office.asterisk.arrive("in2", "carrier", "agent", "dave")
    office.settle()
    office.picks_up("dave")
    mine, theirs = office.leg_of("alice"), office.leg_of("dave")
    office.asterisk.press_transfer(mine, "1002", replaces=True, other=theirs)
    office.is_calm()
    assert was_notified(office, mine) == ["declined"]
    assert office.hears() == hear_each_other("alice", "in1") | hear_each_other("dave", "in2")


def test_calls_with_a_colleague_in_common_are_not_joined() -> None:
    office = progressing()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    first = office.leg_of("alice")
    office.asterisk.arrive("dialled", "1001", "dial", NUMBER)
    office.answers_outside()
    office.ask(c.SingleStepConference, "bob", call=call.id, target=to("agent:carol"))
    office.picks_up("carol")
    other = next(x for x in office.switch.calls.values() if x.id != call.id)
    office.switch.state.keep(replace(other, parties={**other.parties, **_as_bob(office, call.id)}))
    office.asterisk.press_transfer(first, "x", replaces=True, other="dialled")
    office.settle()
    assert was_notified(office, first) == ["declined"]


def test_two_calls_are_not_joined_while_a_third_is_rung_for_one_with_a_colleague_in_it() -> None:
    office = progressing()
    first, second = _two_calls(office)
    own = next(x for x in office.switch.calls.values() if x.party_of("bob") is not None)
    office.ask(c.SingleStepConference, "alice", call=own.id, target=to("agent:carol"))
    office.asterisk.press_transfer(first, "x", replaces=True, other=second)
    office.is_calm()
    assert was_notified(office, first) == ["declined"]
    assert len(office.switch.calls) == 2
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "carol")


def _as_bob(office: Office, call: str) -> dict[str, Party]:
    (bob,) = [p for p in office.switch.calls[call].parties.values() if p.agent == "bob"]
    return {"twice": replace(bob, id="twice", leg=None)}


@pytest.mark.parametrize("asks", ["first", "dialled"])
@pytest.mark.parametrize("accepted", [True, False])
def test_who_still_rings_rings_on_for_the_contact_and_the_phone_is_shown_how_it_goes_s16(
    asks: str, accepted: bool
) -> None:
    office = progressing()
    call = office.served()
    legs = {"first": office.leg_of("alice"), "dialled": "dialled"}
    office.asterisk.press_hold(legs["first"])
    office.asterisk.arrive("dialled", "1001", "dial", "1002")
    office.settle()
    asking, other = legs.pop(asks), *legs.values()
    office.asterisk.press_transfer(asking, "1002", replaces=True, other=other)
    office.is_calm()
    assert was_notified(office, asking) == ["ringing"]
    assert other not in office.switch.legs
    assert office.only_call().id == call.id
    assert "in1" in office.music()
    if accepted:
        office.picks_up("bob")
        assert office.hears() == hear_each_other("bob", "in1")
        assert was_notified(office, asking) == ["ringing", "answered"]
    else:
        office.hangs_up("bob", 21)
        assert "in1" in office.music()
        assert was_notified(office, asking) == ["ringing", "declined"]
        assert office.leg_of("alice") == asking
    office.is_calm()


def test_a_call_with_a_transfer_of_its_own_under_way_is_not_joined_and_rings_on() -> None:
    office = progressing()
    call = office.served()
    first = office.leg_of("alice")
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.asterisk.arrive("dialled", "1001", "dial", "1003")
    office.settle()
    office.asterisk.press_transfer(first, "1003", replaces=True, other="dialled")
    office.is_calm()
    assert was_notified(office, first) == ["declined"]
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
