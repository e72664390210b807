"""`ari-app forget NUMBER…`: finds what is stored of somebody outside by the forms of their number, and with `--do`
removes it.

Calls stay as figures, without name, number and notes; recordings of them are deleted. What a controller has in memory
goes with time, or its restart: that is said, and so is what has to wait for a call to be over.
"""

import asyncio
import re
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from ari_app.api.completed import Known
from ari_app.api.messages import Known as KnownMessage
from ari_app.api.messages import all_kept
from ari_app.api.models.history import DispositionDocument
from ari_app.api.port import RecordingFiles
from ari_app.ari.client import AriClient
from ari_app.ari.http import HttpClient
from ari_app.ari.stored_recordings import AllStoredRecordings, StoredRecordings
from ari_app.audit.chain import ERASED, TERMINAL, Entry, read
from ari_app.audit.trail import record
from ari_app.calls.model import Call
from ari_app.config.settings import ProcessSettings
from ari_app.configured import opened_audit, opened_store, reach_store
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import CallControlError, HistoryUnavailable
from ari_app.history.database import Database
from ari_app.history.forgetting import Theirs, Traces, traces
from ari_app.history.forgetting import forget as forget_in_history
from ari_app.operations.audit import digits_of, lines, same_number
from ari_app.store.client import disconnect
from ari_app.store.port import AuditTrail, Store
from ari_app.store.traces import RedisTraces

_DONE, _FAILED, _USAGE = 0, 1, 2
_PAGE = 200
_PARTING = re.compile(r"[\s.()/\-]+")
SHORTEST = 5
"""Digits: shorter ones are numbers of the house."""

_RECORDING: TypeAdapter[Known] = TypeAdapter(Known)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody outside, by the numbers under which they are known."""

    numbers: tuple[str, ...] = field(repr=False)

    def has(self, number: str | None) -> bool:
        """Whether this is one of them, however it is written."""
        return number is not None and any(same_number(own, number) for own in self.numbers)

    def is_in(self, text: str) -> bool:
        """Whether one of them stands in the text."""
        return any(digits_of(own) in text for own in self.numbers)

    def is_noted_in(self, text: str) -> bool:
        """The same, however people have parted it."""
        return self.is_in(_PARTING.sub("", text))

    @property
    def theirs(self) -> Theirs:
        """The same for the history."""
        return Theirs(self.has, self.is_in, self.is_noted_in)


@dataclass(slots=True)
class Found:
    """What is stored of them."""

    traces: Traces = field(default_factory=Traces)
    records: Sequence[str] = ()
    recordings: list[Known] = field(default_factory=list)
    messages: list[KnownMessage] = field(default_factory=list)
    marks: list[tuple[str, str, str]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    on_record: set[str] = field(default_factory=set)
    over: list[str] = field(default_factory=list)
    up: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Places:
    """Where it is looked for. `calls` are those that are up, `over` those that ended a moment ago."""

    store: Store
    database: Database
    traces: RedisTraces
    audit: AuditTrail
    files: RecordingFiles
    calls: Sequence[Call] = ()
    over: Sequence[Call] = ()


def run(settings: ProcessSettings, numbers: Sequence[str], *, do: bool) -> int:
    """Do it, or say what it would do; the exit status is 1 where something is left."""
    if any(len(digits_of(number)) < SHORTEST for number in numbers):
        print(f"a number of somebody outside has at least {SHORTEST} digits", file=sys.stderr)
        return _USAGE
    try:
        return asyncio.run(_run(settings, Person(tuple(numbers)), do=do))
    except CallControlError as error:
        why = error.reason if isinstance(error, HistoryUnavailable) else error.detail
        print(f"not all is forgotten: {why}; try again", file=sys.stderr)
        return _FAILED


async def _run(settings: ProcessSettings, person: Person, *, do: bool) -> int:
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened_store(settings))
        audit = await stack.enter_async_context(opened_audit(settings))
        client = reach_store(settings, connections=1)
        stack.push_async_callback(disconnect, client)
        http = HttpClient(settings.ari_user, settings.ari_password.get_secret_value())
        stack.push_async_callback(http.close)
        files = AllStoredRecordings([StoredRecordings(AriClient(place.url, http)) for place in settings.places])
        calls: list[Call] = []
        over: list[Call] = []
        for apart in settings.kept_apart:
            beside = await stack.enter_async_context(opened_store(settings, apart))
            restored = await Snapshots(beside).restore()
            calls += restored.calls
            over += restored.over
        database = Database(settings.history_url)
        stack.push_async_callback(database.close)
        await database.migrate()
        places = Places(store, database, RedisTraces(client, settings.redis_prefix), audit, files, calls, over)
        found = await look(places, person)
        if do:
            await forget(places, found)
        return say(found, print, done=do)


async def look(places: Places, person: Person) -> Found:
    """What there is of them. Raises: StoreUnavailable."""
    found = Found()
    found.traces = await traces(places.database, places.store, person.theirs)
    found.records = found.traces.of
    async for line in lines(places.audit, await places.audit.audit_kept()):
        try:
            entry = read(line)
        except ValueError:
            continue  # `ari-app audit` says so
        if any(person.has(number) for number in entry.numbers.values()):
            found.lines.append(line.link.number)
            found.on_record.add(entry.call)
    # Recordings may be kept for longer than the calls: of some the record alone knows whose they are.
    of, after = {*found.records, *found.on_record}, None
    while page := await places.store.recordings(after, _PAGE):
        recordings = [_RECORDING.validate_json(data) for data in page]
        found.recordings += [r for r in recordings if r.call in of]
        after = recordings[-1].id
    found.messages = [m for m in await all_kept(places.store) if m.call in of or person.has(m.number)]
    for marks in await places.traces.marks():
        found.marks += [(marks.kind, marks.agent, t) for t in marks.targets if person.has(t)]
    found.answers = [key async for key, text in places.traces.answers() if person.is_in(text)]
    found.events = [(key, at) async for key, at, text in places.traces.events() if person.is_in(text)]
    found.up = [call.id for call in places.calls if _has(call, person)]
    found.over = [call.id for call in places.over if _has(call, person)]
    return found


def _has(call: Call, person: Person) -> bool:
    numbers = [call.dialled, *(p.identity.number for p in call.parties.values())]
    numbers += [call.callback.identity.number] if call.callback is not None else []
    return any(map(person.has, numbers))


async def forget(places: Places, found: Found) -> None:
    """Remove it. Raises: Unavailable; then it may be done again."""
    for recording in found.recordings:
        await places.files.delete(recording.file)
        await places.store.forget_recording(recording.id)
    for message in found.messages:
        await places.files.delete(message.file)
        await places.store.forget_voicemail(message.id)
    for call in dict.fromkeys((*found.records, *found.on_record, *(call for call, _ in found.traces.notes))):
        for agent, note in (await places.store.notes(call)).items():
            said = DispositionDocument.model_validate_json(note).model_copy(update={"notes": ""})
            await places.store.note(call, agent, said.model_dump_json().encode())
    await forget_in_history(places.database, places.store, found.traces)
    for kind, agent, target in found.marks:
        await places.traces.forget_mark(kind, agent, target)
    for key in found.answers:
        await places.traces.forget_answer(key)
    for key, at in found.events:
        await places.traces.forget_event(key, at)
    await places.audit.erase_audit(found.lines)
    counts = {
        "calls": len(found.records),
        "recordings": len(found.recordings),
        "voicemails": len(found.messages),
        ERASED: len(found.lines),
    }
    details = {name: str(number) for name, number in counts.items()}
    await record(places.audit, Entry(time.time(), "forget", TERMINAL, details=details))
    await places.database.scour()


def say(found: Found, write: Callable[[str], None], *, done: bool) -> int:
    """What was found, and what became of it; the exit status."""
    rows = (
        (len(found.records), "calls that are over: name, number and notes", "the rest stays, as a figure"),
        (len(found.recordings), "recordings, with their files", ""),
        (len(found.messages), "messages in voicemail boxes, with their files", ""),
        (len(found.marks), "recent targets and favourites of agents", ""),
        (len(found.answers), "answers kept for repeats", ""),
        (len(found.events), "events for webhooks, not taken yet or given up", ""),
        (len(found.lines), "lines of the record of who did what: the number", "the lines stay"),
    )
    for number, what, more in rows:
        write(f"{number:>6}  {what}{f' ({more})' if more else ''}: {'removed' if done else 'would be removed'}")
    if not done:
        write("nothing has changed; `ari-app forget --do` does it")
    if found.over:
        write(f"{len(found.over):>6}  calls ended a moment ago: they are forgotten by themselves in a minute")
    if found.up:
        write(f"{len(found.up):>6}  calls are up with this number: do it again when they are over")
    write("stories and answers in the controller's memory stay until keep_days is over, or its restart")
    return _FAILED if done and found.up else _DONE
