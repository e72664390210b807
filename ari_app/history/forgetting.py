"""Somebody outside is forgotten: calls with them stay as figures, without name, number and notes."""

from collections.abc import Callable, Container
from dataclasses import dataclass, replace
from itertools import batched

from sqlalchemy import ColumnElement, and_, delete, select, tuple_, update

from ari_app.calls.model import CallType
from ari_app.history.database import Database
from ari_app.history.tables import CallRow, DispositionRow, SegmentRow, SetAsideRow
from ari_app.records import wire
from ari_app.records.model import AgentStateRecord, CallRecord, DispositionRecord, Fact, Outsider, Segment
from ari_app.store.port import FactStream, KeptFact

_PAGE = 5_000
_AT_ONCE = 500

_OUTSIDE = "number:"


@dataclass(frozen=True, slots=True)
class Theirs:
    """What tells it. `number`: whether one is theirs; `text`: whether one stands in a text; `notes`: the same, as
    people write it."""

    number: Callable[[str | None], bool]
    text: Callable[[str], bool]
    notes: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Traces:
    """What there is of them: calls in the database by id; parts of other calls in which they were rung, and agents'
    notes that have their number; facts that are on their way there, with what is to become of them; what was set aside.

    `of`: all calls that they had a part in, in the database or on their way.
    """

    calls: tuple[str, ...] = ()
    segments: tuple[tuple[str, int], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    facts: tuple[tuple[str, Fact], ...] = ()
    aside: tuple[str, ...] = ()
    of: tuple[str, ...] = ()


async def traces(database: Database, stream: FactStream, theirs: Theirs) -> Traces:
    """Raises: Unavailable."""
    calls = await _calls(database, theirs)
    async with database.reading() as connection:
        rung = select(SegmentRow.call_id, SegmentRow.position, SegmentRow.target)
        rings = (await connection.execute(rung.where(SegmentRow.target.startswith(_OUTSIDE)))).all()
        noted = select(DispositionRow.call_id, DispositionRow.agent, DispositionRow.notes)
        said = (await connection.execute(noted.where(DispositionRow.notes != ""))).all()
        rows = (await connection.execute(select(SetAsideRow.key, SetAsideRow.data))).all()
    segments = tuple((row.call_id, row.position) for row in rings if theirs.number(row.target))
    notes = tuple((row.call_id, row.agent) for row in said if theirs.notes(row.notes))
    aside = tuple(row.key for row in rows if theirs.text(row.data.decode("utf-8", "replace")))
    waiting: list[tuple[str, Fact]] = []
    after = ""
    while page := await stream.facts(after, _AT_ONCE):
        after = page[-1][0]
        for position, kept in page:
            try:
                waiting.append((position, wire.read(kept.kind, kept.data)))
            except ValueError:
                continue  # whoever writes it sets it aside
    records = [fact for _, fact in waiting if isinstance(fact, CallRecord)]
    own = dict.fromkeys((*calls, *(fact.id for fact in records if _is_theirs(fact, theirs))))
    rung_in = (*(call for call, _ in segments), *(fact.id for fact in records if _is_rung(fact, theirs)))
    of = dict.fromkeys((*own, *rung_in))
    changed = [(at, fact, _without_them(fact, own, of, theirs)) for at, fact in waiting]
    facts = tuple((at, after) for at, before, after in changed if after != before)
    return Traces(calls, segments, notes, facts, aside, tuple(of))


async def forget(database: Database, stream: FactStream, found: Traces) -> None:
    """What is on its way first: once it is in the database nobody looks for it. Raises: Unavailable."""
    for page in batched(found.facts, _AT_ONCE, strict=False):
        await stream.add_facts([_kept(fact) for _, fact in page])
        await stream.forget_facts([position for position, _ in page])
    async with database.writing() as connection:
        for calls in batched(found.calls, _AT_ONCE, strict=False):
            of = CallRow.id.in_(calls)
            nobody = {"contact_name": "", "contact_number": "", "contact_anonymous": True}
            await connection.execute(update(CallRow).where(of).values(nobody))
            outbound: ColumnElement[bool] = ~and_(CallRow.contact, CallRow.type == str(CallType.INBOUND))
            await connection.execute(update(CallRow).where(of, outbound).values(dialled=None))
            numbers = and_(SegmentRow.call_id.in_(calls), SegmentRow.target.startswith(_OUTSIDE))
            await connection.execute(update(SegmentRow).where(numbers).values(target=None))
        for calls in batched(found.of, _AT_ONCE, strict=False):
            await connection.execute(update(DispositionRow).where(DispositionRow.call_id.in_(calls)).values(notes=""))
        for rings in batched(found.segments, _AT_ONCE, strict=False):
            rung = tuple_(SegmentRow.call_id, SegmentRow.position).in_(rings)
            await connection.execute(update(SegmentRow).where(rung).values(target=None))
        for noted in batched(found.notes, _AT_ONCE, strict=False):
            said = tuple_(DispositionRow.call_id, DispositionRow.agent).in_(noted)
            await connection.execute(update(DispositionRow).where(said).values(notes=""))
        for keys in batched(found.aside, _AT_ONCE, strict=False):
            await connection.execute(delete(SetAsideRow).where(SetAsideRow.key.in_(keys)))


async def _calls(database: Database, theirs: Theirs) -> tuple[str, ...]:
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
        found += [row.id for row in rows if theirs.number(row.contact_number) or theirs.number(row.dialled)]


def _is_theirs(call: CallRecord, theirs: Theirs) -> bool:
    return (call.contact is not None and theirs.number(call.contact.number)) or theirs.number(call.dialled)


def _is_rung(call: CallRecord, theirs: Theirs) -> bool:
    return any(_outside(segment) and theirs.number(segment.target) for segment in call.segments)


def _without_them(fact: Fact, own: Container[str], of: Container[str], theirs: Theirs) -> Fact:
    """The same, where there is nothing of them in it. `own`: calls of which nothing stays that tells people; `of`: all
    that they had a part in."""
    match fact:
        case DispositionRecord():
            return replace(fact, notes="") if fact.call in of or theirs.notes(fact.notes) else fact
        case CallRecord() if fact.id in own:
            nobody = Outsider("", "", anonymous=True) if fact.contact is not None else None
            keep = fact.contact is not None and fact.type is CallType.INBOUND
            segments = tuple(_unnamed(s) if _outside(s) else s for s in fact.segments)
            return replace(fact, contact=nobody, dialled=fact.dialled if keep else None, segments=segments)
        case CallRecord():
            rung = (_outside(s) and theirs.number(s.target) for s in fact.segments)
            segments = tuple(_unnamed(s) if was else s for s, was in zip(fact.segments, rung, strict=True))
            return replace(fact, segments=segments)
        case AgentStateRecord():
            return fact


def _outside(segment: Segment) -> bool:
    return (segment.target or "").startswith(_OUTSIDE)


def _unnamed(segment: Segment) -> Segment:
    return replace(segment, target=None)


def _kept(fact: Fact) -> KeptFact:
    return KeptFact(fact.key, wire.kind_of(fact), wire.written(fact))
