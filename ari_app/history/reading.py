"""What is read of the history: calls by what they were, the last first; and all that a report counts.

A page at a time: no request holds up the others for long.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.history.database import Database
from ari_app.history.port import Noted, Wanted
from ari_app.history.tables import AgentStateRow, CallAgentRow, CallRow, DispositionRow, SegmentRow
from ari_app.history.writing import clean
from ari_app.records.figures import WRAP_UP
from ari_app.records.model import (
    AgentStateRecord,
    CallRecord,
    DispositionRecord,
    Outcome,
    Outsider,
    Segment,
    SegmentEnd,
    SegmentKind,
)

PAGE = 50
"""Calls that a report reads at a time: some milliseconds of work."""
_STATES = 500


class HistoryReader:
    """Every method raises HistoryUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(self, wanted: Wanted, after: str | None, limit: int) -> list[Noted]:
        """As many as `limit`, the last first, after the call `after`; none where that one is not there."""
        if not _kept(wanted.of, wanted.number, wanted.queue, wanted.outcome, after):
            return []
        async with self._database.reading() as connection:
            query = _wanted(wanted).limit(limit)
            if after is not None:
                ended_at = (await connection.execute(_ended_at(wanted, after))).scalar()
                if ended_at is None:
                    return []
                query = query.where(_key(wanted) < (ended_at, after))
            ids = list((await connection.execute(query)).scalars())
            found = {call.id: call for call in await _calls(connection, ids)}
            notes = await _notes(connection, ids)
        return [Noted(found[each], tuple(notes[each])) for each in ids if each in found]

    async def between(
        self, begin: float, end: float, agent: str | None = None
    ) -> AsyncIterator[list[tuple[CallRecord, list[AgentStateRecord]]]]:
        """All calls that were up at any time from `begin` to before `end`, each once, with the wrap-ups after them."""
        last: tuple[float, str] = (begin, "")
        while _kept(agent):
            async with self._database.reading() as connection:
                key = tuple_(CallRow.ended_at, CallRow.id)
                query = select(CallRow.ended_at, CallRow.id).where(
                    key > last, CallRow.ended_at > begin, CallRow.started_at < end
                )
                if agent is not None:
                    query = query.join(CallAgentRow, CallAgentRow.call_id == CallRow.id)
                    query = query.where(CallAgentRow.agent == agent)
                rows = (await connection.execute(query.order_by(CallRow.ended_at, CallRow.id).limit(PAGE))).all()
                ids = [row.id for row in rows]
                calls = await _calls(connection, ids)
                rests = await _wrap_ups(connection, ids)
            if not rows:
                return
            last = (rows[-1].ended_at, rows[-1].id)
            yield [(call, rests[call.id]) for call in calls]

    async def states(self, begin: float, end: float, agent: str | None = None) -> AsyncIterator[list[AgentStateRecord]]:
        """All states that agents were in at any time from `begin` to before `end`, each once."""
        last: tuple[float, str, float] = (begin, "", 0.0)
        row = AgentStateRow
        while _kept(agent):
            key = tuple_(row.ended_at, row.agent, row.begun_at)
            query = select(row).where(key > last, row.ended_at > begin, row.begun_at < end)
            if agent is not None:
                query = query.where(row.agent == agent)
            query = query.order_by(row.ended_at, row.agent, row.begun_at).limit(_STATES)
            async with self._database.reading() as connection:
                found = [_state(each) for each in (await connection.execute(query)).all()]
            if not found:
                return
            last = (found[-1].ended_at, found[-1].agent, found[-1].begun_at)
            yield found


def _kept(*texts: str | None) -> bool:
    """Whether they can be in a database at all: what none takes in a text is an error there."""
    return all(text == clean(text) for text in texts if text is not None)


# -- which calls ------------------------------------------------------------------------------------------------------


def _key(wanted: Wanted) -> Any:
    """By what they are in order; of an agent's calls out of the table that has an index for it."""
    if wanted.of is not None:
        return tuple_(CallAgentRow.ended_at, CallAgentRow.call_id)
    return tuple_(CallRow.ended_at, CallRow.id)


def _ended_at(wanted: Wanted, call: str) -> Select[float]:
    """When that call ended; of an agent's calls nobody learns whether there is another's."""
    if wanted.of is not None:
        of = and_(CallAgentRow.call_id == call, CallAgentRow.agent == wanted.of)
        return select(CallAgentRow.ended_at).where(of)
    return select(CallRow.ended_at).where(CallRow.id == call)


def _wanted(wanted: Wanted) -> Select[str]:
    of = wanted.of is not None
    query: Select[str] = select(CallAgentRow.call_id if of else CallRow.id)
    ended_at = CallAgentRow.ended_at if of else CallRow.ended_at
    if of:
        query = query.join(CallRow, CallRow.id == CallAgentRow.call_id).where(CallAgentRow.agent == wanted.of)
    if wanted.begin is not None:
        query = query.where(ended_at >= wanted.begin)
    if wanted.end is not None:
        query = query.where(ended_at < wanted.end)
    if wanted.queue is not None:
        query = query.where(CallRow.queue == wanted.queue)
    if wanted.number:
        query = query.where(or_(_has(CallRow.contact_number, wanted.number), _has(CallRow.dialled, wanted.number)))
    if wanted.outcome is not None:
        query = query.where(_outcome(wanted))
    last_first = (ended_at.desc(), (CallAgentRow.call_id if of else CallRow.id).desc())
    return query.order_by(*last_first)


def _outcome(wanted: Wanted) -> ColumnElement[bool]:
    """`missed` is one's own: of a call that they missed it stands in place of what became of it."""
    if wanted.of is None:
        return CallRow.outcome == wanted.outcome
    if wanted.outcome == "missed":
        return CallAgentRow.missed.is_(True)
    return and_(CallRow.outcome == wanted.outcome, CallAgentRow.missed.is_(False))


def _has(column: Any, part: str) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", column.contains(part, autoescape=True))


# -- rows -------------------------------------------------------------------------------------------------------------


async def _calls(connection: AsyncConnection, ids: Sequence[str]) -> list[CallRecord]:
    """In the order of their ends."""
    if not ids:
        return []
    agents: dict[str, dict[bool, list[str]]] = defaultdict(lambda: {True: [], False: []})
    of_agents = select(CallAgentRow.call_id, CallAgentRow.agent, CallAgentRow.missed)
    of_agents = of_agents.where(CallAgentRow.call_id.in_(ids)).order_by(CallAgentRow.call_id, CallAgentRow.position)
    for call, agent, missed in (await connection.execute(of_agents)).all():
        agents[call][missed].append(agent)
    segments: dict[str, list[Segment]] = defaultdict(list)
    of_calls = select(SegmentRow).where(SegmentRow.call_id.in_(ids))
    for row in (await connection.execute(of_calls.order_by(SegmentRow.call_id, SegmentRow.position))).all():
        segments[row.call_id].append(_segment(row))
    rows = select(CallRow).where(CallRow.id.in_(ids)).order_by(CallRow.ended_at, CallRow.id)
    return [_call(row, agents[row.id], tuple(segments[row.id])) for row in (await connection.execute(rows)).all()]


async def _notes(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, list[DispositionRecord]]:
    notes: dict[str, list[DispositionRecord]] = defaultdict(list)
    query = select(DispositionRow).where(DispositionRow.call_id.in_(ids)).order_by(DispositionRow.at)
    for row in (await connection.execute(query)).all():
        notes[row.call_id].append(DispositionRecord(row.call_id, row.agent, row.code, row.notes, row.at))
    return notes


async def _wrap_ups(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, list[AgentStateRecord]]:
    found: dict[str, list[AgentStateRecord]] = defaultdict(list)
    query = select(AgentStateRow).where(AgentStateRow.call_id.in_(ids), AgentStateRow.state == WRAP_UP)
    for row in (await connection.execute(query)).all():
        found[row.call_id].append(_state(row))
    return found


def _call(row: Row[Any], agents: dict[bool, list[str]], segments: tuple[Segment, ...]) -> CallRecord:
    contact = Outsider(row.contact_name, row.contact_number, row.contact_anonymous) if row.contact else None
    return CallRecord(
        id=row.id,
        type=CallType(row.type),
        outcome=cast("Outcome", row.outcome),
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        ended_by=row.ended_by,
        end_reason=EndReason(row.end_reason),
        dialled=row.dialled,
        queue=row.queue,
        queued_at=row.queued_at,
        contact=contact,
        agents=tuple(agents[False]),
        missed_by=tuple(agents[True]),
        caller_id=row.caller_id,
        parent=row.parent,
        transfers=row.transfers,
        conferences=row.conferences,
        segments=segments,
    )


def _segment(row: Row[Any]) -> Segment:
    return Segment(
        party=row.party,
        role=PartyRole(row.role),
        kind=SegmentKind(row.kind),
        begun_at=row.begun_at,
        ended_at=row.ended_at,
        end=SegmentEnd(row.ended),
        ended_by=row.ended_by,
        agent=row.agent,
        target=row.target,
        offer=OfferKind(row.offer) if row.offer is not None else None,
        position=row.place,
        last_position=row.last_place,
    )


def _state(row: Row[Any]) -> AgentStateRecord:
    return AgentStateRecord(row.agent, row.state, row.reason, row.begun_at, row.ended_at, row.call_id)
