"""How a segment ended, and by whom: read from the call before and after the step in which it did."""

from dataclasses import dataclass

from ari_app.calls.effects import CallChanged
from ari_app.calls.model import Call, EndReason, Offer, OfferKind, OfferState, Party, PartyId, PartyRole, Progress
from ari_app.records.model import SegmentEnd, SegmentKind
from ari_app.records.segments import Doing

CONTACT, SYSTEM = "contact", "system"

_RUNG = frozenset({Progress.DIALING, Progress.RINGING})

type Ending = tuple[SegmentEnd, str | None]

_FAILED = {
    OfferState.DECLINED: SegmentEnd.DECLINED,
    OfferState.BUSY: SegmentEnd.BUSY,
    OfferState.NO_ANSWER: SegmentEnd.NO_ANSWER,
    OfferState.UNAVAILABLE: SegmentEnd.UNAVAILABLE,
    OfferState.CANCELLED: SegmentEnd.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Was:
    """A segment that has ended: whose, and what it was; `goes_on`: the party does something else now."""

    party: PartyId
    doing: Doing
    goes_on: bool


def name(party: Party | Doing) -> str:
    """As whoever ended something is named."""
    return CONTACT if party.agent is None else f"agent:{party.agent}"


def ending(change: CallChanged, was: Was) -> Ending:
    """How it ended, with a step after which its party does something else, or nothing."""
    match was.doing:
        case Doing(kind=SegmentKind.QUEUE):
            return _waited(change, was)
        case Doing(kind=SegmentKind.RING, offer=None):
            return _heard_it_ring(change, was)
        case Doing(kind=SegmentKind.RING):
            return _was_rung(change, was)
        case _:
            return _was_in_call(change, was)


# -- rings ------------------------------------------------------------------------------------------------------------


def _was_rung(change: CallChanged, was: Was) -> Ending:
    """Whose phone rang for an offer."""
    after = change.call
    if was.party in after.parties and not after.ended:
        return SegmentEnd.ANSWERED, name(was.doing)
    if after.end_reason is EndReason.MERGED:
        return SegmentEnd.NEXT, None  # it rings on for those of the other call (S16)
    offer = after.offer
    if offer is not None and offer.state is OfferState.ACCEPTED:
        return SegmentEnd.ELSEWHERE, next(iter(_joined(change)), change.by)
    return _failed(offer), change.by


def _failed(offer: Offer | None) -> SegmentEnd:
    """How it ended that somebody was rung for this offer, or for the one before it: it may go on with others."""
    if offer is None:
        return SegmentEnd.CANCELLED
    return _FAILED.get(offer.last if offer.going_on and offer.last is not None else offer.state, SegmentEnd.CANCELLED)


def _heard_it_ring(change: CallChanged, was: Was) -> Ending:
    """Who waited for somebody they were calling; or the own phone of whoever makes a call."""
    after = change.call
    if was.doing.target is None and not after.ended:
        return SegmentEnd.ANSWERED, name(was.doing)
    if joined := _joined(change):
        return SegmentEnd.ANSWERED, joined[0]
    if _gave_up(change, was):
        return SegmentEnd.ABANDONED, CONTACT
    if after.end_reason is EndReason.MERGED:
        return SegmentEnd.NEXT, None
    return _failed(after.offer), change.by


# -- waiting ----------------------------------------------------------------------------------------------------------


def _waited(change: CallChanged, was: Was) -> Ending:
    """Who waited to be served."""
    before, after = change.before, change.call
    if joined := _joined(change):
        return SegmentEnd.ANSWERED, joined[0]
    if after.to_call_back() is not None:
        return SegmentEnd.CALLBACK, CONTACT
    party = after.parties.get(was.party)
    if after.ended or party is None or party.progress is Progress.LEFT:
        if change.lost:
            return SegmentEnd.LOST, SYSTEM
        if _gave_up(change, was):
            by_key = after.end_reason is EndReason.CANCELLED
            return SegmentEnd.KEY if by_key else SegmentEnd.ABANDONED, CONTACT
        if change.by != SYSTEM:
            return SegmentEnd.OVER, change.by
    elif change.by == CONTACT:
        return SegmentEnd.KEY, CONTACT
    if _too_long(change) or _overflows(after) > _overflows(before):
        return SegmentEnd.OVERFLOW, SYSTEM
    return SegmentEnd.NOBODY, SYSTEM


def _gave_up(change: CallChanged, was: Was) -> bool:
    """A caller, and not whoever else is outside and was called for them."""
    offer = change.call.offer
    cancelled = offer is None or offer.state is OfferState.CANCELLED
    return was.doing.role is PartyRole.CONTACT and change.by == CONTACT and cancelled and not change.lost


def _too_long(change: CallChanged) -> bool:
    offer = change.before.offer if change.before is not None else None
    return offer is not None and offer.give_up_at is not None and offer.give_up_at <= change.at and not offer.attempts


def _overflows(call: Call | None) -> int:
    return call.offer.overflows if call is not None and call.offer is not None else 0


# -- in the call ------------------------------------------------------------------------------------------------------


def _was_in_call(change: CallChanged, was: Was) -> Ending:
    """Who talked, or was on hold."""
    after, me = change.call, name(was.doing)
    party = after.parties.get(was.party)
    if after.ended:
        if after.end_reason is EndReason.MERGED:
            return SegmentEnd.NEXT, None
        if change.lost and change.by == me:
            return SegmentEnd.LOST, SYSTEM
        if after.end_reason is EndReason.CLEARED or after.ended_by != me:
            return SegmentEnd.OVER, after.ended_by
        return SegmentEnd.LEFT, me
    if party is not None and party.progress is Progress.JOINED:
        return (SegmentEnd.NEXT, None) if was.goes_on else (SegmentEnd.OVER, change.by)
    if change.lost and change.by == me:
        return SegmentEnd.LOST, SYSTEM
    if change.by == me or _passed_on(change, was):
        return SegmentEnd.LEFT, me
    return (SegmentEnd.LEFT if change.by == SYSTEM else SegmentEnd.REMOVED), change.by


def _passed_on(change: CallChanged, was: Was) -> bool:
    """Whether somebody has taken the call that this one transferred."""
    before, after = change.before.offer if change.before is not None else None, change.call.offer
    mine = before is not None and before.kind is OfferKind.TRANSFER and before.by == was.party
    return mine and after is not None and after.state is OfferState.ACCEPTED


# -- both -------------------------------------------------------------------------------------------------------------


def _joined(change: CallChanged) -> list[str]:
    """Who is in the call with this step, or was: a menu may say at once where the call goes."""
    before = change.before.parties if change.before is not None else {}
    parties = sorted(change.call.parties.values(), key=lambda p: p.order)
    new = [p for p in parties if p.id not in before or before[p.id].progress in _RUNG]
    return [name(p) for p in new if p.progress not in _RUNG] if not change.call.ended else []
