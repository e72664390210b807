"""Consultation: a private call beside the contact's, and the ways out of it (S20-S22).

The consultation is a call of its own whose `parent` is the contact's; both speak through the agent's one leg, and
turning from one to the other is a change of that leg's focus.
"""

from collections.abc import Mapping
from dataclasses import replace

from ari_app.calls.actions import contacts_first
from ari_app.calls.features import attempts, monitoring, parties
from ari_app.calls.model import Call, Leg, Offer, OfferKind, OfferState, Party, Progress
from ari_app.calls.step import Step
from ari_app.errors import Refused
from ari_app.routing.directory import Purpose
from ari_app.routing.permissions import check_target
from ari_app.routing.targets import TargetType


def complete(step: Step, consult: Call, agent: str, *, stay: bool) -> Call:
    """Those consulted join the contact's call; the agent stays (conference) or is done (transfer)."""
    parent = step.call(consult.parent or "")
    if consult.offering() is not None:
        return hand_over(step, consult, parent, agent)
    return join(step, consult, parent, agent, stay=stay, user_data=attach(parent, consult.user_data))


def join(step: Step, consult: Call, parent: Call, agent: str, *, stay: bool, user_data: dict[str, str]) -> Call:
    """Two calls of one agent become one: everybody of `consult` joins `parent`, on hold or not.

    `user_data` is what is attached from then on, out of both.
    """
    there = {p.agent for p in parent.parties.values() if p.agent and p.progress is not Progress.LEFT}
    if stay:
        parties.turn_to(step, parent, agent)  # before a line is hung up: the one that talks is kept
        consult = step.call(consult.id)
    moved = [p for p in consult.joined() if p.agent != agent and p.agent not in there]
    step.put_call(parent.id, user_data=user_data)
    for party in moved:
        move(step, consult, parent, party)
    monitoring.follow(step, consult.id, parent.id)
    parties.end(step, consult.id)
    parent = step.call(parent.id)
    me = step.mine(parent, agent)
    parent = parties.retrieve_all(step, parent, me)
    if not stay:
        heir = next((p.agent for p in moved if p.agent), None)
        parent = step.put_call(parent.id, owner=heir or parent.owner)
        parties.leave(step, parent.id, me.id, transferred=True)
    for party in moved:
        leg = step.leg(party.leg)
        if party.agent is not None and leg is not None and leg.focus != parent.id:
            parties.step_aside(step, step.call(parent.id), party.agent)
    return step.calls[parent.id]


def move(step: Step, consult: Call, parent: Call, party: Party) -> None:
    """One leg goes over to the other call; nobody hears that. Who has turned to a call of their own meanwhile stays."""
    step.put_party(consult.id, party.id, leg=None, also_rung=())
    step.add_party(parent.id, replace(party, id=step.new_id("p"), held_by=frozenset()))
    for leg in filter(None, map(step.leg, party.legs)):
        if leg.focus == consult.id:
            step.put_leg(leg.id, focus=parent.id)


def can_hand_over(step: Step, consult: Call, parent: Call, agent: str) -> bool:
    """Whether the agent is alone in `consult` with somebody who rings, and could ring for those of `parent`."""
    offer, me, there = consult.offering(), consult.party_of(agent), parent.party_of(agent)
    if offer is None or me is None or there is None or offer.by != me.id or parent.offering() is not None:
        return False
    if there.progress is not Progress.JOINED or len(parent.joined()) < 2 or consult.joined() != [me]:
        return False
    rung = {attempt.agent for attempt in offer.attempts}
    rung |= {offer.target.id} if offer.target.type is TargetType.AGENT else set()
    return not rung & attempts.busy_in(parent) and (
        offer.kind is OfferKind.CONSULT or _may_transfer(step, offer, agent)
    )


def _may_transfer(step: Step, offer: Offer, agent: str) -> bool:
    """Whom one may call one may not always transfer to (S3)."""
    try:
        check_target(step.directory, agent, offer.target, Purpose.TRANSFER)
    except Refused:
        return False
    return True


def hand_over(step: Step, consult: Call, parent: Call, agent: str, keep: Leg | None = None) -> Call:
    """Who rings for `consult` rings on for those of `parent`, as for an instant transfer, and they stay on hold (S16).

    The agent is done: their phone is hung up, and rung again if nobody accepts. The leg `keep` is not hung up: this was
    requested through it, and it stays to be shown how it goes.
    """
    offer, me = step.offer(consult.id), step.mine(parent, agent)
    step.put_offer(consult.id, state=OfferState.CANCELLED, attempts=(), request=None, deadline=None)
    for attempt in offer.attempts:
        step.drop_party(consult.id, attempt.party)
        step.add_party(parent.id, consult.parties[attempt.party])
    for leg in filter(None, (step.leg(attempt.leg) for attempt in offer.attempts)):
        step.put_leg(leg.id, focus=parent.id)
    seek = step.awaited(offer.request or "")
    if seek is not None and offer.request is not None:
        step.seeks[offer.request] = replace(seek, call=parent.id)
    _leave_phone(step, consult.id, agent, keep)
    _leave_phone(step, parent.id, agent, keep)
    if keep is not None:
        step.put_leg(keep.id, focus=parent.id)
    monitoring.follow(step, consult.id, parent.id)
    parties.end(step, consult.id)
    held = contacts_first(parent, me)
    handed = replace(
        offer,
        kind=OfferKind.TRANSFER,
        by=me.id,
        held=frozenset(p.id for p in held),
        refer=keep.id if keep is not None else None,
    )
    call = parties.hold(step, step.call(parent.id), me.id, held)
    call = step.put_call(call.id, offer=handed, user_data=attach(call, consult.user_data), recall_at=None)
    return step.put_party(
        call.id, me.id, leg=handed.refer, away=False, joining=None, held_by=call.parties[me.id].held_by - {me.id}
    )


def _leave_phone(step: Step, call_id: str, agent: str, keep: Leg | None) -> None:
    call = step.call(call_id)
    me = step.mine(call, agent)
    if keep is None or me.leg != keep.id:
        parties.let_go(step, call, me)
    step.put_party(call_id, me.id, leg=None, also_rung=())


def alternate(step: Step, consult: Call, agent: str) -> None:
    """Talk to the other side; the one left hears music."""
    parent = step.call(consult.parent or "")
    leg = step.leg(step.mine(consult, agent).leg)
    here = leg is not None and leg.focus == consult.id
    other = parent if here else consult
    parties.turn_to(step, other, agent)
    other = step.call(other.id)
    parties.retrieve_all(step, other, step.mine(other, agent))


def reconnect(step: Step, consult: Call, agent: str) -> Call:
    """Give the one consulted up and go back to the contact."""
    parent = step.call(consult.parent or "")
    parties.turn_to(step, parent, agent)  # before a line is hung up: the one that talks is kept
    parties.end(step, consult.id)
    parent = step.call(parent.id)
    return parties.retrieve_all(step, parent, step.mine(parent, agent))


def attach(call: Call, data: Mapping[str, str]) -> dict[str, str]:
    """The attached data with more of it."""
    return {**call.user_data, **data}
