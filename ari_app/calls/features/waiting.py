"""Callers who wait to be served: their order, what they hear meanwhile, and where they go when it takes too long.

The order is priority, then time of arrival; whoever becomes free gets the first whom they can serve. Nothing is kept
but the calls themselves, so that a queue survives the controller with them, and an abandoned caller leaves no trace.
"""

from dataclasses import replace
from math import ceil

from ari_app.calls.derived import announcing
from ari_app.calls.features import offers, queueing
from ari_app.calls.model import Call, Leg, Offer, OfferState
from ari_app.calls.step import Step
from ari_app.routing.directory import Queue
from ari_app.routing.targets import Target, TargetType

_MOST_OVERFLOWS = 5


def enter(step: Step, call: Call) -> None:
    """A caller comes to the target of their offer: limits and announcements of that target begin."""
    offer = call.offering()
    if offer is None:
        return
    queue = _queue(step, offer)
    group = step.directory.groups.get(offer.target.id) if offer.target.type is TargetType.GROUP else None
    limit = queue.max_wait if queue else group.max_wait if group else None
    every = queue.announce_every if queue else None
    if (
        queue is not None
        and queue.max_length is not None
        and len(queueing.waiting_for(step, offer.target)) > queue.max_length
    ):
        gives_up(step, call)
        return
    step.put_offer(
        call.id,
        give_up_at=step.now + limit if limit is not None else None,
        announce_at=step.now + every if every is not None else None,
    )
    offers.seek(step, step.call(call.id))


def _queue(step: Step, offer: Offer) -> Queue | None:
    return step.directory.queues.get(offer.target.id) if offer.target.type is TargetType.QUEUE else None


def gives_up(step: Step, call: Call) -> None:
    """They have waited long enough, or the queue is full: on to the overflow target, else the offer has failed."""
    offer = call.offering()
    if offer is None:
        return
    queue = _queue(step, offer)
    overflow = queue.overflow if queue is not None else None
    if overflow is None or offer.overflows >= _MOST_OVERFLOWS or not step.directory.exists(overflow):
        offers.fail(step, call.id, OfferState.NO_ANSWER)
        return
    renewed = replace(
        Offer(step.new_id("o"), offer.kind, overflow, None, offer.identity, OfferState.SEEKING),
        priority=offer.priority,
        overflows=offer.overflows + 1,
        tried=offer.tried,
        rests=offer.rests,
    )
    enter(step, step.put_call(call.id, offer=renewed))


def agent_free(step: Step, agent: str) -> None:
    """Somebody can be reserved: the first in the queue for anything that they serve is tried."""
    unserved = [c for c in step.live_calls() if c.offer is not None and c.offer.state in queueing.UNSERVED]
    for call in sorted(unserved, key=queueing.order):
        if call.offer is None or agent in call.offer.tried or not step.directory.serves(agent, call.offer.target):
            continue
        if call.offer.state is OfferState.WAITING:
            offers.try_again(step, call)
            return
        request = call.offer.request or ""
        if (seek := step.awaited(request)) is not None:
            step.seeks[request] = replace(seek, again=True)  # that nobody is free may be on its way already


def announce(step: Step, call: Call) -> None:
    """Tell the caller their position in the queue; then their music goes on."""
    offer = call.offering()
    queue = _queue(step, offer) if offer is not None else None
    if offer is None:
        return
    if queue is None or queue.announce_every is None:
        step.put_offer(call.id, announce_at=None)  # the administrator has taken that away meanwhile
        return
    step.put_offer(call.id, announce_at=step.now + queue.announce_every)
    place = next((i for i, c in enumerate(queueing.waiting_for(step, offer.target), 1) if c.id == call.id), None)
    leg = _caller_leg(step, call)
    if place is None or leg is None or leg.playing is not None or leg.hanging_up:
        return
    announcing.play(step, leg, "queue_position", _position(step, offer.target, place))


def _caller_leg(step: Step, call: Call) -> Leg | None:
    caller = call.contact()
    return step.leg(caller.leg) if caller is not None else None


def _position(step: Step, target: Target, place: int) -> str:
    """`You are next`, or `you are caller number` three `waiting`; then how long that may take, in minutes."""
    prompts = step.directory.settings.announcements
    sounds: list[str | None] = []
    if place == 1:
        sounds = [prompts.get("queue_next")]
    elif before := prompts.get("queue_position"):
        sounds = [before, f"number:{place}", prompts.get("queue_waiting")]
    minutes = ceil(queueing.expected_wait(step, target, place) / 60.0)
    if minutes > 1 and (before := prompts.get("queue_wait")):
        sounds += [before, f"number:{minutes}", prompts.get("queue_minutes")]
    return ",".join(sound for sound in sounds if sound)
