"""Who is taken by what was last known: what this controller has made of agents since counts, not what it knew then."""

import pytest

from ari_app.availability.lastknown import best
from ari_app.availability.port import AgentRecord, AgentState
from ari_app.routing.directory import Agent, Directory, Group
from ari_app.routing.targets import parse_target

DIRECTORY = Directory(
    agents={name: Agent(name, name, name, groups=("support",)) for name in ("alice", "bob")},
    groups={"support": Group("support", "Support")},
)
SUPPORT = parse_target("group:support")


def known(agent: str, since: float, state: AgentState = AgentState.READY, **more: object) -> AgentRecord:
    fields = {"choice": AgentState.READY, **more}
    return AgentRecord(agent, state, None, since, **fields)  # type: ignore[arg-type]


ALICE, BOB = known("alice", 1.0), known("bob", 2.0)


def test_who_is_idle_longest_and_was_not_taken_meanwhile() -> None:
    records = {"alice": ALICE, "bob": BOB, "gone": known("gone", 0.0)}
    assert best(records, DIRECTORY, SUPPORT, (), {}) == "alice"
    assert best(records, DIRECTORY, SUPPORT, ("alice",), {}) == "bob"
    assert best(records, DIRECTORY, SUPPORT, (), {"alice": False}) == "bob"
    assert best(records, DIRECTORY, SUPPORT, ("bob",), {"alice": False}) is None
    assert best({}, DIRECTORY, SUPPORT, (), {}) is None


@pytest.mark.parametrize(
    ("record", "free"),
    [
        (known("alice", 1.0, AgentState.ON_CALL), True),
        (known("alice", 1.0, AgentState.ON_CALL, choice=AgentState.NOT_READY), False),
        (known("alice", 1.0, AgentState.ON_CALL, reachable=False), False),
    ],
)
def test_who_has_left_a_call_since_is_free_if_they_take_calls(record: AgentRecord, free: bool) -> None:
    found = best({"alice": record}, DIRECTORY, SUPPORT, (), {"alice": True})
    assert found == ("alice" if free else None)
