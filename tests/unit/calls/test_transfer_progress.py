"""The transfer key with `transfer_progress`: the phone keeps the call until the target accepts (S10-S17)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import LegState, Phone
from ari_app.testing.asterisk import Behaviour
from tests.support.office import NUMBER, Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.transferring import done, press, progressing, was_notified


def test_by_default_the_key_is_asterisks() -> None:
    office = Office()
    office.served()
    office.asterisk.arrive("dialled", "1003", "dial", "1002")
    office.settle()
    assert not [x for x in office.asterisk.executed if isinstance(x, e.TakeTransferKey)]
    assert not any(x.transfer_key for x in office.asterisk.executed if isinstance(x, e.CreateLeg))


def test_every_phone_of_an_agent_has_its_key_taken() -> None:
    office = progressing()
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
    assert done(office, "dialled", e.TakeTransferKey) == ["TakeTransferKey"]


def test_the_contact_hears_music_while_it_rings_and_the_phone_shows_it_s10() -> None:
    office = progressing()
    call = office.served()
    leg = press(office)
    office.is_calm()
    assert office.music() == {"in1"}
    assert not office.hears()
    assert office.leg_of("alice", call.id) == leg
    assert was_notified(office, leg) == ["ringing"]


def test_the_phone_is_notified_that_it_rings_when_it_does_and_not_before() -> None:
    office = progressing()
    office.served()
    leg = office.leg_of("alice")
    office.phone("bob", Behaviour.NEVER)
    press(office)
    assert was_notified(office, leg) == []
    office.asterisk.ring(office.leg_of("bob"))
    office.settle()
    assert was_notified(office, leg) == ["ringing"]


def test_when_the_target_accepts_the_phone_is_notified_before_it_is_hung_up_s11() -> None:
    office = progressing()
    call = office.served()
    leg = press(office)
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.switch.calls[call.id].owner == "bob"
    assert done(office, leg, e.TellTransfer, e.HangUp) == ["TellTransfer", "TellTransfer", "HangUp"]
    assert was_notified(office, leg) == ["ringing", "answered"]


@pytest.mark.parametrize(
    ("cause", "reported"), [(21, "declined"), (17, "declined"), (19, "unavailable"), (3, "unavailable")]
)
def test_a_target_that_refuses_leaves_the_phone_in_the_call_and_the_contact_on_hold_s12_s13(
    cause: int, reported: str
) -> None:
    office = progressing()
    call = office.served()
    leg = press(office)
    office.hangs_up("bob", cause)
    office.is_calm()
    assert was_notified(office, leg) == ["ringing", reported]
    assert office.music() == {"in1"}
    assert office.leg_of("alice", call.id) == leg
    assert office.switch.calls[call.id].recall_at is None
    office.ask(c.Retrieve, "alice", call=call.id)
    assert office.hears() == hear_each_other("alice", "in1")


def test_nobody_answers_in_time_s12() -> None:
    office = progressing()
    office.served()
    leg = press(office)
    office.pass_time()
    office.is_calm()
    assert was_notified(office, leg) == ["ringing", "unavailable"]
    assert office.music() == {"in1"}


def test_after_a_refusal_the_phones_own_key_brings_the_contact_back_s13() -> None:
    office = progressing()
    office.served()
    leg = office.leg_of("alice")
    office.asterisk.press_hold(leg)
    office.settle()
    press(office)
    office.hangs_up("bob", 21)
    assert office.music() == {"in1"}
    office.asterisk.press_retrieve(leg)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_the_next_of_a_group_rings_and_the_phone_is_sent_nothing_new_s12() -> None:
    office = progressing()
    office.served()
    leg = press(office, "2000")
    office.hangs_up("bob", 21)
    office.is_calm()
    assert was_notified(office, leg) == ["ringing"]
    office.picks_up("carol")
    assert was_notified(office, leg) == ["ringing", "answered"]
    assert office.hears() == hear_each_other("carol", "in1")


def test_with_nobody_available_it_is_notified_at_once_and_the_contact_stays_on_hold_s12() -> None:
    office = progressing()
    office.served()
    leg = press(office, "2002")
    office.is_calm()
    assert was_notified(office, leg) == ["unavailable"]
    assert office.music() == {"in1"}


@pytest.mark.parametrize("number", ["1001", "17", "*", "", "1;rn=2"])
def test_what_may_not_be_reached_is_refused_and_nobody_hears_of_it(number: str) -> None:
    office = progressing()
    call = office.served()
    leg = press(office, number)
    office.is_calm()
    assert was_notified(office, leg) == ["declined"]
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call.id].offer == call.offer


def test_who_is_in_the_call_already_is_no_target() -> None:
    office = progressing()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    leg = press(office)
    assert was_notified(office, leg) == ["declined"]
    assert office.hears() == hear_each_other("alice", "bob", "in1")


def test_in_a_conference_the_others_talk_on_while_it_rings_s34() -> None:
    office = progressing()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    leg = press(office, "1003")
    assert office.music() == {"in1"}
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol", "in1")
    assert was_notified(office, leg) == ["ringing", "answered"]


def test_pressed_again_while_it_rings_changes_nothing_and_both_are_shown_the_end() -> None:
    office = progressing()
    office.served()
    leg = press(office)
    press(office, "1003")
    assert was_notified(office, leg) == ["ringing"]
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_pressed_while_a_transfer_of_the_desktop_rings_is_refused_and_that_rings_on() -> None:
    office = progressing()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    leg = press(office, "1003")
    assert was_notified(office, leg) == ["declined"]
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert was_notified(office, leg) == ["declined"]


def test_cancelled_at_the_desktop_is_notified_as_declined_s15() -> None:
    office = progressing()
    call = office.served()
    leg = press(office)
    office.ask(c.Cancel, "alice", call=call.id)
    office.is_calm()
    assert was_notified(office, leg) == ["ringing", "declined"]
    assert office.music() == {"in1"}


def test_the_phone_hangs_up_while_it_rings_and_the_target_still_gets_the_contact_s16() -> None:
    office = progressing()
    office.served()
    leg = press(office)
    office.hangs_up("alice")
    assert office.music() == {"in1"}
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert was_notified(office, leg) == ["ringing"]


def test_the_contact_hangs_up_while_it_rings_s17() -> None:
    office = progressing()
    office.served()
    leg = press(office)
    office.hangs_up("in1")
    office.is_calm()
    assert not office.switch.calls
    assert was_notified(office, leg) == ["ringing"]  # its own call is over, and that is what it shows


def test_a_consultation_of_the_desktop_is_transferred_and_the_phone_goes_back_to_the_contact() -> None:
    office = progressing()
    first = office.served()
    office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:bob"))
    office.picks_up("bob")
    leg = press(office, "1003")
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol")
    assert office.music() == {"in1"}
    assert office.leg_of("alice", first.id) == leg


def test_a_phone_that_still_rings_and_one_of_nobody_transfer_nothing() -> None:
    office = progressing()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    leg = office.leg_of("alice")
    assert office.switch.legs[leg].state is LegState.RINGING
    assert office.happens(s.TransferRequested(leg, "1002")) == ["TellTransfer alice"]
    assert office.happens(s.TransferRequested("unknown", "1002")) == ["TellTransfer unknown"]
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_what_a_phone_could_not_be_sent_harms_no_call() -> None:
    office = progressing()
    office.served()
    office.asterisk.fail_next(lambda effect: isinstance(effect, e.TellTransfer))
    press(office)
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_a_transfer_under_way_survives_the_controller() -> None:
    office = progressing()
    office.served()
    leg = press(office)
    office.restart()
    office.settle()
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert was_notified(office, leg) == ["ringing", "answered"]


def test_transferred_outside_s14() -> None:
    office = progressing()
    office.served()
    leg = press(office, NUMBER)
    office.answers_outside()
    office.is_calm()
    assert office.hears() == hear_each_other(office.outside_leg(), "in1")
    assert was_notified(office, leg) == ["ringing", "answered"]
