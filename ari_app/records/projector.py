"""From changes of calls to records: what each party does is followed as it changes, and noted when the call ends.

A fold: the same changes give the same records. Of a call that goes on what is known so far is kept (`Kept`), beside the
call itself, so that whoever comes after a crash goes on with it. Calls that are nobody's (ties), or in which an agent
hears messages, have no record.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ari_app.calls.effects import CallChanged
from ari_app.calls.model import (
    AgentId,
    Call,
    CallId,
    CallType,
    EndReason,
    OfferKind,
    Party,
    PartyId,
    PartyRole,
    Progress,
)
from ari_app.records.ends import CONTACT, SYSTEM, Was, ending
from ari_app.records.missed import wanted_alone
from ari_app.records.model import CallRecord, Outcome, Outsider, Segment, SegmentEnd, SegmentKind
from ari_app.records.places import Order, Places
from ari_app.records.segments import Doing, doings
from ari_app.routing.targets import TargetType

MOST = 1000
"""Segments of one call that are kept: of more the oldest rings go, then the oldest of all."""


@dataclass(frozen=True, slots=True)
class Open:
    """A segment that has not ended. Of one that waits `order` and the place when it began."""

    party: PartyId
    doing: Doing
    begun_at: float
    order: Order | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known so far of a call that goes on. `at`: no later change is before that. `segments` are in the order in
    which they began, those that have ended and those that have not."""

    call: CallId
    at: float
    segments: tuple[Segment | Open, ...] = ()
    contact: Outsider | None = None
    parent: CallId | None = None
    transfers: int = 0
    conferences: int = 0


@dataclass(frozen=True, slots=True)
class Followed:
    """What follows from a change: what is to be kept of the call from now on (None: nothing), and its record."""

    kept: Kept | None
    record: CallRecord | None = None


class Projector:
    """The calls of one Asterisk."""

    def __init__(self) -> None:
        self._kept: dict[CallId, Kept] = {}
        self._places = Places()

    def restore(self, kept: Iterable[Kept], calls: Mapping[CallId, Call]) -> None:
        """Go on with what an earlier one kept of these calls; of others it is forgotten."""
        for one in kept:
            if one.call in calls:
                self._kept[one.call] = one
                for part in one.segments:
                    if isinstance(part, Open) and part.order is not None:
                        self._places.enter(part.doing.target or "", part.order)

    def kept(self, call: CallId) -> Kept | None:
        """What is known of a call so far."""
        return self._kept.get(call)

    def changed(self, change: CallChanged) -> Followed | None:
        """Take a change in. None: nothing follows from it."""
        call = change.call
        if call.tie is not None or call.listening is not None:
            return None
        before = self._kept.get(call.id) or self._as_found(change)
        kept = self._step(before, replace(change, at=max(change.at, before.at)))
        if call.ended:
            self._kept.pop(call.id, None)
            return Followed(None, _record(kept, call))
        known = self._kept.get(call.id)
        self._kept[call.id] = kept
        return Followed(kept) if kept != known else None

    def _as_found(self, change: CallChanged) -> Kept:
        """A new call; or one of which nothing was kept, as an earlier version of this program has left it."""
        call = change.before
        if call is None:
            return Kept(change.call.id, change.call.started_at)
        begun = tuple(self._begun(call, *item, _since(call, *item)) for item in doings(call).items())
        return Kept(call.id, max((x.begun_at for x in begun), default=call.started_at), begun)

    def _step(self, kept: Kept, change: CallChanged) -> Kept:
        now = doings(change.call)
        parts, closed, going_on = list[Segment | Open](), list[Segment](), set[PartyId]()
        for part in _renamed(kept.segments, now):
            if isinstance(part, Segment):
                parts.append(part)
            elif now.get(part.party) == part.doing:
                parts.append(part)
                going_on.add(part.party)
            else:
                closed.append(self._closed(part, change, goes_on=part.party in now))
                parts.append(closed[-1])
        parts += _turned_away(change)
        begun = [self._begun(change.call, p, doing, change.at) for p, doing in now.items() if p not in going_on]
        transfers, conferences = _made(change, closed)
        return replace(
            kept,
            at=change.at if begun or closed or parts[len(kept.segments) :] else kept.at,
            segments=_bounded((*parts, *begun)),
            contact=_outsider(change.call) or kept.contact,
            parent=change.call.parent or kept.parent,
            transfers=kept.transfers + transfers,
            conferences=kept.conferences + conferences,
        )

    def _begun(self, call: Call, party: PartyId, doing: Doing, at: float) -> Open:
        if doing.kind is not SegmentKind.QUEUE:
            return Open(party, doing, at)
        priority = call.offer.priority if call.offer is not None else 0
        since = call.started_at if call.place_since is None else call.place_since
        order = (-priority, since, call.id, party)
        return Open(party, doing, at, order, self._places.enter(doing.target or "", order))

    def _closed(self, one: Open, change: CallChanged, *, goes_on: bool) -> Segment:
        end, by = ending(change, Was(one.party, one.doing, goes_on))
        last = self._places.leave(one.doing.target or "", one.order) if one.order is not None else None
        doing = one.doing
        return Segment(
            one.party,
            doing.role,
            doing.kind,
            one.begun_at,
            change.at,
            end,
            by,
            doing.agent,
            doing.target,
            doing.offer,
            one.position,
            last,
        )


def _turned_away(change: CallChanged) -> Iterator[Segment]:
    """A caller has come where no more could wait: for no time at all, and without a place."""
    before, offer, caller = change.before, change.call.offer, change.call.contact()
    if offer is None or caller is None:
        return
    known = before.offer.full if before is not None and before.offer is not None else ()
    for target in offer.full[len(known) if offer.full[: len(known)] == known else 0 :]:
        yield Segment(
            caller.id,
            caller.role,
            SegmentKind.QUEUE,
            change.at,
            change.at,
            SegmentEnd.OVERFLOW,
            SYSTEM,
            target=str(target),
        )


def _renamed(kept: tuple[Segment | Open, ...], now: Mapping[PartyId, Doing]) -> Iterator[Segment | Open]:
    """An agent whose several phones ring is followed from the one to the next: whichever answers, they do."""
    for part in kept:
        agent = part.doing.agent if isinstance(part, Open) and part.doing.kind is SegmentKind.RING else None
        if isinstance(part, Open) and agent is not None and part.party not in now:
            others = (party for party, doing in now.items() if doing.agent == agent)
            yield replace(part, party=next(others, part.party))
        else:
            yield part


def _since(call: Call, party: PartyId, doing: Doing) -> float:
    """Since when a party does what it does, as far as the call tells."""
    found = call.parties[party]
    since = found.held_since or call.held_since if doing.kind is SegmentKind.HOLD else None
    return since or found.joined_at or call.started_at


def _bounded(segments: tuple[Segment | Open, ...]) -> tuple[Segment | Open, ...]:
    if len(segments) <= MOST:
        return segments
    over = [n for n, part in enumerate(segments) if isinstance(part, Segment)]
    rings = [n for n in over if isinstance(part := segments[n], Segment) and part.kind is SegmentKind.RING]
    dropped = set(list(dict.fromkeys([*rings, *over]))[: len(segments) - MOST])
    return tuple(part for n, part in enumerate(segments) if n not in dropped)


def _made(change: CallChanged, closed: Iterable[Segment]) -> tuple[int, int]:
    """How many transfers and conferences came about with this step.

    A target that was rung for one, and answered. And who was consulted, or talked to the agent in another call, is a
    party here at once: that was a transfer where somebody has left for it.
    """
    answered = [s.offer for s in closed if s.end is SegmentEnd.ANSWERED]
    transfers, conferences = answered.count(OfferKind.TRANSFER), answered.count(OfferKind.CONFERENCE)
    before = change.before
    if before is None or change.call.ended:
        return transfers, conferences
    moved = [p for p in change.call.joined() if p.id not in before.parties and p.agent not in before.monitors]
    if not moved:
        return transfers, conferences
    left = {p.id for p in before.joined()} - {p.id for p in change.call.joined()}
    return (transfers + 1, conferences) if left else (transfers, conferences + 1)


# -- records ----------------------------------------------------------------------------------------------------------


def record_of(call: Call) -> CallRecord | None:
    """What a call tells of itself when it is over, without what its parties did; None for one that is not."""
    if call.ended_at is None or call.ended_by is None or call.end_reason is None:
        return None
    parties = sorted(call.parties.values(), key=lambda p: p.order)
    agents = tuple(dict.fromkeys(p.agent for p in parties if p.agent is not None and p.joined_at is not None))
    return CallRecord(
        id=call.id,
        type=call.type,
        outcome=_outcome(call),
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        ended_by=call.ended_by,
        end_reason=call.end_reason,
        dialled=call.dialled,
        queue=call.queue,
        queued_at=call.queued_at,
        contact=_outsider(call),
        agents=agents,
        missed_by=_missed(call, agents),
        caller_id=call.caller_id,
        parent=call.parent,
    )


def _record(kept: Kept, call: Call) -> CallRecord | None:
    record = record_of(call)
    if record is None:
        return None
    segments = tuple(part for part in kept.segments if isinstance(part, Segment))
    waits = [s for s in segments if s.kind is SegmentKind.QUEUE and not (s.target or "").startswith(_ONE)]
    queues = [s.target for s in waits if s.target is not None and s.target.startswith(_QUEUE)]
    return replace(
        record,
        ended_at=max(record.ended_at, kept.at),
        queue=record.queue or (queues[-1].removeprefix(_QUEUE) if queues else None),
        queued_at=record.queued_at or (waits[0].begun_at if waits else None),
        contact=record.contact or kept.contact,
        outcome=_by_people(record, segments),
        missed_by=tuple(dict.fromkeys([*record.missed_by, *_away(record, segments)])),
        parent=record.parent or kept.parent,
        transfers=kept.transfers,
        conferences=kept.conferences,
        segments=segments,
    )


_ONE, _QUEUE, _MENU = f"{TargetType.AGENT}:", f"{TargetType.QUEUE}:", f"{TargetType.ROUTING_POINT}:"


def _outcome(call: Call) -> Outcome:
    if call.answered_at is not None:
        return "answered"
    if call.message is not None and call.message.left:
        return "voicemail"
    return "abandoned" if call.end_reason is EndReason.ABANDONED else "unanswered"


def _by_people(record: CallRecord, segments: tuple[Segment, ...]) -> Outcome:
    """A menu that answers a caller serves nobody: who heard nothing but menus was not answered."""
    rings = [s for s in segments if s.kind is SegmentKind.RING and s.offer is not None]
    answered = [s for s in rings if s.end is SegmentEnd.ANSWERED]
    menus = answered and all((s.target or "").startswith(_MENU) for s in answered)
    if record.type is not CallType.INBOUND or record.agents or not menus:
        return record.outcome
    return "abandoned" if record.ended_by == CONTACT else "unanswered"  # also where the menu hung up: it is outside


def _missed(call: Call, agents: tuple[AgentId, ...]) -> tuple[AgentId, ...]:
    return tuple(agent for agent in call.rung if agent not in agents)


def _away(record: CallRecord, segments: tuple[Segment, ...]) -> list[AgentId]:
    """Who was wanted alone and not even rung: they were away, or in another call."""
    return [agent for agent in wanted_alone(segments) if agent not in record.agents]


def _outsider(call: Call) -> Outsider | None:
    """Whoever is from outside, the first who came: also who was called and has not answered."""
    outside = [p for p in call.parties.values() if p.role is PartyRole.CONTACT]
    first: Party | None = min(outside, key=lambda p: (p.progress is not Progress.JOINED, p.order), default=None)
    if first is None:
        return None
    who = first.identity
    return Outsider("", "", anonymous=True) if who.anonymous else Outsider(who.name, who.number, anonymous=False)
