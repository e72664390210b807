"""Who leaves, and what goes on without them: other calls, offers, prompts and holds (S16, S37, S39, S45, S46)."""

from dataclasses import replace

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _conference(office: Office) -> str:
    """Alice, a contact and somebody outside."""
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    office.answers_outside()
    return call.id


def test_one_of_two_contacts_who_gives_up_leaves_the_other_waiting_for_the_fallback_s16() -> None:
    office = Office(fallback=to("agent:dave"))
    call = _conference(office)
    other = office.outside_leg()
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.hangs_up("alice")
    office.hangs_up("bob", 21)
    office.hangs_up(other)
    office.is_calm()
    office.picks_up("dave")
    office.is_calm()
    assert office.hears() == hear_each_other("dave", "in1")


def test_each_of_two_contacts_hears_to_the_end_that_nobody_is_there_s16() -> None:
    office = Office()
    call = _conference(office)
    other = office.outside_leg()
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    office.hangs_up("alice")
    office.feed(s.LegGone(office.leg_of("bob"), 21))
    announced = {x.leg: x.announcement for x in office.effects if isinstance(x, e.Announce)}
    assert set(announced) == {"in1", other}
    assert office.happens(s.AnnouncementFinished(other, announced[other])) == [f"HangUp {other}"]
    assert office.happens(s.LegGone(other)) == []
    requested = office.happens(s.AnnouncementFinished("in1", announced["in1"]))
    assert requested == ["HangUp in1"]
    office.happens(s.LegGone("in1"))
    assert not office.switch.calls


def test_who_leaves_another_call_can_still_complete_their_consultation_s21_s46() -> None:
    office = Office("alice", "bob", "carol")
    third = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    call = office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:carol"))
    office.ask(c.Release, "alice", call=third.id)
    assert office.switch.calls[consult.id].parent == call.id
    office.ask(c.CompleteTransfer, "alice", call=consult.id)
    office.is_calm()
    assert office.hears() == hear_each_other("carol", office.outside_leg())


def test_a_colleague_who_talks_elsewhere_is_not_brought_back_by_another_s45_s46() -> None:
    office = Office("bob", "dave")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.ask(c.MakeCall, "bob", target=to("agent:dave"))
    office.ask(c.Hold, "alice", call=call.id)
    office.ask(c.Retrieve, "alice", call=call.id)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1") | hear_each_other("bob", "dave")
    bob = office.party(call, "bob")
    assert bob.held_by == {bob.id}
    assert office.seen("bob", call.id).state == "held"


def test_a_second_line_retrieved_speaks_through_itself_s46() -> None:
    office = Office("bob")
    first = office.served()
    office.arrives("dial", "1002", leg="second", endpoint="1001")
    office.settle()
    second = next(x for x in office.switch.calls.values() if x.id != first.id)
    for call, talks, hears_music in ((first, "in1", "bob"), (second, "bob", "in1")):
        office.ask(c.Retrieve, "alice", call=call.id)
        office.is_calm()
        assert office.hears() == hear_each_other("alice", talks)
        assert office.music() == {hears_music, "alice"}
    assert office.leg_of("alice", second.id) == "second"


def test_a_kept_call_that_is_retrieved_through_the_line_of_another_is_whole_again_s13_s46() -> None:
    office = Office("alice", "bob")
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.ask(c.Retrieve, "alice", call=call.id)
    assert not office.party(call, "alice").away
    assert {"initiate_transfer", "hold"} <= set(office.actions("alice", office.switch.calls[call.id]))


def test_a_transfer_that_fails_under_an_agent_who_is_there_rings_them_for_nothing_s12() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.hangs_up("bob", 21)
    assert office.switch.calls[call.id].recall_at is None
    assert office.switch.next_deadline() is None


def test_a_menu_that_fails_a_conference_leaves_the_agents_in_it_s39() -> None:
    office = Office(ready=("alice",))
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("routing_point:billing"))
    point = next(x.id for x in office.switch.legs.values() if x.id != "in1" and x.agent is None)
    office.asterisk.answer(point)
    office.settle()
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=point))
    office.is_calm()
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    assert (offer.state, offer.by) == (OfferState.UNAVAILABLE, None)
    assert office.hears() == hear_each_other("alice", "in1")


def test_an_agent_taken_out_of_the_file_while_they_talk_rests_for_no_time_after() -> None:
    office = Office()
    office.served()
    agents = {name: agent for name, agent in office.directory.agents.items() if name != "alice"}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents)))
    leg = office.leg_of("alice")
    office.feed(s.LegGone("in1"))
    office.feed(s.LegGone(leg))
    assert [x for x in office.effects if isinstance(x, e.SetActivity)] == [e.SetActivity("alice", None)]
    assert not office.alarms


def test_an_agent_of_no_group_rests_for_no_time_after_a_call() -> None:
    office = Office()
    agents = {**office.directory.agents, "alice": replace(office.directory.agents["alice"], groups=())}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents)))
    office.served()
    leg = office.leg_of("alice")
    office.feed(s.LegGone("in1"))
    office.feed(s.LegGone(leg))
    assert [x for x in office.effects if isinstance(x, e.SetActivity)] == [e.SetActivity("alice", None)]
