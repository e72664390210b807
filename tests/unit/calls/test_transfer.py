"""Instant transfer, each way it can go (S10-S17)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import DialplanEntry, Phone
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _transfer(office: Office, target: str = "agent:bob", leg: str = "in1") -> str:
    call = office.served(leg=leg)
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to(target))
    return call.id


def test_the_contact_hears_music_the_moment_a_transfer_to_outside_is_requested_s10() -> None:
    office = Office()
    call = office.served()
    assert office.do(c.SingleStepTransfer, "alice", call=call.id, target=AWAY) == [
        f"CreateLeg {office.outside_leg()}",
        "LeaveBridge in1",
        "StartMusic in1",
        "LeaveBridge alice",
        "StartRinging alice",
    ]
    office.settle()
    assert office.music() == {"in1"}
    assert not office.hears()


def test_the_command_is_answered_when_the_target_rings_and_shows_the_offer_s10() -> None:
    office = Office()
    call = office.served()
    office.phone("bob", Behaviour.NEVER)
    name = office.command(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    assert name not in office.replies
    office.asterisk.ring(office.leg_of("bob"))
    office.settle()
    assert office.replies[name] is not None
    offer = office.seen("alice").offer
    assert offer is not None
    assert (offer.kind, offer.target, offer.state, offer.ringing) == ("transfer", "agent:bob", "ringing", ("bob",))


def test_nothing_is_heard_of_a_transfer_to_agents_until_one_is_reserved_s6_s10() -> None:
    office = Office()
    call = office.served()
    assert office.do(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob")) == []
    (reserve,) = office.effects
    assert isinstance(reserve, e.ReserveAgent)
    assert (reserve.target, reserve.exclude, reserve.seconds) == (to("agent:bob"), frozenset({"alice"}), 40.0)
    assert not reserve.can_wait
    assert office.hears() == hear_each_other("alice", "in1")
    office.settle()
    assert office.music() == {"in1"}


def test_an_accepted_transfer_joins_the_contact_and_hangs_the_initiator_up_s11() -> None:
    office = Office()
    call = _transfer(office)
    requested = office.happens(s.LegAnswered(office.leg_of("bob")))
    assert requested == ["HangUp alice", "StopMusic in1", "JoinBridge in1"]
    office.asterisk.answer(office.leg_of("bob"))
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.switch.calls[call].owner == "bob"
    assert office.switch.calls[call].party_of("alice") is None
    assert "alice" not in office.agents.activity


@pytest.mark.parametrize(
    ("behaviour", "outcome"),
    [
        (Behaviour.DECLINE, "declined"),
        (Behaviour.BUSY, "busy"),
        (Behaviour.NO_ANSWER, "no_answer"),
        (Behaviour.UNREACHABLE, "unavailable"),
    ],
)
@pytest.mark.parametrize("target", ["agent:bob", "skill:french>=3", "number:+33123456789", "group:sales"])
def test_a_transfer_that_fails_leaves_the_contact_on_hold_until_retrieved_s12_s13_s14(
    behaviour: Behaviour, outcome: str, target: str
) -> None:
    office = Office()
    for agent in ("bob", "carol", "dave"):
        office.phone(agent, behaviour)
    office.outside(behaviour)
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to(target))
    office.is_calm()
    seen = office.seen("alice")
    assert seen.offer is not None
    assert seen.offer.state == outcome
    assert seen.state == "held"
    assert office.music() == {"in1"}
    assert not office.hears()
    office.ask(c.Retrieve, "alice", call=call.id)
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_transfer_not_answered_in_time_is_released_and_counts_as_missed_s12() -> None:
    office = Office(offer_timeout=7.0)
    call = _transfer(office)
    assert office.switch.next_deadline() == office.now + 7.0
    office.pass_time()
    office.is_calm()
    offer = office.seen("alice").offer
    assert offer is not None
    assert offer.state == "no_answer"
    assert office.agents.missed == ["bob"]
    assert office.switch.calls[call].party_of("bob") is None
    assert office.music() == {"in1"}


def test_a_transfer_that_is_declined_by_asterisk_in_time_counts_as_missed_only_without_an_answer_s12() -> None:
    office = Office()
    _transfer(office)
    office.hangs_up("bob", 21)
    assert office.agents.missed == []
    office = Office()
    _transfer(office)
    office.hangs_up("bob", 19)
    assert office.agents.missed == ["bob"]


def test_nobody_can_be_retrieved_while_the_transfer_rings_s12() -> None:
    office = Office()
    call = _transfer(office)
    assert "retrieve" not in office.seen("alice").actions
    assert office.refused(c.Retrieve, "alice", call=call) == "not_allowed_now"
    party = office.party(office.switch.calls[call], "in1")
    assert office.refused(c.RetrieveParty, "alice", call=call, party=party.id) == "not_allowed_now"


def test_the_initiator_cancels_and_the_contact_stays_on_hold_s15() -> None:
    office = Office()
    call = _transfer(office)
    requested = office.do(c.Cancel, "alice", call=call)
    assert requested == ["HangUp bob", "StopRinging alice", "JoinBridge alice"]
    office.is_calm()
    offer = office.seen("alice").offer
    assert offer is not None
    assert offer.state == "cancelled"
    assert office.music() == {"in1"}
    assert office.agents.missed == []


def test_the_initiator_hangs_up_while_it_rings_and_the_target_gets_the_contact_s16() -> None:
    office = Office()
    call = _transfer(office)
    office.hangs_up("alice")
    assert office.music() == {"in1"}
    assert office.leg_of("bob")
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.switch.calls[call].owner == "bob"


def test_a_deserted_transfer_that_fails_goes_to_the_fallback_target_s16() -> None:
    office = Office(fallback=to("group:sales"))
    call = _transfer(office)
    office.hangs_up("alice")
    office.hangs_up("bob", 21)
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert (str(offer.target), offer.fallback, offer.by) == ("group:sales", True, None)
    assert office.music() == {"in1"}
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("carol", "in1")


def test_a_fallback_that_fails_too_ends_in_an_announcement_and_release_s16() -> None:
    office = Office(fallback=to("agent:dave"))
    _transfer(office)
    office.hangs_up("alice")
    office.hangs_up("bob", 21)
    office.asterisk.hang_up(office.leg_of("dave"), 21)
    while office.step() and "Announce in1 nobody_available" not in office.requests():
        pass
    assert "Announce in1 nobody_available" in office.requests()
    office.is_calm()
    assert not office.switch.calls


def test_a_deserted_transfer_without_fallback_ends_in_music_off_then_the_announcement_s16() -> None:
    office = Office()
    _transfer(office)
    office.hangs_up("alice")
    leg = office.leg_of("bob")
    assert office.happens(s.LegGone(leg, 21)) == ["StopMusic in1", "Announce in1 nobody_available"]
    announced = office.switch.legs["in1"].playing
    assert announced is not None
    assert office.happens(s.AnnouncementFinished("in1", "another")) == []
    assert office.happens(s.AnnouncementFinished("in1", announced)) == ["HangUp in1"]


def test_without_a_prompt_in_the_list_the_deserted_contact_is_released_at_once_s16() -> None:
    office = Office(announcements={})
    _transfer(office)
    office.hangs_up("alice")
    assert office.happens(s.LegGone(office.leg_of("bob"), 21)) == ["HangUp in1"]


def test_the_contact_hangs_up_and_the_targets_phone_stops_ringing_at_once_s17() -> None:
    office = Office()
    _transfer(office)
    requested = office.happens(s.LegGone("in1"))
    assert requested == ["HangUp bob", "HangUp alice", "DestroyBridge bridge"]
    office.asterisk.hang_up("in1")
    office.is_calm()
    assert not office.switch.calls
    assert not office.agents.activity


def test_the_initiator_gone_the_contact_hangs_up_and_the_target_stops_ringing_s16_s17() -> None:
    office = Office()
    _transfer(office)
    office.hangs_up("alice")
    office.hangs_up("in1")
    office.is_calm()
    assert not office.asterisk.world.channels


def test_a_group_is_hunted_member_by_member_and_nobody_is_rung_twice_s12_s14() -> None:
    office = Office(ready=("dave", "bob", "carol", "alice"))
    call = _transfer(office, "group:support")
    rung = []
    for _ in range(2):
        offer = office.switch.calls[call].offer
        assert offer is not None
        rung.append(offer.attempts[0].agent)
        office.hangs_up(rung[-1] or "", 21)
    assert rung == ["bob", "carol"]
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert offer.state == "declined"
    assert offer.tried == {"bob", "carol"}
    office.is_calm()


def test_a_hunt_keeps_its_first_deadline_s12() -> None:
    office = Office(offer_timeout=10.0)
    _transfer(office, "group:support")
    ends = office.now + 10.0
    office.now += 6.0
    office.hangs_up("bob", 21)
    assert office.switch.next_deadline() == ends


def test_a_hunt_ends_with_the_last_refusal_where_nobody_else_is_free_s12() -> None:
    office = Office(ready=("alice", "bob"))
    call = _transfer(office, "group:support")
    office.hangs_up("bob", 17)
    office.is_calm()
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert offer.state == "busy"


def test_a_transferred_agent_call_has_the_colleague_hold_and_the_target_get_them_s41() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    assert office.hears() == hear_each_other("alice", "bob")
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:carol"))
    assert office.music() == {"bob"}
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol")


def test_a_call_transferred_to_somebody_outside_goes_on_between_outsiders_s11_s14() -> None:
    office = Office()
    call = _transfer(office, "number:+33123456789")
    office.answers_outside()
    office.is_calm()
    assert office.hears() == hear_each_other("in1", office.outside_leg())
    assert office.switch.calls[call].owner is None


def test_a_transfer_to_a_routing_point_dials_the_dialplan_and_attaches_its_data_s7_s14() -> None:
    office = Office()
    call = _transfer(office, "routing_point:billing")
    assert office.switch.calls[call].user_data == {"topic": "b"}
    (leg,) = [leg for leg in office.switch.legs.values() if leg.destination == DialplanEntry("4000")]
    office.is_calm()
    assert office.hears() == hear_each_other("in1", leg.id)


def test_the_desktop_answers_by_ringing_the_phone_anew_with_auto_answer_s11() -> None:
    office = Office()
    call = _transfer(office)
    first = office.leg_of("bob")
    requested = office.do(c.Answer, "bob", call=call)
    second = office.leg_of("bob")
    assert requested == ["HangUp bob elsewhere", "CreateLeg bob"]
    assert first != second
    assert "answer" not in office.seen("bob").actions
    assert office.refused(c.Answer, "bob", call=call) == "not_allowed_now"
    office.settle()
    assert office.asterisk.world.channels[second].auto_answer
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_an_answer_from_the_desktop_is_answered_when_the_phone_is_up_or_is_given_up_s11() -> None:
    for up in (True, False):
        office = Office()
        call = _transfer(office)
        name = office.command(c.Answer, "bob", call=call)
        office.settle()
        assert name not in office.replies
        if up:
            office.picks_up("bob")
        else:
            office.hangs_up("bob", 21)
        assert name in office.replies


def test_the_one_rung_declines_from_their_desktop_s12() -> None:
    office = Office()
    call = _transfer(office)
    assert office.do(c.Release, "bob", call=call) == ["HangUp bob", "StopRinging alice", "JoinBridge alice"]
    office.is_calm()
    offer = office.seen("alice").offer
    assert offer is not None
    assert offer.state == "declined"
    assert Phone("1002") not in [x.destination for x in office.switch.legs.values()]


def test_an_onward_transfer_passes_the_call_on_to_a_third_agent_s34() -> None:
    office = Office()
    call = _transfer(office)
    office.picks_up("bob")
    office.ask(c.SingleStepTransfer, "bob", call=call, target=to("agent:carol"))
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("carol", "in1")
    assert office.switch.calls[call].owner == "carol"


def test_a_colleague_is_handed_over_to_whom_the_agent_still_rings_for_like_a_contact_s16_s41() -> None:
    office = Office("bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("alice")
    consultation = office.command(c.InitiateTransfer, "alice", call=call.id, target=to("agent:carol"))
    office.settle()
    made = office.replies[consultation]
    assert made is not None
    office.ask(c.CompleteTransfer, "alice", call=made.id)
    office.picks_up("carol")
    assert office.hears() == hear_each_other("bob", "carol")
    office.is_calm()
