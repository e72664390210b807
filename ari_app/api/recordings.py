"""Recordings for those who may hear them: which there are is kept in the store, the sound comes from Asterisk.

A recording is entered when it begins, when somebody else is in the call, and when it ends, so that it is known who was
recorded. Supervisors hear all, agents their own where the administrator allows it, and administrators delete.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import structlog
from aiohttp import web

from ari_app.api.completed import Completed, Known, Tell, read, written
from ari_app.api.kept import Failures, WrittenBehind, look_back, look_turns
from ari_app.api.models.recordings import RecordingDocument, RecordingsDocument, RecordingsQuery
from ari_app.api.notices import about_call
from ari_app.api.port import Control, RecordingFiles, Store
from ari_app.api.routes import Access, Exchange, Route
from ari_app.api.sounds import WAV, Fetches, send_sound
from ari_app.audit.chain import Entry
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.model import Call, Recording
from ari_app.calls.views import timestamp
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Agent

log = structlog.get_logger(__name__)

PAGE = 8
"""Recordings that are looked at together where old ones are deleted."""


class RecordingsApi:
    """Operations on recordings."""

    def __init__(
        self,
        control: Control,
        store: Store,
        files: RecordingFiles,
        fetches: Fetches,
        audit: Callable[[Entry], None],
        tell: Tell,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._audit = audit
        self._control = control
        self._store = store
        self._files = files
        self._fetches = fetches
        self._clock = clock
        self._completed = Completed(store, files, tell, lambda entry: self._state(entry) == "complete", clock)
        self._entries: WrittenBehind[Known] = WrittenBehind(self._keep, _not_listed)
        self._turns = look_turns()

    # -- what is entered ----------------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call has changed, and with it perhaps what is recorded of it."""
        was = before.recording if before is not None else None
        now = call.recording
        if before is not None and was is not None and (now is None or now.id != was.id):
            self._entries.put(_entry(before, was, self._clock()))
        if now is not None and (before is None or was is None or now.id != was.id or _agents(before) != _agents(call)):
            self._entries.put(_entry(call, now, None))

    async def run(self) -> None:
        """Keep what is entered, and measure what is complete; until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._entries.run())
            tasks.create_task(self._completed.run())

    async def catch_up(self) -> None:
        """What was completed when nobody looked. Raises: StoreUnavailable."""
        await self._completed.catch_up()

    async def _keep(self, entry: Known) -> None:
        data = await self._store.recording(entry.id)
        if data is not None:
            before = read(data)
            agents = tuple(dict.fromkeys((*before.agents, *entry.agents)))
            about = tuple(dict.fromkeys((*before.about, *entry.about)))
            entry = replace(before, agents=agents, about=about, ended_at=entry.ended_at or before.ended_at)
        await self._store.keep_recording(entry.id, written(entry), entry.started_at)
        if entry.ended_at is not None:
            self._completed.put(entry.id)

    async def forget_before(self, at: float) -> None:
        """Delete what was begun before that time, with its files. Raises: Unavailable, where some could not be."""
        failures, left = Failures(), set[str]()
        while page := await self._store.recordings_before(at, len(left) + PAGE):
            wanted = [entry for entry in map(read, page) if entry.id not in left]
            for entry in wanted:
                left.add(entry.id)
                with failures:
                    await self._delete(entry, None)
                    left.remove(entry.id)
                    details = {"recording": entry.id, "file": entry.file}
                    self._audit(Entry(self._clock(), "recording_forgotten", "system", call=entry.call, details=details))
            if not wanted:
                break
        failures.check()

    async def _delete(self, entry: Known, by: str | None) -> None:
        """Raises: Unavailable."""
        await self._files.delete(entry.file)
        await self._store.forget_recording(entry.id)
        log.info("recording_deleted", recording=entry.id, call_id=entry.call, agent=by)

    async def flush(self) -> None:
        """Wait until all that is entered is kept, while `run` goes on."""
        await self._entries.flush()

    # -- operations ---------------------------------------------------------------------------------------------------

    async def listed(self, exchange: Exchange) -> RecordingsDocument:
        """Raises: Refused `feature_disabled`; StoreUnavailable."""
        query: RecordingsQuery = exchange.query
        viewer = exchange.session.agent
        self._check_right(viewer)

        async def page(cursor: str | None, limit: int) -> list[Known]:
            return [read(data) for data in await self._store.recordings(cursor, limit)]

        async with self._turns.turn(exchange.session.digest):
            entries, following = await look_back(
                page,
                query.cursor,
                query.limit,
                too_old=lambda entry: query.from_ is not None and entry.started_at < query.from_.timestamp(),
                wanted=lambda entry: _may_hear(viewer, entry) and _wanted(entry, query),
                looked=exchange.looked_at,
            )
        return RecordingsDocument(recordings=[self.document(entry) for entry in entries], next=following)

    async def hear(self, exchange: Exchange) -> web.StreamResponse:
        """The file, as it comes from Asterisk.

        Raises:
            Refused: `feature_disabled`, `not_found`, `not_allowed_now`, `too_many`.
            Unavailable: the store, or Asterisk, is away.
        """
        viewer = exchange.session.agent
        self._check_right(viewer)
        entry = await self._complete(exchange.path["recording"])
        if not _may_hear(viewer, entry):
            raise _unknown()
        exchange.note({"file": entry.file, "of": entry.call})
        with self._fetches.one(exchange.session.digest):
            async with self._files.open(entry.file) as sound:
                log.info("recording_fetched", recording=entry.id, call_id=entry.call, agent=viewer.id)
                return await send_sound(exchange.http, entry.id, entry.file, sound)

    async def delete(self, exchange: Exchange) -> None:
        """Raises: Refused `not_found`, `not_allowed_now`; Unavailable."""
        entry = await self._complete(exchange.path["recording"])
        exchange.note({"file": entry.file, "of": entry.call})
        await self._delete(entry, exchange.session.agent.id)

    async def _complete(self, name: str) -> Known:
        """The recording of this name, once nothing is written to it any more."""
        await self.flush()
        data = await self._store.recording(name)
        if data is None:
            raise _unknown()
        entry = read(data)
        call = self._control.calls().get(entry.call)
        if self._state(entry) != "complete" or (call is not None and entry.file in call.stopping):
            raise Refused(Code.NOT_ALLOWED_NOW, "it is still being recorded")
        return entry

    def _check_right(self, viewer: Agent) -> None:
        if viewer.role not in OVERSEERS and not self._control.directory().settings.agents_hear_recordings:
            raise Refused(Code.FEATURE_DISABLED, "agents may not hear recordings")

    def _state(self, entry: Known) -> Literal["recording", "paused", "complete"]:
        call = self._control.calls().get(entry.call)
        now = call.recording if call is not None and not call.ended else None
        if now is None or now.id != entry.id:
            return "complete"
        return "paused" if now.paused else "recording"

    def document(self, entry: Known) -> RecordingDocument:
        """As clients see it."""
        return RecordingDocument(
            id=entry.id,
            call_id=entry.call,
            state=self._state(entry),
            started_at=timestamp(entry.started_at) or "",
            started_by=entry.by,
            ended_at=timestamp(entry.ended_at),
            agents=list(entry.agents),
            file=f"{entry.file}.wav",
            seconds=entry.seconds,
            size=entry.size,
        )

    def routes(self) -> list[Route]:
        """The operations of this class."""
        path = "/v1/recordings/{recording}"
        codes = (Code.NOT_FOUND, Code.NOT_ALLOWED_NOW, Code.ASTERISK_UNAVAILABLE)
        return [
            Route(
                "GET", "/v1/recordings", "list_recordings", "Recordings, the last first", "history", self.listed,
                RecordingsDocument, query=RecordingsQuery, codes=(Code.FEATURE_DISABLED,),
            ),
            Route(
                "GET", path, "get_recording", "The sound of a recording", "history", self.hear, raw=WAV,
                codes=(*codes, Code.FEATURE_DISABLED, Code.TOO_MANY), audit=(),
            ),
            Route(
                "DELETE", path, "delete_recording", "Delete a recording and its file", "history", self.delete,
                status=204, codes=codes, access=Access.ADMIN, audit=(),
            ),
        ]  # fmt: skip


def _not_listed(entry: Known) -> None:
    log.warning("recording_not_listed", call_id=entry.call, file=entry.file)


def _entry(call: Call, recording: Recording, ended_at: float | None) -> Known:
    agents, about = tuple(sorted(_agents(call))), tuple(sorted(about_call(call)))
    return Known(recording.id, call.id, recording.file, recording.by, recording.since, ended_at, agents, about)


def _agents(call: Call) -> frozenset[str]:
    return frozenset(party.agent for party in call.joined() if party.agent is not None)


def _may_hear(viewer: Agent, entry: Known) -> bool:
    return viewer.role in OVERSEERS or viewer.id in entry.agents


def _wanted(entry: Known, query: RecordingsQuery) -> bool:
    return (
        (query.to is None or entry.started_at < query.to.timestamp())
        and (query.call is None or entry.call == query.call)
        and (query.agent is None or query.agent in entry.agents)
    )


def _unknown() -> Refused:
    return Refused(Code.NOT_FOUND, "there is no such recording, or its file is gone")
