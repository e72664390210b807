"""Keys that an agent presses in a call do what the desktop does: hold, transfer, conference, cancel (S10-S15, S26)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from tests.support.office import Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.keypad import number_of, presses, said, state_of, with_codes


def test_the_hold_code_holds_and_retrieves() -> None:
    office = with_codes()
    call = office.served()
    assert presses(office, "*3") == ["LeaveBridge in1", "StartMusic in1"]
    office.is_calm()
    assert office.seen("alice").state == "held"
    assert presses(office, "*3") == ["StopMusic in1", "JoinBridge in1"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].held_since is None


def test_a_conference_by_keys_begins_when_the_target_accepts_s26() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*21002#")
    assert office.music() == {"in1"}
    assert said(office)[-1] == "feature_conference"
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    assert state_of(office, call) is OfferState.ACCEPTED


def test_a_transfer_from_the_desktop_that_is_declined_is_not_spoken_of() -> None:
    office = with_codes()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.hangs_up("bob", 21)
    assert said(office) == []


def test_who_talks_to_somebody_else_by_then_is_not_reported_s45() -> None:
    office = with_codes("carol")
    call = office.served()
    presses(office, "*21002#")
    office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.settle()
    office.hangs_up("bob", 21)
    assert state_of(office, call) is OfferState.DECLINED
    assert "nobody_available" not in said(office)
    assert office.hears() == hear_each_other("alice", "carol")
    office.is_calm()


def test_cancel_while_it_rings_leaves_the_contact_on_hold_s15() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*11002#")
    before = said(office)
    presses(office, "*0")
    assert state_of(office, call) is OfferState.CANCELLED
    assert said(office) == before
    office.is_calm()
    assert office.music() == {"in1"}


def test_hold_and_cancel_with_nothing_to_hold_or_cancel_do_nothing() -> None:
    office = with_codes()
    call = office.served()
    assert presses(office, "*0") == []
    presses(office, "*11002#")
    ringing = office.switch.calls[call.id]
    assert presses(office, "*3") == []  # while it rings the contact stays on hold (S12)
    assert office.switch.calls[call.id].parties == ringing.parties
    office.is_calm()


def test_each_key_is_of_one_code_only() -> None:
    office = with_codes(feature_codes={"hold": "**"})
    office.served()
    presses(office, "***")
    assert office.music() == {"in1"}
    presses(office, "*")
    assert office.music() == set()


@pytest.mark.parametrize("keys", ["**1", "5*1", "*5*1"])
def test_a_code_is_found_after_keys_that_are_none(keys: str) -> None:
    office = with_codes()
    call = office.served()
    presses(office, keys)
    assert number_of(office, call) is not None


def test_keys_with_a_pause_between_them_are_no_code() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*")
    office.now += 3.1
    presses(office, "1")
    assert number_of(office, call) is None
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_key_that_begins_no_code_changes_nothing_at_all() -> None:
    office = with_codes()
    office.served()
    assert office.feed(s.LegDigit(office.leg_of("alice"), "5")) == []
    assert office.switch.state.pending == {}


def test_without_codes_no_key_changes_anything() -> None:
    office = Office()
    call = office.served()
    for key in "*1*2*3*01002#":
        assert office.feed(s.LegDigit(office.leg_of("alice"), key)) == []
    assert office.switch.calls[call.id] == call


@pytest.mark.parametrize("leg", ["in1", "nobody"])
def test_keys_of_a_contact_are_no_code(leg: str) -> None:
    office = with_codes()
    office.served()
    for key in "*3":
        assert office.feed(s.LegDigit(leg, key)) == []


@pytest.mark.parametrize("newest", [0, 1])
def test_keys_count_in_the_call_that_the_phone_speaks_in_s46(newest: int) -> None:
    office = with_codes("bob")
    first = office.served()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    second = next(x for x in office.switch.calls.values() if x.id != first.id)
    office.settle()
    assert office.hears() == hear_each_other("alice", "bob")
    office.ask(c.ChangeUserData, "alice", call=(first, second)[newest].id, changes={"k": "v"})
    presses(office, "*3", call=second.id)
    assert office.music() == {"in1", "bob"}
    office.ask(c.Retrieve, "alice", call=first.id)
    presses(office, "*3", call=first.id)
    assert office.seen("alice", first.id).state == "held"


def test_a_phone_that_rings_presses_no_code() -> None:
    office = with_codes()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    call = office.only_call()
    assert presses(office, "*3") == []
    office.picks_up("alice")
    presses(office, "*3")
    office.hangs_up("alice")
    office.pass_time()
    office.settle()  # their phone rings for the contact on hold
    assert presses(office, "*3") == []
    assert office.party(call, "in1").held_by


def test_goodbye_is_not_ended_by_a_key() -> None:
    office = with_codes()
    office.arrives("dial", "1002", leg="own", endpoint="1001")
    office.settle()
    (rung,) = [leg.id for leg in office.switch.legs.values() if leg.agent == "bob"]
    office.asterisk.hang_up(rung, 21)
    office.step()
    assert office.switch.legs["own"].farewell
    assert office.happens(s.LegDigit("own", "*")) == []
    office.is_calm()
    assert not office.switch.legs


def test_in_a_conference_the_contacts_wait_and_the_colleagues_stay_s34() -> None:
    office = with_codes("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    presses(office, "*1")
    assert office.music() == {"in1"}
    assert office.hears() == hear_each_other("alice", "bob")
    presses(office, "1003#")
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol", "in1")
