"""The consumer of the stream: what happened is written once, or set aside where it cannot be, and waits meanwhile."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ari_app.errors import HistoryUnavailable, StoreUnavailable
from ari_app.history import writing
from ari_app.history.database import BadContent, Database
from ari_app.history.history import History
from ari_app.history.port import Wanted
from ari_app.history.reading import HistoryReader
from ari_app.history.sinks import DatabaseSink, Positioned
from ari_app.history.tables import SetAsideRow
from ari_app.history.writer import Writer
from ari_app.records.model import (
    DispositionRecord,
    Outsider,
)
from ari_app.store.port import KeptFact
from ari_app.testing.store import MemoryStore
from tests.contract.databases import PostgreSQL, started, stopped
from tests.contract.histories import NOW, call, kept_fact, rest


class Behind:
    """What the figures would show."""

    def __init__(self) -> None:
        self.facts: list[int] = []
        self.aside = 0
        self._changed = asyncio.Event()

    def __call__(self, sink: str, facts: int, seconds: float) -> None:
        self.facts.append(facts)
        self._changed.set()

    async def until(self, facts: int) -> None:
        """So many are not written."""
        async with asyncio.timeout(30):
            while self.facts[-1:] != [facts]:
                self._changed.clear()
                await self._changed.wait()

    def set_aside(self) -> None:
        self.aside += 1


def sink_of(database: Database, behind: Behind) -> DatabaseSink:
    return DatabaseSink(database, lambda: NOW, behind.set_aside, lambda facts: None)


async def test_facts_go_from_the_stream_to_the_database_and_are_forgotten_there(database: Database) -> None:
    stream, behind = MemoryStore(), Behind()
    writer = Writer(stream, [sink_of(database, behind)], behind)
    await stream.add_facts([kept_fact(call(f"c{n}", n)) for n in range(5)])
    task = asyncio.create_task(writer.run())
    assert await writer.settle("database", 10)
    assert await stream.facts_waiting() == 0
    await stream.add_facts([kept_fact(call("c5", 5))])
    assert await writer.settle("database", 10)
    assert [n.call.id for n in await HistoryReader(database).calls(Wanted(), None, 3)] == ["c5", "c4", "c3"]
    task.cancel()


class Dies(MemoryStore):
    """Its first acknowledgement never arrives: as when a controller dies after its commit."""

    def __init__(self) -> None:
        super().__init__()
        self.deaths = 1

    async def forget_facts(self, positions: Any) -> None:
        if self.deaths:
            self.deaths -= 1
            raise StoreUnavailable
        await super().forget_facts(positions)


async def test_a_controller_that_dies_after_its_commit_leaves_nothing_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.history.writer.AGAIN_AFTER", 60.0)
    stream, behind = Dies(), Behind()
    await stream.add_facts([kept_fact(f) for f in (call("c1"), rest(), DispositionRecord("c1", "alice", "s", "", NOW))])
    died = Writer(stream, [sink_of(database, behind)], behind)
    task = asyncio.create_task(died.run())
    assert not await died.settle("database", 10)
    task.cancel()
    assert await stream.facts_waiting() == 3
    other = Writer(stream, [sink_of(database, behind)], behind)
    task = asyncio.create_task(other.run())
    assert await other.settle("database", 10)
    assert await stream.facts_waiting() == 0
    assert len(await HistoryReader(database).calls(Wanted(), None, 10)) == 1
    assert len([s async for page in HistoryReader(database).states(NOW - 9, NOW + 9) for s in page]) == 1
    task.cancel()


async def test_what_cannot_be_written_is_set_aside_and_holds_up_nothing(database: Database) -> None:
    stream, behind = MemoryStore(), Behind()
    too_much = replace(rest("bob"), begun_at=float("1e400"))
    unknown = KeptFact("x:1", "rumour", b"{}")
    broken = KeptFact("call:c9", "call", b'{"id": 7}')
    refused = replace(call("c8"), transfers=10**30)
    await stream.add_facts([kept_fact(call("c1")), unknown, broken, kept_fact(refused), kept_fact(call("c2"))])
    writer = Writer(stream, [sink_of(database, behind)], behind)
    task = asyncio.create_task(writer.run())
    assert await writer.settle("database", 10)
    assert await stream.facts_waiting() == 0
    assert {n.call.id for n in await HistoryReader(database).calls(Wanted(), None, 10)} == {"c1", "c2"}
    async with database.reading() as connection:
        aside = (await connection.execute(select(SetAsideRow).order_by(SetAsideRow.key))).all()
    assert [row.key for row in aside] == ["call:c8", "call:c9", "x:1"]
    assert aside[1].data == broken.data
    assert behind.aside == 3
    assert too_much.begun_at == float("inf")
    task.cancel()


async def test_whoever_listens_gets_what_can_be_read_and_nothing_that_was_set_aside(url: str) -> None:
    stream, behind = MemoryStore(), Behind()
    history = History(url, stream, behind, behind.set_aside, clock=lambda: NOW)
    heard: list[str] = []
    history.listen(lambda facts: heard.extend(fact.key for fact in facts))
    await stream.add_facts([kept_fact(call("c1")), kept_fact(replace(call("c2"), transfers=10**30))])
    task = asyncio.create_task(history.run())
    assert await history._writer.settle("database", 10)
    assert heard == ["call:c1"]
    await stream.add_facts([kept_fact(rest("bob"))])
    assert await history._writer.settle("database", 10)
    assert heard == ["call:c1", rest("bob").key]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await history.close()


async def test_a_name_that_a_database_takes_in_no_text_is_kept_as_far_as_it_can_be(database: Database) -> None:
    await writing.write(database, [call("c1", contact=Outsider("Z\0oé\ud800", "+33\0", anonymous=False))])
    (noted,) = await HistoryReader(database).calls(Wanted(), None, 10)
    assert noted.call.contact == Outsider("Zoé?", "+33", anonymous=False)


async def test_all_or_nothing_of_a_batch_is_there(database: Database) -> None:
    with pytest.raises(BadContent):
        await writing.write(database, [call("c1"), replace(call("c2"), transfers=10**30)])
    assert await HistoryReader(database).calls(Wanted(), None, 10) == []


async def test_while_the_database_is_away_facts_wait_and_the_figures_say_how_many(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.history.writer.AGAIN_AT_MOST", 0.5)
    database = Database(postgresql.make(f"h{uuid.uuid4().hex}"))
    stream, behind = MemoryStore(), Behind()
    writer = Writer(stream, [sink_of(database, behind)], behind)
    task = asyncio.create_task(writer.run())
    await stream.add_facts([kept_fact(call("c1", 1))])
    assert await writer.settle("database", 20)
    await stopped(postgresql)
    try:
        await stream.add_facts([kept_fact(call(f"c{n}", n)) for n in range(2, 9)])
        assert not await writer.settle("database", 20)
        await behind.until(7)
    finally:
        await started(postgresql)
    await behind.until(0)
    assert len(await HistoryReader(database).calls(Wanted(), None, 50)) == 8
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()


class Full:
    """A sink that never takes anything."""

    name = "full"

    async def prepare(self) -> None: ...

    async def write(self, page: Sequence[Positioned]) -> None:
        raise HistoryUnavailable("no space left")


async def test_a_sink_that_fails_holds_up_no_other_and_loses_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/history.db")
    stream, behind = MemoryStore(), Behind()
    writer = Writer(stream, [sink_of(database, behind), Full()], behind)
    task = asyncio.create_task(writer.run())
    await stream.add_facts([kept_fact(call(f"c{n}", n)) for n in range(3)])
    assert await writer.settle("database", 10)
    assert len(await HistoryReader(database).calls(Wanted(), None, 10)) == 3
    assert await stream.facts_waiting() == 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()


async def test_what_the_stream_had_to_let_go_for_a_sink_that_fails_is_forgotten_by_the_others_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.testing.store.FACTS", 2)
    monkeypatch.setattr("ari_app.history.writer.WHILE_ANOTHER_FAILS", 0.0)
    database = Database(f"sqlite:///{tmp_path}/history.db")
    stream, behind = MemoryStore(), Behind()
    writer = Writer(stream, [sink_of(database, behind), Full()], behind)
    task = asyncio.create_task(writer.run())
    for n in range(6):
        await stream.add_facts([kept_fact(call(f"c{n}", n))])
        assert await writer.settle("database", 10)
    assert await writer.settle("database", 10)
    assert len(await HistoryReader(database).calls(Wanted(), None, 10)) == 6
    assert len(writer._written) == len(writer._places["database"].done) == 2
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()


async def test_the_history_of_a_controller_can_be_read_as_soon_as_it_runs_and_forgets(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, behind = MemoryStore(), Behind()
    history = History(url, stream, behind, behind.set_aside, clock=lambda: NOW)
    monkeypatch.setattr("ari_app.history.history.TABLES_WITHIN", 0.01)
    with pytest.raises(HistoryUnavailable):
        await history.forget(NOW)
    task = asyncio.create_task(history.run())
    async with asyncio.timeout(20):
        while not await history.settle():
            pass
    assert await history.calls(Wanted(), None, 10) == []
    await stream.add_facts([kept_fact(call("c1")), kept_fact(call("c2", 2))])
    await history.settle()
    assert [n.call.id for n in await history.calls(Wanted(), None, 10)] == ["c2", "c1"]
    await history.forget(NOW + 1)
    assert [n.call.id for n in await history.calls(Wanted(), None, 10)] == ["c2"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await history.close()
