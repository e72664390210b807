"""The transfer key with `transfer_progress`: the phone keeps the call until the target accepts (S10-S17, S21)."""

from dataclasses import replace

import pytest

from ari_app.ari.fake import Behaviour
from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import LegState, Party, Phone
from tests.support.world import to
from tests.unit.calls.office import NUMBER, Office, hear_each_other


def _office(*quick: str) -> Office:
    return Office(*quick, transfer_progress=True)


def _press(office: Office, number: str = "1002", agent: str = "alice") -> str:
    leg = office.leg_of(agent)
    office.asterisk.press_transfer(leg, number)
    office.settle()
    return leg


def _told(office: Office, leg: str) -> list[str]:
    """What the phone was told, in order; also after it was hung up."""
    return [str(x.state) for x in office.asterisk.executed if isinstance(x, e.TellTransfer) and x.leg == leg]


def _of(office: Office, leg: str, *kinds: type) -> list[str]:
    """What was carried out of these kinds on that leg, in order."""
    return [type(x).__name__ for x in office.asterisk.executed if isinstance(x, kinds) and getattr(x, "leg", "") == leg]


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


def test_by_default_the_key_is_asterisks() -> None:
    office = Office()
    office.served()
    office.asterisk.arrive("dialled", "1003", "dial", "1002")
    office.settle()
    assert not [x for x in office.asterisk.executed if isinstance(x, e.TakeTransferKey)]
    assert not any(x.transfer_key for x in office.asterisk.executed if isinstance(x, e.CreateLeg))


def test_every_phone_of_an_agent_has_its_key_taken() -> None:
    office = _office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.command(c.Retrieve, "alice", call=call.id)
    office.settle()
    office.command(c.MakeCall, "bob", target=to("agent:carol"))
    office.settle()
    office.asterisk.arrive("dialled", "1004", "dial", NUMBER)
    office.settle()
    created = [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg) and isinstance(x.destination, Phone)]
    assert len(created) == 3
    assert all(x.transfer_key for x in created)
    assert _of(office, "dialled", e.TakeTransferKey) == ["TakeTransferKey"]


def test_the_contact_hears_music_while_it_rings_and_the_phone_shows_it_s10() -> None:
    office = _office()
    call = office.served()
    leg = _press(office)
    office.is_calm()
    assert office.music() == {"in1"}
    assert not office.hears()
    assert office.leg_of("alice", call.id) == leg
    assert _told(office, leg) == ["ringing"]


def test_the_phone_is_told_that_it_rings_when_it_does_and_not_before() -> None:
    office = _office()
    office.served()
    leg = office.leg_of("alice")
    office.phone("bob", Behaviour.NEVER)
    _press(office)
    assert _told(office, leg) == []
    office.asterisk.ring(office.leg_of("bob"))
    office.settle()
    assert _told(office, leg) == ["ringing"]


def test_when_the_target_accepts_the_phone_is_told_before_it_is_hung_up_s11() -> None:
    office = _office()
    call = office.served()
    leg = _press(office)
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.switch.calls[call.id].owner == "bob"
    assert _of(office, leg, e.TellTransfer, e.HangUp) == ["TellTransfer", "TellTransfer", "HangUp"]
    assert _told(office, leg) == ["ringing", "answered"]


@pytest.mark.parametrize(
    ("cause", "told"), [(21, "declined"), (17, "declined"), (19, "unavailable"), (3, "unavailable")]
)
def test_a_target_that_refuses_leaves_the_phone_in_the_call_and_the_contact_on_hold_s12_s13(
    cause: int, told: str
) -> None:
    office = _office()
    call = office.served()
    leg = _press(office)
    office.hangs_up("bob", cause)
    office.is_calm()
    assert _told(office, leg) == ["ringing", told]
    assert office.music() == {"in1"}
    assert office.leg_of("alice", call.id) == leg
    assert office.switch.calls[call.id].recall_at is None
    office.ask(c.Retrieve, "alice", call=call.id)
    assert office.hears() == hear_each_other("alice", "in1")


def test_nobody_answers_in_time_s12() -> None:
    office = _office()
    office.served()
    leg = _press(office)
    office.pass_time()
    office.is_calm()
    assert _told(office, leg) == ["ringing", "unavailable"]
    assert office.music() == {"in1"}


def test_after_a_refusal_the_phones_own_key_brings_the_contact_back_s13() -> None:
    office = _office()
    office.served()
    leg = office.leg_of("alice")
    office.asterisk.press_hold(leg)
    office.settle()
    _press(office)
    office.hangs_up("bob", 21)
    assert office.music() == {"in1"}
    office.asterisk.press_retrieve(leg)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_the_next_of_a_group_rings_and_the_phone_is_told_nothing_new_s12() -> None:
    office = _office()
    office.served()
    leg = _press(office, "2000")
    office.hangs_up("bob", 21)
    office.is_calm()
    assert _told(office, leg) == ["ringing"]
    office.picks_up("carol")
    assert _told(office, leg) == ["ringing", "answered"]
    assert office.hears() == hear_each_other("carol", "in1")


def test_with_nobody_available_it_is_told_at_once_and_the_contact_stays_on_hold_s12() -> None:
    office = _office()
    office.served()
    leg = _press(office, "2002")
    office.is_calm()
    assert _told(office, leg) == ["unavailable"]
    assert office.music() == {"in1"}


@pytest.mark.parametrize("number", ["1001", "17", "*", "", "1;rn=2"])
def test_what_may_not_be_reached_is_refused_and_nobody_hears_of_it(number: str) -> None:
    office = _office()
    call = office.served()
    leg = _press(office, number)
    office.is_calm()
    assert _told(office, leg) == ["declined"]
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].offer == call.offer


def test_who_is_in_the_call_already_is_no_target() -> None:
    office = _office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    leg = _press(office)
    assert _told(office, leg) == ["declined"]
    assert office.hears() == hear_each_other("alice", "bob", "in1")


def test_in_a_conference_the_others_talk_on_while_it_rings_s34() -> None:
    office = _office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    leg = _press(office, "1003")
    assert office.music() == {"in1"}
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol", "in1")
    assert _told(office, leg) == ["ringing", "answered"]


def test_pressed_again_while_it_rings_changes_nothing_and_both_are_told_the_end() -> None:
    office = _office()
    office.served()
    leg = _press(office)
    _press(office, "1003")
    assert _told(office, leg) == ["ringing"]
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_pressed_while_a_transfer_of_the_desktop_rings_is_refused_and_that_rings_on() -> None:
    office = _office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    leg = _press(office, "1003")
    assert _told(office, leg) == ["declined"]
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert _told(office, leg) == ["declined"]


def test_cancelled_at_the_desktop_is_told_as_declined_s15() -> None:
    office = _office()
    call = office.served()
    leg = _press(office)
    office.ask(c.Cancel, "alice", call=call.id)
    office.is_calm()
    assert _told(office, leg) == ["ringing", "declined"]
    assert office.music() == {"in1"}


def test_the_phone_hangs_up_while_it_rings_and_the_target_still_gets_the_contact_s16() -> None:
    office = _office()
    office.served()
    leg = _press(office)
    office.hangs_up("alice")
    assert office.music() == {"in1"}
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert _told(office, leg) == ["ringing"]


def test_the_contact_hangs_up_while_it_rings_s17() -> None:
    office = _office()
    office.served()
    leg = _press(office)
    office.hangs_up("in1")
    office.is_calm()
    assert not office.switch.calls
    assert _told(office, leg) == ["ringing"]  # its own call is over, and that is what it shows


def test_a_consultation_of_the_desktop_is_transferred_and_the_phone_goes_back_to_the_contact() -> None:
    office = _office()
    first = office.served()
    office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:bob"))
    office.picks_up("bob")
    leg = _press(office, "1003")
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol")
    assert office.music() == {"in1"}
    assert office.leg_of("alice", first.id) == leg


def test_two_calls_of_the_phone_are_joined_and_it_is_told_before_both_are_hung_up_s21() -> None:
    office = _office()
    first, second = _two_calls(office)
    office.asterisk.press_transfer(first, "1002", replaces=True, other=second)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert _of(office, first, e.TellTransfer, e.HangUp) == ["TellTransfer", "HangUp"]
    assert _told(office, first) == ["answered"]
    assert not [leg for leg in office.switch.legs.values() if leg.agent == "alice"]
    assert office.only_call().owner == "bob"


def test_two_calls_are_joined_whichever_of_them_asks_s21() -> None:
    office = _office()
    first, second = _two_calls(office)
    office.asterisk.press_transfer(second, "x", replaces=True, other=first)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.only_call().type == "inbound"


@pytest.mark.parametrize("other", [None, "in1", "nobody", "itself"])
def test_what_is_no_other_call_of_that_phone_is_not_joined(other: str | None) -> None:
    office = _office()
    first, _second = _two_calls(office)
    office.asterisk.press_transfer(first, "1002", replaces=True, other=first if other == "itself" else other)
    office.is_calm()
    assert _told(office, first) == ["declined"]
    assert "in1" in office.music()
    assert office.hears() == hear_each_other("alice", "bob")


def test_another_agents_call_is_not_joined() -> None:
    office = _office()
    office.served()
    office.asterisk.arrive("in2", "carrier", "agent", "dave")
    office.settle()
    office.picks_up("dave")
    mine, theirs = office.leg_of("alice"), office.leg_of("dave")
    office.asterisk.press_transfer(mine, "1002", replaces=True, other=theirs)
    office.is_calm()
    assert _told(office, mine) == ["declined"]
    assert office.hears() == hear_each_other("alice", "in1") | hear_each_other("dave", "in2")


def test_calls_with_a_colleague_in_common_are_not_joined() -> None:
    office = _office()
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
    assert _told(office, first) == ["declined"]


def _as_bob(office: Office, call: str) -> dict[str, Party]:
    (bob,) = [p for p in office.switch.calls[call].parties.values() if p.agent == "bob"]
    return {"twice": replace(bob, id="twice", leg=None)}


def test_a_call_whose_target_still_rings_is_not_joined_and_rings_on() -> None:
    office = _office()
    office.served()
    first = office.leg_of("alice")
    office.asterisk.arrive("dialled", "1001", "dial", "1002")
    office.settle()
    office.asterisk.press_transfer(first, "1002", replaces=True, other="dialled")
    office.is_calm()
    assert _told(office, first) == ["declined"]
    office.picks_up("bob")
    assert office.hears() == hear_each_other("alice", "bob")
    assert "in1" in office.music()


def test_a_phone_that_still_rings_and_one_of_nobody_transfer_nothing() -> None:
    office = _office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    leg = office.leg_of("alice")
    assert office.switch.legs[leg].state is LegState.RINGING
    assert office.happens(s.TransferAsked(leg, "1002")) == ["TellTransfer alice"]
    assert office.happens(s.TransferAsked("unknown", "1002")) == ["TellTransfer unknown"]
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_what_a_phone_could_not_be_told_harms_no_call() -> None:
    office = _office()
    office.served()
    office.asterisk.fail_next(lambda effect: isinstance(effect, e.TellTransfer))
    _press(office)
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_a_transfer_under_way_survives_the_controller() -> None:
    office = _office()
    office.served()
    leg = _press(office)
    office.restart()
    office.settle()
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert _told(office, leg) == ["ringing", "answered"]


def test_transferred_outside_s14() -> None:
    office = _office()
    office.served()
    leg = _press(office, NUMBER)
    office.answers_outside()
    office.is_calm()
    assert office.hears() == hear_each_other(office.outside_leg(), "in1")
    assert _told(office, leg) == ["ringing", "answered"]
