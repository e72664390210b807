"""An attended REFER that Asterisk answers is reported for each of its two legs by itself, in any order (S16, S21)."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.handlers.transfer_key import OTHER_LEG
from ari_app.calls.model import OfferState
from ari_app.routing.directory import Purpose
from ari_app.testing.asterisk import Behaviour
from ari_app.testing.asterisk_model import Channel
from tests.support.office import NUMBER, Office, hear_each_other
from tests.support.world import to

LINK = "Local/_attended@transfer-00000001"


def _reported(office: Office, leg: str, half: int = 1) -> list[str]:
    """Asterisk tells that a half has taken this leg's place, and nothing more yet."""
    name = f"half{half}"
    office.asterisk.world.channels[name] = Channel(name)
    return office.happens(s.ChannelArrived(name, "_attended@transfer", "replaced", (leg, LINK)))


def _holding(number: str = "1002") -> tuple[Office, str, str]:
    """The contact's call on hold by alice's phone, and a call by hand that rings; its two legs."""
    office = Office()
    office.served()
    first = office.leg_of("alice")
    office.asterisk.press_hold(first)
    office.settle()
    office.pass_time(1.0)
    office.arrives("dial", number, endpoint="1001", leg="dialled")
    office.settle()
    return office, first, "dialled"


@pytest.mark.parametrize("turned", [False, True])
def test_the_two_calls_are_joined_once_both_legs_were_reported_s21(turned: bool) -> None:
    office, first, second = _holding()
    office.picks_up("bob")
    legs = (second, first) if turned else (first, second)
    requested = _reported(office, legs[0])
    assert "HangUp alice" in requested
    assert "HangUp half1" not in requested, "Asterisk is not done yet"
    assert "HangUp half2" in _reported(office, legs[1], half=2)
    for leg in legs:
        office.asterisk.hang_up(leg)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.only_call().owner == "bob"


def test_a_leg_that_is_reported_again_has_no_place_any_more_and_nothing_happens() -> None:
    office, first, second = _holding()
    office.picks_up("bob")
    office.asterisk.refer(first, "_attended@transfer", second)
    office.settle()
    before = office.only_call()
    for leg in (first, second):
        office.happens(s.ChannelArrived("again", "_attended@transfer", "replaced", (leg, LINK)))
        assert office.requests() == ["HangUp again"]
    assert office.only_call() == before
    assert office.hears() == hear_each_other("bob", "in1")


@pytest.mark.parametrize("number", ["1002", NUMBER])
@pytest.mark.parametrize("turned", [False, True])
def test_who_still_rings_rings_on_for_the_contact_s16(number: str, turned: bool) -> None:
    office, first, second = _holding(number)
    call = office.switch.calls["cc-1-c1"]
    assert office.asterisk.refer(
        *((second, "_attended@transfer", first) if turned else (first, "_attended@transfer", second))
    )
    office.is_calm()
    assert [x.id for x in office.switch.calls.values()] == [call.id]
    assert office.music() == {"in1"}
    offer = office.only_call().offering()
    assert offer is not None
    assert (offer.kind, offer.state, len(offer.attempts)) == ("transfer", "ringing", 1)
    if number == NUMBER:
        office.answers_outside()
        assert office.hears() == hear_each_other("in1", office.outside_leg())
    else:
        office.picks_up("bob")
        assert office.hears() == hear_each_other("in1", "bob")
        assert office.only_call().owner == "bob"
    assert "alice" not in office.agents.activity
    office.is_calm()


def test_who_still_rang_declines_and_the_contact_stays_on_hold_for_the_agent_whose_phone_is_rung_s16() -> None:
    office, first, second = _holding()
    office.asterisk.refer(first, "_attended@transfer", second)
    office.settle()
    office.hangs_up("bob", 21)
    office.pass_time(0.0)
    office.settle()
    assert office.music() == {"in1"}
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_the_contact_hangs_up_meanwhile_and_the_ringing_stops_s17() -> None:
    office, first, second = _holding()
    office.asterisk.refer(first, "_attended@transfer", second)
    office.settle()
    office.hangs_up("in1")
    office.is_calm()
    assert not office.switch.legs


def test_a_search_that_is_not_answered_yet_is_gone_on_with_for_the_contact_s16() -> None:
    office = Office("bob", "carol")
    office.served()
    first = office.leg_of("alice")
    office.asterisk.press_hold(first)
    office.settle()
    office.feed(s.ChannelArrived("dialled", "1001", "dial", ("2000",)))
    office.asterisk.world.channels["dialled"] = Channel("dialled")
    assert [x.offer.state for x in office.switch.calls.values() if x.offering()] == [OfferState.SEEKING]  # type: ignore[union-attr]
    _reported(office, first)
    _reported(office, "dialled", half=2)
    for leg in (first, "dialled"):
        office.asterisk.hang_up(leg)
    office.is_calm()
    assert len(office.hears()) == 2
    assert any("in1" in pair for pair in office.hears())


def test_whom_one_may_call_but_not_transfer_to_does_not_ring_for_the_contact_s3() -> None:
    office = Office()
    groups = office.directory.groups
    only_calls = replace(groups["sales"], enabled_for=frozenset({Purpose.CALL}))
    office.directory = replace(office.directory, groups={**groups, "sales": only_calls})
    office.feed(s.DirectoryReplaced(office.directory))
    office.served()
    first = office.leg_of("alice")
    office.asterisk.press_hold(first)
    office.arrives("dial", "2001", endpoint="1001", leg="dialled")
    office.settle()
    office.asterisk.refer(first, "_attended@transfer", "dialled")
    office.settle()
    assert not [leg for leg in office.switch.legs.values() if leg.agent in ("carol", "dave")]
    assert office.music() == {"in1"}
    office.pass_time(0.0)
    office.settle()
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_with_a_transfer_of_its_own_under_way_the_contact_waits_for_that_and_the_call_by_hand_is_over_s16() -> None:
    office, first, second = _holding()
    contacts = office.switch.calls["cc-1-c1"]
    office.ask(c.SingleStepTransfer, "alice", call=contacts.id, target=to("agent:dave"))
    _reported(office, first)
    _reported(office, second, half=2)
    for leg in (first, second):
        office.asterisk.hang_up(leg)
    office.settle()
    assert office.only_call().id == contacts.id
    office.picks_up("dave")
    office.is_calm()
    assert office.hears() == hear_each_other("dave", "in1")


def test_the_second_leg_has_two_seconds_to_be_reported_s21() -> None:
    office, first, second = _holding()
    office.picks_up("bob")
    _reported(office, first)
    office.pass_time(OTHER_LEG - 0.1)
    assert office.requests() == []
    _reported(office, second, half=2)
    for leg in (first, second):
        office.asterisk.hang_up(leg)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_an_other_call_that_is_none_of_ours_is_waited_for_in_vain_and_the_agent_is_rung_again() -> None:
    office = Office()
    office.served()
    first = office.leg_of("alice")
    _reported(office, first)
    office.asterisk.hang_up(first)
    office.settle()
    assert office.music() == {"in1"}
    office.pass_time(OTHER_LEG)
    office.settle()
    assert "half1" not in office.asterisk.world.channels
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_between_colleagues_that_ends_their_call() -> None:
    office = Office("bob")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("alice")
    office.arrives("agent", "carol", leg="in1")
    office.settle()
    _reported(office, office.leg_of("alice"))
    office.pass_time(OTHER_LEG)
    assert [call.type for call in office.switch.calls.values()] == ["inbound"]


def test_the_contact_hangs_up_before_the_second_leg_is_reported_and_no_channel_is_left() -> None:
    office, first, second = _holding()
    office.picks_up("bob")
    _reported(office, first)
    office.hangs_up("in1")
    assert "half1" not in office.asterisk.world.channels
    _reported(office, second, half=2)
    office.pass_time(OTHER_LEG)
    office.is_calm()
    assert not office.switch.calls


def test_both_who_talk_press_the_key_and_nothing_follows_the_call_is_over_and_not_due_for_ever() -> None:
    office = Office()
    office.arrives("dial", "1002", endpoint="1001", leg="dialled")
    office.settle()
    office.picks_up("bob")
    _reported(office, "dialled")
    bob = office.leg_of("bob")
    office.asterisk.world.channels["half9"] = Channel("half9")
    office.happens(s.ChannelArrived("half9", "_attended@transfer", "replaced", (bob, f"{LINK}9")))
    for leg in ("dialled", bob):
        office.asterisk.hang_up(leg)
    office.settle()
    office.pass_time()
    office.is_calm()
    assert not office.switch.calls


@pytest.mark.parametrize("verb", ["replaced", ""])
def test_a_half_that_is_found_after_a_restart_is_hung_up_and_speaks_to_nobody(verb: str) -> None:
    office, first, _second = _holding()
    office.lose_link()
    office.asterisk.arrive("half1", "_attended@transfer", verb, *([first, LINK] if verb else []))
    office.asterisk.restore_link()
    office.settle()
    assert "half1" not in office.asterisk.world.channels
    assert not [x for x in office.asterisk.executed if isinstance(x, e.Announce)]


def test_two_legs_of_different_phones_are_not_joined() -> None:
    """Asterisk finds a dialog by its name, whoever has it."""
    office = Office()
    office.served()
    office.arrives("agent", "bob", leg="in2")
    office.settle()
    office.picks_up("bob")
    office.asterisk.refer(office.leg_of("alice"), "_attended@transfer", office.leg_of("bob"))
    office.settle()
    assert office.hears() == set()
    office.pass_time(OTHER_LEG)
    office.settle()
    assert office.music() >= {"in1", "in2"}
    office.picks_up("alice")
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1") | hear_each_other("bob", "in2")


def test_the_two_legs_of_one_call_are_not_joined_and_the_call_is_over() -> None:
    office, first, second = _holding()
    office.picks_up("bob")
    assert office.asterisk.refer(second, "_attended@transfer", office.leg_of("bob"))
    office.settle()
    office.pass_time(OTHER_LEG)
    office.is_calm()
    assert list(office.switch.calls) == ["cc-1-c1"]
    assert office.leg_of("alice") == first
    assert office.music() >= {"in1"}


def test_the_held_call_is_transferred_while_the_phone_talks_in_another_s10_s46() -> None:
    office, first, _second = _holding()
    office.picks_up("bob")
    assert office.asterisk.refer(first, "1003@phones")
    office.settle()
    assert office.hears() == hear_each_other("alice", "bob")
    assert "in1" in office.music()
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob") | hear_each_other("carol", "in1")


def test_a_conference_that_the_phone_holds_can_be_transferred_s34() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.asterisk.press_hold(office.leg_of("alice"))
    office.settle()
    assert office.music() == {"in1", "bob"}
    assert office.asterisk.refer(office.leg_of("alice"), "1003@phones")
    office.settle()
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol", "in1")


# -- the same by the desktop ------------------------------------------------------------------------------------------


def _consulting(target: str = "agent:bob") -> tuple[Office, str, str]:
    office = Office()
    first = office.served().id
    return office, first, office.ask(c.InitiateTransfer, "alice", call=first, target=to(target)).id


def test_a_consultation_that_rings_is_completed_and_rings_on_for_the_contact_s16() -> None:
    office, first, consult = _consulting()
    assert "complete_transfer" in office.actions("alice", office.switch.calls[consult])
    requested = office.do(c.CompleteTransfer, "alice", call=consult)
    assert requested == ["HangUp alice", "DestroyBridge bridge", "JoinBridge bob"]
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert "alice" not in office.agents.activity


@pytest.mark.parametrize("why", [17, 19, 21])
def test_nobody_accepts_and_the_contact_waits_on_hold_for_the_agent_whose_phone_is_rung_s16(why: int) -> None:
    office, first, consult = _consulting()
    office.ask(c.CompleteTransfer, "alice", call=consult)
    office.hangs_up("bob", why)
    office.pass_time(0.0)
    office.settle()
    assert office.music() == {"in1"}
    assert office.switch.calls[first].owner == "alice"
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_with_a_transfer_of_its_own_under_way_it_cannot_be_completed() -> None:
    office, first, consult = _consulting()
    office.ask(c.SingleStepTransfer, "alice", call=first, target=to("agent:carol"))
    assert "complete_transfer" not in office.actions("alice", office.switch.calls[consult])
    assert office.refused(c.CompleteTransfer, "alice", call=consult) == "not_allowed_now"


def test_who_is_rung_for_both_cannot_be_handed_over() -> None:
    office, first, consult = _consulting("agent:dave")
    office.picks_up("dave")
    office.ask(c.Reconnect, "alice", call=consult)
    office.ask(c.SingleStepConference, "alice", call=first, target=to("agent:dave"))
    office.picks_up("dave")
    office.phone("dave", Behaviour.RING)
    office.arrives("dial", "1004", endpoint="1001", leg="dialled")
    office.settle()
    office.asterisk.refer(office.leg_of("alice", first), "_attended@transfer", "dialled")
    office.settle()
    assert office.hears() == hear_each_other("dave", "in1")
    office.is_calm()


# -- what is attached -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [c.CompleteTransfer, c.CompleteConference])
@pytest.mark.parametrize("answered", [True, False])
def test_what_was_attached_in_the_consultation_stays_and_wins_s7_s8(kind: type[c.CallCommand], answered: bool) -> None:
    office, first, consult = _consulting("routing_point:billing")
    if answered:
        for leg in list(office.asterisk.world.channels):
            office.asterisk.answer(leg)
        office.settle()
    elif kind is c.CompleteConference:
        return
    office.ask(c.ChangeUserData, "alice", call=first, changes={"case": "1", "kept": "yes"})
    office.ask(c.ChangeUserData, "alice", call=consult, changes={"case": "2"})
    office.ask(kind, "alice", call=consult)
    assert office.switch.calls[first].user_data == {"topic": "b", "case": "2", "kept": "yes"}


def test_too_much_attached_data_in_both_is_refused_and_nothing_changes() -> None:
    office, first, consult = _consulting()
    office.picks_up("bob")
    much = "x" * (office.directory.settings.max_user_data - 10)
    office.ask(c.ChangeUserData, "alice", call=first, changes={"a": much})
    office.ask(c.ChangeUserData, "alice", call=consult, changes={"b": much})
    assert office.refused(c.CompleteTransfer, "alice", call=consult) == "invalid"
    assert office.hears() == hear_each_other("alice", "bob")


def test_what_was_attached_to_the_phones_second_call_stays_and_wins_s7_s8() -> None:
    office, first, second = _holding()
    contacts, by_hand = office.switch.calls
    office.ask(c.ChangeUserData, "alice", call=contacts, changes={"case": "1", "kept": "yes"})
    office.ask(c.ChangeUserData, "alice", call=by_hand, changes={"case": "2"})
    office.picks_up("bob")
    office.asterisk.refer(first, "_attended@transfer", second)
    office.settle()
    assert office.only_call().user_data == {"case": "2", "kept": "yes"}
