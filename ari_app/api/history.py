"""Calls that are over, and what agents note of them: the first are in the history, the second on their way there."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from aiohttp import web
from pydantic_core import to_json

from ari_app.api.limits import Rates, Turns
from ari_app.api.models.history import (
    DispositionDocument,
    HistoryDocument,
    HistoryQuery,
    NewDisposition,
    OutcomeShown,
    OutsiderDocument,
    RecordDocument,
    SegmentDocument,
)
from ari_app.api.port import Agents, Control, Store
from ari_app.api.routes import Exchange, Route
from ari_app.api.spreadsheet import CONTENT_TYPE as CSV
from ari_app.api.spreadsheet import csv_text, wants_csv
from ari_app.audit.chain import Entry
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, Refused
from ari_app.history.port import CallHistory, Noted, Wanted
from ari_app.records import wire
from ari_app.records.model import CallRecord, DispositionRecord, Segment
from ari_app.routing.directory import Agent
from ari_app.store.port import KeptFact

COLUMNS = (
    "id", "type", "outcome", "started_at", "answered_at", "ended_at", "ended_by", "end_reason", "dialled", "queue",
    "queued_at", "contact_name", "contact_number", "agents", "missed_by", "caller_id", "dispositions", "notes",
    "parent", "transfers", "conferences",
)  # fmt: skip

AT_ONCE, WAITING, OF_ONE = 2, 256, 16
"""Requests for calls that are over: a number takes a core for a second where there are a million calls, and what fills
the history needs connections to it too. Of those who wait, and of one session."""
NOTES, NOTES_AT_ONCE = 1.0, 60.0
"""What an agent may note a second, and after some time without: while the database is away, all of it waits in the
store, where records of calls do."""

READ_AGAIN = 60.0
_LOOKED_FOR = ("agent", "queue", "from_", "to", "outcome")


class HistoryApi:
    """Operations on calls that are over, or nearly so."""

    def __init__(
        self,
        control: Control,
        agents: Agents,
        store: Store,
        history: CallHistory,
        audit: Callable[[Entry], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._audit = audit
        self._read: dict[tuple[str, tuple[tuple[str, str], ...], str], float] = {}
        self._control = control
        self._agents = agents
        self._store = store
        self._history = history
        self._clock = clock
        self._notes = Rates(clock, NOTES, NOTES_AT_ONCE)
        self._turns = Turns(AT_ONCE, WAITING, OF_ONE, "too much of the history is wanted")

    # -- history ------------------------------------------------------------------------------------------------------

    async def history(self, exchange: Exchange) -> HistoryDocument | web.Response:
        """As JSON or, for who asks for it, as CSV. Raises: HistoryUnavailable; HttpError 429."""
        self._record(exchange)
        async with self._turns.turn(exchange.session.digest):
            page = await self._page(exchange)
        if not wants_csv(exchange.http.headers.get("Accept", "")):
            return page
        headers = {"Content-Disposition": 'attachment; filename="history.csv"', "Vary": "Accept"}
        if page.next is not None:
            following = exchange.http.rel_url.update_query(cursor=page.next)
            headers["Link"] = f'<{following.raw_path_qs}>; rel="next"'
        text = csv_text(COLUMNS, map(_row, page.calls))
        return web.Response(text=text, content_type=CSV, charset="utf-8", headers=headers)

    def _record(self, exchange: Exchange) -> None:
        """Who reads of calls of others is on record, with what they looked for: once a minute, for pages are many."""
        query: HistoryQuery = exchange.query
        viewer, now = exchange.session.agent, self._clock()
        if viewer.role not in OVERSEERS or query.agent == viewer.id:
            return
        given = {name.rstrip("_"): str(value) for name in _LOOKED_FOR if (value := getattr(query, name)) is not None}
        what = viewer.id, tuple(given.items()), query.number or ""
        self._read = {each: at for each, at in self._read.items() if at > now - READ_AGAIN}
        if what in self._read:
            return
        self._read[what] = now
        numbers = {"number": query.number} if query.number else {}
        listed = query.agent is not None and query.agent in self._control.directory().agents
        agents = (query.agent,) if query.agent is not None and listed else ()
        address = exchange.http.remote or ""
        self._audit(Entry(now, "get_history", viewer.id, address, agents=agents, details=given, numbers=numbers))

    async def _page(self, exchange: Exchange) -> HistoryDocument:
        query: HistoryQuery = exchange.query
        viewer = exchange.session.agent
        of = query.agent if viewer.role in OVERSEERS else viewer.id
        wanted = Wanted(of, query.number, query.queue, _seconds(query.from_), _seconds(query.to), query.outcome)
        await self._history.settle()
        found = await self._history.calls(wanted, query.cursor, query.limit + 1)
        page = found[: query.limit]
        following = page[-1].call.id if len(found) > len(page) else None
        return HistoryDocument(calls=[record_document(noted, viewer, of) for noted in page], next=following)

    # -- dispositions -------------------------------------------------------------------------------------------------

    async def dispose(self, exchange: Exchange) -> DispositionDocument:
        """Raises: Refused `not_found`, `not_allowed_now`, `invalid`; HttpError 429; StoreUnavailable."""
        body: NewDisposition = exchange.body
        agent, call_id = exchange.session.agent, exchange.path["call"]
        self._notes.take(agent.id)
        listed = self._control.directory().settings.dispositions
        if body.code is not None and body.code not in listed:
            problem = FieldError("code", f"must be one of: {', '.join(listed)}" if listed else "there are no codes")
            raise Refused(Code.INVALID, "the code is not in the administrator's list", (problem,))
        self._check_time(agent, call_id)
        fact = DispositionRecord(call_id, agent.id, body.code, body.notes, self._clock())
        await self._store.add_facts([KeptFact(fact.key, wire.kind_of(fact), wire.written(fact))])
        note = _note(fact)
        await self._store.note(call_id, agent.id, to_json(note))  # wrap-up may wait for it, whatever the database does
        return note

    def _check_time(self, agent: Agent, call_id: str) -> None:
        """Whoever is in the call, or rests after it."""
        call = self._control.calls().get(call_id)
        if call is not None and any(p.agent == agent.id and p.joined_at is not None for p in call.parties.values()):
            return
        record = self._agents.record(agent.id)
        if record is not None and str(record.state) == "wrap_up" and record.call == call_id:
            return
        raise Refused(Code.NOT_ALLOWED_NOW, "this can be noted during the call and its wrap-up, by who was in it")

    def routes(self) -> list[Route]:
        """The operations of this class."""
        return [
            Route(
                "PATCH", "/v1/calls/{call}/disposition", "dispose_call", "Note how the call went", "calls",
                self.dispose, DispositionDocument, request=NewDisposition, codes=(Code.NOT_ALLOWED_NOW,),
            ),
            Route(
                "GET", "/v1/history", "get_history", "Calls that are over, the last first", "history", self.history,
                HistoryDocument, query=HistoryQuery, also=CSV, codes=(Code.HISTORY_UNAVAILABLE,),
            ),
        ]  # fmt: skip


def record_document(noted: Noted, viewer: Agent, of: str | None) -> RecordDocument:
    """A call that is over as this viewer sees it; of the calls of the agent `of`."""
    record, contact = noted.call, noted.call.contact
    seen = [n for n in noted.dispositions if viewer.role in OVERSEERS or n.agent == viewer.id]
    return RecordDocument(
        id=record.id,
        type=record.type,
        outcome=_outcome(record, of),
        started_at=timestamp(record.started_at) or "",
        answered_at=timestamp(record.answered_at),
        ended_at=timestamp(record.ended_at) or "",
        ended_by=record.ended_by,
        end_reason=record.end_reason,
        dialled=record.dialled,
        queue=record.queue,
        queued_at=timestamp(record.queued_at),
        contact=OutsiderDocument(**asdict(contact)) if contact is not None else None,
        agents=list(record.agents),
        missed_by=list(record.missed_by),
        caller_id=record.caller_id,
        dispositions=[_note(note) for note in seen],
        parent=record.parent,
        transfers=record.transfers,
        conferences=record.conferences,
        segments=[_segment(segment) for segment in record.segments],
    )


def _note(note: DispositionRecord) -> DispositionDocument:
    return DispositionDocument(agent=note.agent, code=note.code, notes=note.notes, at=timestamp(note.at) or "")


def _segment(segment: Segment) -> SegmentDocument:
    times = {"begins_at": timestamp(segment.begun_at) or "", "ends_at": timestamp(segment.ended_at) or ""}
    rest = {name: value for name, value in asdict(segment).items() if name not in ("begun_at", "ended_at")}
    return SegmentDocument(**times, **rest)


def _outcome(record: CallRecord, of: str | None) -> OutcomeShown:
    return "missed" if of is not None and of in record.missed_by else record.outcome


def _row(call: RecordDocument) -> list[str | None]:
    """Of `COLUMNS`: what are several is parted by blanks, notes by lines."""
    name, number = (call.contact.name, call.contact.number) if call.contact is not None else ("", "")
    codes = [f"{note.agent}:{note.code}" for note in call.dispositions if note.code is not None]
    notes = [f"{note.agent}: {note.notes}" for note in call.dispositions if note.notes]
    return [
        call.id, call.type, call.outcome, call.started_at, call.answered_at, call.ended_at, call.ended_by,
        call.end_reason, call.dialled, call.queue, call.queued_at, name, number, " ".join(call.agents),
        " ".join(call.missed_by), call.caller_id, " ".join(codes), "\n".join(notes),
        call.parent, str(call.transfers), str(call.conferences),
    ]  # fmt: skip


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment is not None else None
