"""An agent without a leg is rung again for those they have on hold, but nobody waits for ever (F6)."""

from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.office import AWAY, NUMBER, Office, hear_each_other
from tests.support.world import to


def _kept(**settings: Any) -> tuple[Office, str]:
    """Alice has hung up with the contact on hold."""
    office = Office(**settings)
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    return office, call.id


def _recalls(office: Office) -> int:
    """How often the phone rang again until the contact was helped otherwise; it is declined each time."""
    rung = 0
    while office.switch.calls and any(p.away for p in office.only_call().parties.values()):
        office.pass_time(60.0)
        office.settle()
        ringing = [leg.id for leg in office.switch.legs.values() if leg.agent == "alice"]
        rung += len(ringing)
        for leg in ringing:
            office.asterisk.hang_up(leg, 21)
        office.settle()
        assert rung < 20, "rung for ever"
    return rung


@pytest.mark.parametrize("most", [0, 1, 3])
def test_after_so_many_recalls_in_vain_the_contact_hears_why_and_is_released(most: int) -> None:
    office, call = _kept(max_recalls=most)
    assert _recalls(office) == most
    assert not office.switch.calls
    assert office.abandoned == [call] * max(1, most)
    office.is_calm()


@pytest.mark.parametrize("cause", [19, 21])
def test_a_recall_in_vain_puts_off_none_that_is_due(cause: int) -> None:
    office, call = _kept(recall=60.0)
    office.pass_time(60.0)
    office.settle()
    due = office.now + 60.0
    assert office.switch.calls[call].recall_at == due
    office.pass_time(10.0)
    office.hangs_up("alice", cause)
    assert office.switch.calls[call].recall_at == due


def test_what_is_said_is_the_administrators_announcement_and_without_one_it_is_over() -> None:
    office, _call = _kept(max_recalls=0)
    office.pass_time(60.0)
    assert "Announce in1 nobody_available" in office.requests()
    office.is_calm()
    quiet, _call = _kept(max_recalls=0, announcements={**ANNOUNCEMENTS, "nobody_available": ""})
    quiet.pass_time(60.0)
    quiet.is_calm()
    assert not quiet.switch.calls


def test_the_fallback_has_the_contact_and_then_it_is_its_call() -> None:
    office, call = _kept(max_recalls=0, fallback=to("agent:bob"))
    office.pass_time(60.0)
    office.settle()
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.only_call().owner == "bob"
    assert office.seen("bob", call).offer is not None
    office.is_calm()


def test_a_fallback_that_has_nobody_is_followed_by_the_announcement() -> None:
    office, _call = _kept(max_recalls=0, fallback=to("group:night"))
    office.pass_time(60.0)
    office.settle()
    assert not office.switch.calls
    office.is_calm()


def test_who_logs_out_is_waited_for_no_longer_also_while_their_phone_rings() -> None:
    for rings in (False, True):
        office, call = _kept()
        if rings:
            office.pass_time(60.0)
            office.settle()
        office.feed(s.AgentLoggedOut("bob"))
        assert office.only_call().owner == "alice"
        office.feed(s.AgentLoggedOut("alice"))
        assert "Announce in1 nobody_available" in office.requests()
        assert office.abandoned == [call]
        office.is_calm()
        assert not office.switch.calls


@pytest.mark.parametrize("lost", [False, True])
def test_who_logs_out_and_hangs_up_afterwards_is_waited_for_no_longer_either(lost: bool) -> None:
    office = Office()
    call = office.served().id
    office.goes_home("alice")
    if lost:
        office.happens(s.LegDied(office.leg_of("alice")))
    else:
        office.ask(c.Hold, "alice", call=call)
        office.happens(s.LegGone(office.leg_of("alice")))
    assert "Announce in1 nobody_available" in office.requests()
    assert call in office.abandoned
    assert not any(isinstance(effect, e.CreateLeg) for effect in office.effects)


def test_who_has_logged_in_again_is_waited_for_as_before_also_after_a_restart() -> None:
    office = Office()
    call = office.served().id
    office.goes_home("alice")
    office.is_back("alice")
    office.restart()
    office.settle()
    office.ask(c.Hold, "alice", call=call)
    office.hangs_up("alice")
    assert office.music() == {"in1"}
    office.is_calm()
    gone = Office()
    call = gone.served().id
    gone.ask(c.Hold, "alice", call=call)
    gone.goes_home("alice")
    gone.restart()
    gone.settle()
    gone.hangs_up("alice")
    gone.is_calm()
    assert not gone.switch.calls


def test_who_logs_out_and_then_transfers_by_the_phones_key_is_not_given_up_before_both_legs_are_reported() -> None:
    office = Office("bob")
    office.served()
    office.asterisk.press_hold(office.leg_of("alice"))
    office.arrives("dial", "1002", endpoint="1001", leg="line2")
    office.settle()
    office.goes_home("alice")
    first = next(iter(office.switch.calls))
    office.asterisk.refer(office.leg_of("alice", first), "_attended@transfer", "line2")
    office.settle()
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()


def test_who_logs_out_and_still_talks_goes_on_talking() -> None:
    office = Office()
    office.served()
    office.feed(s.AgentLoggedOut("alice"))
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_two_contacts_are_both_reported() -> None:
    office = Office(outside_may_continue=False)
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("number:+33123456789"))
    office.answers_outside()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.feed(s.AgentLoggedOut("alice"))
    said = [line for line in office.requests() if line.startswith("Announce")]
    assert len(said) == 2
    office.is_calm()
    assert not office.switch.calls


@pytest.mark.parametrize("rings", [False, True])
@pytest.mark.parametrize("cause", [19, 20, 21])
def test_two_contacts_joined_while_the_agent_is_away_talk_on_when_the_recall_fails(rings: bool, cause: int) -> None:
    office = Office(max_recalls=2, outside_may_continue=False)
    call = office.served().id
    office.ask(c.Hold, "alice", call=call)
    office.hangs_up("alice")
    if rings:
        office.pass_time(60.0)
        office.settle()
    office.ask(c.SingleStepConference, "alice", call=call, target=to("number:+33123456789"))
    office.answers_outside()
    if not rings:
        office.pass_time(60.0)
        office.settle()
    office.hangs_up("alice", cause)
    assert len(office.only_call().joined()) == 3
    assert len(office.hears()) == 2
    office.is_calm()
    assert _recalls(office) == 1
    assert not office.switch.calls
    office.is_calm()


def test_a_transfer_that_rings_from_the_desktop_goes_on_when_its_agent_logs_out_s16() -> None:
    office, call = _kept()
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.feed(s.AgentLoggedOut("alice"))
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()


def test_a_phone_that_cannot_be_reached_is_not_rung_and_rings_when_it_is_back() -> None:
    office, call = _kept()
    office.feed(s.PhoneReachable("1001", False))
    office.phone("alice", Behaviour.UNREACHABLE)
    office.pass_time(60.0)
    assert office.requests() == []
    office.phone("alice", Behaviour.RING)
    office.feed(s.PhoneReachable("1001", True))
    office.settle()
    assert [leg.agent for leg in office.switch.legs.values()] == [None, "alice"]
    office.feed(s.PhoneReachable("1001", True))
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
    assert not office.abandoned
    assert call in office.switch.calls
    office.is_calm()


def test_a_phone_that_was_there_all_the_time_is_rung_when_it_is_due_and_no_earlier() -> None:
    office, _call = _kept()
    assert office.happens(s.PhoneReachable("1001", True)) == []
    office.feed(s.PhoneReachable("1001", False))
    assert office.happens(s.PhoneReachable("1001", False)) == []
    assert _recalls(office) == 0


def test_a_phone_that_comes_and_goes_keeps_nobody_waiting_for_ever() -> None:
    office, _call = _kept()
    for _ in range(20):
        office.feed(s.PhoneReachable("1001", False))
        office.feed(s.PhoneReachable("1001", True))
        office.settle()
        office.hangs_up("alice", 19)
        office.pass_time(20.0)
        office.settle()
        office.hangs_up("alice", 19)
    assert not office.switch.calls
    office.is_calm()


def test_a_phone_that_is_back_rings_for_nobody_who_does_not_wait_and_not_while_asterisk_is_away() -> None:
    office = Office()
    office.served()
    office.feed(s.PhoneReachable("1001", False))
    office.feed(s.PhoneReachable("1001", True))
    assert office.requests() == []
    kept, _call = _kept()
    kept.feed(s.PhoneReachable("1001", False))
    kept.lose_link()
    kept.feed(s.PhoneReachable("1001", True))
    assert [leg.agent for leg in kept.switch.legs.values()] == [None]
    kept.asterisk.restore_link()
    kept.is_calm()


def _two_kept() -> tuple[Office, str, str]:
    """Two contacts on hold, the phone is rung again for the first."""
    office = Office()
    first = office.served().id
    office.ask(c.Hold, "alice", call=first)
    office.asterisk.arrive("dialled", "1001", "dial", NUMBER)
    office.answers_outside()
    (second,) = office.switch.calls.keys() - {first}
    office.ask(c.Hold, "alice", call=second)
    office.hangs_up("alice")
    office.pass_time(60.0)
    office.settle()
    return office, first, second


@pytest.mark.parametrize("how", ["retrieved", "both retrieved"])
def test_of_two_that_wait_the_one_retrieved_is_talked_to_and_the_other_can_be_retrieved_after_s13_s46(how: str) -> None:
    office, first, second = _two_kept()
    rung = office.leg_of("alice", first)
    calls = (first, second) if how == "both retrieved" else (second,)
    assert "HangUp alice elsewhere" in office.do(c.Retrieve, "alice", call=calls[0])
    if how == "both retrieved":
        office.command(c.Retrieve, "alice", call=second)
    office.settle()
    assert rung not in office.switch.legs
    assert office.switch.legs[office.leg_of("alice", second)].auto_answer
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", office.outside_leg())
    assert office.music() == {"in1"}
    assert office.seen("alice", first).state == "held"
    office.is_calm()
    if how == "retrieved":
        office.pass_time(60.0)
        office.settle()
        assert [leg.agent for leg in office.switch.legs.values()].count("alice") == 1, "they talk: nothing rings"
    office.ask(c.Retrieve, "alice", call=first)
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.music() == {office.outside_leg()}
    office.is_calm()


def _transfer_failed_while_the_phone_is_gone() -> tuple[Office, str]:
    """The phone's transfer key, the phone is gone then, and the target declines."""
    office = Office()
    call = office.served().id
    office.asterisk.refer(office.leg_of("alice"), "1002@phones")
    office.settle()
    office.plug("alice", there=False)
    office.settle()
    office.hangs_up("bob", 21)
    office.pass_time(0.0)
    office.settle()
    assert office.music() == {"in1"}
    return office, call


def test_the_contact_of_a_failed_transfer_is_rung_for_as_soon_as_the_phone_is_back_s16() -> None:
    office, call = _transfer_failed_while_the_phone_is_gone()
    contact = office.party(office.switch.calls[call], "in1").id
    assert office.refused(c.RetrieveParty, "alice", call=call, party=contact) == "not_allowed_now"
    office.plug("alice", there=True)
    office.settle()
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_the_contact_of_a_failed_transfer_does_not_wait_for_who_logs_out_s16() -> None:
    office, call = _transfer_failed_while_the_phone_is_gone()
    office.feed(s.AgentLoggedOut("alice"))
    assert "Announce in1 nobody_available" in office.requests()
    assert office.abandoned[-1] == call
    office.is_calm()
    assert not office.switch.calls


@pytest.mark.parametrize("accepted", [True, False])
def test_a_phone_that_dies_while_its_transfer_rings_does_not_cost_the_contact_their_agent_s16(accepted: bool) -> None:
    office = Office()
    call = office.served().id
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.happens(s.LegDied(office.leg_of("alice")))
    office.settle()
    assert office.music() == {"in1"}
    if accepted:
        office.picks_up("bob")
        assert office.hears() == hear_each_other("bob", "in1")
    else:
        office.hangs_up("bob", 21)
        office.pass_time(0.0)
        office.settle()
        assert office.music() == {"in1"}
        office.picks_up("alice")
        assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_a_phone_that_is_back_while_its_transfer_rings_is_not_rung_s16() -> None:
    office = Office()
    call = office.served().id
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.happens(s.LegDied(office.leg_of("alice")))
    office.feed(s.PhoneReachable("1001", False))
    assert office.happens(s.PhoneReachable("1001", True)) == []
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()


def test_who_was_in_another_call_and_has_hung_up_talks_to_the_contact_once_they_answer() -> None:
    office = Office("bob")
    call = office.served().id
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.ask(c.MakeCall, "bob", target=AWAY)
    office.ask(c.Release, "alice", call=call)
    office.hangs_up("bob")
    assert office.music() == {"in1"}
    office.pass_time(60.0)
    office.settle()
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()
