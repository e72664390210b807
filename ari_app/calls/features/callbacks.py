"""Call-backs: callers who keep their place in a queue without a line, and are rung when it is their turn.

The call goes on without its caller, so that what orders, keeps and reserves for those who wait does so for them too.
An agent is found first, as for any caller; when they answer, the caller is dialled, and the agent hears it ring.

    promised ──(caller hangs up)──> queued ──(an agent answers)──> dialled ──(answered)──> a call like any other
                                      ^                               │
                                      └──(`retry_after`)── resting <──┘ not answered, and tries are left

`settle` goes from one to the next: what was promised does not depend on how each of them ends. An agent who goes while
it is dialled does not end it; whoever answers then has lost no time, and goes before all others.
"""

from collections.abc import Iterator
from dataclasses import replace

from ari_app.calls.derived import announcing, displays
from ari_app.calls.effects import CallAlarm
from ari_app.calls.features import offers, opening, outside, parties, queueing
from ari_app.calls.model import (
    Alarm,
    Call,
    CallBack,
    Identity,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
)
from ari_app.calls.state import EVERYBODY
from ari_app.calls.step import Step
from ari_app.routing.directory import Queue
from ari_app.routing.targets import Target, TargetType
from ari_app.routing.ways_out import CallBackRules

FIRST = 100_000
"""The priority of who has answered and has no agent: the dialplan gives none of six digits."""


def can_be_called(step: Step, number: str) -> bool:
    """Whether anybody may dial this number outside, and it is neither for emergencies nor the call centre's own.

    A caller has said which: they have shown it, as whoever calls may show what they like, or keyed it in.
    """
    directory = step.directory
    target = directory.resolve(Target(TargetType.NUMBER, number))
    dialled = directory.outside_number(number, EVERYBODY) if number and target.type is TargetType.NUMBER else None
    company = directory.settings.company
    own = {x.number for x in (*directory.caller_ids.values(), *((company,) if company is not None else ()))}
    return dialled is not None and not {number, dialled} & (directory.settings.emergency.numbers | own)


def _same_number(step: Step, one: str, other: str) -> bool:
    """Whether they are one number, however it is written (`0612…`, `+33612…`): as the rules for numbers outside dial
    it."""
    dialled = step.directory.outside_number(one, EVERYBODY)
    return one == other or (dialled is not None and dialled == step.directory.outside_number(other, EVERYBODY))


def has_room(step: Step, queue: Queue) -> bool:
    """Whether one more may be called back there: each goes before those who come after, with or without a customer."""
    target = Target(TargetType.QUEUE, queue.id)
    return len(list(_of(step, target))) < queue.callback.most


def _of(step: Step, target: Target) -> Iterator[tuple[Call, CallBack]]:
    """Who is to be called back in that queue."""
    for call in step.unreached_calls():
        back = call.to_call_back()
        if back is not None and back.target == target:
            yield call, back


def promise(step: Step, call: Call, caller: Party, offer: Offer, queue: Queue, identity: Identity) -> None:
    """They are called back by what `identity` says, hear so, and are released; nobody is rung before they are gone.

    A number has one place in a queue, whoever gives it how often: its first, by the last promise.
    """
    call = offers.withdraw(step, call.id, offer)
    expires_at = step.now + queue.callback.expires_after
    back = CallBack(identity, offer.target, step.now, expires_at, offer.priority)
    for other, theirs in list(_of(step, offer.target)):
        if _same_number(step, theirs.identity.number, identity.number) and not other.joined():
            since = min(queueing.since(call), queueing.since(other))
            call = step.put_call(call.id, place_since=since)
            back = replace(back, priority=max(back.priority, theirs.priority))
            _end_for(step, other, theirs, call)
    step.put_call(call.id, callback=back)
    announcing.say_goodbye(step, caller, "callback_promised")


def settle(step: Step) -> None:
    """Go on with the call-backs that this step has touched."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        back = call.to_call_back() if call is not None else None
        if call is None or back is None or call.offer is None:
            continue
        if any(p.role is PartyRole.CONTACT for p in call.joined()):
            if call.offer.by is not None:
                _reached(step, call, back)
        elif not call.offer.going_on and back.next_at is None:
            _go_on(step, call, back, call.offer)


def _go_on(step: Step, call: Call, back: CallBack, offer: Offer) -> None:
    agent = next(iter(call.joined()), None)
    if offer.by is not None:
        _not_reached(step, call, back, offer.state)
    elif agent is None:
        _queue(step, call, back)
    else:
        _dial(step, call, back, agent)


def _queue(step: Step, call: Call, back: CallBack) -> None:
    """Their place counts: whoever is free is reserved for them as for those who wait with a line."""
    call = step.put_call(call.id, callback=replace(back, next_at=None))
    _wait(step, call, back, back.priority)


def _wait(step: Step, call: Call, back: CallBack, priority: int) -> None:
    offer = Offer(step.new_id("o"), OfferKind.CALL, back.target, None, back.identity, OfferState.SEEKING)
    offer = queueing.waits_on(step, call, replace(offer, priority=priority))
    offers.seek(step, step.put_call(call.id, offer=offer))


def _dial(step: Step, call: Call, back: CallBack, agent: Party) -> None:
    """The agent is there, and hears it ring. The call centre dials, not they: their own limits are not for that."""
    if not outside.room_for_all(step):
        _rest(step, call, back)
        return
    target = Target(TargetType.NUMBER, back.identity.number)
    identity = displays.shown_identity(step, None, agent.agent, OfferKind.CALL)
    offer = Offer(step.new_id("o"), OfferKind.CALL, target, agent.id, identity, OfferState.SEEKING)
    call = step.put_call(call.id, offer=queueing.waits_on(step, call, offer))
    if can_be_called(step, back.identity.number):
        offers.seek(step, call)
    else:  # no longer
        offers.fail(step, call.id, OfferState.UNAVAILABLE)
    call = step.call(call.id)
    if call.offering() is None:
        _not_reached(step, call, back, step.offer(call.id).state)
        return
    for attempt in step.offer(call.id).attempts:
        step.put_party(call.id, attempt.party, identity=back.identity)


def _reached(step: Step, call: Call, back: CallBack) -> None:
    """They have answered. Where the agent has gone meanwhile, they are the next to be served, and wait like anybody:
    where it has closed, no longer than somebody may be free for them.
    """
    call = step.put_call(call.id, callback=replace(back, reached=True))
    for other, theirs in _same(step, call, back):
        _end_for(step, other, theirs, call)
    if all(p.agent is None for p in call.joined()):
        _wait(step, step.put_call(call.id, answered_at=None), back, FIRST)
        step.put_offer(call.id, closes_at=opening.closes_at(step, back.target))


def _not_reached(step: Step, call: Call, back: CallBack, outcome: OfferState) -> None:
    """Not a try, where Asterisk was away, and nobody knows how it ended."""
    counts = not step.tells_all_agents
    back = replace(back, tries=back.tries + counts, last=outcome)
    call = step.put_call(call.id, callback=back)
    if (returned := _returned(step, call, back)) is not None:
        _have_place(step, returned, call, back)
    elif same := _same(step, call, back):
        _go_on_in(step, *same[0], call, back)
    elif back.tries >= _rules(step, back).tries:
        give_up(step, call)
    elif counts:
        _rest(step, call, back)
    else:
        _free_agents(step, call)
        _queue(step, call, back)


def _same(step: Step, call: Call, back: CallBack) -> list[tuple[Call, CallBack]]:
    """Who is to be called back there at the same number: they have chosen it once more while they were being rung."""
    return [
        (other, theirs)
        for other, theirs in _of(step, back.target)
        if other.id != call.id and _same_number(step, theirs.identity.number, back.identity.number)
    ]


def _go_on_in(step: Step, other: Call, theirs: CallBack, call: Call, back: CallBack) -> None:
    """They have one place, the first, by what they have chosen last; what was tried counts for that."""
    _end_for(step, call, back, other)
    since = min(queueing.since(call), queueing.since(other))
    priority, tries = max(back.priority, theirs.priority), max(back.tries, theirs.tries)
    theirs = replace(theirs, priority=priority, tries=tries, last=back.last)
    other, offer = step.put_call(other.id, place_since=since, callback=theirs), other.offering()
    if offer is not None and not offer.attempts and not other.joined():
        _rest(step, offers.withdraw(step, other.id, offer), theirs)


def _end_for(step: Step, call: Call, back: CallBack, other: Call) -> None:
    """What is to be done for them is done by the other call."""
    _free_agents(step, call)
    step.put_call(call.id, callback=replace(back, again=other.id))
    parties.end(step, call.id)


def _rest(step: Step, call: Call, back: CallBack) -> None:
    _free_agents(step, call)
    step.put_call(call.id, callback=replace(back, next_at=step.now + _rules(step, back).retry_after))


def _free_agents(step: Step, call: Call) -> None:
    """Who was found for it is free as soon as their phone has let go: without a conversation, no after-call work."""
    for agent in [party for party in call.joined() if party.agent is not None]:
        parties.leave(step, call.id, agent.id)
        leg = step.leg(agent.leg)
        if leg is not None and leg.left == call.id:
            step.put_leg(leg.id, left=None)


def _rules(step: Step, back: CallBack) -> CallBackRules:
    queue = step.directory.queues.get(back.target.id)
    return queue.callback if queue is not None else CallBackRules()


def give_up(step: Step, call: Call) -> None:
    """It was tried often enough, or for long enough: the call is over, and those who oversee are notified."""
    parties.end(step, call.id)
    step.emit(CallAlarm(step.calls[call.id], Alarm.NOT_CALLED_BACK))


# -- times ------------------------------------------------------------------------------------------------------------


def due_at(call: Call) -> float | None:
    """When the next try is due, or it is too late for one; whoever is being rung, or talks, is not interrupted."""
    back, offer = call.to_call_back(), call.offering()
    if back is None or call.joined() or (offer is not None and offer.attempts):
        return None
    return back.expires_at if back.next_at is None else min(back.next_at, back.expires_at)


def due(step: Step, call: Call) -> bool:
    """Whether something was due, and is done."""
    back, at = call.to_call_back(), due_at(call)
    if back is None or at is None or at > step.now:
        return False
    if back.expires_at <= step.now:
        give_up(step, call)
    else:
        _queue(step, call, back)
    return True


# -- who calls in again -----------------------------------------------------------------------------------------------


def returns(step: Step, call: Call) -> None:
    """Somebody comes to a queue: it may be one who is to be called back there. Not while that is being done."""
    for other in list(step.unreached_calls()):
        back = other.to_call_back()
        if back is not None and not other.joined() and _is_for(step, back, call):
            _have_place(step, call, other, back)


def _returned(step: Step, call: Call, back: CallBack) -> Call | None:
    return next((c for c in step.unreached_calls() if c.id != call.id and _is_for(step, back, c)), None)


def _is_for(step: Step, back: CallBack, call: Call) -> bool:
    caller, offer = call.contact(), call.offering()
    known = caller is not None and not caller.identity.anonymous
    same = caller is not None and known and _same_number(step, caller.identity.number, back.identity.number)
    waits = offer is not None and offer.by is None and offer.target == back.target
    return same and waits and _rules(step, back).again != "keep"


def _have_place(step: Step, call: Call, other: Call, back: CallBack) -> None:
    """Whoever was to be called back waits with a line, in their old place where the administrator says so."""
    if _rules(step, back).again == "replace":
        step.put_call(call.id, place_since=min(queueing.since(call), queueing.since(other)))
        step.put_offer(call.id, priority=max(step.offer(call.id).priority, back.priority))
    _end_for(step, other, back, call)
