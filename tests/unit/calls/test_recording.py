"""Recordings: what is requested of Asterisk, and what becomes of a file that ends before its time."""

import re
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.features import recording
from ari_app.calls.model import Call, Recording
from ari_app.calls.step import Step
from ari_app.calls.views import view
from ari_app.routing.directory import Role
from tests.support.office import Office
from tests.support.world import to

RECORDING = {"start_recording", "pause_recording", "resume_recording", "stop_recording"}


def _recorded(office: Office) -> Call:
    call = office.served()
    office.ask(c.StartRecording, "alice", call=call.id)
    return call


def _recording(office: Office, call: Call) -> Recording:
    recording = office.switch.calls[call.id].recording
    assert recording is not None
    return recording


def _verbs(office: Office, call: Call, who: str = "alice") -> set[str]:
    return set(office.actions(who, call)) & RECORDING


def test_it_is_announced_once_it_runs_and_shown_to_all() -> None:
    office = Office()
    call = office.served()
    assert office.do(c.StartRecording, "alice", call=call.id) == [
        "StartRecorder bridge",
        "PlayToBridge bridge recording_started",
    ]
    office.is_calm()
    seen = office.seen("alice", call.id).recording
    assert seen is not None
    assert (seen.state, seen.since) == ("recording", "1970-01-12T13:46:40.000Z")
    assert re.fullmatch(rf"19700112T134640Z-{call.id}-r\d+\.wav", seen.file)
    assert _verbs(office, call) == {"pause_recording", "stop_recording"}


def test_without_an_announcement_nothing_is_played() -> None:
    office = Office(announcements={})
    assert office.do(c.StartRecording, "alice", call=office.served().id) == ["StartRecorder bridge"]


def test_files_go_to_the_administrators_folder_and_no_call_has_one_name_twice() -> None:
    office = Office(recordings_folder="sales/calls")
    call = _recorded(office)
    first = _recording(office, call).file
    office.ask(c.StopRecording, "alice", call=call.id)
    office.ask(c.StartRecording, "alice", call=call.id)
    second = _recording(office, call).file
    assert first.startswith("sales/calls/")
    assert first != second
    office.is_calm()


def test_pause_and_resume_and_stop() -> None:
    office = Office()
    call = _recorded(office)
    assert office.do(c.PauseRecording, "alice", call=call.id) == ["PauseRecorder bridge"]
    assert _verbs(office, call) == {"resume_recording", "stop_recording"}
    shown = office.seen("alice", call.id).recording
    assert shown is not None
    assert shown.state == "paused"
    office.is_calm()
    assert office.do(c.ResumeRecording, "alice", call=call.id) == ["ResumeRecorder bridge"]
    office.is_calm()
    assert office.do(c.StopRecording, "alice", call=call.id) == ["StopRecorder bridge"]
    office.is_calm()
    assert office.seen("alice", call.id).recording is None
    assert _verbs(office, call) == {"start_recording"}


def test_where_it_is_switched_off_it_is_refused_but_what_runs_may_be_ended() -> None:
    office = Office()
    call = _recorded(office)
    settings = replace(office.directory.settings, recording=False)
    office.feed(s.DirectoryReplaced(replace(office.directory, settings=settings)))
    office.ask(c.PauseRecording, "alice", call=call.id)
    assert "stop_recording" in view(office.switch.calls[call.id], "alice", office.switch.directory).actions
    office.ask(c.StopRecording, "alice", call=call.id)
    assert "start_recording" not in view(office.switch.calls[call.id], "alice", office.switch.directory).actions
    for kind in (c.StartRecording, c.PauseRecording, c.ResumeRecording, c.StopRecording):
        assert office.refused(kind, "alice", call=call.id) == "feature_disabled"
        assert office.refused(kind, "dave", call=call.id) == "not_found"


def test_a_supervisor_records_a_call_that_they_are_not_in() -> None:
    office = Office()
    call = office.served()
    office.command(c.StartRecording, "olga", role=Role.SUPERVISOR, call=call.id)
    office.is_calm()
    assert _recording(office, call).by == "olga"
    assert office.refused(c.StopRecording, "bob", call=call.id) == "not_found"
    for _ in range(3):
        office.asterisk.cannot_write(_recording(office, call).file)
        office.settle()
    assert [failed.agents for failed in office.failed] == [("alice", "olga")]


@pytest.mark.parametrize("may", [True, False])
def test_an_agent_stops_what_a_supervisor_records_where_the_administrator_lets_them(may: bool) -> None:
    office = Office("erin", agents_stop_recordings=may)
    call = office.served()
    office.command(c.StartRecording, "erin", role=Role.SUPERVISOR, call=call.id)
    office.is_calm()
    both = {"pause_recording", "stop_recording"}
    assert _verbs(office, call) == (both if may else set())
    if may:
        assert office.do(c.StopRecording, "alice", call=call.id) == ["StopRecorder bridge"]
    else:
        for verb in (c.PauseRecording, c.StopRecording):
            assert office.refused(verb, "alice", call=call.id) == "not_allowed_now"
        assert _recording(office, call).by == "erin"
        office.command(c.StopRecording, "erin", role=Role.SUPERVISOR, call=call.id)
        office.is_calm()


def test_what_agents_record_themselves_they_stop_and_so_does_a_supervisor() -> None:
    for stops, role in (("alice", Role.AGENT), ("erin", Role.SUPERVISOR)):
        office = Office("erin", agents_stop_recordings=False)
        call = _recorded(office)
        office.command(c.StopRecording, stops, role=role, call=call.id)
        office.is_calm()
        assert office.switch.calls[call.id].recording is None


def test_nobody_alone_is_recorded() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    office.picks_up("alice")
    assert office.refused(c.StartRecording, "alice", call=office.only_call().id) == "not_allowed_now"


def test_the_file_is_complete_before_the_bridge_goes() -> None:
    office = Office()
    call = _recorded(office)
    requested = office.do(c.Clear, "alice", call=call.id)
    assert requested.index("StopRecorder bridge") < requested.index("DestroyBridge bridge")
    office.is_calm()
    assert not office.asterisk.world.tapes
    executed = [type(effect) for effect in office.asterisk.executed]
    assert executed.index(e.StopRecorder) < executed.index(e.DestroyBridge)


def test_it_goes_on_through_hold_and_transfer() -> None:
    office = Office()
    call = _recorded(office)
    name = _recording(office, call).file
    office.ask(c.Hold, "alice", call=call.id)
    office.ask(c.Retrieve, "alice", call=call.id)
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.is_calm()
    assert _recording(office, call).file == name
    assert office.asterisk.world.files == {name}
    assert _verbs(office, call, "bob") == {"pause_recording", "stop_recording"}


@pytest.mark.parametrize("verb", [c.CompleteTransfer, c.CompleteConference])
def test_a_consultations_recording_ends_with_it_and_the_contacts_goes_on(verb: type[c.CallCommand]) -> None:
    office = Office()
    call = _recorded(office)
    office.command(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")
    beside = next(x for x in office.switch.calls.values() if x.parent == call.id)
    assert beside.recording is None
    office.ask(c.StartRecording, "bob", call=beside.id)
    assert len(office.asterisk.world.tapes) == 2
    office.command(verb, "alice", call=beside.id)
    office.is_calm()
    assert list(office.asterisk.world.tapes) == [_recording(office, call).file]


def test_a_file_that_ends_before_its_time_is_written_on() -> None:
    office = Office()
    call = _recorded(office)
    file = _recording(office, call).file
    office.asterisk.cannot_write(file)
    office.is_calm()
    assert list(office.asterisk.world.tapes) == [file]
    assert _recording(office, call).failures == 1
    assert not office.failed


def test_three_ends_in_a_row_are_the_last_and_its_agents_are_notified() -> None:
    office = Office()
    call = _recorded(office)
    for _ in range(3):
        office.asterisk.cannot_write(_recording(office, call).file)
        office.settle()
    office.is_calm()
    assert office.switch.calls[call.id].recording is None
    (failed,) = office.failed
    assert (failed.agents, failed.operation, failed.error.code) == (("alice",), "recording", "asterisk_unavailable")
    assert office.hears() == {("alice", "in1"), ("in1", "alice")}
    assert _verbs(office, call) == {"start_recording"}


def test_what_was_written_for_a_while_may_end_as_often_as_it_likes() -> None:
    office = Office()
    call = _recorded(office)
    for _ in range(6):
        office.now += 5.0
        office.asterisk.cannot_write(_recording(office, call).file)
        office.settle()
    assert _recording(office, call).failures == 1
    office.is_calm()


def test_everybody_may_leave_the_bridge_and_come_back_as_often_as_they_like() -> None:
    """Asterisk ends a recording with the last who leaves; nobody counts that as a fault."""
    office = Office()
    call = _recorded(office)
    for _ in range(4):
        office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
        assert not [leg for leg in office.asterisk.world.channels.values() if leg.state == "up" and leg.bridge]
        office.ask(c.Cancel, "alice", call=call.id)
        office.ask(c.Retrieve, "alice", call=call.id)
        office.is_calm()
    assert _recording(office, call).failures == 0


def test_a_start_whose_answer_is_lost_is_requested_again_and_then_answered() -> None:
    office = Office()
    call = office.served()
    office.asterisk.fail_next(lambda effect: isinstance(effect, e.StartRecorder), carried_out=True)
    office.ask(c.StartRecording, "alice", call=call.id)
    office.is_calm()
    assert list(office.asterisk.world.tapes) == [_recording(office, call).file]


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_start_that_fails_three_times_is_refused(carried_out: bool) -> None:
    office = Office()
    call = office.served()
    for _ in range(3):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.StartRecorder), carried_out=carried_out)
    code = "unknown_outcome" if carried_out else "asterisk_unavailable"
    assert office.refused(c.StartRecording, "alice", call=call.id) == code
    office.is_calm()
    assert office.switch.calls[call.id].recording is None


def test_what_cannot_be_paused_is_not_written_on() -> None:
    office = Office()
    call = _recorded(office)
    office.asterisk.fail_next(lambda effect: isinstance(effect, e.PauseRecorder))
    office.ask(c.PauseRecording, "alice", call=call.id)
    office.is_calm()
    assert not office.asterisk.world.tapes
    office.ask(c.ResumeRecording, "alice", call=call.id)
    office.is_calm()
    assert list(office.asterisk.world.tapes) == [_recording(office, call).file]


def test_a_stop_that_fails_is_tried_again() -> None:
    office = Office()
    call = _recorded(office)
    for _ in range(5):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.StopRecorder))
    office.ask(c.StopRecording, "alice", call=call.id)
    office.is_calm()
    assert not office.asterisk.world.tapes


def test_a_stop_that_never_works_is_given_up() -> None:
    office = Office()
    call = _recorded(office)
    for _ in range(9):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.StopRecorder))
    office.ask(c.StopRecording, "alice", call=call.id)
    assert len([x for x in office.asterisk.executed if isinstance(x, e.StopRecorder)]) == 6


@pytest.mark.parametrize("paused", [False, True])
@pytest.mark.parametrize("restart", [False, True])
def test_after_the_connection_was_lost_the_same_file_goes_on(paused: bool, restart: bool) -> None:
    office = Office()
    call = _recorded(office)
    name = _recording(office, call).file
    if paused:
        office.ask(c.PauseRecording, "alice", call=call.id)
    office.lose_link()
    if restart:
        office.restart()
    else:
        office.asterisk.restore_link()
    office.is_calm()
    assert office.asterisk.world.files == {name}
    assert office.asterisk.world.tapes[name].paused is paused


@pytest.mark.parametrize("restart", [False, True])
def test_a_stop_that_the_connection_was_lost_over_is_requested_again(restart: bool) -> None:
    office = Office()
    call = _recorded(office)
    office.command(c.StopRecording, "alice", call=call.id)
    office.lose_link()
    assert office.asterisk.world.tapes
    if restart:
        office.restart()
    else:
        office.asterisk.restore_link()
    office.is_calm()
    assert not office.asterisk.world.tapes
    assert not office.switch.calls[call.id].stopping


@pytest.mark.parametrize("paused", [False, True])
def test_a_file_that_ended_while_we_were_away_is_written_on(paused: bool) -> None:
    office = Office()
    call = _recorded(office)
    file = _recording(office, call).file
    if paused:
        office.ask(c.PauseRecording, "alice", call=call.id)
    office.lose_link()
    office.asterisk.cannot_write(file)
    office.asterisk.restore_link()
    office.is_calm()
    assert list(office.asterisk.world.tapes) == ([] if paused else [file])
    if paused:
        office.ask(c.ResumeRecording, "alice", call=call.id)
        office.is_calm()
        assert list(office.asterisk.world.tapes) == [file]


def test_a_bridge_that_is_gone_took_its_recorder_along_and_the_file_is_written_on() -> None:
    office = Office()
    call = _recorded(office)
    file = _recording(office, call).file
    office.lose_link()
    office.asterisk.world.bridges.clear()
    office.asterisk.world.tapes.clear()
    office.asterisk.restore_link()
    office.is_calm()
    assert list(office.asterisk.world.tapes) == [file]
    assert _recording(office, call).failures == 0


def test_a_failure_concerns_the_call_whose_file_it_is_and_no_call_once_that_is_over() -> None:
    office = Office()
    office.served("bob", "in2")
    call = office.served()
    office.command(c.StartRecording, "alice", call=call.id)
    effect = next(x for x in office.effects if isinstance(x, e.StartRecorder))
    assert office.happens(s.EffectFailed(effect.number, "refused")) == ["StartRecorder bridge"]
    office.is_calm()
    office.command(c.Clear, "alice", call=call.id)
    office.switch.state.in_flight[900] = replace(effect, number=900)
    assert office.happens(s.EffectFailed(900, "refused")) == []


def test_a_failure_leaves_the_recordings_of_other_calls_alone() -> None:
    office = Office()
    other = office.served("bob", "in2")
    office.ask(c.StartRecording, "bob", call=other.id)
    before = _recording(office, other)
    call = office.served()
    office.command(c.StartRecording, "alice", call=call.id)
    effect = next(x for x in office.effects if isinstance(x, e.StartRecorder))
    assert office.happens(s.EffectFailed(effect.number, "refused")) == ["StartRecorder bridge"]
    assert (_recording(office, call).failures, _recording(office, other)) == (1, before)
    office.is_calm()


def test_a_call_that_is_not_recorded_has_nothing_to_be_noted_of_it() -> None:
    office = Office()
    call = office.served()
    step = Step(office.switch.state, office.directory, office.now)
    recording._put(step, call, paused=True)
    assert step.calls == {}
