"""Keys that an agent presses in a call do what his desktop does: hold, transfer, conference (S10-S14, S26)."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from ari_app.routing.directory import OutsideRule
from tests.support.world import to
from tests.unit.calls.keys import keyed, offer_of, office_with_codes, presses, said, state_of
from tests.unit.calls.office import AWAY, NUMBER, hear_each_other


def test_the_hold_code_holds_and_retrieves() -> None:
    office = office_with_codes()
    call = office.served()
    assert presses(office, "*3") == ["LeaveBridge in1", "StartMusic in1"]
    office.is_calm()
    assert office.seen("alice").state == "held"
    assert presses(office, "*3") == ["StopMusic in1", "JoinBridge in1"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].held_since is None


def test_the_contact_hears_music_and_the_agent_a_prompt_as_soon_as_transfer_is_pressed_s10() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*")
    asked = office.happens(s.LegDigit(office.leg_of("alice"), "1"))
    assert asked == ["LeaveBridge in1", "StartMusic in1", "LeaveBridge alice", "Announce alice feature_transfer"]
    assert keyed(office, call) is not None
    office.is_calm()
    assert office.music() == {"in1"}


@pytest.mark.parametrize("number", ["1002", "2000", NUMBER[1:]])
def test_a_number_and_a_hash_are_a_transfer_as_from_the_desktop_s11(number: str) -> None:
    by_keys, by_desktop = (
        office_with_codes("bob", ready=("alice", "bob")),
        office_with_codes("bob", ready=("alice", "bob")),
    )
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
    office = office_with_codes(feature_timeout=2.0)
    call = office.served()
    presses(office, "*11002")
    office.pass_time(1.9)
    office.settle()
    assert keyed(office, call) is not None
    office.pass_time()
    office.settle()
    assert state_of(office, call) is OfferState.RINGING
    assert str(offer_of(office, call).target) == "agent:bob"


def test_a_number_that_nothing_can_follow_needs_no_end() -> None:
    office = office_with_codes()
    office.feed(s.DirectoryReplaced(replace(office.directory, outside=(OutsideRule("0[0-9]+"),))))
    call = office.served()
    presses(office, "*1100")
    assert keyed(office, call) is not None
    presses(office, "2")
    assert state_of(office, call) is OfferState.RINGING


def test_before_the_first_key_he_has_more_time_and_then_the_contact_stays_on_hold() -> None:
    office = office_with_codes(feature_timeout=2.0)
    call = office.served()
    presses(office, "*1")
    office.pass_time(5.9)
    assert keyed(office, call) is not None
    office.pass_time()
    office.settle()
    assert keyed(office, call) is None
    assert said(office)[-1] == "invalid_number"
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"
    presses(office, "*3")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_key_ends_the_prompt_and_he_is_in_the_bridge_again() -> None:
    office = office_with_codes()
    office.served()
    presses(office, "*")
    leg = office.leg_of("alice")
    office.happens(s.LegDigit(leg, "1"))
    assert office.switch.legs[leg].playing is not None
    assert office.happens(s.LegDigit(leg, "1")) == ["JoinBridge alice"]
    assert office.switch.legs[leg].playing is None
    office.is_calm()


def test_a_conference_by_keys_begins_when_the_target_accepts_s26() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*21002#")
    assert office.music() == {"in1"}
    assert said(office)[-1] == "feature_conference"
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    assert state_of(office, call) is OfferState.ACCEPTED


@pytest.mark.parametrize(("cause", "state"), [(21, "declined"), (17, "busy"), (20, "unavailable")])
def test_a_transfer_that_is_refused_is_told_and_the_contact_stays_on_hold_s12(cause: int, state: str) -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*11002#")
    office.hangs_up("bob", cause)
    assert state_of(office, call).value == state
    assert said(office)[-1] == "nobody_available"
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"


def test_a_transfer_from_the_desktop_that_is_declined_is_not_spoken_of() -> None:
    office = office_with_codes()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.hangs_up("bob", 21)
    assert said(office) == []


@pytest.mark.parametrize(
    ("number", "prompt"),
    [("17#", "invalid_number"), ("1001#", "invalid_number"), ("*5#", "invalid_number"), ("#", "invalid_number")],
)
def test_a_number_that_cannot_be_reached_is_told_and_the_contact_stays_on_hold(number: str, prompt: str) -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, f"*1{number}")
    assert said(office)[-1] == prompt
    assert keyed(office, call) is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_nobody_available_is_told_and_the_contact_stays_on_hold_s6() -> None:
    office = office_with_codes(ready=())
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


def test_a_store_that_cannot_be_asked_is_told_as_nobody_available() -> None:
    office = office_with_codes()
    office.served()
    office.agents.away = True
    presses(office, "*12000#")
    assert said(office)[-1] == "nobody_available"
    office.is_calm()


def test_an_agent_reserved_for_a_call_that_has_changed_meanwhile_is_free_again() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*11002")
    office.happens(s.LegDigit(office.leg_of("alice"), "#"))
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)  # before the reservation's answer
    office.settle()
    assert office.agents.activity == {"alice": "on_call"}
    assert said(office)[-1] == "invalid_number"
    assert offer_of(office, call).target == AWAY


def test_an_agent_reserved_for_a_call_that_is_over_is_free_again() -> None:
    office = office_with_codes()
    call = office.served()
    presses(office, "*11002")
    office.happens(s.LegDigit(office.leg_of("alice"), "#"))
    office.command(c.Clear, "alice", call=call.id)
    office.is_calm()
    assert office.agents.activity == {}
    assert not office.switch.calls


def test_who_talks_to_somebody_else_by_then_is_not_told_s45() -> None:
    office = office_with_codes("carol")
    call = office.served()
    presses(office, "*21002#")
    office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.settle()
    office.hangs_up("bob", 21)
    assert state_of(office, call) is OfferState.DECLINED
    assert "nobody_available" not in said(office)
    assert office.hears() == hear_each_other("alice", "carol")
    office.is_calm()


def test_a_prompt_of_its_own_goes_before_the_callers_one() -> None:
    office = office_with_codes()
    announcements = {**office.directory.settings.announcements, "feature_nobody_available": "sound:own"}
    settings = replace(office.directory.settings, announcements=announcements)
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    office.served()
    office.agents.idle = ["alice"]
    presses(office, "*12000#")
    (spoken,) = [x for x in office.asterisk.executed if isinstance(x, e.Announce) and x.prompt == "nobody_available"]
    assert spoken.sounds == ("sound:own",)


def test_conferences_that_are_switched_off_are_told_and_nobody_is_put_on_hold_s28() -> None:
    office = office_with_codes(conferences=False)
    call = office.served()
    presses(office, "*2")
    assert said(office) == ["invalid_number"]
    assert keyed(office, call) is None
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
