"""Keys that an agent presses in a call do what his desktop does: hold, transfer, conference, cancel (S10-S15, S26)."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.ari.fake import Behaviour
from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, KeyedNumber, Offer, OfferState
from ari_app.routing.directory import OutsideRule
from tests.support.world import to
from tests.unit.calls.office import AWAY, NUMBER, Office, hear_each_other

CODES = {"transfer": "*1", "conference": "*2", "hold": "*3", "cancel": "*0"}


def _office(*quick: str, **more: Any) -> Office:
    return Office(*quick, **{"feature_codes": CODES, **more})


def _presses(office: Office, keys: str, who: str = "alice", call: str | None = None) -> list[str]:
    """The keys, one after the other, with all that follows; what the last one asked of Asterisk at once."""
    asked: list[str] = []
    for key in keys:
        leg = office.leg_of(who, call) if who in office.directory.agents else who
        asked = office.happens(s.LegDigit(leg, key))
        office.settle()
    return asked


def _keyed(office: Office, call: Call, who: str = "alice") -> KeyedNumber | None:
    return office.party(call, who).keyed


def _offer(office: Office, call: Call) -> Offer:
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    return offer


def _state(office: Office, call: Call) -> OfferState:
    return _offer(office, call).state


def _said(office: Office) -> list[str]:
    return [effect.prompt for effect in office.asterisk.executed if isinstance(effect, e.Announce)]


def test_the_hold_code_holds_and_retrieves() -> None:
    office = _office()
    call = office.served()
    assert _presses(office, "*3") == ["LeaveBridge in1", "StartMusic in1"]
    office.is_calm()
    assert office.seen("alice").state == "held"
    assert _presses(office, "*3") == ["StopMusic in1", "JoinBridge in1"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].held_since is None


def test_the_contact_hears_music_and_the_agent_a_prompt_as_soon_as_transfer_is_pressed_s10() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*")
    asked = office.happens(s.LegDigit(office.leg_of("alice"), "1"))
    assert asked == ["LeaveBridge in1", "StartMusic in1", "LeaveBridge alice", "Announce alice feature_transfer"]
    assert _keyed(office, call) is not None
    office.is_calm()
    assert office.music() == {"in1"}


@pytest.mark.parametrize("number", ["1002", "2000", NUMBER[1:]])
def test_a_number_and_a_hash_are_a_transfer_as_from_the_desktop_s11(number: str) -> None:
    by_keys, by_desktop = _office("bob", ready=("alice", "bob")), _office("bob", ready=("alice", "bob"))
    for office in (by_keys, by_desktop):
        office.served()
    _presses(by_keys, f"*1{number}#")
    by_desktop.ask(c.SingleStepTransfer, "alice", call=by_desktop.only_call().id, target=to(f"number:{number}"))
    offers = []
    for office in (by_keys, by_desktop):
        office.is_calm()
        assert len(office.hears()) == 2
        assert {who for pair in office.hears() for who in pair} >= {"in1"}
        offers.append(_offer(office, office.only_call()))
    assert by_keys.only_call().owner == by_desktop.only_call().owner
    same: dict[str, Any] = {"id": "", "by": "", "held": frozenset(), "by_keys": True}
    assert replace(offers[0], **same) == replace(offers[1], **same)


def test_a_number_ends_by_itself_after_a_pause() -> None:
    office = _office(feature_timeout=2.0)
    call = office.served()
    _presses(office, "*110")
    office.now += 1.0
    _presses(office, "02")
    assert office.switch.next_deadline() == office.now + 2.0
    office.pass_time(1.9)
    office.settle()
    assert _keyed(office, call) is not None
    office.pass_time()
    office.settle()
    assert _state(office, call) is OfferState.RINGING
    assert str(_offer(office, call).target) == "agent:bob"


def test_a_number_that_nothing_can_follow_needs_no_end() -> None:
    office = _office()
    office.feed(s.DirectoryReplaced(replace(office.directory, outside=(OutsideRule("0[0-9]+"),))))
    call = office.served()
    _presses(office, "*1100")
    assert _keyed(office, call) is not None
    _presses(office, "2")
    assert _state(office, call) is OfferState.RINGING


def test_before_the_first_key_he_has_more_time_and_then_the_contact_stays_on_hold() -> None:
    office = _office(feature_timeout=2.0)
    call = office.served()
    _presses(office, "*1")
    office.pass_time(5.9)
    assert _keyed(office, call) is not None
    office.pass_time()
    office.settle()
    assert _keyed(office, call) is None
    assert _said(office)[-1] == "invalid_number"
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"
    _presses(office, "*3")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_key_ends_the_prompt_and_he_is_in_the_bridge_again() -> None:
    office = _office()
    office.served()
    _presses(office, "*")
    leg = office.leg_of("alice")
    office.happens(s.LegDigit(leg, "1"))
    assert office.switch.legs[leg].playing is not None
    assert office.happens(s.LegDigit(leg, "1")) == ["JoinBridge alice"]
    assert office.switch.legs[leg].playing is None
    office.is_calm()


def test_a_conference_by_keys_begins_when_the_target_accepts_s26() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*21002#")
    assert office.music() == {"in1"}
    assert _said(office)[-1] == "feature_conference"
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    assert _state(office, call) is OfferState.ACCEPTED


@pytest.mark.parametrize(("cause", "state"), [(21, "declined"), (17, "busy"), (20, "unavailable")])
def test_a_transfer_that_is_refused_is_told_and_the_contact_stays_on_hold_s12(cause: int, state: str) -> None:
    office = _office()
    call = office.served()
    _presses(office, "*11002#")
    office.hangs_up("bob", cause)
    assert _state(office, call).value == state
    assert _said(office)[-1] == "nobody_available"
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"


def test_a_transfer_from_the_desktop_that_is_declined_is_not_spoken_of() -> None:
    office = _office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.hangs_up("bob", 21)
    assert _said(office) == []


@pytest.mark.parametrize(
    ("number", "prompt"),
    [("17#", "invalid_number"), ("1001#", "invalid_number"), ("*5#", "invalid_number"), ("#", "invalid_number")],
)
def test_a_number_that_cannot_be_reached_is_told_and_the_contact_stays_on_hold(number: str, prompt: str) -> None:
    office = _office()
    call = office.served()
    _presses(office, f"*1{number}")
    assert _said(office)[-1] == prompt
    assert _keyed(office, call) is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_nobody_available_is_told_and_the_contact_stays_on_hold_s6() -> None:
    office = _office(ready=())
    office.agents.idle = ["alice"]
    call = office.served()
    _presses(office, "*12000#")
    assert _said(office)[-1] == "nobody_available"
    office.is_calm()
    assert office.music() == {"in1"}
    assert not office.switch.state.seeks
    office.agents.idle = ["alice", "bob"]
    _presses(office, "*12000#")
    assert _state(office, call) is OfferState.RINGING


def test_a_store_that_cannot_be_asked_is_told_as_nobody_available() -> None:
    office = _office()
    office.served()
    office.agents.away = True
    _presses(office, "*12000#")
    assert _said(office)[-1] == "nobody_available"
    office.is_calm()


def test_an_agent_reserved_for_a_call_that_has_changed_meanwhile_is_free_again() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*11002")
    office.happens(s.LegDigit(office.leg_of("alice"), "#"))
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=AWAY)  # before the reservation's answer
    office.settle()
    assert office.agents.activity == {"alice": "on_call"}
    assert _said(office)[-1] == "invalid_number"
    assert _offer(office, call).target == AWAY


def test_an_agent_reserved_for_a_call_that_is_over_is_free_again() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*11002")
    office.happens(s.LegDigit(office.leg_of("alice"), "#"))
    office.command(c.Clear, "alice", call=call.id)
    office.is_calm()
    assert office.agents.activity == {}
    assert not office.switch.calls


def test_who_talks_to_somebody_else_by_then_is_not_told_s45() -> None:
    office = _office("carol")
    call = office.served()
    _presses(office, "*21002#")
    office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.settle()
    office.hangs_up("bob", 21)
    assert _state(office, call) is OfferState.DECLINED
    assert "nobody_available" not in _said(office)
    assert office.hears() == hear_each_other("alice", "carol")
    office.is_calm()


def test_a_prompt_of_its_own_goes_before_the_callers_one() -> None:
    office = _office()
    announcements = {**office.directory.settings.announcements, "feature_nobody_available": "sound:own"}
    settings = replace(office.directory.settings, announcements=announcements)
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    office.served()
    office.agents.idle = ["alice"]
    _presses(office, "*12000#")
    (spoken,) = [x for x in office.asterisk.executed if isinstance(x, e.Announce) and x.prompt == "nobody_available"]
    assert spoken.sounds == ("sound:own",)


def test_conferences_that_are_switched_off_are_told_and_nobody_is_put_on_hold_s28() -> None:
    office = _office(conferences=False)
    call = office.served()
    _presses(office, "*2")
    assert _said(office) == ["invalid_number"]
    assert _keyed(office, call) is None
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


@pytest.mark.parametrize("dialled", ["", "10", "1002"])
def test_cancel_while_dialling_brings_the_contact_back(dialled: str) -> None:
    office = _office()
    call = office.served()
    _presses(office, f"*1{dialled}*0")
    assert _keyed(office, call) is None
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].held_since is None


def test_cancel_while_dialling_leaves_on_hold_who_was_so_before() -> None:
    office = _office()
    office.served()
    _presses(office, "*3*110*0")
    office.is_calm()
    assert office.music() == {"in1"}


def test_cancel_while_dialling_leaves_on_hold_whom_a_colleague_holds_s33() -> None:
    office = _office("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.ask(c.HoldParty, "bob", call=call.id, party=office.party(call, "in1").id)
    _presses(office, "*1*0")
    office.is_calm()
    assert office.party(call, "in1").held_by == {office.party(call, "bob").id}


def test_cancel_while_it_rings_leaves_the_contact_on_hold_s15() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*11002#")
    said = _said(office)
    _presses(office, "*0")
    assert _state(office, call) is OfferState.CANCELLED
    assert _said(office) == said
    office.is_calm()
    assert office.music() == {"in1"}


def test_hold_and_cancel_with_nothing_to_hold_or_cancel_do_nothing() -> None:
    office = _office()
    call = office.served()
    assert _presses(office, "*0") == []
    _presses(office, "*11002#")
    ringing = office.switch.calls[call.id]
    assert _presses(office, "*3") == []  # while it rings the contact stays on hold (S12)
    assert office.switch.calls[call.id].parties == ringing.parties
    office.is_calm()


def test_a_cancel_code_with_a_hash_is_told_from_the_end_of_a_number() -> None:
    office = _office(feature_codes={**CODES, "cancel": "##"})
    call = office.served()
    _presses(office, "*11002##")
    assert office.hears() == hear_each_other("alice", "in1")
    _presses(office, "*11002#")
    assert _keyed(office, call) is not None
    office.pass_time()
    office.settle()
    assert _state(office, call) is OfferState.RINGING


def test_each_key_is_of_one_code_only() -> None:
    office = _office(feature_codes={"hold": "**"})
    office.served()
    _presses(office, "***")
    assert office.music() == {"in1"}
    _presses(office, "*")
    assert office.music() == set()


@pytest.mark.parametrize("keys", ["**1", "5*1", "*5*1"])
def test_a_code_is_found_after_keys_that_are_none(keys: str) -> None:
    office = _office()
    call = office.served()
    _presses(office, keys)
    assert _keyed(office, call) is not None


def test_keys_with_a_pause_between_them_are_no_code() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*")
    office.now += 3.1
    _presses(office, "1")
    assert _keyed(office, call) is None
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_key_that_begins_no_code_changes_nothing_at_all() -> None:
    office = _office()
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
    office = _office()
    office.served()
    for key in "*3":
        assert office.feed(s.LegDigit(leg, key)) == []


@pytest.mark.parametrize("newest", [0, 1])
def test_keys_count_in_the_call_that_the_phone_speaks_in_s46(newest: int) -> None:
    office = _office("bob")
    first = office.served()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    second = next(x for x in office.switch.calls.values() if x.id != first.id)
    office.settle()
    assert office.hears() == hear_each_other("alice", "bob")
    office.ask(c.ChangeUserData, "alice", call=(first, second)[newest].id, changes={"k": "v"})
    _presses(office, "*3", call=second.id)
    assert office.music() == {"in1", "bob"}
    office.ask(c.Retrieve, "alice", call=first.id)
    _presses(office, "*3", call=first.id)
    assert office.seen("alice", first.id).state == "held"


def test_a_phone_that_rings_presses_no_code() -> None:
    office = _office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    call = office.only_call()
    assert _presses(office, "*3") == []
    office.picks_up("alice")
    _presses(office, "*3")
    office.hangs_up("alice")
    office.pass_time()
    office.settle()  # his phone rings for the contact on hold
    assert _presses(office, "*3") == []
    assert office.party(call, "in1").held_by


def test_goodbye_is_not_ended_by_a_key() -> None:
    office = _office()
    office.arrives("dial", "1002", leg="own", endpoint="1001")
    office.settle()
    (rung,) = [leg.id for leg in office.switch.legs.values() if leg.agent == "bob"]
    office.asterisk.hang_up(rung, 21)
    office.step()
    assert office.switch.legs["own"].farewell
    assert office.happens(s.LegDigit("own", "*")) == []
    office.is_calm()
    assert not office.switch.legs


@pytest.mark.parametrize("how", [c.Retrieve, c.SingleStepTransfer, c.Release, c.Clear])
def test_what_the_desktop_does_meanwhile_ends_the_dialling(how: type[c.CallCommand]) -> None:
    office = _office()
    call = office.served()
    _presses(office, "*")
    office.happens(s.LegDigit(office.leg_of("alice"), "1"))
    fields: dict[str, Any] = {"target": to("agent:bob")} if how is c.SingleStepTransfer else {}
    asked = office.do(how, "alice", call=call.id, **fields)
    assert ("JoinBridge alice" in asked) is (how is c.Retrieve)  # at once: the prompt is over
    office.is_calm()
    here = office.switch.calls.get(call.id)
    assert here is None or all(p.keyed is None for p in here.parties.values())
    assert office.switch.next_deadline() is None or how is c.SingleStepTransfer
    if how is c.Retrieve:
        assert office.hears() == hear_each_other("alice", "in1")


def test_another_call_from_the_desktop_ends_the_dialling_s45() -> None:
    office = _office("carol")
    call = office.served()
    _presses(office, "*110")
    office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.settle()
    assert _keyed(office, call) is None
    assert office.music() == {"in1"}
    office.is_calm()


def test_another_deadline_does_not_end_the_number() -> None:
    office = _office(max_hold=2.0)
    call = office.served()
    _presses(office, "*110")
    office.pass_time()
    assert _keyed(office, call) is not None
    office.pass_time()
    assert _keyed(office, call) is None


def test_the_contact_hangs_up_while_a_number_is_dialled() -> None:
    office = _office()
    office.served()
    _presses(office, "*110")
    office.hangs_up("in1")
    office.is_calm()
    assert not office.switch.calls


def test_a_lost_connection_ends_the_dialling_and_the_contact_stays_on_hold() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*110")
    office.lose_link()
    office.pass_time(60.0)
    office.asterisk.restore_link()
    office.is_calm()
    assert _keyed(office, call) is None
    assert office.music() == {"in1"}
    _presses(office, "*3")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_new_controller_knows_of_no_half_dialled_number() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*110")
    office.restart()
    office.is_calm()
    assert _keyed(office, call) is None
    assert office.music() == {"in1"}


def test_codes_taken_away_while_a_number_is_dialled_leave_it_to_the_pause() -> None:
    office = _office()
    call = office.served()
    _presses(office, "*11002")
    settings = replace(office.directory.settings, feature_codes={})
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    _presses(office, "5")
    office.pass_time()
    office.settle()
    assert str(_offer(office, call).target) == "agent:bob"


def test_in_a_conference_the_contacts_wait_and_the_colleagues_stay_s34() -> None:
    office = _office("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    _presses(office, "*1")
    assert office.music() == {"in1"}
    assert office.hears() == hear_each_other("alice", "bob")
    _presses(office, "1003#")
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol", "in1")


def test_a_prompt_that_is_not_listed_is_left_out() -> None:
    office = _office(announcements={})
    call = office.served()
    _presses(office, "*117#")
    assert _said(office) == []
    assert _keyed(office, call) is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_target_whose_time_is_over_is_told_as_nobody_available() -> None:
    office = _office()
    office.phone("bob", Behaviour.RING)
    call = office.served()
    _presses(office, "*11002#")
    office.pass_time()
    office.settle()
    assert _state(office, call) is OfferState.NO_ANSWER
    assert _said(office)[-1] == "nobody_available"
    office.is_calm()
