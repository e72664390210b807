"""Somebody outside is forgotten: calls with them stay as figures, without name, number and notes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from sqlalchemy import ColumnElement, and_, delete, select, tuple_, update

from ari_app.calls.model import CallType
from ari_app.history.database import Database
from ari_app.history.tables import CallRow, DispositionRow, SegmentRow, SetAsideRow
from ari_app.records import wire
from ari_app.records.model import CallRecord, DispositionRecord, Fact, Outsider
from ari_app.store.port import FactStream, KeptFact

_PAGE = 5_000
_AT_ONCE = 500

type IsTheirs = Callable[[str | None], bool]


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is of them: calls in the database by id, facts that are on their way there, what was set aside."""

    calls: tuple[str, ...] = ()
    facts: tuple[tuple[str, Fact], ...] = ()
    aside: tuple[str, ...] = ()


async def traces(database: Database, stream: FactStream, has: IsTheirs, is_in: Callable[[str], bool]) -> Traces:
    """`has`: whether a number is theirs; `is_in`: whether one stands in a text. Raises: Unavailable."""
    calls = await _calls(database, has)
    async with database.reading() as connection:
        rows = (await connection.execute(select(SetAsideRow.key, SetAsideRow.data))).all()
    aside = tuple(row.key for row in rows if is_in(row.data.decode("utf-8", "replace")))
    waiting: list[tuple[str, Fact]] = []
    after = ""
    while page := await stream.facts(after, _AT_ONCE):
        after = page[-1][0]
        for position, kept in page:
            try:
                waiting.append((position, wire.read(kept.kind, kept.data)))
            except ValueError:
                continue  # whoever writes it sets it aside
    theirs = {fact.id for _, fact in waiting if isinstance(fact, CallRecord) and _is_theirs(fact, has)}
    of = {*calls, *theirs}
    return Traces(calls, tuple((at, fact) for at, fact in waiting if _is_of(fact, of)), aside)


async def forget(database: Database, stream: FactStream, found: Traces) -> None:
    """What is on its way first: once it is in the database nobody looks for it. Raises: Unavailable."""
    for page in batched(found.facts, _AT_ONCE, strict=False):
        await stream.add_facts([_kept(_without_them(fact)) for _, fact in page])
        await stream.forget_facts([position for position, _ in page])
    async with database.writing() as connection:
        for calls in batched(found.calls, _AT_ONCE, strict=False):
            of = CallRow.id.in_(calls)
            nobody = {"contact_name": "", "contact_number": "", "contact_anonymous": True}
            await connection.execute(update(CallRow).where(of).values(nobody))
            outbound: ColumnElement[bool] = ~and_(CallRow.contact, CallRow.type == str(CallType.INBOUND))
            await connection.execute(update(CallRow).where(of, outbound).values(dialled=None))
            numbers = and_(SegmentRow.call_id.in_(calls), SegmentRow.target.startswith("number:"))
            await connection.execute(update(SegmentRow).where(numbers).values(target=None))
            await connection.execute(update(DispositionRow).where(DispositionRow.call_id.in_(calls)).values(notes=""))
        for keys in batched(found.aside, _AT_ONCE, strict=False):
            await connection.execute(delete(SetAsideRow).where(SetAsideRow.key.in_(keys)))


async def _calls(database: Database, has: IsTheirs) -> tuple[str, ...]:
    found: list[str] = []
    last: tuple[float, str] = (-1.0, "")
    columns = (CallRow.ended_at, CallRow.id, CallRow.contact_number, CallRow.dialled)
    while True:
        query = select(*columns).where(tuple_(CallRow.ended_at, CallRow.id) > last)
        async with database.reading() as connection:
            rows = (await connection.execute(query.order_by(CallRow.ended_at, CallRow.id).limit(_PAGE))).all()
        if not rows:
            return tuple(found)
        last = (rows[-1].ended_at, rows[-1].id)
        found += [row.id for row in rows if has(row.contact_number) or has(row.dialled)]


def _is_theirs(call: CallRecord, has: IsTheirs) -> bool:
    return (call.contact is not None and has(call.contact.number)) or has(call.dialled)


def _is_of(fact: Fact, calls: set[str]) -> bool:
    match fact:
        case CallRecord():
            return fact.id in calls
        case DispositionRecord():
            return fact.call in calls
    return False


def _without_them(fact: Fact) -> Fact:
    if isinstance(fact, DispositionRecord):
        return replace(fact, notes="")
    if not isinstance(fact, CallRecord):
        return fact
    nobody = Outsider("", "", anonymous=True) if fact.contact is not None else None
    keep = fact.contact is not None and fact.type is CallType.INBOUND
    segments = tuple(replace(s, target=None) if (s.target or "").startswith("number:") else s for s in fact.segments)
    return replace(fact, contact=nobody, dialled=fact.dialled if keep else None, segments=segments)


def _kept(fact: Fact) -> KeptFact:
    return KeptFact(fact.key, wire.kind_of(fact), wire.written(fact))


def counted(found: Traces) -> Sequence[str]:
    """The calls that they are in, each once."""
    waiting = (fact.id for _, fact in found.facts if isinstance(fact, CallRecord))
    return tuple(dict.fromkeys((*found.calls, *waiting)))
