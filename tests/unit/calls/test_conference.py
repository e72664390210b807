"""Instant conference, and who may leave it how (S25-S29, S34, S36-S39)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.routing.directory import Role
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _conference(office: Office, target: str = "agent:bob") -> str:
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to(target))
    return call.id


def _joined(office: Office, target: str = "agent:bob") -> str:
    call = _conference(office, target)
    for agent in ("bob", "carol", "dave"):
        office.picks_up(agent)
    office.answers_outside()
    return call


@pytest.mark.parametrize("target", ["agent:bob", "group:support", "skill:french>=2", "number:+33123456789"])
def test_a_conference_starts_by_itself_when_the_target_accepts_s25_s26(target: str) -> None:
    office = Office()
    _conference(office, target)
    assert office.music() == {"in1"}
    assert not office.hears()
    office.picks_up("bob")
    office.answers_outside()
    office.is_calm()
    third = next(w for _, w in office.hears() if w not in ("alice", "in1"))
    assert office.hears() == hear_each_other("alice", "in1", third)


def test_a_conference_with_a_routing_point_has_the_dialplan_as_its_third_s25() -> None:
    office = Office()
    _conference(office, "routing_point:billing")
    office.is_calm()
    assert len(office.hears()) == 6


def test_when_the_target_accepts_only_the_contacts_hold_ends_s26() -> None:
    office = Office()
    _conference(office)
    assert office.happens(s.LegAnswered(office.leg_of("bob"))) == [
        "StopMusic in1",
        "JoinBridge in1",
        "StopRinging alice",
    ]


@pytest.mark.parametrize("cause", [21, 17, 19, 3])
def test_a_refused_conference_leaves_the_contact_on_hold_s27(cause: int) -> None:
    office = Office()
    call = _conference(office)
    office.hangs_up("bob", cause)
    office.is_calm()
    assert office.music() == {"in1"}
    office.ask(c.Retrieve, "alice", call=call)
    assert office.hears() == hear_each_other("alice", "in1")


def test_conferences_switched_off_are_absent_and_refused_s28() -> None:
    office = Office(conferences=False)
    call = office.served()
    assert "single_step_conference" not in office.seen("alice").actions
    code = office.refused(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    assert code == "feature_disabled"
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=AWAY)
    office.answers_outside()
    assert "complete_conference" not in office.seen("alice", consult.id).actions
    assert office.refused(c.CompleteConference, "alice", call=consult.id) == "feature_disabled"


def test_no_more_parties_join_than_the_administrator_allows_s34() -> None:
    office = Office(max_parties=3)
    call = _joined(office)
    assert "single_step_conference" not in office.seen("alice", call).actions
    office = Office(max_parties=4)
    call = _joined(office)
    assert "single_step_conference" in office.seen("alice", call).actions


def test_nor_are_they_brought_in_by_a_consultation_s21_s34() -> None:
    for allowed in (3, 4):
        office = Office(max_parties=allowed)
        call = _joined(office)
        consult = office.ask(c.InitiateTransfer, "alice", call=call, target=AWAY)
        office.answers_outside()
        assert ("complete_conference" in office.seen("alice", consult.id).actions) is (allowed == 4)
        assert "complete_transfer" in office.seen("alice", consult.id).actions
        if allowed == 3:
            assert office.refused(c.CompleteConference, "alice", call=consult.id) == "not_allowed_now"
        else:
            office.ask(c.CompleteConference, "alice", call=consult.id)
            office.is_calm()
            assert len(office.switch.calls[call].joined()) == 4


def test_one_party_is_removed_and_the_others_go_on_s29() -> None:
    office = Office()
    call = _joined(office, "number:+33123456789")
    other = office.outside_leg()
    party = office.party(office.switch.calls[call], "in1")
    assert office.do(c.RemoveParty, "alice", call=call, party=party.id) == ["HangUp in1"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", other)
    assert office.refused(c.RemoveParty, "alice", call=call, party=party.id) == "not_found"


def test_nobody_is_removed_from_a_call_of_two_and_nobody_removes_themselves_s29() -> None:
    office = Office()
    call = office.served()
    party = office.party(call, "in1")
    assert office.refused(c.RemoveParty, "alice", call=call.id, party=party.id) == "not_allowed_now"
    office = Office()
    joined = _joined(office)
    me = office.party(office.switch.calls[joined], "alice")
    assert office.refused(c.RemoveParty, "alice", call=joined, party=me.id) == "not_allowed_now"


def test_a_transfer_out_of_a_conference_gives_the_call_to_its_target_and_not_to_who_was_there_s11_s37() -> None:
    office = Office()
    call = _joined(office)
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:carol"))
    office.picks_up("carol")
    office.is_calm()
    assert (office.switch.calls[call].owner, office.hears()) == ("carol", hear_each_other("bob", "carol", "in1"))


def test_conferences_grow_to_four_parties_and_more_by_whoever_is_in_them_s34() -> None:
    office = Office()
    call = _joined(office)
    office.ask(c.SingleStepConference, "bob", call=call, target=to("agent:carol"))
    office.picks_up("carol")
    office.ask(c.SingleStepConference, "carol", call=call, target=to("agent:dave"))
    office.picks_up("dave")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "carol", "dave", "in1")
    office.ask(c.SingleStepTransfer, "dave", call=call, target=AWAY)
    office.answers_outside()
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "carol", office.outside_leg(), "in1")


def test_the_agent_who_was_added_leaves_and_the_initiator_goes_on_and_may_confer_anew_s36() -> None:
    office = Office()
    call = _joined(office)
    assert office.do(c.Release, "bob", call=call) == ["HangUp bob"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert {"clear", "single_step_transfer", "single_step_conference"} <= set(office.seen("alice").actions)
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.picks_up("bob")
    assert office.hears() == hear_each_other("alice", "bob", "in1")


@pytest.mark.parametrize("phone", [True, False])
def test_the_initiator_leaves_and_the_call_is_the_other_agents_s37(phone: bool) -> None:
    office = Office()
    call = _joined(office)
    if phone:
        office.hangs_up("alice")
    else:
        office.ask(c.Release, "alice", call=call)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.switch.calls[call].owner == "bob"


@pytest.mark.parametrize("phone", [True, False])
def test_the_initiator_leaves_with_the_contact_on_hold_and_the_contact_is_back_s37(phone: bool) -> None:
    office = Office()
    call = _joined(office)
    office.ask(c.Hold, "alice", call=call)
    assert office.music() == {"bob", "in1"}
    if phone:
        office.hangs_up("alice")
    else:
        office.ask(c.Release, "alice", call=call)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_a_hold_by_another_stays_when_one_who_held_too_leaves_s37() -> None:
    office = Office()
    call = _joined(office)
    party = office.party(office.switch.calls[call], "in1")
    office.ask(c.HoldParty, "bob", call=call, party=party.id)
    office.asterisk.press_hold(office.leg_of("alice"))
    office.settle()
    assert len(office.party(office.switch.calls[call], "in1").held_by) == 2
    office.ask(c.Release, "alice", call=call)
    office.is_calm()
    assert office.music() == {"in1"}
    office.ask(c.Retrieve, "bob", call=call)
    assert office.hears() == hear_each_other("bob", "in1")


def test_clear_disconnects_everybody_s38() -> None:
    office = Office()
    call = _joined(office)
    assert office.do(c.Clear, "bob", call=call) == ["HangUp in1", "HangUp alice", "HangUp bob", "DestroyBridge bridge"]
    office.is_calm()
    assert not office.asterisk.world.channels
    assert not office.agents.activity


def test_clear_while_a_target_rings_stops_it_too_s38() -> None:
    office = Office()
    call = _conference(office)
    office.command(c.Clear, "alice", call=call)
    office.is_calm()
    assert not office.asterisk.world.channels


@pytest.mark.parametrize("may", [True, False])
def test_the_last_agent_leaves_those_outside_and_the_call_ends_unless_allowed_s39(may: bool) -> None:
    office = Office(outside_may_continue=may)
    call = _joined(office, "number:+33123456789")
    others = hear_each_other("in1", office.outside_leg())
    office.command(c.Release, "alice", call=call)
    office.is_calm()
    assert office.hears() == (others if may else set())
    assert bool(office.switch.calls) is may


def test_the_initiator_leaves_while_a_conference_rings_and_the_target_gets_the_contact_s37() -> None:
    office = Office()
    call = _conference(office)
    office.ask(c.Release, "alice", call=call)
    assert office.music() == {"in1"}
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.switch.calls[call].owner == "bob"


def test_the_initiator_left_while_it_rang_in_a_conference_of_agents_and_it_failed_s36() -> None:
    office = Office()
    call = _joined(office)
    office.ask(c.SingleStepConference, "alice", call=call, target=AWAY)
    office.ask(c.Release, "alice", call=call)
    office.hangs_up(office.outside_leg(), 21)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_a_contact_of_a_conference_of_outsiders_leaves_and_the_rest_go_on_s29() -> None:
    office = Office()
    call = _joined(office, "number:+33123456789")
    office.hangs_up("in1")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", office.outside_leg())
    assert office.switch.calls[call].owner == "alice"


def test_an_agent_who_is_in_the_call_is_not_rung_for_it_s25() -> None:
    office = Office()
    call = _joined(office)
    code = office.refused(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    assert code == "not_allowed_now"


def test_a_supervisor_who_is_not_in_the_call_mutes_and_removes_but_does_not_hold_s29_s31() -> None:
    office = Office()
    call = _joined(office)
    party = office.party(office.switch.calls[call], "in1").id
    boss = {"by": "olga", "role": Role.SUPERVISOR, "call": call}
    assert office.do(c.MuteParty, **boss, party=party) == ["SetMute in1 unheard hearing"]
    assert office.do(c.SendDtmf, **boss, party=party, digits="1") == ["PlayDtmf in1 1"]
    assert office.refused(c.HoldParty, **boss, party=party) == "not_allowed_now"
    assert office.refused(c.Hold, **boss) == "not_allowed_now"
    assert office.refused(c.SingleStepTransfer, **boss, target=AWAY) == "not_allowed_now"
    assert office.do(c.RemoveParty, **boss, party=party) == ["HangUp in1"]
    office.settle()
    office.command(c.Clear, **boss)
    office.is_calm()
    assert not office.switch.calls


def test_the_ring_of_a_group_ends_with_its_own_failure_and_the_contact_is_kept_s27() -> None:
    office = Office(ready=("alice",))
    call = office.served()
    assert office.refused(c.SingleStepConference, "alice", call=call.id, target=to("group:sales")) == (
        "no_agent_available"
    )
    office.outside(Behaviour.UNREACHABLE)
    name = office.command(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    office.is_calm()
    assert name in office.replies
    assert office.music() == {"in1"}
