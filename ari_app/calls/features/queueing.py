"""The queue of callers for a target: who is before whom, whose turn it is, how fast it moves.

Nothing is kept but the calls themselves, and how long it took between two who were served.
"""

from dataclasses import replace

from ari_app.calls.features import attempts
from ari_app.calls.model import Call, Offer, OfferState
from ari_app.calls.state import Pace
from ari_app.calls.step import Step
from ari_app.routing.targets import Target

_WEIGHT = 0.2  # of the newest interval in the running mean
_SLOWEST = 600.0  # seconds: a night without callers says nothing of how fast the queue moves
UNSERVED = frozenset({OfferState.WAITING, OfferState.SEEKING})


def order(call: Call) -> tuple[int, float, str]:
    """The position in the queue: higher priority first, then who came first."""
    priority = call.offer.priority if call.offer is not None else 0
    return (-priority, since(call), call.id)


def since(call: Call) -> float:
    """When its caller came, as far as their place goes."""
    return call.started_at if call.place_since is None else call.place_since


def waits(offer: Offer) -> bool:
    """Whether it is that of a caller who has music, and a place, until somebody is free."""
    return offer.by is None and not offer.fallback


def waits_on(step: Step, call: Call, offer: Offer) -> Offer:
    """The next offer for somebody who has not been served yet: who declined or missed them is rung no sooner for it.

    One by which they do not wait (for the fallback, or that rings them outside) keeps that for those after it.
    """
    before = call.offer.rests if call.offer is not None else {}
    rests = {agent: until for agent, until in before.items() if until > step.now}
    return replace(offer, tried=frozenset(rests) if waits(offer) else frozenset(), rests=rests)


def waiting_for(step: Step, target: Target) -> list[Call]:
    """Those who wait for `target`, the first one first. Who is being rung for stands in it no more."""
    sought = ((c, c.offering()) for c in step.unreached_calls())
    waiting = (c for c, offer in sought if offer is not None and offer.by is None and offer.target == target)
    return sorted((c for c in waiting if c.offer is not None and c.offer.state in UNSERVED), key=order)


def whose_turn(step: Step, call: Call, agent: str) -> tuple[Call, Call | None]:
    """Who gets the agent that was found for `call`: whoever is before it in the queue and could have them too.

    Reservations for several are requested at once and answered in any order, and a caller who has just come may be
    answered before one who waits has heard that somebody is free. The two change places: `call` awaits the other's
    answer; where none is on its way, or the other may not have had the same agents, it is returned too, and asks anew.
    """
    mine = call.offer
    if mine is None or mine.by is not None or mine.state is not OfferState.SEEKING:
        return call, None
    before = (c for c in waiting_for(step, mine.target) if agent not in _not_for(c))
    first = next(before, call)
    if first.id == call.id or first.offer is None:
        return call, None
    theirs = first.offer
    step.put_offer(first.id, state=OfferState.SEEKING, request=mine.request, retry_at=None)
    seek = step.awaited(theirs.request or "")
    if theirs.request is not None and seek is not None and _not_for(first) == _not_for(call):
        step.put_offer(call.id, request=theirs.request)
        step.seeks[theirs.request] = replace(seek, call=call.id)
        return step.call(first.id), None
    return step.call(first.id), step.call(call.id)


def _not_for(call: Call) -> frozenset[str]:
    """Who is not to be rung for this call."""
    return attempts.busy_in(call) | (call.offer.tried if call.offer is not None else frozenset())


def served(step: Step, target: Target) -> None:
    """A caller has been answered: remember how fast the queue moves."""
    key = str(target)
    last = step.pace_of(key)
    if last is None:
        step.paces[key] = Pace(step.now, 0.0)
        return
    passed = min(step.now - last.at, _SLOWEST)
    mean = passed if last.seconds == 0.0 else last.seconds + (passed - last.seconds) * _WEIGHT
    step.paces[key] = Pace(step.now, mean)


def expected_wait(step: Step, target: Target, position: int) -> float:
    """How many seconds somebody at this position will wait, by how the queue has moved lately; 0: nothing is known."""
    pace = step.pace_of(str(target))
    return pace.seconds * position if pace is not None else 0.0
