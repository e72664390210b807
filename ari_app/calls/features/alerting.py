"""A phone is rung for an offer: what is dialled, as whom it joins, and how its agent answers from the desktop.

An agent may have several phones with one account. All are rung, each through a leg and for a party of its own; whoever
answers on one has the call there; the others are notified that it was answered elsewhere. Declined on one, it rings on
none.
"""

from dataclasses import replace
from typing import assert_never

from ari_app.calls.derived import channels, displays
from ari_app.calls.effects import EmergencyDialled
from ari_app.calls.features import outside, parties
from ari_app.calls.model import (
    AgentId,
    Attempt,
    Call,
    CallId,
    Destination,
    DialplanEntry,
    Identity,
    Leg,
    LegId,
    LegState,
    Media,
    OfferState,
    Outside,
    Party,
    PartyRole,
    Phone,
)
from ari_app.calls.state import EVERYBODY
from ari_app.calls.step import Step, attempt_of
from ari_app.routing.directory import Agent, Group, OutsideNumber, Queue, RoutingPoint, Skill, Voicemail
from ari_app.routing.targets import Target


def ring(step: Step, call_id: CallId, agent: str | None) -> bool:
    """Ring one phone for the call's offer. False: there is nothing to be dialled, and nothing has changed."""
    call = step.call(call_id)
    offer = call.offering()
    if offer is None:
        return True
    listed = step.directory.agents.get(agent) if agent else None
    role = PartyRole.AGENT if agent else PartyRole.CONTACT
    by = _by(call)
    payer = by if call.to_call_back() is None else EVERYBODY
    where, known = destination(step, offer.target, agent, payer)
    if where is None:
        return False
    party = Party(
        id=step.new_id("p"),
        role=role,
        identity=displays.of_agent(listed) if listed else known,
        agent=agent,
        leg=step.new_id("l"),
    )
    leg = step.add_leg(Leg(party.leg or "", LegState.CREATING, agent=agent, destination=where, focus=call_id))
    identity = offer.identity
    if isinstance(where, Outside):
        if by is not None and outside.is_emergency(step, offer.target):
            identity = displays.in_emergency(step, by, identity)
            phone = parties.own_phone(step, call.parties[offer.by or ""])
            step.emit(EmergencyDialled(by, phone.user, where.listed))
        elif offer.caller_id is None:
            identity = displays.outward(step, identity)
        step.put_leg(leg.id, dialled_by=outside.note(step, payer, offer.target))
    leg = step.put_leg(leg.id, shown=identity, chosen=offer.caller_id is not None)
    step.add_party(call_id, party)
    keep = offer.by is not None and offer.deadline is not None and offer.state is not OfferState.PENDING
    step.put_offer(
        call_id,
        state=OfferState.RINGING,
        request=None,
        attempts=(*offer.attempts, Attempt(leg.id, party.id, agent, together=_rings_all(step, offer.target))),
        deadline=offer.deadline if keep else step.now + step.directory.ring_time(offer.target),
    )
    channels.create(step, leg, call_id)
    return True


def _by(call: Call) -> AgentId | None:
    """The agent who has the call's offer made; None: the call centre itself has, as it does for a call-back."""
    if call.to_call_back() is not None:
        return None
    party = call.parties.get(call.offer.by or "") if call.offer is not None else None
    return party.agent if party is not None else None


def _rings_all(step: Step, target: Target) -> bool:
    return step.directory.ring_policy(target) == "all"


def ring_also(step: Step, leg_id: LegId, place: str) -> None:
    """The agent who is about to be rung has another phone with the same account: it rings too, for an offer and for a
    call that is theirs already; but for one that they have just requested, which answers by itself.
    """
    leg = step.leg(leg_id)
    for call, party in list(step.party_by_leg(leg_id)):
        attempt = attempt_of(call.offer, leg_id)
        again = party.away and leg is not None and not leg.auto_answer
        if not (attempt or again) or leg is None or leg.hanging_up or not isinstance(leg.destination, Phone):
            continue
        where = Phone(leg.destination.user, place)
        also = replace(leg, id=step.new_id("l"), state=LegState.CREATING, destination=where, requested=Media(),
                       auto_answer=False)  # fmt: skip
        step.add_leg(also)
        if attempt is None:
            step.put_party(call.id, party.id, also_rung=(*party.also_rung, also.id))
        else:
            step.put_attempt(call.id, leg_id, together=True)
            other = replace(party, id=step.new_id("p"), leg=also.id)
            step.add_party(call.id, other)
            rung = Attempt(also.id, other.id, attempt.agent, together=True)
            step.put_offer(call.id, attempts=(*step.offer(call.id).attempts, rung))
        channels.create(step, also, call.id)


def destination(
    step: Step, target: Target, agent: str | None, by: AgentId | None = None
) -> tuple[Destination | None, Identity]:
    """What is dialled for a target, or for the agent found for it, and who that is; None: nothing can be.

    `by` is the agent who dials; EVERYBODY: whoever is called back has said which number.
    """
    directory = step.directory
    if agent is not None:
        listed = directory.agents.get(agent)
        return (Phone(listed.phone) if listed and listed.phone else None), Identity()
    match entry := directory.entry(target, by):
        case RoutingPoint(name=name, number=number):
            return DialplanEntry(number), Identity(name, number)
        case OutsideNumber(number=number, dialled=dialled):
            return Outside(dialled, directory.settings.trunk, number), Identity(number=number)
        case Agent() | Group() | Queue() | Skill() | Voicemail() | None:
            return None, Identity()  # one of its agents is rung, and none was found; a box answers by itself
        case _:
            assert_never(entry)
