"""The history in SQLite, in PostgreSQL and in memory: what is written can be read, is there once, and is forgotten."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text

from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.errors import HistoryUnavailable, StoreUnavailable
from ari_app.history import writing
from ari_app.history.database import BadContent, Database, downgrade, upgrade
from ari_app.history.history import History
from ari_app.history.port import Noted, Wanted
from ari_app.history.reading import HistoryReader
from ari_app.history.sinks import DatabaseSink, Positioned
from ari_app.history.tables import SetAsideRow, Table
from ari_app.history.vitals import Vitals, vitals
from ari_app.history.writer import Writer
from ari_app.records import wire
from ari_app.records.model import (
    AgentStateRecord,
    CallRecord,
    DispositionRecord,
    Fact,
    Outsider,
    Segment,
    SegmentEnd,
    SegmentKind,
)
from ari_app.store.port import KeptFact
from ari_app.testing.history import MemoryHistory
from ari_app.testing.store import MemoryStore
from tests.contract.databases import PostgreSQL, started, stopped

NOW = 1_800_000_000.0


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    server.start()
    yield server
    server.remove()


def address(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder}/history.db"
    server: PostgreSQL = request.getfixturevalue("postgresql")
    return server.make(f"h{uuid.uuid4().hex}")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return address(request.param, request, tmp_path)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.migrate()
    yield database
    await database.close()


class Kept:
    """A history in one of three, to write to and to read."""

    def __init__(self, history: HistoryReader | MemoryHistory, database: Database | None) -> None:
        self.history = history
        self._database = database

    async def write(self, *facts: Fact) -> None:
        if self._database is not None:
            await writing.write(self._database, facts)
        elif isinstance(self.history, MemoryHistory):
            self.history.write(facts)

    async def ids(self, limit: int = 10, after: str | None = None, **wanted: Any) -> list[str]:
        return [noted.call.id for noted in await self.history.calls(Wanted(**wanted), after, limit)]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        yield Kept(MemoryHistory(), None)
        return
    database = Database(address(request.param, request, tmp_path))
    await database.migrate()
    yield Kept(HistoryReader(database), database)
    await database.close()


def call(name: str, ended: float = 0.0, **more: Any) -> CallRecord:
    whole = CallRecord(
        name, CallType.INBOUND, "answered", NOW + ended - 60, NOW + ended - 50, NOW + ended, "contact",
        EndReason.HANGUP, "2000", "sales", NOW + ended - 55, Outsider("Zoé", "+33612345678", anonymous=False),
        ("alice", "carol"), ("bob",), "main", "p", 1, 2, segments(ended),
    )  # fmt: skip
    return replace(whole, **more)


def segments(ended: float) -> tuple[Segment, ...]:
    return (
        Segment("p1", PartyRole.CONTACT, SegmentKind.QUEUE, NOW + ended - 55, NOW + ended - 50, SegmentEnd.ANSWERED,
                "agent:alice", None, "queue:sales", None, 3, 1),
        Segment("p2", PartyRole.AGENT, SegmentKind.RING, NOW + ended - 54.5, NOW + ended - 50, SegmentEnd.ANSWERED,
                None, "alice", "queue:sales", OfferKind.CALL),
        Segment("p2", PartyRole.AGENT, SegmentKind.TALK, NOW + ended - 50, NOW + ended, SegmentEnd.OVER, "contact",
                "alice"),
    )  # fmt: skip


def rest(agent: str = "alice", begun: float = 0.0, ended: float = 10.0, of: str | None = "c1") -> AgentStateRecord:
    return AgentStateRecord(agent, "wrap_up", "tired", NOW + begun, NOW + ended, of)


# -- what is written can be read --------------------------------------------------------------------------------------


async def test_a_call_comes_back_as_it_was(kept: Kept) -> None:
    whole, bare = call("c1"), call(
        "c0", -1, answered_at=None, queued_at=None, queue=None, dialled=None, contact=None, agents=(), missed_by=(),
        caller_id=None, parent=None, segments=(), outcome="unanswered",
    )  # fmt: skip
    note = DispositionRecord("c1", "alice", "sold", "two\nlines", NOW + 5)
    await kept.write(whole, bare, note, rest())
    assert await kept.history.calls(Wanted(), None, 10) == [Noted(whole, (note,)), Noted(bare)]
    assert [page async for page in kept.history.between(NOW - 60, NOW)] == [[(bare, []), (whole, [rest()])]]
    assert [page async for page in kept.history.states(NOW, NOW + 1)] == [[rest()]]


async def test_calls_are_chosen_by_what_they_were_the_last_first(kept: Kept) -> None:
    await kept.write(
        call("c1", 1, agents=("alice",), missed_by=("bob",)),
        call("c2", 2, agents=("bob",), missed_by=("alice",), queue=None, dialled="1001"),
        call("c3", 3, agents=(), missed_by=("bob",), outcome="abandoned"),
        call("c4", 4, contact=Outsider("", "", anonymous=True), agents=("carol",), missed_by=()),
    )
    assert await kept.ids() == ["c4", "c3", "c2", "c1"]
    assert await kept.ids(of="bob") == ["c3", "c2", "c1"]
    assert await kept.ids(of="bob", outcome="missed") == ["c3", "c1"]
    assert await kept.ids(of="bob", outcome="answered") == ["c2"]
    assert await kept.ids(of="bob", outcome="abandoned") == []
    assert await kept.ids(outcome="abandoned") == ["c3"]
    assert await kept.ids(outcome="missed") == []
    assert await kept.ids(queue="sales") == ["c4", "c3", "c1"]
    assert await kept.ids(number="6123") == ["c3", "c2", "c1"]
    assert await kept.ids(number="100") == ["c2"]
    assert await kept.ids(number="%") == await kept.ids(number="_") == []
    assert await kept.ids(begin=NOW + 2, end=NOW + 4) == ["c3", "c2"]
    assert await kept.ids(of="bob", begin=NOW + 2, queue="sales", number="2000") == ["c3"]


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "'\"\\%_;--", "😀", "x" * 5000])
async def test_of_a_text_that_nobody_has_there_is_nothing(kept: Kept, text: str) -> None:
    await kept.write(call("c1"), rest())
    for what in ("of", "number", "queue"):
        wanted: dict[str, Any] = {what: text}
        assert await kept.ids(**wanted) == []
    assert await kept.ids(after=text) == await kept.ids(after=text, of=text) == []
    assert [calls async for calls in kept.history.between(0.0, 2 * NOW, text) if calls] == []
    assert [states async for states in kept.history.states(0.0, 2 * NOW, text) if states] == []


async def test_it_goes_on_after_the_call_that_was_last_also_among_those_that_ended_at_once(kept: Kept) -> None:
    await kept.write(*(call(f"c{n}", n // 3) for n in range(7)))
    everything = await kept.ids()
    assert everything == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]
    for of in (None, "alice"):
        found: list[str] = []
        while page := await kept.ids(2, found[-1] if found else None, of=of):
            found += page
        assert found == everything
    assert await kept.ids(after="nowhere") == []
    await kept.write(call("bobs", 1, agents=("bob",)))
    assert await kept.ids(of="alice", after="bobs") == [], "nor can they know that there is such a call"


async def test_a_report_reads_all_that_was_at_the_time_each_once(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.history.reading.PAGE", 3)
    monkeypatch.setattr("ari_app.history.reading._STATES", 3)
    made = [call(f"c{n:02}", n * 10.0, agents=("alice",) if n % 2 else ("bob",), missed_by=()) for n in range(20)]
    states = [rest(f"a{n % 3}", n * 10.0, n * 10.0 + 15, None) for n in range(20)]
    await kept.write(*made, *states)
    begin, end = NOW + 35, NOW + 100
    found = [each async for page in kept.history.between(begin, end) for each, _ in page]
    assert found == [c for c in made if c.ended_at > begin and c.started_at < end]
    mine = [each async for page in kept.history.between(begin, end, "alice") for each, _ in page]
    assert mine == [c for c in found if "alice" in c.agents]
    assert [s async for page in kept.history.states(begin, end) for s in page] == [
        s for s in states if s.ended_at > begin and s.begun_at < end
    ]
    assert {s.agent async for page in kept.history.states(begin, end, "a1") for s in page} == {"a1"}


async def test_what_comes_twice_is_there_once_and_the_last_note_counts(kept: Kept) -> None:
    first, last = (DispositionRecord("c1", "alice", None, text, NOW + at) for text, at in (("first", 1), ("last", 2)))
    for facts in ((call("c1"), last, rest()), (call("c1"), first, rest()), (last,)):
        await kept.write(*facts)
    assert await kept.history.calls(Wanted(), None, 10) == [Noted(call("c1"), (last,))]
    assert [s async for page in kept.history.states(NOW - 9, NOW + 9) for s in page] == [rest()]


# -- the database -----------------------------------------------------------------------------------------------------


async def test_of_two_records_of_a_call_the_first_counts_with_all_that_belongs_to_it(kept: Kept) -> None:
    """Its end was written, and that it goes on no more was not: whoever came after the crash saw another end."""
    first = call("c1", segments=segments(0.0)[:1], missed_by=())
    other = call("c1", ended=5.0, segments=segments(5.0), agents=("alice", "zoe"))
    await kept.write(first, other)
    await kept.write(other)
    (noted,) = await kept.history.calls(Wanted(), None, 5)
    assert noted.call == first
    assert await kept.ids(of="zoe") == []


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_the_migrations_make_the_tables_that_the_code_has_and_go_back(database: Database) -> None:
    def difference(connection: Connection) -> Any:
        return compare_metadata(MigrationContext.configure(connection), Table.metadata)

    async with database.writing() as connection:
        assert await connection.run_sync(difference) == []
        await connection.run_sync(downgrade, "base")
        assert await connection.run_sync(tables) == {"alembic_version"}
        await connection.run_sync(upgrade)
        assert await connection.run_sync(tables) == {"alembic_version", *Table.metadata.tables}


async def test_several_that_start_at_once_do_not_collide(url: str) -> None:
    many = [Database(url) for _ in range(4)]
    await asyncio.gather(*(each.migrate() for each in many))
    await writing.write(many[0], [call("c1")])
    await asyncio.gather(*(each.migrate() for each in many))
    assert len(await HistoryReader(many[1]).calls(Wanted(), None, 10)) == 1
    for each in many:
        await each.close()


async def test_a_database_that_is_not_there_is_said_to_be_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for url in (f"sqlite:///{tmp_path}/file/history.db", "postgresql://u:p@127.0.66.6:1/x"):
        database = Database(url)
        with pytest.raises(HistoryUnavailable):
            await database.migrate()
        await database.close()
    with pytest.raises(HistoryUnavailable):
        await HistoryReader(Database(url)).calls(Wanted(), None, 1)


async def test_what_is_old_is_forgotten_with_all_that_belongs_to_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "FORGOTTEN_AT_ONCE", 2)
    notes = [DispositionRecord(f"c{n}", "alice", "sold", "x", NOW + n) for n in range(6)]
    stray = DispositionRecord("never-ended", "alice", "sold", "x", NOW)
    states = [rest("alice", n, n + 0.5, f"c{n}") for n in range(6)]
    await writing.write(database, [*(call(f"c{n}", n) for n in range(6)), *notes, stray, *states])
    while await writing.forget(database, NOW + 3.5):
        pass
    assert await HistoryReader(database).calls(Wanted(), None, 10) == [
        Noted(call(f"c{n}", n), (notes[n],)) for n in (5, 4)
    ]
    async with database.reading() as connection:
        counts = {
            name: len((await connection.execute(select(table))).all()) for name, table in Table.metadata.tables.items()
        }
    assert counts == {
        "calls": 2, "call_agents": 6, "segments": 6, "agent_states": 3, "dispositions": 2, "set_aside": 0,
    }  # fmt: skip


# -- the consumer -----------------------------------------------------------------------------------------------------


def kept_fact(fact: Fact) -> KeptFact:
    return KeptFact(fact.key, wire.kind_of(fact), wire.written(fact))


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


async def test_whoever_examines_it_sees_which_version_it_has_and_makes_nothing(url: str) -> None:
    if url.startswith("sqlite"):
        with pytest.raises(HistoryUnavailable) as away:
            await vitals(url)
        assert "there is no " in away.value.reason
        with pytest.raises(HistoryUnavailable):
            await vitals(url)  # it was not made by that
    else:
        assert (await vitals(url)).version == ""
    database = Database(url)
    await database.migrate()
    found = await vitals(url)
    assert found == Vitals(found.wanted, found.wanted)
    async with database.writing() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    assert await vitals(url) == Vitals("v9999", found.wanted, known=False)
    await database.close()


async def test_files_of_the_history_that_everybody_may_read_are_seen(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/history.db")
    await database.migrate()
    (tmp_path / "history.db").chmod(0o644)
    (tmp_path / "another").touch(0o666)
    assert (await vitals(f"sqlite:///{tmp_path}/history.db")).readable == (f"{tmp_path}/history.db",)
    await database.close()


async def test_a_history_that_is_away_is_a_finding_with_its_reason() -> None:
    with pytest.raises(HistoryUnavailable) as away:
        await vitals("postgresql://u:p@127.0.66.6:1/x")
    assert away.value.reason
