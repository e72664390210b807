"""Offers: a target is sought, rung, and accepts or does not (S10-S17, S25-S27, S40).

Owns the way from a target to a party that has joined; `lifecycle` says which states follow which, and why. How long an
offer goes on from one member of its target to the next, `_goes_on` says. One that an agent requested leaves holds as
they are, however it ends.
"""

from collections.abc import Set
from dataclasses import replace

from ari_app.calls import lifecycle
from ari_app.calls.derived import announcing, channels, transfer_progress
from ari_app.calls.effects import ReserveAgent
from ari_app.calls.features import alerting, attempts, parties, queueing, refusals, voicemail
from ari_app.calls.model import (
    AgentId,
    Attempt,
    Call,
    CallId,
    Identity,
    Leg,
    LegState,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    Progress,
)
from ari_app.calls.state import Seek
from ari_app.calls.step import Step
from ari_app.routing.targets import Target, TargetType

# -- seeking ----------------------------------------------------------------------------------------------------------


def seek(step: Step, call: Call) -> None:
    """Find somebody for the call's offer: reserve an agent, or dial at once what is no agent."""
    offer = call.offering()
    if offer is None:
        return
    if not step.linked:
        _await_link(step, call, offer)
        return
    if offer.target.type is TargetType.VOICEMAIL:
        if not voicemail.begin(step, call, offer):
            fail(step, call.id, OfferState.UNAVAILABLE)
        return
    if not offer.target.type.of_agents:
        ring(step, call.id, None)
        return
    if not offer.attempts:  # else those who ring already go on
        step.put_offer(call.id, state=OfferState.SEEKING, retry_at=None)
    reserve_for(step, call, offer)


def reserve_for(step: Step, call: Call, offer: Offer) -> None:
    """Ask for somebody who is neither in the call nor has refused this offer."""
    request = step.new_id("r")
    step.put_offer(call.id, request=request)
    step.seeks[request] = Seek(call.id)
    reserve(step, request, offer.target, attempts.busy_in(call) | offer.tried, can_wait=queueing.waits(offer))


def ring(step: Step, call_id: CallId, agent: str | None) -> None:
    """Ring a phone for the call's offer; where there is none that could be, the offer has failed."""
    if alerting.ring(step, call_id, agent):
        if agent is not None:
            _ring_the_others_too(step, call_id)
        return
    if agent is not None:
        attempts.free(step, agent, step.offer(call_id).request)
    fail(step, call_id, OfferState.UNAVAILABLE)


def _ring_the_others_too(step: Step, call_id: CallId) -> None:
    """In a group that rings all at once the next free member is rung too; the first who answers has the call."""
    call = step.call(call_id)
    offer = call.offering()
    if offer is not None and step.directory.ring_policy(offer.target) == "all":
        reserve_for(step, call, offer)


def _await_link(step: Step, call: Call, offer: Offer) -> None:
    """Nobody can be rung while Asterisk is away: who waits goes on waiting, and those who ring already go on."""
    if attempts.ring_on(step, call):
        return
    if queueing.waits(offer):
        step.put_offer(call.id, state=OfferState.WAITING, request=None, deadline=None, retry_at=step.now)
    else:
        fail(step, call.id, OfferState.UNAVAILABLE)


def reserve(step: Step, request: str, target: Target, exclude: frozenset[str], *, can_wait: bool = False) -> None:
    """Ask for a reservation that outlives every ring of ours."""
    settings = step.directory.settings
    seconds = settings.offer_timeout + settings.own_phone_timeout + 5.0
    personal = target.type is TargetType.AGENT and target.id not in exclude
    busy = personal and bool(step.calls_of(target.id)) and parties.can_be_rung(step, target.id)
    step.emit(ReserveAgent(request, target, exclude, seconds, busy, can_wait))


def reserved(step: Step, call: Call, agent: str, request: str) -> None:
    """The offer's reservation holds `agent`; they go to whoever's turn it is."""
    call, displaced = queueing.whose_turn(step, call, agent)
    if displaced is not None:
        seek(step, displaced)
        call = step.call(call.id)
    offer = call.offering()
    if offer is None or offer.state is OfferState.PENDING:
        attempts.free(step, agent, request)
    elif not step.linked:
        attempts.free(step, agent, request)
        _await_link(step, call, offer)
    elif not may_ring(step, offer.target, agent) or alerting.destination(step, offer.target, agent)[0] is None:
        # They have dialled by hand since they were reserved, and are not rung on top of that; or have no phone now.
        attempts.free(step, agent, request)
        _pass_over(step, call.id, offer, {agent})
        seek(step, step.call(call.id))
    else:
        ring(step, call.id, agent)


def may_ring(step: Step, target: Target, agent: str) -> bool:
    """Whether the agent found for `target` can still be rung: beside a call of their own only where it is for them."""
    personal = target.type is TargetType.AGENT or not step.calls_of(agent)
    return personal and parties.can_be_rung(step, agent)


def nobody(step: Step, call: Call) -> None:
    """No member is free: a caller who waits to be served waits on, every other offer is over."""
    offer = call.offering()
    if offer is None or attempts.ring_on(step, call):
        return
    if offer.by is not None or offer.kind is not OfferKind.CALL:
        fail(step, call.id, offer.last or OfferState.UNAVAILABLE)
    elif offer.fallback or offer.target.type is TargetType.AGENT:
        fail(step, call.id, OfferState.UNAVAILABLE)
    else:
        # Who has refused is tried again after a while, not at once and for ever.
        retry_at = min(offer.rests.values(), default=None)
        step.put_offer(call.id, state=OfferState.WAITING, request=None, deadline=None, retry_at=retry_at)


def rested(step: Step, call: Call) -> None:
    """Those who have had rest from a caller who waits may be tried again."""
    offer = call.offering()
    if offer is None:
        return
    rests = {agent: until for agent, until in offer.rests.items() if until > step.now}
    step.put_offer(call.id, retry_at=None, tried=frozenset(rests) & offer.tried, rests=rests)
    try_again(step, step.call(call.id))


def _pass_over(step: Step, call_id: CallId, offer: Offer, agents: Set[AgentId], *, declined: bool = False) -> None:
    """Ask others than these from now on; a caller who waits may have them later, those who declined much later."""
    settings = step.directory.settings
    until = step.now + (settings.declined_interval if declined else settings.retry_interval)
    step.put_offer(call_id, tried=offer.tried | agents, rests={**offer.rests, **dict.fromkeys(agents, until)})


def try_again(step: Step, call: Call) -> None:
    """Somebody may be free now for a caller who waits."""
    offer = call.offering()
    if offer is not None and offer.state is OfferState.WAITING:
        seek(step, call)


# -- the end of an offer ----------------------------------------------------------------------------------------------


def accept(step: Step, call_id: CallId, attempt: Attempt) -> None:
    """The target answered: it joins, and what the offer was for happens by itself (S11, S26)."""
    call = step.call(call_id)
    offer = call.offer
    if offer is None:
        return
    for other in offer.attempts:
        if other.leg != attempt.leg:
            attempts.drop_attempt(step, call_id, other, answered_elsewhere=True)
    step.put_offer(call_id, state=OfferState.ACCEPTED, attempts=(), deadline=None, request=None)
    if offer.by is None:
        queueing.served(step, offer.target)
    order = 1 + max((p.order for p in call.parties.values()), default=0)
    call = step.put_party(call_id, attempt.party, progress=Progress.JOINED, order=order)
    if attempt.agent is None or call.to_call_back() is None:  # who is to be called back talks to nobody yet
        call = step.put_call(call.id, answered_at=call.answered_at or step.now)
    if attempt.agent is not None and call.owner not in attempts.busy_in(call):
        call = step.put_call(call.id, owner=attempt.agent)
    if attempt.agent is not None and len(step.calls_of(attempt.agent)) > 1:
        parties.turn_to(step, call, attempt.agent)  # a second call: the first waits (S45)
        call = step.call(call_id)
    if offer.kind in (OfferKind.TRANSFER, OfferKind.CONFERENCE):
        for held in offer.held:
            away = call.parties[held].held_by & {held}  # a colleague who talks in another call
            call = step.put_party(call_id, held, held_by=away)
    if offer.kind is OfferKind.TRANSFER and offer.by is not None and offer.by in call.parties:
        if attempt.agent is not None:
            step.put_call(call.id, owner=attempt.agent)
        transfer_progress.tell(step, step.call(call_id))
        parties.leave(step, call_id, offer.by, transferred=True)


def answer_for(step: Step, call: Call, party: Party) -> None:
    """Answer from the desktop: the phone is rung anew and requested to answer by itself; the first ring ends.

    A phone that talks already goes on to this call on the line that it has; not on one that it has on hold by itself.
    """
    offer = call.offering()
    attempt = next((a for a in offer.attempts if a.party == party.id), None) if offer else None
    old = step.leg(attempt.leg) if attempt else None
    if offer is None or attempt is None or old is None or old.destination is None:
        return
    up = parties.agent_leg(step, party.agent or "")
    if up is not None and up.state is LegState.UP and not up.held_by_phone:
        attempts.hang_up_unanswered(step, old)
        step.put_party(call.id, party.id, leg=up.id)
        shared = Attempt(up.id, party.id, attempt.agent)
        step.put_offer(call.id, attempts=tuple(shared if a is attempt else a for a in offer.attempts))
        accept(step, call.id, shared)
        return
    step.require_phone(parties.own_phone(step, party).user)
    attempts.drop_other_phones(step, call.id, attempt)
    offer = step.offer(call.id)
    leg = step.add_leg(
        Leg(step.new_id("l"), LegState.CREATING, old.agent, old.destination, call.id, shown=offer.identity)
    )
    leg = step.put_leg(leg.id, chosen=offer.caller_id is not None, auto_answer=True)
    attempts.hang_up_unanswered(step, old)
    step.put_party(call.id, party.id, leg=leg.id)
    renewed = Attempt(leg.id, party.id, attempt.agent, answering=True)
    step.put_offer(call.id, attempts=tuple(renewed if a is attempt else a for a in offer.attempts))
    channels.create(step, leg, call.id)


def fail(step: Step, call_id: CallId, outcome: OfferState) -> None:
    """The offer is over without anybody; holds stay as they are (S12)."""
    offer = step.call(call_id).offering()
    if offer is None:
        return
    withdraw(step, call_id, offer, outcome)
    _after_failure(step, step.call(call_id), offer)
    if offer.by_keys and outcome is not OfferState.CANCELLED:
        announcing.guide_initiator(step, call_id, offer)


def withdraw(step: Step, call_id: CallId, offer: Offer, outcome: OfferState = OfferState.CANCELLED) -> Call:
    """Ring nobody for it any more, nor keep anybody for it."""
    for attempt in offer.attempts:
        attempts.drop_attempt(step, call_id, attempt)
    attempts.free_reserved(step, offer)
    step.put_offer(call_id, state=outcome, deadline=None, request=None, retry_at=None)
    return step.call(call_id)


def attempt_failed(step: Step, call: Call, attempt: Attempt, cause: int) -> None:
    """One phone that was rung declined, was busy or could not be reached: the next member is tried, unless another
    phone of this one still rings; where there is none to try, the offer has failed (S12).

    One that refuses before it has rung does so by itself (it does not disturb, is forwarded, has no codec in common),
    and would refuse the next caller too; afterwards it is a person's decision, of this caller alone, on all phones.
    """
    if call.offering() is None:
        return
    outcome = refusals.failure_of(cause)
    by_person = attempt.ringing and outcome in (OfferState.DECLINED, OfferState.BUSY)
    if by_person:
        attempts.drop_other_phones(step, call.id, attempt)
    attempts.drop(step, call.id, attempt)
    if attempts.other_phones(step.call(call.id), attempt):
        return
    if outcome is OfferState.NO_ANSWER or not (attempt.ringing or cause == refusals.NO_CAUSE):
        refusals.count_missed(step, attempt, outcome)
    attempt_over(step, call.id, attempt, outcome, declined=by_person)


def attempt_over(step: Step, call_id: CallId, attempt: Attempt, outcome: OfferState, *, declined: bool = False) -> None:
    """What follows when a phone does not ring any more and was not answered; `declined`: its agent decided that."""
    call = step.call(call_id)
    offer = call.offering()
    if offer is None:
        return
    _pass_over(step, call_id, offer, {attempt.agent} if attempt.agent else set(), declined=declined)
    step.put_offer(call.id, last=outcome)
    if offer.attempts:
        return
    if not _goes_on(step, step.call(call.id), outcome):
        fail(step, call.id, outcome)
        return
    if _in_order(step, offer):
        step.put_offer(call.id, deadline=None)  # the next rings their whole time
    seek(step, step.call(call.id))


def _goes_on(step: Step, call: Call, outcome: OfferState) -> bool:
    """Whether another member is tried, where the target has members: for a caller who waits to be served, always.

    What an agent requested, or is for the fallback target, ends with the first ring that nobody answers (but for a
    group that rings in order), and with the last member.
    """
    offer = call.offering()
    if offer is None or offer.state is OfferState.PENDING or not _has_members(offer):
        return False
    if queueing.waits(offer):
        return True
    if outcome is OfferState.NO_ANSWER and not _in_order(step, offer):
        return False
    return bool(step.directory.members(offer.target) - offer.tried - attempts.busy_in(call))


def _in_order(step: Step, offer: Offer) -> bool:
    return step.directory.ring_policy(offer.target) == "in_order"


def _has_members(offer: Offer) -> bool:
    """Whether the target is several people, of whom the next may be tried."""
    return offer.target.type.of_agents and offer.target.type is not TargetType.AGENT


def timed_out(step: Step, call: Call) -> None:
    """Nobody answered in time."""
    offer = call.offering()
    if offer is None:
        return
    if offer.state is OfferState.PENDING and offer.by is not None:
        parties.own_phone_failed(step, call, call.parties[offer.by])
    for attempt in {attempt.agent: attempt for attempt in offer.attempts}.values():
        refusals.count_missed(step, attempt, OfferState.NO_ANSWER)
    _pass_over(step, call.id, offer, {a.agent for a in offer.attempts if a.agent})
    if not _goes_on(step, step.call(call.id), OfferState.NO_ANSWER):
        fail(step, call.id, OfferState.NO_ANSWER)
        return
    for attempt in offer.attempts:
        attempts.drop_attempt(step, call.id, attempt)
    step.put_offer(call.id, deadline=None, last=OfferState.NO_ANSWER)
    seek(step, step.call(call.id))


def cancel(step: Step, call_id: CallId) -> None:
    """The initiator gives the offer up (S15)."""
    fail(step, call_id, OfferState.CANCELLED)


# -- when nobody is left to help --------------------------------------------------------------------------------------


def _after_failure(step: Step, call: Call, offer: Offer) -> None:
    """The contact stays with whom they have; with nobody, they go to the fallback, or hear why and leave (S16)."""
    initiator = call.parties.get(offer.by) if offer.by else None
    if call.to_call_back() is not None:
        return  # see `callbacks`
    if offer.kind is OfferKind.CALL and initiator is not None:
        _call_failed(step, call, initiator)
        return
    if offer.kind is OfferKind.CONSULT:
        parties.end_if_over(step, call)
        return
    if any(p.role is PartyRole.AGENT for p in call.joined()):
        if initiator is not None and initiator.progress is Progress.JOINED and initiator.leg is None:
            # They used their phone's transfer key and hung up: colleagues go on without them; where there are none, the
            # contact is theirs again, and their phone says so.
            if any(p.role is PartyRole.AGENT and p.id != initiator.id for p in call.joined()):
                parties.leave(step, call.id, initiator.id)
                return
            step.put_call(step.put_party(call.id, initiator.id, away=True).id, recall_at=step.now)
        parties.end_if_over(step, step.call(call.id))
        return
    look_after(step, call, fallback_failed=offer.fallback)


def look_after(step: Step, call: Call, *, fallback_failed: bool = False) -> None:
    """People outside have no agent any more: the fallback target is rung for them, else they hear why and are released
    (S16).
    """
    fallback = step.directory.settings.fallback
    if fallback is not None and not fallback_failed and step.directory.exists(fallback):
        contact = call.contact()
        identity = contact.identity if contact is not None else Identity()
        renewed = Offer(step.new_id("o"), OfferKind.CALL, fallback, None, identity, OfferState.SEEKING, fallback=True)
        failed = call.offer is not None and call.offer.state in lifecycle.OVER
        renewed = replace(renewed, last=call.offer.state if call.offer is not None and failed else None)
        renewed = replace(renewed, full=call.offer.full if call.offer is not None else ())
        seek(step, step.put_call(call.id, offer=queueing.waits_on(step, call, renewed)))
        return
    for party in call.joined():
        if party.role is PartyRole.CONTACT:
            announcing.say_goodbye(step, party, _regret(step, call))


def _regret(step: Step, call: Call) -> str:
    """What somebody hears for whom nobody is there: of a box that takes no message what its callers hear then."""
    of_box = call.offer is not None and call.offer.target.type is TargetType.VOICEMAIL
    said = of_box and "voicemail_failed" in step.directory.settings.announcements
    return "voicemail_failed" if said else "nobody_available"


def _call_failed(step: Step, call: Call, initiator: Party) -> None:
    """A call that an agent made reached nobody: it is over; where they dialled by hand, their phone says why.

    Not on a line that another call of theirs is on too: that goes on, and the line with it.
    """
    leg = step.leg(initiator.leg)
    by_hand = leg is not None and leg.destination is None and leg.state is LegState.UP
    if leg is not None and by_hand and len(call.joined()) == 1 and len(list(step.party_by_leg(leg.id))) == 1:
        announcing.say_goodbye(step, initiator, "nobody_available")
    else:
        parties.end_if_over(step, call)
