"""Recordings of calls: what is to be written is state of the call, and what is requested of Asterisk follows from it.

Owns the files' names and what becomes of a recording that Asterisk ended or did not begin. It records the call's
bridge: all who talk there, and nobody who is on hold, whatever becomes of the parties. Where Asterisk ends it, as it
does when everybody has left the bridge for a while, the same file is written on. Where that fails several times in a
row the recording is given up and the call's agents are notified; the call itself never suffers from it.
"""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, assert_never

from ari_app.calls import commands as c
from ari_app.calls.derived import announcing
from ari_app.calls.effects import (
    OperationFailed,
    PauseRecorder,
    RecorderEffect,
    ResumeRecorder,
    StartRecorder,
    StopRecorder,
)
from ari_app.calls.model import AgentId, Call, LegId, Recorder, Recording
from ari_app.calls.step import Step
from ari_app.errors import AsteriskUnavailable, Code, Refused

_TRIES = 3
_SOON = 5.0
"""What was written for longer says nothing against another try: only ends within these seconds are counted."""
_STOPS = 5


def require_enabled(step: Step, call: Call) -> None:
    """Raises: Refused `feature_disabled`, unless something is recorded that may yet be ended."""
    if call.recording is None and not step.directory.settings.recording:
        raise Refused(Code.FEATURE_DISABLED, "recording is switched off by the administrator")


def command(step: Step, cmd: c.AnyRecording, call: Call) -> None:
    """Do what is requested; `settle` has Asterisk do it."""
    match cmd:
        case c.StartRecording():
            _begin(step, call, cmd.by)
        case c.PauseRecording():
            _put(step, call, paused=True)
        case c.ResumeRecording():
            _put(step, call, paused=False)
        case c.StopRecording():
            end(step, call)
        case _:
            assert_never(cmd)


def _begin(step: Step, call: Call, by: AgentId, *, paused: bool = False) -> None:
    made = step.new_id("r")
    begun = Recording(made, file_of(step, call, made), by, step.now, paused=paused)
    announcing.to_all(step, step.put_call(call.id, recording=begun), "recording_started")


def go_on(step: Step, call: Call, before: Recording | None) -> None:
    """Those of a recorded call have joined this one: it is recorded from here on, and all hear that it is."""
    if before is not None and call.recording is None:
        _begin(step, call, before.by, paused=before.paused)


def file_of(step: Step, call: Call, made: str) -> str:
    """Sorts by time, names the call, is never used twice, and holds nothing that a path could stumble over."""
    began = datetime.fromtimestamp(step.now, UTC).strftime("%Y%m%dT%H%M%SZ")
    name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{began}-{call.id}-{made.rpartition('-')[2]}")
    return "/".join(part for part in (step.directory.settings.recordings_folder, name) if part)


def _put(step: Step, call: Call, **changes: Any) -> None:
    if call.recording is not None:
        step.put_call(call.id, recording=replace(call.recording, **changes))


def end(step: Step, call: Call) -> None:
    """No more of this call is recorded: the file is completed before its bridge goes."""
    recording = call.recording
    if recording is None:
        return
    _stop(step, step.put_call(call.id, recording=None), recording.file)


def _stop(step: Step, call: Call, file: str) -> None:
    """Remembered until it is done: a connection that is lost meanwhile must not leave it running."""
    step.ask(StopRecorder, call.bridge, file)
    step.put_call(call.id, stopping=call.stopping | {file})


def stopped(step: Step, effect: StopRecorder) -> None:
    """Asterisk has done that."""
    for call in list(step.recorded_calls()):
        if effect.recording in call.stopping:
            step.put_call(call.id, stopping=call.stopping - {effect.recording})


def settle(step: Step) -> None:
    """Ask for the difference, once there is a bridge to record."""
    if not step.linked:
        return
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        if call is not None and call.recording is not None and call.bridge_made:
            _settle(step, call, call.recording)


def _settle(step: Step, call: Call, recording: Recording) -> None:
    wanted = Recorder.PAUSED if recording.paused else Recorder.RECORDING
    requested, file = recording.requested, recording.file
    if requested is wanted or (recording.paused and requested is Recorder.OFF):
        return  # what is paused need not be opened until it is resumed
    if recording.paused:
        step.ask(PauseRecorder, call.bridge, file)
    else:
        if requested is not Recorder.PAUSED:
            step.ask(StartRecorder, call.bridge, file)
        if requested is not Recorder.OFF:
            step.ask(ResumeRecorder, call.bridge, file)
    if requested is Recorder.OFF:
        _put(step, call, requested=wanted, begun=step.now, among=_in_bridge(step, call))
    else:
        _put(step, call, requested=wanted)


# -- what Asterisk makes of it ----------------------------------------------------------------------------------------


def anew(step: Step, call: Call) -> None:
    """After the connection was lost: who knows whether it still runs?"""
    if call.recording is not None and call.recording.requested is not Recorder.OFF:
        _put(step, call, requested=Recorder.UNKNOWN)
    for file in sorted(call.stopping):
        step.ask(StopRecorder, call.bridge, file)


def ended(step: Step, file: str) -> None:
    """Asterisk has completed a file; where nobody requested that, it is written on."""
    for call in list(step.recorded_calls()):
        recording = call.recording
        if recording is not None and recording.file == file and recording.requested is not Recorder.OFF:
            if recording.among and recording.among <= _in_bridge(step, call):
                _once_more(step, call, recording)
            else:
                _put(step, call, requested=Recorder.OFF)  # Asterisk throws a recorder out that is left alone


def _in_bridge(step: Step, call: Call) -> frozenset[LegId]:
    """The legs that Asterisk was requested to have in the call's bridge."""
    legs = [step.leg(party.leg) for party in call.parties.values()]
    return frozenset(
        leg.id for leg in legs if leg is not None and leg.requested and leg.requested.bridge == call.bridge
    )


def effect_failed(step: Step, effect: RecorderEffect) -> bool:
    """Asterisk did not do it; False: it will not be tried again."""
    if isinstance(effect, StopRecorder):
        return _stop_again(step, effect)
    for call in list(step.recorded_calls()):
        recording = call.recording
        if recording is not None and recording.file == effect.recording and recording.requested is not Recorder.OFF:
            if isinstance(effect, PauseRecorder):
                _stop(step, call, recording.file)  # what was to be paused must not be written
            return _once_more(step, step.call(call.id), recording)
    return True


def _stop_again(step: Step, effect: StopRecorder) -> bool:
    """At the latest it ends with its bridge."""
    if effect.tries < _STOPS and any(call.bridge == effect.bridge for call in step.live_calls()):
        step.ask(StopRecorder, effect.bridge, effect.recording, effect.tries + 1)
    return True


def _once_more(step: Step, call: Call, recording: Recording) -> bool:
    failures = recording.failures + 1 if step.now - recording.begun < _SOON else 1
    if failures < _TRIES:
        _put(step, call, requested=Recorder.OFF, failures=failures)
        return True
    # It may have begun all the same, only the answer was lost.
    _stop(step, step.put_call(call.id, recording=None), recording.file)
    concerned = {p.agent for p in call.joined() if p.agent} | {recording.by}
    error = AsteriskUnavailable("the call is not recorded any more: its file cannot be written")
    step.emit(OperationFailed(call.id, tuple(sorted(concerned)), "recording", error))
    return False
