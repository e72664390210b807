"""The history in SQLite, in PostgreSQL and in memory: what is written can be read, is there once, and is forgotten."""

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select

from ari_app.errors import HistoryUnavailable
from ari_app.history import writing
from ari_app.history.database import Database, downgrade, upgrade
from ari_app.history.port import Noted, Wanted
from ari_app.history.reading import HistoryReader
from ari_app.history.tables import Table
from ari_app.history.vitals import vitals
from ari_app.records.model import (
    DispositionRecord,
    Outsider,
)
from tests.contract.databases import PostgreSQL
from tests.contract.histories import NOW, Kept, call, rest, segments


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


async def test_it_comes_back_from_a_database_that_was_made_where_there_was_no_locale(postgresql: PostgreSQL) -> None:
    address = postgresql.make(f"h{uuid.uuid4().hex}", "SQL_ASCII")
    assert (await vitals(address)).version == ""
    database = Database(address)
    await database.migrate()
    whole = call("c1", contact=Outsider("Zoé Łuk", "+33612345678", anonymous=False))
    await writing.write(database, [whole])
    assert await HistoryReader(database).calls(Wanted(number="6123"), None, 10) == [Noted(whole)]
    await database.close()


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
