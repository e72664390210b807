"""Calls that are over, and what agents noted of them: kept in the store, the last so many (`store.port.HISTORY`)."""

import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

import structlog
from aiohttp import web
from pydantic import TypeAdapter
from pydantic_core import to_json

from ari_app.api.kept import WrittenBehind, look_back
from ari_app.api.models.history import (
    DispositionDocument,
    HistoryDocument,
    HistoryQuery,
    NewDisposition,
    OutcomeShown,
    OutsiderDocument,
    RecordDocument,
)
from ari_app.api.port import Agents, Control, Store
from ari_app.api.routes import Exchange, Route
from ari_app.api.spreadsheet import CONTENT_TYPE as CSV
from ari_app.api.spreadsheet import csv_text, wants_csv
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.model import Call
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, Refused
from ari_app.records.model import CallRecord as Record
from ari_app.records.projector import record_of
from ari_app.routing.directory import Agent

log = structlog.get_logger(__name__)

COLUMNS = (
    "id", "type", "outcome", "started_at", "answered_at", "ended_at", "ended_by", "end_reason", "dialled", "queue",
    "queued_at", "contact_name", "contact_number", "agents", "missed_by", "caller_id", "dispositions", "notes",
)  # fmt: skip

_RECORD = TypeAdapter(Record)
_NOTE = TypeAdapter(DispositionDocument)


class HistoryApi:
    """Operations on calls that are over, or nearly so."""

    def __init__(self, control: Control, agents: Agents, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._control = control
        self._agents = agents
        self._store = store
        self._clock = clock
        self._over: WrittenBehind[Record] = WrittenBehind(self._keep, _not_recorded)

    def call_changed(self, call: Call) -> None:
        """A call has changed: one that is over is kept."""
        record = record_of(call)
        if record is not None:
            self._over.put(record)

    async def run(self) -> None:
        """Keep what is over; until it is cancelled."""
        await self._over.run()

    async def _keep(self, record: Record) -> None:
        of = dict.fromkeys((*record.agents, *record.missed_by))
        await self._store.keep_record(record.id, to_json(asdict(record)), list(of), record.ended_at)

    async def flush(self) -> None:
        """Wait until all that is over is kept, while `run` goes on."""
        await self._over.flush()

    # -- history ------------------------------------------------------------------------------------------------------

    async def history(self, exchange: Exchange) -> HistoryDocument | web.Response:
        """As JSON or, for who asks for it, as CSV. Raises: StoreUnavailable."""
        page = await self._page(exchange)
        if not wants_csv(exchange.http.headers.get("Accept", "")):
            return page
        headers = {"Content-Disposition": 'attachment; filename="history.csv"', "Vary": "Accept"}
        if page.next is not None:
            following = exchange.http.rel_url.update_query(cursor=page.next)
            headers["Link"] = f'<{following.raw_path_qs}>; rel="next"'
        text = csv_text(COLUMNS, map(_row, page.calls))
        return web.Response(text=text, content_type=CSV, charset="utf-8", headers=headers)

    async def _page(self, exchange: Exchange) -> HistoryDocument:
        query: HistoryQuery = exchange.query
        viewer = exchange.session.agent
        of = query.agent if viewer.role in OVERSEERS else viewer.id

        async def read(cursor: str | None, limit: int) -> list[Record]:
            return [_RECORD.validate_json(data) for data in await self._store.records(of, cursor, limit)]

        records, following = await look_back(
            read,
            query.cursor,
            query.limit,
            too_old=lambda record: query.from_ is not None and record.ended_at < _seconds(query.from_),
            wanted=lambda record: _wanted(record, query, of),
        )
        return HistoryDocument(calls=[await self._document(x, viewer, of) for x in records], next=following)

    async def _document(self, record: Record, viewer: Agent, of: str | None) -> RecordDocument:
        notes = [_NOTE.validate_json(data) for data in (await self._store.notes(record.id)).values()]
        contact = record.contact
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
            dispositions=[note for note in notes if viewer.role in OVERSEERS or note.agent == viewer.id],
        )

    # -- dispositions -------------------------------------------------------------------------------------------------

    async def dispose(self, exchange: Exchange) -> DispositionDocument:
        """Raises: Refused `not_found`, `not_allowed_now`, `invalid`; StoreUnavailable."""
        body: NewDisposition = exchange.body
        agent, call_id = exchange.session.agent, exchange.path["call"]
        listed = self._control.directory().settings.dispositions
        if body.code is not None and body.code not in listed:
            problem = FieldError("code", f"must be one of: {', '.join(listed)}" if listed else "there are no codes")
            raise Refused(Code.INVALID, "the code is not in the administrator's list", (problem,))
        self._check_time(agent, call_id)
        at = timestamp(self._clock()) or ""
        note = DispositionDocument(agent=agent.id, code=body.code, notes=body.notes, at=at)
        await self._store.note(call_id, agent.id, to_json(note))
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
                HistoryDocument, query=HistoryQuery, also=CSV,
            ),
        ]  # fmt: skip


def _outcome(record: Record, of: str | None) -> OutcomeShown:
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
    ]  # fmt: skip


def _not_recorded(record: Record) -> None:
    log.warning("call_not_recorded", call_id=record.id)


def _wanted(record: Record, query: HistoryQuery, of: str | None) -> bool:
    numbers = (record.contact.number if record.contact is not None else "", record.dialled or "")
    return (
        (query.to is None or record.ended_at < _seconds(query.to))
        and (query.queue is None or record.queue == query.queue)
        and (query.outcome is None or _outcome(record, of) == query.outcome)
        and (query.number is None or any(query.number in number for number in numbers))
    )


def _seconds(moment: datetime) -> float:
    return moment.timestamp()
