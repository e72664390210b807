"""Phones that ring for an offer, and agents who are kept for one: how both end without an answer.

Knows nothing of what follows for the call (see `offers`).
"""

from ari_app.calls.effects import HangUp, SetActivity
from ari_app.calls.model import Attempt, Call, CallId, Leg, Offer, OfferState, Progress
from ari_app.calls.step import Step


def busy_in(call: Call) -> frozenset[str]:
    """The agents who are in the call already: nobody is rung for their own call."""
    return frozenset(p.agent for p in call.parties.values() if p.agent and p.progress is not Progress.LEFT)


def free(step: Step, agent: str, request: str | None) -> None:
    """Give a reservation back that is not used; an agent whom a call has meanwhile is kept by that. Without `request`
    that frees nobody who is reserved: whose reservation it would be, nobody knows.
    """
    if not step.engaged(agent):
        step.emit(SetActivity(agent, None, request=request))


def free_reserved(step: Step, offer: Offer) -> None:
    """An agent kept for an offer that never rang them is free again."""
    if offer.reserved is not None and offer.state is OfferState.PENDING:
        free(step, offer.reserved, offer.request)


def ring_on(step: Step, call: Call) -> bool:
    """Nobody more is sought for the call's offer where somebody rings for it: they go on. False: nobody does."""
    if call.offer is None or not call.offer.attempts:
        return False
    step.put_offer(call.id, request=None)
    return True


def drop_attempt(step: Step, call_id: CallId, attempt: Attempt, *, answered_elsewhere: bool = False) -> None:
    """Stop one phone's ringing."""
    leg = step.leg(attempt.leg)
    if leg is not None:
        hang_up_unanswered(step, leg, answered_elsewhere=answered_elsewhere)
    drop(step, call_id, attempt)


def drop_other_phones(step: Step, call_id: CallId, attempt: Attempt) -> None:
    """The other phones of this agent ring no longer, and have missed nothing."""
    for other in other_phones(step.call(call_id), attempt):
        drop_attempt(step, call_id, other, answered_elsewhere=True)


def other_phones(call: Call, attempt: Attempt) -> list[Attempt]:
    """The other phones of the same agent that ring."""
    rung = call.offer.attempts if call.offer is not None and attempt.agent is not None else ()
    return [other for other in rung if other.agent == attempt.agent and other.leg != attempt.leg]


def drop(step: Step, call_id: CallId, attempt: Attempt) -> None:
    """Forget a phone that does not ring any more, and the party that it would have become."""
    call = step.drop_party(call_id, attempt.party)
    if call.offer is not None:
        kept = tuple(a for a in call.offer.attempts if a.leg != attempt.leg)
        step.put_offer(call_id, attempts=kept)


def hang_up_unanswered(step: Step, leg: Leg, *, answered_elsewhere: bool = True) -> None:
    """Stop a phone that rings, and tell it whether it has missed a call."""
    step.give_up(leg.id)
    step.ask(HangUp, leg.id, answered_elsewhere)
