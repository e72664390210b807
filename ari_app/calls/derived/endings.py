"""Who changed a call, and of one that ended why: derived from what was reported in the step in which it did."""

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import DEAD, Call, CallBack, CallType, EndReason, LegId, OfferState, Party
from ari_app.calls.step import Step
from ari_app.routing.targets import TargetType

SYSTEM = "system"
CONTACT = "contact"

_NOT_REACHED = {
    OfferState.DECLINED: EndReason.DECLINED,
    OfferState.BUSY: EndReason.BUSY,
    OfferState.NO_ANSWER: EndReason.NO_ANSWER,
    OfferState.UNAVAILABLE: EndReason.UNAVAILABLE,
}
_JOINING = (c.CompleteTransfer, c.CompleteConference, c.Merge, s.TransferRequested, s.ChannelArrived)


def settle(step: Step, cause: s.Stimulus | None) -> None:
    """Note it of the calls that ended with this step. `cause` None: a fault of ours."""
    for call in list(step.calls.values()):
        if call.ended and call.ended_at is None:
            by = who(step, call, cause)
            reason = EndReason.FAULT if cause is None else _reason(call, cause, by)
            if (back := call.to_call_back()) is not None and reason is not EndReason.FAULT:
                by, reason = _of_call_back(back, by, reason)
            step.put_call(call.id, ended_at=step.now, ended_by=by, end_reason=reason)


def _of_call_back(back: CallBack, by: str, reason: EndReason) -> tuple[str, EndReason]:
    """Nobody's hanging up ends it: whoever was to be called back came by themselves, or it is over without them."""
    if back.again is not None:
        return CONTACT, EndReason.MERGED
    return (by, reason) if reason is EndReason.CLEARED else (SYSTEM, EndReason.NOT_CALLED_BACK)


def who(step: Step, call: Call, cause: s.Stimulus | None) -> str:
    """Who did what changed this call in the step: `contact`, `agent:<id>` or `system`."""
    match cause:
        case c.BaseCommand():
            return f"agent:{cause.by}"
        case s.LegGone(leg=leg) | s.LegDied(leg=leg) | s.LegDigit(leg=leg) | s.TransferRequested(leg=leg):
            return _at(step, call, leg)
        case _:
            return SYSTEM


def _at(step: Step, call: Call, leg_id: LegId) -> str:
    """Who was at the end of the leg, unless we had hung it up ourselves before."""
    leg = step.leg_before(leg_id)
    before = step.before(call.id)
    if leg is None or leg.hanging_up or leg.farewell or before is None:
        return SYSTEM
    return next((_name(p) for p in before.parties.values() if p.leg == leg_id), SYSTEM)


def _name(party: Party) -> str:
    return CONTACT if party.agent is None else f"agent:{party.agent}"


def died(cause: s.Stimulus | None) -> bool:
    """Whether a line or a phone is there no more though nobody has hung up."""
    return isinstance(cause, s.LegDied) or (isinstance(cause, s.LegGone) and cause.cause == DEAD)


def _reason(call: Call, cause: s.Stimulus, by: str) -> EndReason:
    if died(cause):
        return EndReason.LOST
    if isinstance(cause, c.Clear):
        return EndReason.CLEARED
    if isinstance(cause, _JOINING):
        return EndReason.MERGED
    if call.message is not None and call.message.left:
        return EndReason.VOICEMAIL
    if call.answered_at is not None or call.listening is not None:
        return EndReason.HANGUP
    if call.offer is not None and call.offer.closed:
        return EndReason.CLOSED
    state = call.offer.state if call.offer is not None else OfferState.CANCELLED
    if state in _NOT_REACHED:
        return _NOT_REACHED[state]
    at_box = call.offer is not None and call.offer.target.type is TargetType.VOICEMAIL
    gave_up = by == CONTACT and call.type is CallType.INBOUND and not at_box and not isinstance(cause, s.LegDigit)
    return EndReason.ABANDONED if gave_up else EndReason.CANCELLED
