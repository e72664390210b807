"""The number after a feature code: where it ends, what it leads to, and what is said of it (S10-S12)."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from ari_app.routing.outside import OutsideRule
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, NUMBER, hear_each_other
from tests.support.world import to
from tests.unit.calls.keypad import CODES, number_of, offer_of, presses, said, state_of, with_codes


def test_the_contact_hears_music_and_the_agent_a_prompt_as_soon_as_transfer_is_pressed_s10() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*")
    requested = office.happens(s.LegDigit(office.leg_of("alice"), "1"))
    assert requested == ["LeaveBridge in1", "StartMusic in1", "LeaveBridge alice", "Announce alice feature_transfer"]
    assert number_of(office, call) is not None
    office.is_calm()
    assert office.music() == {"in1"}


@pytest.mark.parametrize("number", ["1002", "2000", NUMBER[1:]])
def test_a_number_and_a_hash_are_a_transfer_as_from_the_desktop_s11(number: str) -> None:
    by_keys, by_desktop = with_codes("bob", ready=("alice", "bob")), with_codes("bob", ready=("alice", "bob"))
    for office in (by_keys, by_desktop):
        office.served()
    presses(by_keys, f"*1{number}#")
    by_desktop.ask(c.SingleStepTransfer, "alice", call=by_desktop.only_call().id, target=to(f"number:{number}"))
    offers = []
    for office in (by_keys, by_desktop):
        office.is_calm()
        assert len(office.hears()) == 2
        assert {who for pair in office.hears() for who in pair} >= {"in1"}
        offers.append(offer_of(office, office.only_call()))
    assert by_keys.only_call().owner == by_desktop.only_call().owner
    same: dict[str, Any] = {"id": "", "by": "", "held": frozenset(), "by_keys": True}
    assert replace(offers[0], **same) == replace(offers[1], **same)


def test_a_number_ends_by_itself_after_a_pause() -> None:
    office = with_codes(feature_timeout=2.0)
    call = office.served()
    presses(office, "*110")
    office.now += 1.0
    presses(office, "02")
    assert office.switch.next_deadline() == office.now + 2.0
    office.pass_time(1.9)
    office.settle()
    assert number_of(office, call) is not None
    office.pass_time()
    office.settle()
    assert state_of(office, call) is OfferState.RINGING
    assert str(offer_of(office, call).target) == "agent:bob"


def test_a_number_that_nothing_can_follow_needs_no_end() -> None:
    office = with_codes()
    office.feed(s.DirectoryReplaced(replace(office.directory, outside=(OutsideRule("0[0-9]+"),))))
    call = office.served()
    presses(office, "*1100")
    assert number_of(office, call) is not None
    presses(office, "2")
    assert state_of(office, call) is OfferState.RINGING


def test_before_the_first_key_they_have_more_time_and_then_the_contact_stays_on_hold() -> None:
    office = with_codes(feature_timeout=2.0)
    call = office.served()
    presses(office, "*1")
    office.pass_time(5.9)
    assert number_of(office, call) is not None
    office.pass_time()
    office.settle()
    assert number_of(office, call) is None
    assert said(office)[-1] == "invalid_number"
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"
    presses(office, "*3")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_key_ends_the_prompt_and_they_are_in_the_bridge_again() -> None:
    office = with_codes()
    office.served()
    presses(office, "*")
    leg = office.leg_of("alice")
    office.happens(s.LegDigit(leg, "1"))
    assert office.switch.legs[leg].playing is not None
    assert office.happens(s.LegDigit(leg, "1")) == ["JoinBridge alice"]
    assert office.switch.legs[leg].playing is None
    office.is_calm()


@pytest.mark.parametrize(("cause", "state"), [(21, "declined"), (17, "busy"), (20, "unavailable")])
def test_a_transfer_that_is_refused_is_reported_and_the_contact_stays_on_hold_s12(cause: int, state: str) -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*11002#")
    office.hangs_up("bob", cause)
    assert state_of(office, call).value == state
    assert said(office)[-1] == "nobody_available"
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"


@pytest.mark.parametrize(
    ("number", "prompt"),
    [("17#", "invalid_number"), ("1001#", "invalid_number"), ("*5#", "invalid_number"), ("#", "invalid_number")],
)
def test_a_number_that_cannot_be_reached_is_reported_and_the_contact_stays_on_hold(number: str, prompt: str) -> None:
    office = with_codes()
    call = office.served()
    presses(office, f"*1{number}")
    assert said(office)[-1] == prompt
    assert number_of(office, call) is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_nobody_available_is_reported_and_the_contact_stays_on_hold_s6() -> None:
    office = with_codes(ready=())
    office.agents.idle = ["alice"]
    call = office.served()
    presses(office, "*12000#")
    assert said(office)[-1] == "nobody_available"
    office.is_calm()
    assert office.music() == {"in1"}
    assert not office.switch.state.seeks
    office.agents.idle = ["alice", "bob"]
    presses(office, "*12000#")
    assert state_of(office, call) is OfferState.RINGING


def test_a_store_that_cannot_be_reached_is_reported_as_nobody_available() -> None:
    office = with_codes()
    office.served()
    office.agents.away = True
    presses(office, "*12000#")
    assert said(office)[-1] == "nobody_available"
    office.is_calm()


def test_an_agent_reserved_for_a_call_that_has_changed_meanwhile_is_free_again() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*11002")
    office.happens(s.LegDigit(office.leg_of("alice"), "#"))
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)  # before the reservation's answer
    office.settle()
    assert office.agents.activity == {"alice": "on_call"}
    assert said(office)[-1] == "invalid_number"
    assert offer_of(office, call).target == AWAY


def test_an_agent_reserved_for_a_call_that_is_over_is_free_again() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*11002")
    office.happens(s.LegDigit(office.leg_of("alice"), "#"))
    office.command(c.Clear, "alice", call=call.id)
    office.is_calm()
    assert office.agents.activity == {}
    assert not office.switch.calls


def test_a_prompt_of_its_own_goes_before_the_callers_one() -> None:
    office = with_codes()
    announcements = {**office.directory.settings.announcements, "feature_nobody_available": "sound:own"}
    settings = replace(office.directory.settings, announcements=announcements)
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    office.served()
    office.agents.idle = ["alice"]
    presses(office, "*12000#")
    (spoken,) = [x for x in office.asterisk.executed if isinstance(x, e.Announce) and x.prompt == "nobody_available"]
    assert spoken.sounds == ("sound:own",)


def test_conferences_that_are_switched_off_are_reported_and_nobody_is_put_on_hold_s28() -> None:
    office = with_codes(conferences=False)
    call = office.served()
    presses(office, "*2")
    assert said(office) == ["invalid_number"]
    assert number_of(office, call) is None
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


@pytest.mark.parametrize("dialled", ["", "10", "1002"])
def test_cancel_while_dialling_brings_the_contact_back(dialled: str) -> None:
    office = with_codes()
    call = office.served()
    presses(office, f"*1{dialled}*0")
    assert number_of(office, call) is None
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].held_since is None


def test_cancel_while_dialling_leaves_on_hold_who_was_so_before() -> None:
    office = with_codes()
    office.served()
    presses(office, "*3*110*0")
    office.is_calm()
    assert office.music() == {"in1"}


def test_cancel_while_dialling_leaves_on_hold_whom_a_colleague_holds_s33() -> None:
    office = with_codes("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.ask(c.HoldParty, "bob", call=call.id, party=office.party(call, "in1").id)
    presses(office, "*1*0")
    office.is_calm()
    assert office.party(call, "in1").held_by == {office.party(call, "bob").id}


def test_a_cancel_code_with_a_hash_is_distinguished_from_the_end_of_a_number() -> None:
    office = with_codes(feature_codes={**CODES, "cancel": "##"})
    call = office.served()
    presses(office, "*11002##")
    assert office.hears() == hear_each_other("alice", "in1")
    presses(office, "*11002#")
    assert number_of(office, call) is not None
    office.pass_time()
    office.settle()
    assert state_of(office, call) is OfferState.RINGING


@pytest.mark.parametrize("how", [c.Retrieve, c.SingleStepTransfer, c.Release, c.Clear])
def test_what_the_desktop_does_meanwhile_ends_the_dialling(how: type[c.CallCommand]) -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*")
    office.happens(s.LegDigit(office.leg_of("alice"), "1"))
    fields: dict[str, Any] = {"target": to("agent:bob")} if how is c.SingleStepTransfer else {}
    requested = office.do(how, "alice", call=call.id, **fields)
    assert ("JoinBridge alice" in requested) is (how is c.Retrieve)  # at once: the prompt is over
    office.is_calm()
    here = office.switch.calls.get(call.id)
    assert here is None or all(p.keyed is None for p in here.parties.values())
    assert office.switch.next_deadline() is None or how is c.SingleStepTransfer
    if how is c.Retrieve:
        assert office.hears() == hear_each_other("alice", "in1")


def test_another_call_from_the_desktop_ends_the_dialling_s45() -> None:
    office = with_codes("carol")
    call = office.served()
    presses(office, "*110")
    office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.settle()
    assert number_of(office, call) is None
    assert office.music() == {"in1"}
    office.is_calm()


def test_another_deadline_does_not_end_the_number() -> None:
    office = with_codes(max_hold=2.0)
    call = office.served()
    presses(office, "*110")
    office.pass_time()
    assert number_of(office, call) is not None
    office.pass_time()
    assert number_of(office, call) is None


def test_the_contact_hangs_up_while_a_number_is_dialled() -> None:
    office = with_codes()
    office.served()
    presses(office, "*110")
    office.hangs_up("in1")
    office.is_calm()
    assert not office.switch.calls


def test_a_lost_connection_ends_the_dialling_and_the_contact_stays_on_hold() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*110")
    office.lose_link()
    office.pass_time(60.0)
    office.asterisk.restore_link()
    office.is_calm()
    assert number_of(office, call) is None
    assert office.music() == {"in1"}
    presses(office, "*3")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_new_controller_knows_of_no_half_dialled_number() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*110")
    office.restart()
    office.is_calm()
    assert number_of(office, call) is None
    assert office.music() == {"in1"}


def test_codes_taken_away_while_a_number_is_dialled_leave_it_to_the_pause() -> None:
    office = with_codes()
    call = office.served()
    presses(office, "*11002")
    settings = replace(office.directory.settings, feature_codes={})
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    presses(office, "5")
    office.pass_time()
    office.settle()
    assert str(offer_of(office, call).target) == "agent:bob"


def test_a_prompt_that_is_not_listed_is_left_out() -> None:
    office = with_codes(announcements={})
    call = office.served()
    presses(office, "*117#")
    assert said(office) == []
    assert number_of(office, call) is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_target_whose_time_is_over_is_reported_as_nobody_available() -> None:
    office = with_codes()
    office.phone("bob", Behaviour.RING)
    call = office.served()
    presses(office, "*11002#")
    office.pass_time()
    office.settle()
    assert state_of(office, call) is OfferState.NO_ANSWER
    assert said(office)[-1] == "nobody_available"
    office.is_calm()
