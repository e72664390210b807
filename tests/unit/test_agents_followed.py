"""What the controller that leads the first Asterisk records of agents, as it hears of them."""

from ari_app.agent_changes import AgentsFollowed
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import AgentChanged, AgentRecord, AgentState, Lost, Resync
from ari_app.engine.followed import Followed
from ari_app.engine.snapshots import Snapshots
from ari_app.records.model import AgentStateRecord
from ari_app.records.wire import read
from ari_app.testing.availability import MemoryAvailability
from ari_app.testing.store import MemoryStore


async def test_each_state_is_recorded_and_agents_who_are_listed_no_longer_end() -> None:
    store = MemoryStore()
    snapshots = Snapshots(store)
    follows = AgentsFollowed(Followed(snapshots), Mirror(MemoryAvailability(lambda: 9.0)), lambda: 9.0)
    for record in (
        AgentRecord("alice", AgentState.READY, None, 1.0),
        AgentRecord("alice", AgentState.ON_CALL, None, 4.0, "c1"),
    ):
        follows(AgentChanged(record, became_available=False))
    follows(Lost())
    follows(Resync())  # and nobody is listed now
    await snapshots.flush()
    assert [read(fact.kind, fact.data) for _, fact in await store.facts("", 10)] == [
        AgentStateRecord("alice", "ready", None, 1.0, 4.0),
        AgentStateRecord("alice", "on_call", None, 4.0, 9.0, "c1"),
    ]
    assert await store.load_all() == {}
