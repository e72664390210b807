"""Parties of a call: on hold and back, leaving, and when a call is over (S13, S16, S29, S31-S33, S36-S39, S45-S47).

Owns who is in a call and why somebody is on hold. What that means for bridges and music is derived in `media`.
"""

from ari_app.calls.changes import PartyChanges, changed
from ari_app.calls.derived import channels, displays
from ari_app.calls.effects import DestroyBridge, HangUp
from ari_app.calls.features import attempts, recording
from ari_app.calls.model import (
    Call,
    CallId,
    Identity,
    Leg,
    LegState,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyId,
    PartyRole,
    Phone,
    Progress,
)
from ari_app.calls.step import Step
from ari_app.errors import Code, Refused

# -- hold -------------------------------------------------------------------------------------------------------------


def hold(step: Step, call: Call, by: PartyId, whom: list[Party]) -> Call:
    """`by` puts `whom` on hold; who is on hold by somebody else has now two reasons."""
    for party in whom:
        call = step.put_party(call.id, party.id, held_by=call.parties[party.id].held_by | {by})
    return call


def retrieve_all(step: Step, call: Call, by: Party) -> Call:
    """See `Call.retrieved`."""
    for party in call.retrieved(by).joined():
        call = step.put_party(call.id, party.id, held_by=party.held_by)
    return call


def step_aside(step: Step, call: Call, agent: str) -> None:
    """The agent turns to another call: what they leave goes on hold by itself (S45).

    The owner's contacts hear music; a colleague's conference goes on without them.
    """
    me = call.party_of(agent)
    if me is None or me.progress is not Progress.JOINED:
        return
    leg = step.leg(me.leg)
    if leg is not None and leg.state is not LegState.UP and me.away:
        # Their phone was being rung again for this call; they have taken to another, and are rung for this one later.
        call = stop_ringing(step, call, me)
        step.put_call(call.id, recall_at=step.now + step.directory.settings.recall)
        return
    call = hold(step, call, me.id, [me])
    if call.owner == agent or len(call.joined()) == 2:
        hold(step, call, me.id, [p for p in call.joined() if p.id != me.id])


def _come_back(step: Step, call: Call, agent: str | None) -> None:
    me = call.party_of(agent) if agent else None
    if me is not None:
        step.put_party(call.id, me.id, held_by=me.held_by - {me.id})


def turn_to(step: Step, call: Call, agent: str) -> None:
    """The agent's phone now speaks in `call`; any other call that it spoke in goes on hold (S46)."""
    me = call.party_of(agent)
    if me is None:
        return
    _speak_through_the_active_line(step, call, agent)
    call = step.call(call.id)
    me = step.mine(call, agent)
    leg = step.leg(me.leg) or agent_leg(step, agent)
    for other in step.calls_of(agent):
        theirs = other.party_of(agent)
        other_leg = step.leg(theirs.leg) if theirs is not None else None
        if other.id != call.id and other_leg is not None and other_leg.focus == other.id:
            step_aside(step, other, agent)
    if leg is not None and leg.state is LegState.UP:
        step.put_leg(leg.id, focus=call.id)
        step.put_party(call.id, me.id, leg=leg.id, away=False)


def come_back(step: Step, call: Call, agent: str) -> None:
    """The agent turns to this call, and is in it again; who else is on hold in it stays so."""
    turn_to(step, call, agent)
    _come_back(step, step.call(call.id), agent)


def _speak_through_the_active_line(step: Step, call: Call, agent: str) -> None:
    """A phone with a line for each call has one of them on hold by itself: the one that talks is used."""
    me = step.mine(call, agent)
    leg = step.leg(me.leg)
    active = active_line(step, agent)
    if leg is None or not leg.held_by_phone or leg.hanging_up or active is None:
        return
    other, theirs = active
    step.put_party(call.id, me.id, leg=theirs.leg)
    step.put_party(other.id, theirs.id, leg=leg.id)
    step.put_leg(leg.id, focus=other.id)


def active_line(step: Step, agent: str) -> tuple[Call, Party] | None:
    """The call that the agent's phone speaks in, on the one of its lines that it has not on hold by itself."""
    for call in step.calls_of(agent):
        party = step.mine(call, agent)
        leg = step.leg(party.leg)
        speaks = leg is not None and leg.speaks_in(call.id) and not leg.held_by_phone
        if speaks and party.progress is Progress.JOINED:
            return call, party
    return None


def agent_leg(step: Step, agent: str) -> Leg | None:
    """The leg through which the agent speaks, or will: not one that is only being rung for an offer; of several lines
    of their phone one that it has not on hold by itself.
    """
    found = []
    for call in step.calls_of(agent):
        leg = step.leg(step.mine(call, agent).leg)
        rung = call.offer is not None and leg is not None and any(a.leg == leg.id for a in call.offer.attempts)
        if leg is not None and not leg.hanging_up and not rung:
            found.append(leg)
    return min(found, key=lambda leg: leg.held_by_phone, default=None)


def can_be_rung(step: Step, agent: str) -> bool:
    """Whether they may be offered a call: they have none, and their phone has let go of the last one; or call waiting,
    room for one more, and none that rings.
    """
    if step.monitored_by(agent) is not None:
        return False
    calls = step.calls_of(agent)
    listed = step.directory.agents.get(agent)
    if not calls or listed is None:
        return not calls and not step.legs_of(agent)
    if not listed.call_waiting or len(calls) >= listed.max_calls:
        return False
    legs = [step.leg(step.mine(call, agent).leg) for call in calls]
    return all(leg is not None and leg.state is LegState.UP and not leg.hanging_up for leg in legs)


def own_phone(step: Step, party: Party) -> Phone:
    """The agent's phone; the one that they had for this call where they have none any more."""
    listed = step.directory.agents.get(party.agent or "")
    return Phone((listed.phone if listed else None) or party.identity.number)


def ring_own_phone(step: Step, call: Call, party: Party, *, auto_answer: bool) -> Leg:
    """Ring the agent's own phone for a call that is already theirs.

    `auto_answer` only where they have just requested it: nobody's desk answers a contact while they are away.
    """
    destination = own_phone(step, party)
    identity = displays.with_whom(call, party) or Identity()
    leg = step.add_leg(Leg(step.new_id("l"), LegState.CREATING, party.agent, destination, call.id, shown=identity))
    leg = step.put_leg(leg.id, auto_answer=auto_answer)
    held_by = party.held_by - {party.id}
    step.put_party(call.id, party.id, leg=leg.id, held_by=held_by, away=True)
    channels.create(step, leg, call.id)
    return leg


def stop_ringing(step: Step, call: Call, party: Party, *, answered_elsewhere: bool = False) -> Call:
    """The agent's phones ring no longer for a call that is theirs already."""
    for leg in filter(None, map(step.leg, party.legs)):
        attempts.hang_up_unanswered(step, leg, answered_elsewhere=answered_elsewhere)
    return step.put_party(call.id, party.id, leg=None, also_rung=())


def own_phone_failed(step: Step, call: Call, party: Party) -> None:
    """The agent's own phone was rung for what they requested, and not answered: who waits for that is notified."""
    offer = call.offer
    for pending in step.all_pending():
        makes_call = offer is not None and offer.by == party.id and pending.offer == offer.id
        if makes_call or (pending.call == call.id and pending.party == party.id):
            step.refuse(pending.command, Refused(Code.PHONE_UNREACHABLE, "your phone was not answered"))


# -- mutes ------------------------------------------------------------------------------------------------------------


def settle(step: Step) -> None:
    """Mutes end with the last agent who has seen them, whoever set them, but for whoever is in the call and did it.

    Who takes a contact over, or answers a caller whom a supervisor has muted while they waited, does not know of it:
    neither would hear the other.
    """
    for call_id in list(step.calls):
        call, before = step.find_call(call_id), step.before(call_id)
        if call is None or before is None:
            continue
        were, here = ({p.agent for p in c.joined() if p.agent is not None} for c in (before, call))
        if were & here or were == here:
            continue
        for p in call.joined():
            muted, deaf = p.muted and p.muted_by in here, p.deaf and p.deaf_by in here
            if (muted, deaf) != (p.muted, p.deaf):
                step.put_party(call_id, p.id, muted=muted, deaf=deaf)


# -- leaving ----------------------------------------------------------------------------------------------------------


def leave(step: Step, call_id: CallId, party_id: PartyId, *, transferred: bool = False) -> None:
    """One party leaves; the others go on where a call is left of it."""
    call = step.call(call_id)
    party = call.parties[party_id]
    let_go(step, call, party)
    call = step.put_call(call.id, parties={**call.parties, party_id: _left(party)})
    for other in call.joined():
        if party_id in other.held_by:
            call = step.put_party(call_id, other.id, held_by=other.held_by - {party_id})
    if call.owner == party.agent and party.agent is not None:
        heir = next((p.agent for p in call.joined() if p.agent), None)
        call = step.put_call(call.id, owner=heir)
    for child in step.calls_of(party.agent) if party.agent else ():
        if child.parent == call_id and child.owner == party.agent:
            step.put_call(child.id, parent=None)  # nothing to come back to, or to complete
    end_if_over(step, call, agent_left=party.role is PartyRole.AGENT and not transferred)


def let_go(step: Step, call: Call, party: Party) -> None:
    """Hang up the party's leg, unless another call of the same agent speaks through it."""
    if party.joining is not None:
        step.ask(HangUp, party.joining.half)
    for other in filter(None, map(step.leg, party.also_rung)):
        step.hang_up(other)
    leg = step.leg(party.leg)
    if leg is None:
        return
    others = [c for c, p in step.party_by_leg(leg.id) if c.id != call.id and p.progress is Progress.JOINED]
    if not others:
        left = call if party.agent is not None and call.listening is None else None
        step.put_leg(leg.id, left=left.id if left else None, left_queue=left.queue if left else None)
        step.hang_up(leg)
    elif leg.focus == call.id:
        # Back to the call that waits: the agent is there again, those they hold stay on hold until retrieved (S22).
        step.put_leg(leg.id, focus=others[0].id)
        _come_back(step, others[0], party.agent)


def end_if_over(step: Step, call: Call, *, agent_left: bool = False) -> None:
    """End what is no conversation any more, and never what still is one, or keeps somebody's place.

    A call between people outside goes on only where a transfer made it or the administrator allows it (S39).
    """
    joined = call.joined()
    if call.to_call_back() is not None or (joined and (call.leaves_message or call.listening is not None)):
        return
    offer = call.offering()
    agents = [p for p in joined if p.role is PartyRole.AGENT]
    if offer is not None:
        if _offer_keeps(offer, joined):
            return
    elif (joined and all(_saying_goodbye(step, p) for p in joined)) or (
        len(joined) >= 2 and (agents or not agent_left or step.directory.settings.outside_may_continue)
    ):
        return
    end(step, call.id)


def _offer_keeps(offer: Offer, joined: list[Party]) -> bool:
    """Whether whom the target is rung for is still there."""
    if offer.kind in (OfferKind.TRANSFER, OfferKind.CONFERENCE):
        return any(p.id != offer.by for p in joined)
    return bool(joined)


def _saying_goodbye(step: Step, party: Party) -> bool:
    leg = step.leg(party.leg)
    return leg is not None and leg.farewell


def end(step: Step, call_id: CallId) -> None:
    """The call is over for everybody."""
    call = step.find_call(call_id)
    if call is None:
        return
    offer = call.offering()
    if offer is not None:
        for attempt in offer.attempts:
            attempts.drop_attempt(step, call_id, attempt)
        attempts.free_reserved(step, offer)
        step.put_offer(call_id, state=OfferState.CANCELLED, deadline=None, request=None, retry_at=None)
    call = step.call(call_id)
    for party in call.parties.values():
        if party.progress is not Progress.LEFT:
            let_go(step, call, party)
    left = {key: _left(party) for key, party in step.call(call_id).parties.items()}
    call = step.put_call(call_id, parties=left, ended=True, held_since=None)
    recording.end(step, call)
    if call.bridge_made or call.bridge_failures:  # a bridge that failed may be there, only the answer was lost
        step.ask(DestroyBridge, call.bridge)
    for agent in sorted({p.agent for p in call.parties.values() if p.agent}):
        for child in step.calls_of(agent):
            if child.parent == call_id:
                step.put_call(child.id, parent=None)


def _left(party: Party) -> Party:
    left = PartyChanges(
        leg=None,
        also_rung=(),
        progress=Progress.LEFT,
        held_by=frozenset(),
        away=False,
        joining=None,
        held_since=None,
    )
    return changed(party, left)
