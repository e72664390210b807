"""Whatever is played ends when somebody comes to talk to: an answer, a retrieve, a barge-in. A farewell does not."""

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, MonitorMode
from ari_app.routing.directory import Role
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.keypad import presses, with_codes


def _reported(office: Office) -> str:
    """A caller in the queue who is being announced their position in the queue, while alice's phone rings; that leg."""
    office.asterisk.prompts_end = False
    office.agents.idle = []
    office.arrives("queue", "help", leg="in1")
    office.settle()
    office.pass_time()
    office.settle()
    office.agents.idle = ["alice"]
    office.feed(s.AgentBecameAvailable("alice"))
    office.settle()
    assert office.switch.legs["in1"].playing
    return office.leg_of("alice")


def _playing(office: Office, who: str) -> bool:
    return office.switch.legs[who].playing is not None


def test_an_agent_who_answers_a_caller_who_hears_a_prompt_is_heard_at_once() -> None:
    office = Office()
    leg = _reported(office)
    office.asterisk.answer(leg)
    office.step(f"events:{leg}")
    assert office.requests() == ["JoinBridge in1"]
    office.is_calm()
    assert office.hears() == hear_each_other("in1", "alice")
    assert not office.asterisk.world.channels["in1"].playing


def test_a_phone_that_only_rings_ends_nothing_that_is_reported() -> None:
    office = Office()
    leg = _reported(office)
    office.feed(s.LegRinging(leg))
    assert _playing(office, "in1")
    office.asterisk.hang_up(leg, 21)
    office.is_calm()
    assert _playing(office, "in1")
    office.asterisk.end_prompts()
    office.is_calm()
    assert office.music() == {"in1"}


def _reminded(office: Office) -> Call:
    """A contact on hold by alice, to whom `hold_reminder` is being played."""
    office.asterisk.prompts_end = False
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.pass_time()
    office.settle()
    assert _playing(office, office.leg_of("alice"))
    return call


def test_a_contact_who_is_retrieved_is_heard_at_once_whatever_is_played_to_the_agent() -> None:
    office = Office(max_hold=20.0)
    call = _reminded(office)
    office.ask(c.Retrieve, "alice", call=call.id)
    office.is_calm()
    assert not _playing(office, office.leg_of("alice"))
    assert office.hears() == hear_each_other("in1", "alice")


def test_a_target_who_answers_is_heard_at_once_whatever_is_played_to_the_initiator() -> None:
    office = Office(max_hold=20.0)
    call = _reminded(office)
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    assert _playing(office, office.leg_of("alice", call.id))
    office.answers_outside()
    office.is_calm()
    assert office.hears() == hear_each_other("in1", "alice", office.outside_leg())


def test_a_consulted_colleague_is_heard_at_once_whatever_is_played_to_the_agent() -> None:
    office = Office(max_hold=20.0)
    call = _reminded(office)
    office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob")


def test_a_supervisor_who_barges_in_is_heard_at_once() -> None:
    office = Office("erin", max_hold=20.0)
    call = _reminded(office)
    office.ask(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.BARGE)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "erin")


def test_guidance_in_a_conference_is_heard_beside_those_who_were_there_until_somebody_new_comes() -> None:
    office = Office("bob", feature_codes={"transfer": "*1", "conference": "*2", "cancel": "*0"})
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.asterisk.prompts_end = False
    leg = office.leg_of("alice")
    for key in "*2":
        office.asterisk.press_key(leg, key)
    office.settle()
    assert _playing(office, leg)
    office.asterisk.press_hold("in1")  # a contact's own affair: nothing changes of who is there
    office.settle()
    office.asterisk.press_retrieve("in1")
    office.settle()
    assert _playing(office, leg)
    office.is_calm()
    office.ask(c.RetrieveParty, "bob", call=call.id, party=office.party(call, "in1").id)
    office.is_calm()
    assert not _playing(office, leg)
    assert office.hears() == hear_each_other("in1", "alice", "bob")


def test_a_farewell_is_heard_to_its_end() -> None:
    office = Office("erin")
    office.asterisk.prompts_end = False
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.hangs_up("alice")
    office.hangs_up("bob", 21)
    assert office.switch.legs["in1"].farewell
    name = office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.BARGE)
    office.settle()
    assert name in office.refusals or _playing(office, "in1")
    assert [x.prompt for x in office.asterisk.executed if isinstance(x, e.Announce)] == ["nobody_available"]


def test_a_prompt_that_ends_with_the_answer_is_reported_too_late_and_changes_nothing() -> None:
    office = Office()
    leg = _reported(office)
    playing = office.switch.legs["in1"].playing
    office.asterisk.answer(leg)
    office.step(f"events:{leg}")
    assert playing is not None
    assert office.happens(s.AnnouncementFinished("in1", playing)) == []
    office.is_calm()


def test_a_supervisor_does_not_hear_a_muted_agent_to_whom_something_is_played_s31() -> None:
    office = Office("erin", max_hold=20.0)
    call = _reminded(office)
    office.asterisk.end_prompts()
    office.ask(c.MuteParty, "alice", call=call.id, party=office.party(call, "alice").id)
    office.ask(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.LISTEN)
    office.pass_time()
    office.is_calm()
    assert _playing(office, office.leg_of("alice"))
    assert office.hears() == set()


def test_who_comes_ends_nothing_that_is_reported_to_somebody_on_hold_s33() -> None:
    office = with_codes()
    office.asterisk.prompts_end = False
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.HoldParty, "alice", call=call.id, party=office.party(office.switch.calls[call.id], "bob").id)
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:carol"))
    presses(office, "*1", "bob", call.id)
    assert _playing(office, office.leg_of("bob"))
    office.picks_up("carol")
    office.is_calm()
    assert _playing(office, office.leg_of("bob"))
    assert office.hears() == hear_each_other("alice", "carol", "in1")
