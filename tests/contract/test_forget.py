"""What is stored of somebody outside is found by their number, and forgotten; others lose nothing."""

from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json
from redis.asyncio import Redis
from sqlalchemy import select

from ari_app.api import messages
from ari_app.api.completed import Known
from ari_app.api.models.history import DispositionDocument
from ari_app.audit.chain import Entry, Verifier, read
from ari_app.audit.trail import record
from ari_app.calls.model import CallBack, CallType, EndReason, Identity, Party, PartyRole, Progress
from ari_app.errors import HistoryUnavailable
from ari_app.history.database import Database
from ari_app.history.port import Wanted
from ari_app.history.reading import HistoryReader
from ari_app.history.tables import CallRow, Table
from ari_app.history.writing import set_aside, write
from ari_app.operations.audit import lines
from ari_app.operations.forget import Person, Places, forget, look, say
from ari_app.records import wire
from ari_app.records.model import (
    CallRecord,
    DispositionRecord,
    Fact,
    Outsider,
    Segment,
    SegmentEnd,
    SegmentKind,
)
from ari_app.routing.targets import parse_target
from ari_app.store.port import KeptFact
from ari_app.store.redis import RedisStore
from ari_app.store.redis_audit import RedisAudit
from ari_app.store.redis_webhooks import RedisWebhooks
from ari_app.store.traces import RedisTraces
from ari_app.webhooks.model import Event
from tests.unit.api.fakes import NOW, call, party
from tests.unit.api.kept import FakeFiles

THEIRS, OTHER = "+33612345678", "+33699999999"
PERSON = Person(("+33 6 12 34 56 78", "0612345678"))


def kept_call(name: str, number: str) -> CallRecord:
    ring = Segment(
        "p2", PartyRole.CONTACT, SegmentKind.RING, NOW, NOW + 1, SegmentEnd.NO_ANSWER, target=f"number:{number}"
    )
    return CallRecord(
        name, CallType.INBOUND, "answered", NOW, NOW, NOW + 60, "contact", EndReason.HANGUP, "1001",
        contact=Outsider("Zoé Caller", number, anonymous=False), agents=("alice",), segments=(ring,),
    )  # fmt: skip


def fact(fact: Fact) -> KeptFact:
    return KeptFact(fact.key, wire.kind_of(fact), wire.written(fact))


@pytest.fixture
async def places(client: Redis, prefix: str, tmp_path: Path) -> AsyncIterator[Places]:
    """Two people who called, were noted, recorded, marked and reached, and are on record. The last call of one of them
    is still on its way to the history."""
    database = Database(f"sqlite:///{tmp_path}/history.db")
    await database.migrate()
    store, audit, files = RedisStore(client, prefix), RedisAudit(client, prefix), FakeFiles()
    for n, number in enumerate((THEIRS, OTHER, THEIRS)):
        said = DispositionRecord(f"c{n}", "alice", "sold", "lives in Lyon", NOW)
        if n < 2:
            await write(database, [kept_call(f"c{n}", number), said])
        else:
            await store.add_facts([fact(kept_call(f"c{n}", number)), fact(said)])
        note = DispositionDocument(agent="alice", code="sold", notes="lives in Lyon", at="2027-01-15T08:00:00.000Z")
        await store.note(f"c{n}", "alice", note.model_dump_json().encode())
        known = Known(f"r{n}", f"c{n}", f"calls/r{n}", "alice", NOW, NOW + 60, ("alice",))
        await store.keep_recording(f"r{n}", to_json(asdict(known)), NOW + n)
        files.there[f"calls/r{n}"] = b"RIFF"
        message = messages.Known(f"v{n}", f"c{n}", "box", f"calls/v{n}", NOW, "new", 5.0, "Caller", number)
        await store.keep_voicemail(message.id, to_json(asdict(message)), NOW + n)
        files.there[f"calls/v{n}"] = b"RIFF"
        await record(audit, Entry(NOW, "call_begun", "contact", call=f"c{n}", numbers={"contact": number}))
        await store.claim(f"k{n}", 3600)
        await store.finish(f"k{n}", 200, b'{"number":"' + number.encode() + b'"}')
    webhooks = RedisWebhooks(client, prefix)
    for n, number in enumerate((THEIRS, OTHER, THEIRS)):
        event = Event(f"evt_{n}", "call.ended", f"call:c{n}", NOW, "")
        ((_, waiting),) = await webhooks.keep_events([(event, f'{{"number":"{number}"}}', ["crm"])], {})
        if n:
            await webhooks.bury_event("crm", waiting, "expired")
    for target in (f"number:{THEIRS}", f"number:{OTHER}", "number:0612345678", "agent:bob"):
        await store.note_recent("bob", target)
        await store.add_favourite("bob", target)
    aside = kept_call("c8", THEIRS)
    await set_aside(database, aside.key, "call", wire.written(aside), "too long", NOW)
    yield Places(store, database, RedisTraces(client, prefix), audit, files)
    await database.close()


async def everything(places: Places, client: Redis, prefix: str) -> str:
    """All that Redis and the history have, as text."""
    found: list[object] = []
    async with places.database.reading() as connection:
        for table in Table.metadata.tables.values():
            found += [tuple(row) for row in (await connection.execute(select(table))).all()]
    async for key in client.scan_iter(match=f"{{{prefix}}}*"):
        data: Any = None
        kind = await client.type(key)
        if kind == b"hash":
            data = await client.hgetall(key)
        elif kind == b"zset":
            data = await client.zrange(key, 0, -1)
        elif kind == b"list":
            data = await client.lrange(key, 0, -1)
        elif kind == b"string":
            data = await client.get(key)
        elif kind == b"stream":
            data = await client.xrange(key)
        found.append((key, data))
    return repr(sorted(found, key=repr))


async def test_looking_changes_nothing_and_says_what_there_is(places: Places, client: Redis, prefix: str) -> None:
    before = await everything(places, client, prefix)
    found = await look(places, PERSON)
    written: list[str] = []
    assert say(found, written.append, done=False) == 0
    assert [int(line.split()[0]) for line in written[:7]] == [2, 2, 2, 4, 2, 2, 2]
    assert "nothing has changed" in written[7]
    assert await everything(places, client, prefix) == before


async def test_afterwards_nothing_of_them_is_left_and_all_of_others(places: Places, client: Redis, prefix: str) -> None:
    await forget(places, await look(places, PERSON))
    left = await everything(places, client, prefix)
    assert "612345678" not in left
    assert OTHER in left
    assert (await places.store.favourites("bob"), await places.store.recents("bob")) == (
        [f"number:{OTHER}", "agent:bob"],
        ["agent:bob", f"number:{OTHER}"],
    )
    assert left.count("Caller") == 2, "of the other: a call, and a message"
    assert left.count("lives in Lyon") == 2, "of the other's call: in the history, and for wrap-up"
    assert left.count("sold") == 6
    files = places.files
    assert isinstance(files, FakeFiles)
    assert list(files.there) == ["calls/r1", "calls/v1"]
    noted = [n.call for n in await HistoryReader(places.database).calls(Wanted("alice"), None, 10)]
    assert [(call.id, call.dialled) for call in noted] == [("c1", "1001"), ("c0", "1001")]
    assert noted[1].contact == Outsider("", "", anonymous=True)
    assert await places.store.facts_waiting() == 2
    assert say(await look(places, PERSON), lambda _: None, done=True) == 0


async def test_the_record_says_that_somebody_was_forgotten_without_the_number_and_verifies(places: Places) -> None:
    await forget(places, await look(places, PERSON))
    kept = await places.audit.audit_kept()
    verifier, entries = Verifier(kept), []
    async for line in lines(places.audit, kept):
        verifier.feed(line)
        entries.append(read(line))
    verifier.end()
    assert verifier.faults == []
    assert entries[-1].what == "forget"
    assert entries[-1].details == {"calls": "2", "recordings": "2", "voicemails": "2", "erased": "2"}
    assert [dict(entry.numbers) for entry in entries[:3]] == [{}, {"contact": OTHER}, {}]


async def test_a_call_that_is_up_with_them_is_said_and_to_be_forgotten_later(places: Places) -> None:
    up = call("c9", party("p1", "alice"), party("p2"))
    busy = Places(places.store, places.database, places.traces, places.audit, places.files, [up], [up])
    written: list[str] = []
    assert say(await look(busy, PERSON), written.append, done=True) == 1
    assert any("1  calls are up" in line for line in written)


async def test_who_was_rung_in_a_call_of_somebody_else_is_forgotten_and_that_one_is_not(
    places: Places, client: Redis, prefix: str
) -> None:
    """A transfer to a number outside, or a call-back at one that was keyed in: their number is in no other place."""
    rung = replace(kept_call("c5", OTHER).segments[0], target=f"number:{THEIRS}")
    more = replace(kept_call("c5", OTHER), segments=(*kept_call("c5", OTHER).segments, rung))
    said = DispositionRecord("c5", "alice", "sold", "their neighbour", NOW)
    await write(places.database, [more, said])
    await places.store.add_facts([fact(replace(more, id="c6")), fact(replace(said, call="c6"))])
    for name in ("c5", "c6"):
        known = Known(f"r-{name}", name, f"calls/r-{name}", "alice", NOW, NOW + 60, ("alice",))
        await places.store.keep_recording(known.id, to_json(asdict(known)), NOW + 9)
    await forget(places, await look(places, PERSON))
    left = await everything(places, client, prefix)
    assert "612345678" not in left
    assert "neighbour" not in left
    assert "r-c5" not in left
    assert "r-c6" not in left
    assert left.count("Caller") == 4, "the other's own call and message, and these two"
    assert say(await look(places, PERSON), lambda _: None, done=True) == 0


async def test_their_recordings_are_found_when_the_history_knows_nothing_of_the_call_any_more(places: Places) -> None:
    known = Known("r-old", "c-old", "calls/r-old", "alice", NOW, NOW + 60, ("alice",))
    await places.store.keep_recording(known.id, to_json(asdict(known)), NOW - 9)
    assert isinstance(places.files, FakeFiles)
    places.files.there[known.file] = b"RIFF"
    await record(places.audit, Entry(NOW, "call_over", "contact", call="c-old", numbers={"contact": THEIRS}))
    await forget(places, await look(places, PERSON))
    assert list(places.files.there) == ["calls/r1", "calls/v1"]


@pytest.mark.parametrize("notes", ["call 06 12.34-56 78", "mail, or 0612345678"])
async def test_a_number_that_stands_in_notes_of_another_call_is_forgotten(places: Places, notes: str) -> None:
    await write(places.database, [kept_call("c5", OTHER), DispositionRecord("c5", "bob", "sold", notes, NOW)])
    await places.store.add_facts([fact(DispositionRecord("c5", "dave", "sold", notes, NOW))])
    await forget(places, await look(places, PERSON))
    assert (await look(places, PERSON)).traces.notes == ()
    history = HistoryReader(places.database)
    (noted,) = [n for n in await history.calls(Wanted("alice"), None, 10) if n.call.id == "c5"]
    assert [(note.agent, note.notes) for note in noted.dispositions] == [("bob", "")]
    assert not any(notes.encode() in kept.data for _, kept in await places.store.facts("", 100))


async def test_who_is_to_be_called_back_at_a_number_that_they_keyed_in_is_found(places: Places) -> None:
    back = CallBack(Identity(number=THEIRS), parse_target("queue:sales"), NOW, NOW + 60)
    gone = Party(id="p1", role=PartyRole.CONTACT, identity=Identity(anonymous=True), progress=Progress.LEFT)
    up = replace(call("c9", gone), callback=back)
    busy = Places(places.store, places.database, places.traces, places.audit, places.files, [up])
    assert (await look(busy, PERSON)).up == ["c9"]


def on_disk(folder: Path) -> bytes:
    """All that the files of the history have, also where no table of it does."""
    return b"".join(file.read_bytes() for file in sorted(folder.iterdir()))


async def test_no_file_of_the_history_has_their_number_afterwards_while_a_controller_uses_it(
    places: Places, tmp_path: Path
) -> None:
    controller = Database(f"sqlite:///{tmp_path}/history.db")
    history = HistoryReader(controller)
    assert len(await history.calls(Wanted("alice"), None, 10)) == 2
    assert THEIRS.encode() in on_disk(tmp_path)
    await forget(places, await look(places, PERSON))
    left = on_disk(tmp_path)
    assert b"612345678" not in left
    assert OTHER.encode() in left
    assert len(await history.calls(Wanted("alice"), None, 10)) == 2
    await controller.close()


async def test_where_somebody_reads_all_the_time_it_is_said_that_not_all_is_forgotten(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.history.database.BUSY_SECONDS", 0.01)
    other = Database(f"sqlite:///{tmp_path}/history.db")
    again = Database(f"sqlite:///{tmp_path}/history.db")
    async with other.reading() as connection:
        await connection.execute(select(CallRow))
        with pytest.raises(HistoryUnavailable) as refused:
            await forget(replace(places, database=again), await look(places, PERSON))
    assert "may have in it what was removed" in refused.value.reason
    await forget(places, await look(places, PERSON))
    assert b"612345678" not in on_disk(tmp_path)
    await other.close()
    await again.close()
