"""What remains of calls and agents is written once each, whenever the controller dies, however long Redis is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from ari_app.availability.port import AgentRecord, AgentState
from ari_app.calls import stimuli as s
from ari_app.calls.effects import CallChanged
from ari_app.engine import outbox, snapshots
from ari_app.engine.followed import Followed
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import StoreUnavailable
from ari_app.records.model import AgentStateRecord, Fact
from ari_app.records.wire import read
from ari_app.store.port import KeptFact
from ari_app.testing.store import MemoryStore
from tests.support.office import Office


class Store(MemoryStore):
    """Is away a few times; or does what it is given, and its answer is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.away = 0
        self.unanswered = 0

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        if self.away:
            self.away -= 1
            raise StoreUnavailable
        dropped = await super().save_many(entries, facts)
        if self.unanswered:
            self.unanswered -= 1
            raise StoreUnavailable
        return dropped


async def facts(store: MemoryStore) -> list[Fact]:
    return [read(fact.kind, fact.data) for _, fact in await store.facts("", 1000)]


class Controller:
    """One leader, from what the store has."""

    def __init__(self, store: Store, office: Office) -> None:
        self.snapshots = Snapshots(store)
        self.followed = Followed(self.snapshots)
        self.office = office
        self.seen = 0

    async def restored(self) -> Controller:
        self.followed.restore(await self.snapshots.restore())
        self.seen = len(self.office.recorded.changes)
        return self

    async def writes(self) -> None:
        """All that has changed since."""
        for change in self.office.recorded.changes[self.seen :]:
            self.follows(change)
        self.seen = len(self.office.recorded.changes)
        await self.snapshots.flush()

    def follows(self, change: CallChanged) -> None:
        self.snapshots.call(change.call)
        self.followed.call_changed(change)


def calls(store: MemoryStore, kept: Mapping[str, bytes]) -> set[str]:
    return {key.partition(":")[0] for key in kept}


async def test_a_call_that_is_over_leaves_its_record_and_nothing_else() -> None:
    office, store = Office(ready=("alice",)), Store()
    controller = Controller(store, office)
    office.served()
    await controller.writes()
    assert calls(store, await store.load_all()) == {"call", "segments"}
    office.feed(s.LegGone("in1", 16))
    await controller.writes()
    assert calls(store, await store.load_all()) <= {"over"}
    assert await facts(store) == list(office.recorded.records.values())


async def test_another_controller_goes_on_with_the_record_of_the_one_that_died() -> None:
    office, store = Office(ready=("alice",)), Store()
    first = Controller(store, office)
    office.served()
    await first.writes()
    second = await Controller(store, office).restored()
    office.feed(s.LegGone("in1", 16))
    await second.writes()
    assert await facts(store) == list(office.recorded.records.values())


async def test_an_answer_that_was_lost_has_the_record_written_again_under_the_same_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "_RETRY_SECONDS", 0.0)
    office, store = Office(ready=("alice",)), Store()
    controller = Controller(store, office)
    office.served()
    office.feed(s.LegGone("in1", 16))
    store.unanswered = 1
    await controller.writes()
    (record,) = office.recorded.records.values()
    assert await facts(store) == [record, record]


async def test_what_is_over_while_redis_is_away_is_written_when_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(snapshots, "PAGE", 2)
    monkeypatch.setattr(outbox, "PAGE", 2)
    office, store = Office(ready=("alice",)), Store()
    controller = Controller(store, office)
    store.away = 3
    for number in range(5):
        office.arrives("agent", "alice", leg=f"in{number}")
        office.settle()
        office.feed(s.LegGone(f"in{number}", 16))
        office.settle()
    await controller.writes()
    assert await facts(store) == list(office.recorded.records.values())
    assert len(await facts(store)) == 5


async def test_segments_of_a_call_that_nobody_knows_any_more_are_forgotten() -> None:
    office, store = Office(ready=("alice",)), Store()
    controller = Controller(store, office)
    call = office.served()
    await controller.writes()
    await store.save_many({f"call:{call.id}": None})
    await (again := await Controller(store, office).restored()).snapshots.flush()
    assert "segments" not in calls(store, await store.load_all())
    again.followed.write_again([call.id])
    await again.snapshots.flush()
    assert "segments" not in calls(store, await store.load_all())


async def test_a_store_that_has_lost_everything_gets_what_goes_on_and_what_was_over_last() -> None:
    office, store = Office(ready=("alice", "bob")), Store()
    controller = Controller(store, office)
    office.served()
    office.arrives("agent", "bob", leg="in2")
    office.settle()
    office.feed(s.LegGone("in2", 16))
    controller.followed.agent_changed(AgentRecord("alice", AgentState.READY, None, 1.0))
    await controller.writes()
    before, had = await store.load_all(), await facts(store)
    emptied = Store()
    controller.snapshots._store = emptied
    for call in office.switch.calls.values():
        controller.snapshots.call(call)
    controller.followed.write_again(office.switch.calls)
    await controller.snapshots.flush()
    kept = {key: value for key, value in before.items() if not key.startswith("over:")}
    assert await emptied.load_all() == kept
    assert await facts(emptied) == had


async def test_states_of_agents_are_recorded_also_across_a_restart() -> None:
    office, store = Office(), Store()
    first = Controller(store, office)
    first.followed.agent_changed(AgentRecord("alice", AgentState.READY, None, 1.0))
    first.followed.agent_changed(AgentRecord("bob", AgentState.READY, None, 2.0))
    await first.writes()
    second = await Controller(store, office).restored()
    now = AgentRecord("alice", AgentState.NOT_READY, "lunch", 5.0)
    second.followed.agents_are({"alice": now}, 6.0)
    second.followed.agent_changed(now)
    await second.writes()
    assert await facts(store) == [
        AgentStateRecord("bob", "ready", None, 2.0, 6.0),
        AgentStateRecord("alice", "ready", None, 1.0, 5.0),
    ]
    assert set(await store.load_all()) == {"state:alice"}
