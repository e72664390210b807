"""Consultation, in every order of its three people (S20-S22)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _consulting(office: Office, target: str = "agent:bob") -> tuple[str, str]:
    """The contact's call and the consultation, which rings."""
    call = office.served()
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to(target))
    return call.id, consult.id


def _consulted(office: Office, target: str = "agent:bob") -> tuple[str, str]:
    first, consult = _consulting(office, target)
    office.picks_up("bob")
    office.answers_outside()
    return first, consult


@pytest.mark.parametrize(
    "target", ["agent:bob", "group:support", "skill:french>=2", "number:+33123456789", "routing_point:billing"]
)
def test_the_contact_goes_on_hold_and_agent_and_target_talk_privately_s20(target: str) -> None:
    office = Office()
    _consulted(office, target)
    office.is_calm()
    assert office.music() == {"in1"}
    assert len(office.hears()) == 2
    assert not any("in1" in pair for pair in office.hears())


def test_a_consultation_is_a_call_of_its_own_with_the_first_as_parent_and_its_data_s20() -> None:
    office = Office()
    call = office.served()
    office.ask(c.ChangeUserData, "alice", call=call.id, changes={"case": "7"})
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"), user_data={"why": "x"})
    assert (consult.type, consult.parent, consult.owner) == ("consult", call.id, "alice")
    assert office.seen("bob", consult.id).user_data == {"case": "7", "why": "x"}
    assert office.switch.calls[call.id].user_data == {"case": "7"}


def test_the_agents_one_leg_moves_and_the_contacts_music_starts_s20() -> None:
    office = Office()
    call = office.served()
    requested = office.do(c.InitiateTransfer, "alice", call=call.id, target=AWAY)
    assert requested == [
        f"CreateLeg {office.outside_leg()}",
        "LeaveBridge in1",
        "StartMusic in1",
        "CreateBridge bridge",
        "JoinBridge alice",
        "StartRinging alice",
    ]


def test_complete_transfer_moves_the_one_consulted_to_the_contact_and_lets_the_agent_go_s21() -> None:
    office = Office()
    first, consult = _consulted(office)
    requested = office.do(c.CompleteTransfer, "alice", call=consult)
    assert requested == ["DestroyBridge bridge", "HangUp alice", "StopMusic in1", "JoinBridge in1", "JoinBridge bob"]
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert list(office.switch.calls) == [first]
    assert office.switch.calls[first].owner == "bob"


def test_complete_transfer_to_somebody_outside_leaves_the_two_of_them_s21() -> None:
    office = Office()
    first, consult = _consulted(office, "number:+33123456789")
    office.command(c.CompleteTransfer, "alice", call=consult)
    office.is_calm()
    assert office.hears() == hear_each_other("in1", office.outside_leg())
    assert office.switch.calls[first].owner is None


def test_complete_conference_joins_all_three_and_answers_with_the_first_call_s21() -> None:
    office = Office()
    first, consult = _consulted(office)
    done = office.ask(c.CompleteConference, "alice", call=consult)
    office.is_calm()
    assert done.id == first
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    assert office.switch.calls[first].owner == "alice"
    assert office.switch.calls[first].held_since is None


def test_alternate_turns_to_the_contact_and_back_the_one_left_hears_music_s21() -> None:
    office = Office()
    _first, consult = _consulted(office)
    office.ask(c.Alternate, "alice", call=consult)
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.music() == {"bob"}
    office.ask(c.Alternate, "alice", call=consult)
    assert office.hears() == hear_each_other("alice", "bob")
    assert office.music() == {"in1"}
    office.is_calm()


@pytest.mark.parametrize("kind", [c.CompleteTransfer, c.CompleteConference])
def test_a_consultation_is_completed_as_well_while_the_agent_talks_to_the_contact_s21(
    kind: type[c.CallCommand],
) -> None:
    office = Office()
    first, consult = _consulted(office)
    office.ask(c.Alternate, "alice", call=consult)
    office.command(kind, "alice", call=consult)
    office.is_calm()
    alone = kind is c.CompleteTransfer
    assert office.hears() == hear_each_other("bob", "in1", *(() if alone else ("alice",)))
    assert list(office.switch.calls) == [first]


def test_reconnect_gives_the_target_up_and_goes_back_to_the_contact_s21() -> None:
    office = Office()
    first, consult = _consulted(office)
    done = office.ask(c.Reconnect, "alice", call=consult)
    office.is_calm()
    assert done.id == first
    assert office.hears() == hear_each_other("alice", "in1")
    assert "bob" not in office.agents.activity


def test_reconnect_while_the_target_rings_stops_the_ringing_s21() -> None:
    office = Office()
    _first, consult = _consulting(office)
    assert set(office.seen("alice", consult).actions) >= {"reconnect", "cancel"}
    office.ask(c.Reconnect, "alice", call=consult)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert "bob" not in office.agents.activity


def test_what_is_muted_in_the_consultation_is_muted_in_the_conference_s21_s31() -> None:
    office = Office()
    _first, consult = _consulted(office)
    party = office.party(office.switch.calls[consult], "bob")
    office.ask(c.MuteParty, "alice", call=consult, party=party.id)
    office.ask(c.CompleteConference, "alice", call=consult)
    office.is_calm()
    assert ("alice", "bob") not in office.hears()
    assert ("bob", "alice") in office.hears()


@pytest.mark.parametrize("cause", [21, 17, 19, 3])
def test_the_target_declines_and_the_contact_stays_on_hold_until_retrieved_s22(cause: int) -> None:
    office = Office()
    first, _consult = _consulting(office)
    office.hangs_up("bob", cause)
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    assert "retrieve" in office.seen("alice").actions
    office.ask(c.Retrieve, "alice", call=first)
    assert office.hears() == hear_each_other("alice", "in1")


def test_the_target_does_not_answer_in_time_and_the_contact_stays_on_hold_s22() -> None:
    office = Office()
    first, _consult = _consulting(office)
    office.pass_time()
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    assert office.agents.missed == ["bob"]


def test_the_target_hangs_up_and_the_contact_stays_on_hold_until_retrieved_s22() -> None:
    office = Office()
    first, _consult = _consulted(office)
    office.hangs_up("bob")
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    office.ask(c.Retrieve, "alice", call=first)
    assert office.hears() == hear_each_other("alice", "in1")


def test_the_target_hangs_up_while_alternated_and_the_talk_with_the_contact_goes_on_s22() -> None:
    office = Office()
    first, consult = _consulted(office)
    office.ask(c.Alternate, "alice", call=consult)
    office.hangs_up("bob")
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.hears() == hear_each_other("alice", "in1")


@pytest.mark.parametrize("talking", [True, False])
def test_the_contact_hangs_up_and_the_consultation_goes_on_without_a_parent_s22_s47(talking: bool) -> None:
    office = Office()
    _first, consult = _consulted(office) if talking else _consulting(office)
    office.hangs_up("in1")
    office.is_calm()
    assert list(office.switch.calls) == [consult]
    assert office.switch.calls[consult].parent is None
    assert not {"complete_transfer", "reconnect", "alternate"} & set(office.seen("alice", consult).actions)
    assert office.refused(c.Reconnect, "alice", call=consult) == "not_allowed_now"
    office.picks_up("bob")
    assert office.hears() == hear_each_other("alice", "bob")


def test_the_contact_hangs_up_while_alternated_and_the_one_consulted_waits_with_music_s22() -> None:
    office = Office()
    _first, consult = _consulted(office)
    office.ask(c.Alternate, "alice", call=consult)
    office.hangs_up("in1")
    office.is_calm()
    assert office.music() == {"bob"}
    office.ask(c.Retrieve, "alice", call=consult)
    assert office.hears() == hear_each_other("alice", "bob")


@pytest.mark.parametrize("talking", [True, False])
def test_the_agent_hangs_up_and_the_contact_is_kept_on_hold_for_them_s22(talking: bool) -> None:
    office = Office()
    first, _consult = _consulted(office) if talking else _consulting(office)
    office.hangs_up("alice")
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    assert "bob" not in office.agents.activity
    assert office.switch.next_deadline() == office.now + 60.0


def test_the_agent_leaves_the_consultation_by_release_and_is_back_in_the_first_call_s22() -> None:
    office = Office()
    first, consult = _consulted(office)
    office.command(c.Release, "alice", call=consult)
    office.is_calm()
    assert list(office.switch.calls) == [first]
    assert office.music() == {"in1"}
    assert office.leg_of("alice")


def test_a_consultation_out_of_a_conference_leaves_the_others_to_go_on_where_it_is_not_the_owners_s20() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.InitiateTransfer, "bob", call=call.id, target=AWAY)
    office.answers_outside()
    office.is_calm()
    other = office.outside_leg()
    assert office.hears() == hear_each_other("alice", "in1") | hear_each_other("bob", other)
    assert office.music() == set()


def test_a_consultation_out_of_a_conference_of_the_owner_holds_all_s20() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=AWAY)
    office.answers_outside()
    assert office.music() == {"bob", "in1"}
    office.ask(c.CompleteConference, "alice", call=consult.id)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "in1", office.outside_leg())


def test_no_second_consultation_out_of_a_consultation_but_a_transfer_or_conference_s20() -> None:
    office = Office()
    _first, consult = _consulted(office)
    actions = set(office.seen("alice", consult).actions)
    assert "initiate_transfer" not in actions
    assert {"single_step_transfer", "single_step_conference"} <= actions
    assert office.refused(c.InitiateTransfer, "alice", call=consult, target=AWAY) == "not_allowed_now"


def test_the_one_consulted_does_not_complete_the_others_consultation_s21() -> None:
    office = Office()
    _first, consult = _consulted(office)
    for kind in (c.CompleteTransfer, c.CompleteConference, c.Alternate, c.Reconnect):
        assert office.refused(kind, "bob", call=consult) == "not_allowed_now"


def test_no_consultation_without_the_agents_phone_s20() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    assert "initiate_transfer" not in office.seen("alice").actions
    assert "single_step_transfer" in office.seen("alice").actions
    assert office.refused(c.InitiateTransfer, "alice", call=call.id, target=AWAY) == "not_allowed_now"


def test_the_reservation_of_a_consultation_comes_after_the_contact_hung_up_s20() -> None:
    office = Office()
    call = office.served()
    name = office.command(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.feed(s.LegGone("in1"))
    office.asterisk.hang_up("in1")
    office.is_calm()
    assert office.refusals[name].code == "not_found"
    assert not office.agents.activity


def test_the_consulting_agent_comes_back_to_a_call_that_they_had_left_meanwhile_s21() -> None:
    office = Office()
    first, consult = _consulted(office)
    office.command(c.Release, "alice", call=first)
    office.is_calm()
    assert list(office.switch.calls) == [consult]
    assert office.hears() == hear_each_other("alice", "bob")


def test_the_one_to_whom_a_conference_is_transferred_owns_it_not_who_was_there_before_s21_s37() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:carol"))
    office.picks_up("carol")
    office.ask(c.CompleteTransfer, "alice", call=consult.id)
    office.is_calm()
    assert office.switch.calls[call.id].owner == "carol"
    assert office.hears() == hear_each_other("bob", "carol", "in1")


BETWEEN = (c.CompleteTransfer, c.CompleteConference, c.Alternate, c.Reconnect)
LISTED = {"complete_transfer", "complete_conference", "alternate", "reconnect"}


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference])
def test_whom_the_contact_is_on_hold_for_is_waited_for_before_the_consultation_goes_to_them_s12_s26(
    kind: type[c.OfferCommand],
) -> None:
    office = Office()
    call, consult = _consulted(office)
    office.ask(kind, "alice", call=call, target=to("agent:carol"))
    assert not LISTED & set(office.actions("alice", office.switch.calls[consult]))
    for step in BETWEEN:
        assert office.refused(step, "alice", call=consult) == "not_allowed_now"
    assert office.hears() == hear_each_other("alice", "bob")
    assert office.music() == {"in1"}
    office.hangs_up("carol", 21)
    office.is_calm()
    assert set(office.actions("alice", office.switch.calls[consult])) >= LISTED
    office.ask(c.Alternate, "alice", call=consult)
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


@pytest.mark.parametrize("recalled", [False, True])
def test_an_agent_whose_phone_was_hung_up_retrieves_before_anything_is_done_with_two_on_hold_s21(
    recalled: bool,
) -> None:
    office = Office()
    call = office.served().id
    consult = office.ask(c.InitiateTransfer, "alice", call=call, target=AWAY).id
    office.answers_outside()
    office.ask(c.Hold, "alice", call=consult)
    office.hangs_up("alice")
    if recalled:
        office.pass_time(60.0)
        office.settle()
    assert not LISTED & set(office.actions("alice", office.switch.calls[consult]))
    for step in BETWEEN:
        assert office.refused(step, "alice", call=consult) == "not_allowed_now"
    assert office.music() >= {"in1", office.outside_leg()}
    office.command(c.Retrieve, "alice", call=consult)
    office.settle()
    office.picks_up("alice")
    assert set(office.actions("alice", office.switch.calls[consult])) >= LISTED
    office.ask(c.CompleteConference, "alice", call=consult)
    assert office.hears() == hear_each_other("alice", "in1", office.outside_leg())
    office.is_calm()
