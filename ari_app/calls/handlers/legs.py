"""What happens to legs: created, ringing, answered, gone, the phone's hold key, announcements.

Owns the reading of Asterisk's facts. A fact about a leg that is not known, or that is known already, changes nothing.
"""

from dataclasses import replace

from ari_app.calls.derived import displays
from ari_app.calls.effects import HangUp
from ari_app.calls.features import monitoring, offers, parties, recalls, refusals, ties
from ari_app.calls.model import (
    DEAD,
    ENDS_WITHIN,
    BridgeId,
    Call,
    DialplanEntry,
    Identity,
    Leg,
    LegId,
    LegState,
    OfferKind,
    OfferState,
    Outside,
    Party,
    PartyRole,
    Progress,
)
from ari_app.calls.step import Step, attempt_of
from ari_app.calls.stimuli import LegIdentified


def created(step: Step, leg_id: LegId) -> None:
    """A channel of ours exists: it is bridged, then dialled (see `media`)."""
    leg = step.leg(leg_id)
    if leg is None:
        step.ask(HangUp, leg_id)  # given up before it was there
        return
    if leg.state is not LegState.CREATING:
        return
    if leg.hanging_up:
        step.ask(HangUp, leg_id)  # the first one may have come before there was a channel
        return
    step.put_leg(leg.id, state=LegState.CREATED)
    monitoring.created(step, leg_id)
    touch(step, leg_id)


def ringing(step: Step, leg_id: LegId) -> None:
    """A phone rings."""
    leg = step.leg(leg_id)
    if leg is None or leg.state is LegState.UP or leg.hanging_up:
        return
    step.put_leg(leg.id, state=LegState.RINGING)
    monitoring.ringing(step, leg_id)
    for call, party in list(step.party_by_leg(leg_id)):
        if party.progress is Progress.DIALING:
            step.put_party(call.id, party.id, progress=Progress.RINGING)
        if attempt_of(call.offer, leg_id) is not None:
            step.put_attempt(call.id, leg_id, ringing=True)


def answered(step: Step, leg_id: LegId) -> None:
    """A phone was answered: the offer is accepted, or an agent's own phone is ready for what they requested."""
    leg = step.leg(leg_id)
    if leg is None or leg.hanging_up or leg.state is LegState.UP:
        return
    step.put_leg(leg.id, state=LegState.UP)
    places = list(step.party_by_leg(leg_id))
    monitoring.answered(step, leg_id)
    for call, party in places:
        attempt = attempt_of(call.offer, leg_id)
        if attempt is not None:
            offers.accept(step, call.id, attempt)
        elif call.tie is not None:
            ties.answered(step, call, call.tie, party)
        elif party.progress is Progress.JOINED:
            _phone_back(step, call, party, leg_id)
        else:
            _own_phone_ready(step, call, party)


def lost_from_bridge(step: Step, leg_id: LegId, bridge: BridgeId) -> None:
    """Nobody in that bridge hears this leg, or it hears nobody: what it must hear is requested anew, unless it is to be
    elsewhere now.
    """
    leg = step.leg(leg_id)
    if leg is None or leg.hanging_up or leg.requested is None or leg.requested.bridge != bridge:
        return
    step.put_leg(leg.id, requested=None)
    touch(step, leg_id)


def identified(step: Step, fact: LegIdentified) -> None:
    """Who is at this leg is somebody else now, as far as their name goes: everything that shows them follows."""
    leg = step.leg(fact.leg)
    if leg is None or leg.tie or isinstance(leg.destination, DialplanEntry):
        return  # a routing point is known by its own name, whatever its dialplan says of whom it asks
    if isinstance(leg.destination, Outside) and fact.identity.anonymous:
        # The number that somebody has dialled is known to them: it stands for whoever withholds who they are.
        fact = LegIdentified(fact.leg, Identity(number=leg.destination.listed))
    for call, party in list(step.party_by_leg(fact.leg)):
        if party.role is not PartyRole.CONTACT or (party.identity, party.withheld) == (fact.identity, fact.withheld):
            continue
        step.put_party(call.id, party.id, identity=fact.identity, withheld=fact.withheld)
        if party.identity == fact.identity:
            continue  # somebody else, who withholds it as well: no display changes
        if call.offer is not None and call.offer.identity == party.identity:
            step.put_offer(call.id, identity=fact.identity)
        displays.anew(step, call)


def _own_phone_ready(step: Step, call: Call, party: Party) -> None:
    """The agent who makes the call has their phone up: now the target is rung."""
    call = step.put_party(call.id, party.id, progress=Progress.JOINED)
    leg = step.leg(party.leg)
    if leg is not None and leg.focus != call.id:
        parties.step_aside(step, call, party.agent or "")  # they wanted another call back meanwhile
    offer = call.offering()
    if offer is None or offer.state is not OfferState.PENDING:
        return
    step.put_offer(call.id, state=OfferState.SEEKING, deadline=None)
    if offer.reserved is not None and parties.can_be_rung(step, offer.reserved):
        offers.ring(step, call.id, offer.reserved)
    else:
        offers.seek(step, step.call(call.id))


def _phone_back(step: Step, call: Call, party: Party, leg_id: LegId) -> None:
    """The phone of an agent whose call was kept on hold is up again: it is theirs again, with all who are on hold;
    unless a transfer or conference rings for these (S12), or the agent wanted another call back meanwhile. Their other
    phones have missed nothing.
    """
    others = replace(party, leg=None, also_rung=tuple(other for other in party.legs if other != leg_id))
    parties.stop_ringing(step, call, others, answered_elsewhere=True)
    step.put_party(call.id, party.id, leg=leg_id, away=False)
    call = step.put_call(call.id, recall_at=None, recalls=0)
    leg = step.leg(leg_id)
    if leg is not None and leg.focus != call.id:
        parties.step_aside(step, call, party.agent or "")
    elif call.offering() is None:
        parties.retrieve_all(step, call, party)


def died(step: Step, leg_id: LegId) -> None:
    """Nobody is at this leg any more: it is hung up, and what follows is the same as if Asterisk had noticed it. Of one
    that was on its way out that is the end.
    """
    leg = step.leg(leg_id)
    if leg is not None and (leg.state is LegState.UP or leg.hanging_up) and step.linked:
        step.ask(HangUp, leg_id)
        gone(step, leg_id, refusals.NO_CAUSE if leg.hanging_up else DEAD)


def overdue(step: Step, leg_id: LegId) -> None:
    """A leg that was to end has not in time: it is dead, or its agent could never be rung again.

    Not where Asterisk has not answered yet that it is to end: it may not be reached at all, which the connection finds
    out. What is there when it is back would be nobody's, and a caller who was released be taken for a new one.
    """
    under_way = map(step.in_flight_before, step.all_in_flight())
    if any(isinstance(effect, HangUp) and effect.leg == leg_id for effect in under_way):
        step.put_leg(leg_id, ends_by=step.now + ENDS_WITHIN)
    else:
        died(step, leg_id)


def gone(step: Step, leg_id: LegId, cause: int) -> None:
    """A leg has left, whoever ended it. With cause DEAD nobody has: an agent's contacts are kept for them."""
    leg = step.leg(leg_id)
    if leg is None:
        return
    dead = cause == DEAD and leg.state is LegState.UP
    places = list(step.party_by_leg(leg_id))
    step.drop_leg(leg_id)
    monitoring.gone(step, leg_id)
    for call, party in places:
        current = step.call(call.id)
        attempt = attempt_of(current.offer, leg_id)
        if attempt is not None:
            offers.attempt_failed(step, current, attempt, cause)
            continue
        if current.tie is not None:
            ties.give_up(step, current, current.tie)
            continue
        if _others_ring(step, current, party, leg, cause):
            continue
        if leg.state is not LegState.UP:
            parties.own_phone_failed(step, current, party)
        offer = current.offering()
        if dead and offer is not None and offer.kind is OfferKind.TRANSFER and offer.by == party.id:
            step.put_party(current.id, party.id, leg=None)  # it goes on, and is theirs again if nobody accepts (S16)
        elif recalls.keeps_call(current, party, leg, died=dead):
            recalls.keep(step, current, party, leg, died=dead)
        else:
            parties.leave(step, current.id, party.id)


def _others_ring(step: Step, call: Call, party: Party, gone: Leg, cause: int) -> bool:
    """Whether other phones of the agent ring on for a call that is theirs; declined on one, it rings on none."""
    left = tuple(leg for leg in party.legs if leg != gone.id)
    if not party.away or not left:
        return False
    if gone.state is LegState.RINGING and refusals.failure_of(cause) in (OfferState.DECLINED, OfferState.BUSY):
        parties.stop_ringing(step, call, party, answered_elsewhere=True)
        return False
    step.put_party(call.id, party.id, leg=left[0], also_rung=left[1:])
    return True


def held_by_phone(step: Step, leg_id: LegId) -> None:
    """The phone's hold key does what the desktop's does."""
    leg = step.leg(leg_id)
    if leg is None or leg.held_by_phone:
        return
    step.put_leg(leg.id, held_by_phone=True)
    touch(step, leg_id)
    for call, party in list(step.party_by_leg(leg_id)):
        if call.id == leg.focus and party.role is PartyRole.AGENT and party.progress is Progress.JOINED:
            parties.hold(step, call, party.id, [p for p in call.joined() if p.id != party.id])


def retrieved_by_phone(step: Step, leg_id: LegId) -> None:
    """The hold key again: everybody is back, unless a transfer or conference still rings for the call (S12)."""
    leg = step.leg(leg_id)
    if leg is None or not leg.held_by_phone:
        return
    step.put_leg(leg.id, held_by_phone=False)
    touch(step, leg_id)
    for call, party in list(step.party_by_leg(leg_id)):
        mine = call.id == leg.focus and party.role is PartyRole.AGENT and party.progress is Progress.JOINED
        if mine and call.offering() is None:
            parties.retrieve_all(step, call, party)


def announcement_finished(step: Step, leg_id: LegId, announcement: str) -> None:
    """A prompt has ended: goodbye, or back to what the leg heard."""
    leg = step.leg(leg_id)
    if leg is None or leg.playing != announcement:
        return
    if leg.farewell:
        step.hang_up(leg)
        return
    step.put_leg(leg.id, playing=None)
    touch(step, leg_id)


def touch(step: Step, leg_id: LegId) -> None:
    """Have the media of this leg's calls derived anew."""
    for call, _who in [*step.party_by_leg(leg_id), *step.monitors_by_leg(leg_id)]:
        step.touch(call.id)
