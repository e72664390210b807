"""What an agent was, from when to when."""

from ari_app.availability.port import AgentRecord, AgentState
from ari_app.records.agent_states import AgentStates, OpenState
from ari_app.records.model import AgentStateRecord


def alice(state: AgentState, since: float, reason: str | None = None, call: str | None = None) -> AgentRecord:
    return AgentRecord("alice", state, reason, since, call)


def test_a_state_is_recorded_when_the_next_begins() -> None:
    states = AgentStates()
    first = states.reported(alice(AgentState.NOT_READY, 10.0, "lunch"))
    assert first is not None
    assert (first.open, first.record) == (OpenState("alice", "not_ready", "lunch", 10.0), None)
    second = states.reported(alice(AgentState.ON_CALL, 15.0, call="c1"))
    assert second is not None
    assert second.record == AgentStateRecord("alice", "not_ready", "lunch", 10.0, 15.0)
    third = states.reported(alice(AgentState.WRAP_UP, 20.0, call="c1"))
    assert third is not None
    assert third.record == AgentStateRecord("alice", "on_call", None, 15.0, 20.0, "c1")
    assert third.record.key == "agent:alice:15000"
    assert states.open == {"alice": OpenState("alice", "wrap_up", None, 20.0, "c1")}


def test_another_reason_is_another_state_and_the_same_reported_again_is_not() -> None:
    states = AgentStates()
    states.reported(alice(AgentState.NOT_READY, 10.0, "lunch"))
    assert states.reported(alice(AgentState.NOT_READY, 10.0, "lunch")) is None
    followed = states.reported(alice(AgentState.NOT_READY, 12.0, "training"))
    assert followed is not None
    assert followed.record == AgentStateRecord("alice", "not_ready", "lunch", 10.0, 12.0)


def test_what_lasted_for_no_millisecond_is_not_recorded() -> None:
    states = AgentStates()
    states.reported(alice(AgentState.READY, 10.0))
    states.reported(alice(AgentState.RESERVED, 11.0))
    followed = states.reported(alice(AgentState.RINGING, 11.0))
    assert followed is not None
    assert followed.record is None
    last = states.reported(alice(AgentState.ON_CALL, 12.0))
    assert last is not None
    assert last.record == AgentStateRecord("alice", "ringing", None, 11.0, 12.0)


def test_by_a_clock_that_is_late_a_state_begins_where_the_one_before_it_ends() -> None:
    states = AgentStates()
    states.reported(alice(AgentState.READY, 10.0))
    followed = states.reported(alice(AgentState.ON_CALL, 9.5))
    assert followed is not None
    assert followed.open == OpenState("alice", "on_call", None, 10.0)
    assert states.reported(alice(AgentState.ON_CALL, 9.5)) is None


def test_who_comes_after_a_crash_goes_on_with_what_was_kept() -> None:
    states = AgentStates()
    states.restore([OpenState("alice", "ready", None, 10.0), OpenState("bob", "ready", None, 11.0)])
    assert states.reported(alice(AgentState.READY, 10.0)) is None
    followed = states.reported(alice(AgentState.READY, 20.0))  # they were something else meanwhile
    assert followed is not None
    assert followed.record == AgentStateRecord("alice", "ready", None, 10.0, 20.0)
    (gone,) = states.gone({"alice"}, 30.0)
    assert (gone.open, gone.record) == (None, AgentStateRecord("bob", "ready", None, 11.0, 30.0))
    assert states.gone({"alice"}, 31.0) == []
