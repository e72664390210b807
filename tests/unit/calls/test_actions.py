"""What may be requested of a call, exactly, by whom and when: a new verb has to be listed here where it is allowed."""

from collections.abc import Callable

import pytest

from ari_app.calls import commands as c
from ari_app.calls.actions import call_actions
from ari_app.calls.model import Call, CallType, MonitorMode
from ari_app.calls.verbs import CallAction
from ari_app.routing.directory import Role
from tests.support.office import AWAY, Office
from tests.support.world import to


def _established(office: Office) -> Call:
    return office.served()


def _held(office: Office) -> Call:
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    return call


def _offered(office: Office) -> Call:
    call = office.served()
    office.command(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    return call


def _ringing(office: Office) -> Call:
    office.arrives("agent", "alice")
    office.settle()
    return office.only_call()


def _dialing(office: Office) -> Call:
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    return office.only_call()


def _called(office: Office) -> Call:
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    office.picks_up("alice")
    return office.only_call()


def _consultation(office: Office) -> Call:
    call = office.served()
    office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    return next(x for x in office.switch.calls.values() if x.type is CallType.CONSULT)


def _consulted(office: Office) -> Call:
    _consultation(office)
    return next(x for x in office.switch.calls.values() if x.type is not CallType.CONSULT)


def _conference(office: Office) -> Call:
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    return call


def _recorded(office: Office) -> Call:
    call = office.served()
    office.ask(c.StartRecording, "alice", call=call.id)
    return call


def _paused(office: Office) -> Call:
    call = _recorded(office)
    office.ask(c.PauseRecording, "alice", call=call.id)
    return call


def _monitored(office: Office) -> Call:
    call = office.served()
    office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.LISTEN)
    office.settle()
    return call


_RECORDED = "release clear update_user_data send_dtmf single_step_transfer single_step_conference"
_MINE = f"{_RECORDED} start_recording"
_THEIRS = "clear update_user_data monitor take_over"
_LISTED: list[tuple[Callable[[Office], Call], str, str]] = [
    (_ringing, "alice", "answer release"),
    (_ringing, "erin", "clear update_user_data"),
    (_dialing, "alice", "cancel release"),
    (_called, "alice", "cancel release clear update_user_data"),
    (_called, "erin", "clear update_user_data monitor"),
    (_established, "alice", f"{_MINE} hold initiate_transfer"),
    (_established, "bob", ""),
    (_established, "erin", f"{_THEIRS} start_recording"),
    (_held, "alice", f"{_MINE} retrieve initiate_transfer"),
    (_held, "erin", f"{_THEIRS} start_recording"),
    (_offered, "alice", "cancel release clear update_user_data send_dtmf start_recording"),
    (_offered, "bob", "answer release"),
    (_conference, "alice", f"{_MINE} hold initiate_transfer"),
    (_conference, "bob", f"{_MINE} hold initiate_transfer"),
    (_consultation, "alice", f"{_MINE} hold complete_transfer complete_conference alternate reconnect"),
    (_consultation, "bob", f"{_MINE} hold"),
    (_consulted, "alice", f"{_MINE} retrieve initiate_transfer merge"),
    (_recorded, "alice", f"{_RECORDED} hold initiate_transfer pause_recording stop_recording"),
    (_recorded, "erin", f"{_THEIRS} pause_recording stop_recording"),
    (_paused, "alice", f"{_RECORDED} hold initiate_transfer resume_recording stop_recording"),
    (_paused, "erin", f"{_THEIRS} resume_recording stop_recording"),
    (_monitored, "alice", f"{_MINE} hold initiate_transfer"),
    (_monitored, "erin", f"{_THEIRS} start_recording stop_monitoring"),
]


@pytest.mark.parametrize(("situation", "viewer", "listed"), _LISTED)
def test_exactly_these_may_be_requested(situation: Callable[[Office], Call], viewer: str, listed: str) -> None:
    office = Office("erin", ready=("alice", "bob", "carol", "erin"))
    call = office.switch.calls[situation(office).id]
    allowed = call_actions(call, viewer, office.directory, office.directory.agents[viewer].role)
    assert sorted(allowed) == sorted(listed.split())


def test_each_verb_is_allowed_somewhere() -> None:
    assert {verb for _, _, listed in _LISTED for verb in listed.split()} == set(CallAction)
