"""Facts become rows, each once: what is there already stays as it is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Any, assert_never

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from ari_app.history.database import Database
from ari_app.history.tables import (
    AgentStateRow,
    CallAgentRow,
    CallRow,
    DispositionRow,
    SegmentRow,
    SetAsideRow,
    Table,
)
from ari_app.records.model import AgentStateRecord, CallRecord, DispositionRecord, Fact

type Row = dict[str, Any]

_AT_ONCE = 500
FORGOTTEN_AT_ONCE = 500


async def write(database: Database, facts: Sequence[Fact]) -> None:
    """All of them in one transaction, or none. A call that is there stays as it was written first, with all that
    belongs to it: who led when it ended and whoever came after a crash may have seen other ends of it.

    Raises: HistoryUnavailable, BadContent.
    """
    first: dict[str, Fact] = {}
    for fact in facts:
        first.setdefault(fact.key, fact)
    async with database.writing() as connection:
        there = await _there(connection, [fact.id for fact in first.values() if isinstance(fact, CallRecord)])
        rows: dict[type[Table], list[Row]] = defaultdict(list)
        for fact in first.values():
            if isinstance(fact, CallRecord) and fact.id in there:
                continue
            for table, row in rows_of(fact):
                rows[table].append(row)
        for table, of_table in rows.items():
            for page in batched(of_table, _AT_ONCE, strict=False):
                await _insert(connection, table, page)


async def _there(connection: AsyncConnection, calls: Sequence[str]) -> set[str]:
    """Which of these are written already: nobody else writes."""
    found: set[str] = set()
    for page in batched(calls, _AT_ONCE, strict=False):
        found.update((await connection.execute(select(CallRow.id).where(CallRow.id.in_(page)))).scalars())
    return found


async def set_aside(database: Database, key: str, kind: str, data: bytes, reason: str, at: float) -> None:
    """Keep what cannot be written, as it came. Raises: HistoryUnavailable."""
    row = {"key": clean(key)[:512], "kind": clean(kind)[:64], "data": data, "reason": reason, "at": at}
    async with database.writing() as connection:
        await _insert(connection, SetAsideRow, [row])


async def forget(database: Database, before: float) -> int:
    """Forget some of the calls that ended before that time, with what was noted of them, and states of agents and what
    else is as old; how many calls and states they were. Raises: HistoryUnavailable."""
    async with database.writing() as connection:
        old = select(CallRow.id).where(CallRow.ended_at < before).order_by(CallRow.ended_at).limit(FORGOTTEN_AT_ONCE)
        calls = list((await connection.execute(old)).scalars())
        for table, column in (
            (CallAgentRow, CallAgentRow.call_id),
            (SegmentRow, SegmentRow.call_id),
            (DispositionRow, DispositionRow.call_id),
            (CallRow, CallRow.id),
        ):
            await connection.execute(delete(table).where(column.in_(calls)))
        states = select(AgentStateRow.agent, AgentStateRow.begun_at).where(AgentStateRow.ended_at < before)
        page = (await connection.execute(states.order_by(AgentStateRow.ended_at).limit(FORGOTTEN_AT_ONCE))).all()
        for agent, begun_at in page:
            of_agent = (AgentStateRow.agent == agent) & (AgentStateRow.begun_at == begun_at)
            await connection.execute(delete(AgentStateRow).where(of_agent))
        kept = exists().where(CallRow.id == DispositionRow.call_id)
        await connection.execute(delete(DispositionRow).where(DispositionRow.at < before, ~kept))
        await connection.execute(delete(SetAsideRow).where(SetAsideRow.at < before))
    return len(calls) + len(page)


async def _insert(connection: AsyncConnection, table: type[Table], rows: Sequence[Row]) -> None:
    """Those that are not there yet; of what an agent noted of a call the last counts, in whatever order it comes."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table)
    if table is not DispositionRow:
        await connection.execute(statement.on_conflict_do_nothing(), rows)
        return
    later = statement.excluded.at > DispositionRow.at
    changed = {name: statement.excluded[name] for name in ("code", "notes", "at")}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["call_id", "agent"], set_=changed, where=later), rows
    )


def rows_of(fact: Fact) -> Iterable[tuple[type[Table], Row]]:
    """What it is in the tables."""
    match fact:
        case CallRecord():
            return _rows_of_call(fact)
        case AgentStateRecord():
            row = {
                "agent": fact.agent,
                "begun_at": fact.begun_at,
                "ended_at": fact.ended_at,
                "state": str(fact.state),
                "reason": _text(fact.reason),
                "call_id": fact.call,
            }
            return [(AgentStateRow, row)]
        case DispositionRecord():
            row = {
                "call_id": fact.call,
                "agent": fact.agent,
                "code": _text(fact.code),
                "notes": clean(fact.notes),
                "at": fact.at,
            }
            return [(DispositionRow, row)]
        case _:
            assert_never(fact)


def _rows_of_call(call: CallRecord) -> list[tuple[type[Table], Row]]:
    contact = call.contact
    row: Row = {
        "id": call.id,
        "type": str(call.type),
        "outcome": call.outcome,
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "ended_by": call.ended_by,
        "end_reason": str(call.end_reason),
        "dialled": _text(call.dialled),
        "queue": call.queue,
        "queued_at": call.queued_at,
        "contact": contact is not None,
        "contact_name": clean(contact.name) if contact is not None else "",
        "contact_number": clean(contact.number) if contact is not None else "",
        "contact_anonymous": contact is not None and contact.anonymous,
        "caller_id": call.caller_id,
        "parent": call.parent,
        "transfers": call.transfers,
        "conferences": call.conferences,
    }
    agents: Mapping[str, bool] = dict.fromkeys(call.missed_by, True) | dict.fromkeys(call.agents, False)
    rows: list[tuple[type[Table], Row]] = [(CallRow, row)]
    for position, (agent, missed) in enumerate(agents.items()):
        of_agent = {"call_id": call.id, "agent": agent, "missed": missed, "position": position}
        rows.append((CallAgentRow, of_agent | {"ended_at": call.ended_at}))
    for position, segment in enumerate(call.segments):
        of_segment: Row = {
            "call_id": call.id,
            "position": position,
            "party": segment.party,
            "role": str(segment.role),
            "kind": str(segment.kind),
            "begun_at": segment.begun_at,
            "ended_at": segment.ended_at,
            "ended": str(segment.end),
            "ended_by": segment.ended_by,
            "agent": segment.agent,
            "target": _text(segment.target),
            "offer": str(segment.offer) if segment.offer is not None else None,
            "place": segment.position,
            "last_place": segment.last_position,
        }
        rows.append((SegmentRow, of_segment))
    return rows


def _text(text: str | None) -> str | None:
    return clean(text) if text is not None else None


def clean(text: str) -> str:
    """Without what PostgreSQL takes in no text: a character 0, halves of characters that came without the other."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
