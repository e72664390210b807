"""Nobody is on hold for longer than the administrator allows without an alarm, and their agent being fetched (S13)."""

from typing import Any

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.features import holding
from ari_app.calls.step import Step
from tests.support.office import Office, hear_each_other
from tests.support.world import to


def _held(**settings: Any) -> tuple[Office, str]:
    office = Office(max_hold=30.0, **settings)
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    return office, call.id


def test_the_alarm_is_raised_when_the_time_is_over_and_again_after_it() -> None:
    office, call = _held()
    office.pass_time(29.0)
    assert not office.held_too_long
    office.pass_time(1.0)
    assert office.held_too_long == [call]
    office.settle()
    office.pass_time()
    assert office.held_too_long == [call, call]
    assert office.now == 1_000_060.0


def test_an_agent_who_only_waits_hears_it_and_the_contact_keeps_their_music() -> None:
    office, _call = _held()
    office.pass_time(30.0)
    assert "Announce alice hold_reminder" in office.requests()
    assert office.music() == {"in1"}
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_retrieve_ends_it_and_the_next_hold_has_its_whole_time() -> None:
    office, call = _held()
    office.pass_time(20.0)
    office.ask(c.Retrieve, "alice", call=call)
    office.pass_time(20.0)
    assert not office.held_too_long
    office.ask(c.Hold, "alice", call=call)
    office.pass_time(29.0)
    assert not office.held_too_long
    office.pass_time(1.0)
    assert office.held_too_long == [call]


def test_a_phone_that_was_hung_up_is_rung_without_waiting_for_the_recall_time() -> None:
    office, call = _held(recall=600.0)
    office.hangs_up("alice")
    office.pass_time(30.0)
    office.settle()
    assert not office.asterisk.world.channels[office.leg_of("alice", call)].auto_answer
    office.picks_up("alice")
    assert office.held_too_long == [call]
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_an_agent_who_talks_to_somebody_else_is_not_cut_off() -> None:
    office, call = _held()
    second = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("bob")
    office.pass_time(30.0)
    assert office.requests() == []
    assert office.held_too_long == [call]
    assert office.hears() == hear_each_other("alice", "bob")
    assert second.id in office.switch.calls


def test_in_a_conference_that_talks_on_only_the_alarm_is_raised() -> None:
    office = Office(max_hold=30.0)
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.HoldParty, "alice", call=call.id, party=office.party(call, "in1").id)
    office.pass_time(30.0)
    assert office.held_too_long == [call.id]
    assert office.hears() == hear_each_other("alice", "bob")


def test_a_colleague_on_hold_raises_no_alarm() -> None:
    office = Office(max_hold=30.0)
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.HoldParty, "alice", call=call.id, party=office.party(call, "bob").id)
    office.pass_time(30.0)
    assert not office.held_too_long


def test_without_a_limit_or_after_it_was_taken_out_of_the_file_there_is_none() -> None:
    office, _call = _held()
    office.feed(s.DirectoryReplaced(Office().directory))
    office.pass_time(100.0)
    assert not office.held_too_long
    unlimited = Office()
    call = unlimited.served()
    unlimited.ask(c.Hold, "alice", call=call.id)
    assert unlimited.switch.next_deadline() is None
    unlimited.is_calm()


def test_the_alarm_for_a_call_that_is_nobodys_any_more_is_raised_all_the_same() -> None:
    office, call = _held()
    step = Step(office.switch.state, office.directory, office.now)
    holding.too_long(step, step.put_call(call, owner=None))
    assert [type(x) for x in step.effects] == [e.CallAlarm]
