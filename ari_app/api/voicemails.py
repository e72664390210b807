"""Messages that callers have left, for those whom their box notifies, and for who oversees.

Which there are is kept in the store, the sound comes from Asterisk. A message is entered when it begins, so that none
is lost with a controller, and listed once it is over; then everybody whom it concerns is notified, once. What is no
message after all is forgotten, and its file deleted.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Literal

import structlog
from aiohttp import web
from pydantic_core import to_json

from ari_app.api.boxes import Boxes
from ari_app.api.kept import Failures, WrittenBehind, look_back, look_turns
from ari_app.api.messages import KNOWN, Known, Unheard, all_kept, document, entry
from ari_app.api.models.voicemails import (
    MarkedVoicemail,
    VoicemailDocument,
    VoicemailsDocument,
    VoicemailsQuery,
)
from ari_app.api.port import Control, RecordingFiles, Store
from ari_app.api.routes import Access, Exchange, Route
from ari_app.api.sounds import WAV, Fetches, send_sound
from ari_app.audit.chain import Entry
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.model import Call, Mark
from ari_app.errors import Code, Refused, StoreUnavailable, Unavailable
from ari_app.routing.directory import Agent, Directory, Voicemail

log = structlog.get_logger(__name__)

type Change = Literal["voicemail.left", "voicemail.updated", "voicemail.deleted"]

DAY = 86_400.0
TRIES, AGAIN = 20, 0.5
"""How often it is tried to keep a message while the store is away, and after how many seconds again."""
_HEADER, _PER_SECOND = 44, 16_000
"""Bytes of a file: 8000 samples of 16 bits, after so many."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """What was heard of a message from its call: it has begun, or (`left`) there is one, or none."""

    message: Known
    left: bool | None


@dataclass(frozen=True, slots=True)
class _Marked:
    """What an agent has made of a message at their phone."""

    message: str
    mark: Mark
    by: str


def may_hear(directory: Directory, viewer: Agent, box: str) -> bool:
    """Whether the message concerns them."""
    return viewer.role in OVERSEERS or directory.notified(viewer.id, box)


class VoicemailsApi:
    """Operations on messages. `tell(change, document, message)` is called for each that is left, marked or deleted;
    `count(unheard)` with those in each box that nobody has heard."""

    def __init__(
        self,
        control: Control,
        store: Store,
        files: RecordingFiles,
        fetches: Fetches,
        audit: Callable[[Entry], None],
        tell: Callable[[Change, VoicemailDocument], None],
        count: Callable[[Mapping[str, Unheard]], None] = lambda unheard: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._store = store
        self._files = files
        self._fetches = fetches
        self._audit = audit
        self._tell = tell
        self._count = count
        self._clock = clock
        self._entries: WrittenBehind[_Heard | _Marked] = WrittenBehind(self._keep, _not_listed)
        self._one = asyncio.Lock()
        self._boxes = Boxes()
        self.looked = False
        """Whether all that are kept were read once."""
        self._turns = look_turns()

    # -- what is entered ----------------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call has changed, and with it perhaps what its caller leaves, or what its agent has heard."""
        if call.listening is not None:
            marked = before.listening.marks if before is not None and before.listening is not None else {}
            for message, mark in call.listening.marks.items():
                if marked.get(message) != mark:
                    self._entries.put(_Marked(message, mark, call.listening.agent))
        was = before.message if before is not None else None
        now = call.message
        if now is None or now.begun_at is None:
            return
        same = was is not None and was.id == now.id
        if was is None or not same or was.begun_at is None:
            self._entries.put(_Heard(entry(call, now, now.begun_at), None))
        if now.ended_at is not None and (was is None or not same or was.ended_at is None):
            self._entries.put(_Heard(entry(call, now, now.begun_at), now.left))

    async def run(self) -> None:
        """Keep what is entered; until it is cancelled."""
        await self._entries.run()

    async def flush(self) -> None:
        """Wait until all that is entered is kept, while `run` goes on."""
        await self._entries.flush()

    async def _keep(self, entered: _Heard | _Marked) -> None:
        for _ in range(TRIES):
            with suppress(StoreUnavailable):
                return await self._enter(entered)
            await asyncio.sleep(AGAIN)
        return await self._enter(entered)

    async def _enter(self, entered: _Heard | _Marked) -> None:
        if isinstance(entered, _Marked):
            await self._mark_heard(entered)
        else:
            await self._enter_heard(entered)

    async def _mark_heard(self, marked: _Marked) -> None:
        """Unless it is gone, or somebody has marked it since: a call may be looked at again after a restart."""
        async with self._one:
            data = await self._store.voicemail(marked.message)
            before = KNOWN.validate_json(data) if data is not None else None
            if before is None or not before.listed or (before.marked_at or 0.0) >= marked.mark.at:
                return
            if marked.mark.state == "heard" and before.state != "new":
                return
            after = replace(before, state=marked.mark.state, by=marked.by, marked_at=marked.mark.at)
            await self._put(after)
        log.info("voicemail_heard_by_phone", voicemail=after.id, state=after.state, agent=after.by)
        details = {"voicemail": after.id, "file": after.file, "of": after.call, "state": after.state, "by": "phone"}
        self._audit(Entry(marked.mark.at, "mark_voicemail", marked.by, details=details))
        self._tell("voicemail.updated", document(after))

    async def _enter_heard(self, heard: _Heard) -> None:
        async with self._one:
            data = await self._store.voicemail(heard.message.id)
            kept = KNOWN.validate_json(data) if data is not None else None
            if kept is not None and (kept.state != "recording" or heard.left is None):
                return  # an earlier leader has got that far
            if heard.left is None:
                await self._put(heard.message)
            elif heard.left:
                await self._complete(heard.message)
            else:
                await self._drop(heard.message)

    async def _complete(self, message: Known) -> None:
        """It is over, and listed; unless its file says that there is nothing."""
        box = self._control.directory().voicemail.get(message.box)
        if message.seconds is None:
            try:
                message = replace(message, seconds=await self._length(message.file))
            except Refused:
                await self._drop(message)
                return
            if message.seconds is not None and box is not None and message.seconds < box.min_seconds:
                await self._drop(message)
                return
        message = replace(message, state="new")
        await self._put(message)
        log.info("voicemail_left", voicemail=message.id, call_id=message.call, box=message.box)
        self._tell("voicemail.left", document(message))

    async def _length(self, file: str) -> float | None:
        """In seconds; None while Asterisk is away. Raises: Refused, where there is no such file."""
        try:
            async with self._files.open(file) as sound:
                size = sound.length
        except Unavailable:
            return None
        return round(max(0, size - _HEADER) / _PER_SECOND, 1) if size is not None else None

    async def _drop(self, message: Known) -> None:
        """There is no message; what there is of a file is deleted, now or when Asterisk is back."""
        await self._put(replace(message, state="dropped"))
        try:
            await self._forget(message)
        except Unavailable as error:
            log.info("voicemail_not_deleted", voicemail=message.id, reason=error.detail)

    async def _put(self, message: Known) -> None:
        await self._store.keep_voicemail(message.id, to_json(asdict(message)), message.begun_at)
        self._boxes.put(message)
        self._counted()

    async def _forget(self, message: Known) -> None:
        await self._files.delete(message.file)
        await self._store.forget_voicemail(message.id)
        self._boxes.drop(message.id)
        self._counted()

    def unheard(self) -> dict[str, Unheard]:
        """Those in each box that nobody has heard."""
        return {box: self._boxes.unheard(box) for box in self._control.directory().voicemail}

    def kept(self) -> Mapping[str, int]:
        """How many messages there are, as `calls.model.counted` says where."""
        return self._boxes.counts()

    def _counted(self) -> None:
        self._count(self.unheard())

    def directory_changed(self) -> None:
        """Other boxes may be there."""
        self._counted()

    # -- after another controller -------------------------------------------------------------------------------------

    async def catch_up(self, over: Iterable[Call] = ()) -> None:
        """Complete what another controller did not; `over` are calls that ended lately."""
        for call in over:
            self.call_changed(None, call)
        await self.flush()
        with suppress(StoreUnavailable):  # then `forget_old` looks
            await self._look()

    async def _look(self) -> list[Known]:
        """All that are kept. Of those that go on in no call nobody has seen the end. Raises: StoreUnavailable."""
        async with self._one:
            messages = await all_kept(self._store)
            before, self._boxes = self._boxes, Boxes(messages)
        self.looked = True
        self._counted()
        for message in before.gone(self._boxes):
            # `ari-app forget` has removed it: nobody is sent their number once more.
            self._tell("voicemail.deleted", document(replace(message, name="", number="")))
        for message in messages:
            if message.state == "recording":
                await self._control.led(message.call)
                if message.call not in self._control.calls() and self._control.reached(message.call):
                    self._entries.put(_Heard(message, left=True))
        return messages

    async def forget_old(self) -> None:
        """Delete what its box no longer keeps, with its file. Raises: Unavailable, where some could not be."""
        boxes, now, failures = self._control.directory().voicemail, self._clock(), Failures()
        for message in await self._look():
            if message.state != "dropped" and message.begun_at > now - _keep_days(boxes, message.box) * DAY:
                continue
            with failures:
                await self._forget_for_good(message, now)
        self._counted()
        failures.check()

    async def _forget_for_good(self, message: Known, now: float) -> None:
        """Raises: Unavailable."""
        async with self._one:
            await self._forget(message)
        log.info("voicemail_deleted", voicemail=message.id, call_id=message.call, agent=None)
        details = {"voicemail": message.id, "file": message.file}
        self._audit(Entry(now, "voicemail_forgotten", "system", call=message.call, details=details))
        if message.listed:
            self._tell("voicemail.deleted", document(message))

    # -- operations ---------------------------------------------------------------------------------------------------

    async def listed(self, exchange: Exchange) -> VoicemailsDocument:
        """Raises: StoreUnavailable."""
        query: VoicemailsQuery = exchange.query
        viewer, directory = exchange.session.agent, self._control.directory()

        async def read(cursor: str | None, limit: int) -> list[Known]:
            return [KNOWN.validate_json(data) for data in await self._store.voicemails(cursor, limit)]

        async with self._turns.turn(exchange.session.digest):
            messages, following = await look_back(
                read,
                query.cursor,
                query.limit,
                too_old=lambda message: False,
                wanted=lambda message: (
                    message.listed and may_hear(directory, viewer, message.box) and _wanted(message, query)
                ),
                looked=exchange.looked_at,
            )
        return VoicemailsDocument(voicemails=[document(message) for message in messages], next=following)

    async def hear(self, exchange: Exchange) -> web.StreamResponse:
        """The file, as it comes from Asterisk.

        Raises:
            Refused: `not_found`, `too_many`.
            Unavailable: the store, or Asterisk, is away.
        """
        message = await self._message(exchange)
        with self._fetches.one(exchange.session.digest):
            async with self._files.open(message.file) as sound:
                log.info("voicemail_fetched", voicemail=message.id, agent=exchange.session.agent.id)
                return await send_sound(exchange.http, message.id, message.file, sound)

    async def mark(self, exchange: Exchange) -> VoicemailDocument:
        """Raises: Refused `not_found`; StoreUnavailable."""
        body: MarkedVoicemail = exchange.body
        async with self._one:
            before = await self._message(exchange)
            by = exchange.session.agent.id
            after = replace(before, state=body.state, by=by, marked_at=self._clock())
            if after.state == before.state and by == before.by:
                return document(before)
            await self._put(after)
        self._tell("voicemail.updated", document(after))
        return document(after)

    async def delete(self, exchange: Exchange) -> None:
        """Raises: Refused `not_found`; Unavailable."""
        async with self._one:
            message = await self._message(exchange)
            await self._forget(message)
        log.info("voicemail_deleted", voicemail=message.id, call_id=message.call, agent=exchange.session.agent.id)
        self._tell("voicemail.deleted", document(message))

    async def _message(self, exchange: Exchange) -> Known:
        """The message of the path, where whoever asks may hear it."""
        data = await self._store.voicemail(exchange.path["voicemail"])
        message = KNOWN.validate_json(data) if data is not None else None
        hears = message is not None and may_hear(self._control.directory(), exchange.session.agent, message.box)
        if message is None or not message.listed or not hears:
            raise Refused(Code.NOT_FOUND, "there is no such message, or its file is gone")
        exchange.note({"file": message.file, "of": message.call})
        return message

    def routes(self) -> list[Route]:
        """The operations of this class."""
        path = "/v1/voicemails/{voicemail}"
        return [
            Route(
                "GET", "/v1/voicemails", "list_voicemails", "Messages that callers have left, the last first",
                "history", self.listed, VoicemailsDocument, query=VoicemailsQuery,
            ),
            Route(
                "GET", path, "get_voicemail", "The sound of a message", "history", self.hear, raw=WAV, audit=(),
                codes=(Code.NOT_FOUND, Code.ASTERISK_UNAVAILABLE, Code.TOO_MANY),
            ),
            Route(
                "PUT", path, "mark_voicemail", "Say that a message is heard, done, or new again", "history",
                self.mark, VoicemailDocument, request=MarkedVoicemail, codes=(Code.NOT_FOUND,), audit=("state",),
            ),
            Route(
                "DELETE", path, "delete_voicemail", "Delete a message and its file", "history", self.delete,
                status=204, codes=(Code.NOT_FOUND, Code.ASTERISK_UNAVAILABLE), access=Access.OVERSEER, audit=(),
            ),
        ]  # fmt: skip


def _keep_days(boxes: Mapping[str, Voicemail], box: str) -> float:
    """Of a box that is not in the file, or not any more, perhaps by another name: as long as any is."""
    listed = boxes.get(box)
    return listed.keep_days if listed else max(each.keep_days for each in (*boxes.values(), Voicemail("", "")))


def _not_listed(entered: _Heard | _Marked) -> None:
    if isinstance(entered, _Marked):
        log.warning("voicemail_not_marked", voicemail=entered.message, state=entered.mark.state, agent=entered.by)
    else:
        log.warning("voicemail_not_listed", call_id=entered.message.call, file=entered.message.file)


def _wanted(message: Known, query: VoicemailsQuery) -> bool:
    return (
        (query.box is None or message.box == query.box)
        and (query.state is None or message.state == query.state)
        and (query.call is None or message.call == query.call)
    )
