"""Callers who wait to be served: their order, what they hear meanwhile, and where they go when it takes too long.

The order is priority, then time of arrival; whoever becomes free gets the first whom they can serve. Nothing is kept
but the calls themselves, so that a queue survives the controller with them, and an abandoned caller leaves no trace.
"""

from dataclasses import replace
from functools import partial
from math import ceil

from ari_app.calls.derived import announcing
from ari_app.calls.features import offers, opening, queueing
from ari_app.calls.model import Call, Offer, OfferState, PartyRole
from ari_app.calls.step import Step
from ari_app.routing.directory import Queue
from ari_app.routing.priorities import priority_of
from ari_app.routing.targets import Target, TargetType

_MOST_OVERFLOWS = 5


def enter(step: Step, call: Call) -> None:
    """A caller comes to the target of their offer: limits and announcements of that target begin."""
    offer = call.offering()
    if offer is None:
        return
    if not opening.is_open(step, offer.target):
        _turn_away(step, call, offer)
        return
    queue = step.directory.queue(offer.target)
    group = step.directory.groups.get(offer.target.id) if offer.target.type is TargetType.GROUP else None
    limit = queue.max_wait if queue else group.max_wait if group else None
    every, comfort_every = (queue.announce_every, queue.comfort_every) if queue else (None, None)
    if (
        queue is not None
        and queue.max_length is not None
        and sum(c.to_call_back() is None for c in queueing.waiting_for(step, offer.target)) > queue.max_length
    ):
        step.put_offer(call.id, full=(*offer.full, offer.target))
        gives_up(step, step.call(call.id))
        return
    step.put_offer(
        call.id,
        give_up_at=step.now + limit if limit is not None else None,
        announce_at=step.now + every if every is not None else None,
        comfort_at=step.now + comfort_every if comfort_every is not None else None,
        closes_at=opening.closes_at(step, offer.target),
        priority=offer.priority or _priority(step, call, offer.target),
    )
    if queue is not None:
        _say(step, call, "queue_welcome", step.directory.sounds(offer.target, "queue_welcome"))
    offers.seek(step, step.call(call.id))


def _priority(step: Step, call: Call, target: Target) -> int:
    """What the administrator's lists say of the caller's number."""
    caller = call.contact()
    return priority_of(step.directory.priorities, caller.identity.number, target) if caller is not None else 0


def gives_up(step: Step, call: Call) -> None:
    """They have waited long enough, or the queue is full: on to the overflow target, else the offer has failed."""
    offer = call.offering()
    if offer is None:
        return
    queue = step.directory.queue(offer.target)
    overflow = queue.overflow if queue is not None else None
    if overflow is None or not _may_go_to(step, offer, overflow):
        offers.fail(step, call.id, OfferState.NO_ANSWER)
        return
    _go_on(step, call, replace(offer, overflows=offer.overflows + 1, by_keys=False), overflow)


def closes(step: Step, call: Call, offer: Offer) -> None:
    """What the caller waits for was to close about now."""
    if opening.is_open(step, offer.target):
        step.put_offer(call.id, closes_at=opening.closes_at(step, offer.target))
    else:
        _turn_away(step, call, offer)


def _turn_away(step: Step, call: Call, offer: Offer) -> None:
    """It is closed: the caller hears so, and goes on to the target for that, or is released."""
    closed = opening.rule(step, offer.target)
    sounds = closed.sounds or step.directory.sounds(offer.target, "closed")
    if closed.to is not None and _may_go_to(step, offer, closed.to):
        _say(step, call, "closed", sounds)
        _go_on(step, call, replace(offer, overflows=offer.overflows + 1, by_keys=False), closed.to)
        return
    if any(party.role is PartyRole.AGENT for party in call.joined()):
        offers.fail(step, call.id, OfferState.UNAVAILABLE)
        return
    step.put_offer(call.id, state=OfferState.UNAVAILABLE, closed=True, request=None, retry_at=None)
    for party in call.joined():
        announcing.say_goodbye(step, party, "closed", sounds)


def _may_go_to(step: Step, offer: Offer, target: Target) -> bool:
    return offer.overflows < _MOST_OVERFLOWS and step.directory.exists(target)


def go_elsewhere(step: Step, call: Call, offer: Offer, target: Target) -> None:
    """A caller who waits has pressed a key that leads there: with their priority, as one who comes there now."""
    call = offers.withdraw(step, call.id, offer)
    _go_on(step, call, replace(offer, by_keys=True), target)


def _go_on(step: Step, call: Call, offer: Offer, target: Target) -> None:
    """The caller goes to another target, with what is known of their wait."""
    renewed = replace(
        Offer(step.new_id("o"), offer.kind, target, None, offer.identity, OfferState.SEEKING),
        priority=offer.priority,
        overflows=offer.overflows,
        full=offer.full,
        by_keys=offer.by_keys,
    )
    enter(step, step.put_call(call.id, offer=queueing.waits_on(step, call, renewed)))


def waits_in(step: Step, call: Call) -> tuple[Offer, Queue] | None:
    """The queue that this call's caller waits in, whether or not somebody is rung for them now."""
    offer = call.offering()
    queue = step.directory.queue(offer.target) if offer is not None and queueing.waits(offer) else None
    return (offer, queue) if offer is not None and queue is not None else None


def agent_free(step: Step, agent: str) -> None:
    """Somebody can be reserved: the first in the queue for anything that they serve is tried."""
    unserved = [c for c in step.unreached_calls() if c.offer is not None and c.offer.state in queueing.UNSERVED]
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
    queue = step.directory.queue(offer.target) if offer is not None else None
    if offer is None:
        return
    if queue is None or queue.announce_every is None:
        step.put_offer(call.id, announce_at=None)  # the administrator has taken that away meanwhile
        return
    step.put_offer(call.id, announce_at=step.now + queue.announce_every)
    place = next((i for i, c in enumerate(queueing.waiting_for(step, offer.target), 1) if c.id == call.id), None)
    if place is not None:
        sounds = _position(step, offer.target, place, offers_keys=bool(queue.keys))
        _say(step, call, "queue_position", sounds)


def comfort(step: Step, call: Call, offer: Offer) -> None:
    """Tell the caller that they are not forgotten; then their music goes on."""
    queue = step.directory.queue(offer.target)
    every = queue.comfort_every if queue is not None else None
    step.put_offer(call.id, comfort_at=step.now + every if every is not None else None)
    if offer.state in queueing.UNSERVED and every is not None:
        _say(step, call, "queue_comfort", step.directory.sounds(offer.target, "queue_comfort"))


def _say(step: Step, call: Call, prompt: str, sounds: str) -> None:
    """Play it to the caller, unless they hear one already, or dial a number."""
    caller = call.contact()
    leg = step.leg(caller.leg) if caller is not None and caller.keyed is None else None
    if leg is not None and leg.playing is None and not leg.hanging_up:
        announcing.play(step, leg, prompt, sounds)


def _position(step: Step, target: Target, place: int, *, offers_keys: bool) -> str:
    """`You are next`, or `you are caller number` three `waiting`; then how long that may take, in minutes, and what
    they may press.
    """
    prompt = partial(step.directory.sounds, target)
    sounds: list[str] = []
    if place == 1:
        sounds = [prompt("queue_next")]
    elif before := prompt("queue_position"):
        sounds = [before, f"number:{place}", prompt("queue_waiting")]
    minutes = ceil(queueing.expected_wait(step, target, place) / 60.0)
    if minutes > 1 and (before := prompt("queue_wait")):
        sounds += [before, f"number:{minutes}", prompt("queue_minutes")]
    if offers_keys:
        sounds.append(prompt("queue_keys"))
    return ",".join(sound for sound in sounds if sound)
