"""How the dialling of a number by a feature code ends otherwise: cancelled, overtaken, cut off (S12, S15, S34)."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.ari.fake import Behaviour
from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from tests.support.world import to
from tests.unit.calls.keys import CODES, keyed, offer_of, office_with_codes, presses, said, state_of
from tests.unit.calls.office import Office, hear_each_other


@pytest.mark.parametrize("dialled", ["", "10", "1002"])
def test_cancel_while_dialling_brings_the_contact_back(dialled: str) -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, f"*1{dialled}*0")
    assert keyed(office, call) is None
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].held_since is None


def test_cancel_while_dialling_leaves_on_hold_who_was_so_before() -> None:
    office = office_with_codes()
    office.served()
    presses(office, "*3*110*0")
    office.is_calm()
    assert office.music() == {"in1"}


def test_cancel_while_it_rings_leaves_the_contact_on_hold_s15() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*11002#")
    before = said(office)
    presses(office, "*0")
    assert state_of(office, call) is OfferState.CANCELLED
    assert said(office) == before
    office.is_calm()
    assert office.music() == {"in1"}


def test_hold_and_cancel_with_nothing_to_hold_or_cancel_do_nothing() -> None:
    office = office_with_codes()
    call = office.served()
    assert presses(office, "*0") == []
    presses(office, "*11002#")
    ringing = office.switch.calls[call.id]
    assert presses(office, "*3") == []  # while it rings the contact stays on hold (S12)
    assert office.switch.calls[call.id].parties == ringing.parties
    office.is_calm()


def test_a_cancel_code_with_a_hash_is_told_from_the_end_of_a_number() -> None:
    office = office_with_codes(feature_codes={**CODES, "cancel": "##"})
    call = office.served()
    presses(office, "*11002##")
    assert office.hears() == hear_each_other("alice", "in1")
    presses(office, "*11002#")
    assert keyed(office, call) is not None
    office.pass_time()
    office.settle()
    assert state_of(office, call) is OfferState.RINGING


@pytest.mark.parametrize("keys", ["**1", "5*1", "*5*1"])
def test_a_code_is_found_after_keys_that_are_none(keys: str) -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, keys)
    assert keyed(office, call) is not None


def test_keys_with_a_pause_between_them_are_no_code() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*")
    office.now += 3.1
    presses(office, "1")
    assert keyed(office, call) is None
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_key_that_begins_no_code_changes_nothing_at_all() -> None:
    office = office_with_codes()
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
    office = office_with_codes()
    office.served()
    for key in "*3":
        assert office.feed(s.LegDigit(leg, key)) == []


def test_keys_count_in_the_call_that_the_phone_speaks_in_s46() -> None:
    office = office_with_codes("bob")
    first = office.served()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    second = next(x for x in office.switch.calls.values() if x.id != first.id)
    office.settle()
    assert office.hears() == hear_each_other("alice", "bob")
    presses(office, "*3", call=second.id)
    assert office.music() == {"in1", "bob"}
    office.ask(c.Retrieve, "alice", call=first.id)
    presses(office, "*3", call=first.id)
    assert office.seen("alice", first.id).state == "held"


def test_a_phone_that_rings_or_hears_goodbye_presses_no_code() -> None:
    office = office_with_codes()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    assert presses(office, "*3") == []
    office.arrives("dial", "17", leg="own", endpoint="1002")
    office.feed(office.asterisk.deliver_next() or s.TimePassed())
    assert office.feed(s.LegDigit("own", "*")) == []


@pytest.mark.parametrize("how", [c.Retrieve, c.SingleStepTransfer, c.Release, c.Clear])
def test_what_the_desktop_does_meanwhile_ends_the_dialling(how: type[c.CallCommand]) -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*")
    office.happens(s.LegDigit(office.leg_of("alice"), "1"))
    fields: dict[str, Any] = {"target": to("agent:bob")} if how is c.SingleStepTransfer else {}
    office.do(how, "alice", call=call.id, **fields)
    office.is_calm()
    here = office.switch.calls.get(call.id)
    assert here is None or all(p.keyed is None for p in here.parties.values())
    assert office.switch.next_deadline() is None or how is c.SingleStepTransfer
    if how is c.Retrieve:
        assert office.hears() == hear_each_other("alice", "in1")


def test_the_contact_hangs_up_while_a_number_is_dialled() -> None:
    office = office_with_codes()
    office.served()
    presses(office, "*110")
    office.hangs_up("in1")
    office.is_calm()
    assert not office.switch.calls


def test_a_lost_connection_ends_the_dialling_and_the_contact_stays_on_hold() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*110")
    office.lose_link()
    office.pass_time(60.0)
    office.asterisk.restore_link()
    office.is_calm()
    assert keyed(office, call) is None
    assert office.music() == {"in1"}
    presses(office, "*3")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_new_controller_knows_of_no_half_dialled_number() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*110")
    office.restart()
    office.is_calm()
    assert keyed(office, call) is None
    assert office.music() == {"in1"}


def test_codes_taken_away_while_a_number_is_dialled_leave_it_to_the_pause() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*11002")
    settings = replace(office.directory.settings, feature_codes={})
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    presses(office, "5")
    office.pass_time()
    office.settle()
    assert str(offer_of(office, call).target) == "agent:bob"


def test_in_a_conference_the_contacts_wait_and_the_colleagues_stay_s34() -> None:
    office = office_with_codes("bob")
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


def test_a_prompt_that_is_not_listed_is_left_out() -> None:
    office = office_with_codes(announcements={})
    call = office.served()
    presses(office, "*117#")
    assert said(office) == []
    assert keyed(office, call) is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_target_whose_time_is_over_is_told_as_nobody_available() -> None:
    office = office_with_codes()
    office.phone("bob", Behaviour.RING)
    call = office.served()
    presses(office, "*11002#")
    office.pass_time()
    office.settle()
    assert state_of(office, call) is OfferState.NO_ANSWER
    assert said(office)[-1] == "nobody_available"
    office.is_calm()
