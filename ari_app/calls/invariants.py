"""What must hold after every step. A broken one releases that call alone (see `switch`)."""

from ari_app.calls.model import Call, OfferState, PartyRole, Progress, Sound
from ari_app.calls.step import Step


class InvariantBroken(AssertionError):
    """The machine has reached a state that must not be."""


def check(step: Step) -> None:
    """Check the calls that this step touched.

    Raises:
        InvariantBroken: saying what does not hold.
    """
    for call_id in step.calls:
        call = step.find_call(call_id)
        if call is not None:
            for broken in violations(step, call):
                raise InvariantBroken(f"{call_id}: {broken}")


def violations(step: Step, call: Call) -> list[str]:
    """All that does not hold for this call."""
    found = []
    joined = call.joined()
    if call.to_call_back() is None and not any(p.progress is not Progress.LEFT for p in call.parties.values()):
        found.append("a call with nobody in it")
    rung = {attempt.party for attempt in call.offer.attempts} if call.offer is not None else set()
    there = [(p.agent, p.id in rung) for p in call.parties.values() if p.agent and p.progress is not Progress.LEFT]
    # An agent may be rung on several phones, and is not in the call yet.
    agents = [agent for agent, is_rung in there if not is_rung] + list({agent for agent, is_rung in there if is_rung})
    if len(agents) != len(set(agents)):
        found.append("an agent twice in one call")
    if call.owner is not None and call.owner not in agents:
        found.append("an owner who is not in the call")
    offer = call.offer
    if offer is not None:
        if offer.attempts and offer.state is not OfferState.RINGING:
            found.append(f"phones ring for an offer that is {offer.state.value}")
        if any(attempt.party not in call.parties for attempt in offer.attempts):
            found.append("a phone rings for a party that is not there")
        if offer.state is OfferState.RINGING and not offer.attempts:
            found.append("an offer rings no phone")
    if call.leaves_message and call.offering() is not None:
        found.append("somebody is sought for who leaves a message")
    if call.listening is not None and (len(joined) > 1 or call.offer is not None):
        found.append("somebody else is wanted in a call in which messages are heard")
    waits = offer.by if offer is not None and offer.state is OfferState.PENDING else None
    for party in call.parties.values():
        tied = call.tie is not None and call.tie.until is not None
        if (
            party.progress in (Progress.DIALING, Progress.RINGING)
            and party.id not in rung
            and party.id != waits
            and not tied
        ):
            found.append("somebody is rung for no offer")
        if party.progress is Progress.JOINED and not party.held_by <= {p.id for p in joined}:
            found.append("on hold by somebody who has left")
    if (call.held_since is not None) != any(call.on_hold(p) for p in joined):
        found.append("held_since disagrees with the holds")
    found += _leg_violations(step, call)
    found += _monitor_violations(step, call)
    return found


def _monitor_violations(step: Step, call: Call) -> list[str]:
    found = []
    legs = {party.leg for party in call.parties.values() if party.agent}
    for monitor in call.monitors.values():
        if step.calls_of(monitor.agent):
            found.append("a supervisor who monitors and has calls of their own")
        if step.leg(monitor.leg) is None:
            found.append("a supervisor whose leg is unknown")
        if step.linked and monitor.snoop is not None and monitor.snoop.of not in legs:
            found.append("somebody is listened to who is not in the call")
    return found


def _leg_violations(step: Step, call: Call) -> list[str]:
    found = []
    for party in call.parties.values():
        if party.progress is Progress.LEFT:
            if party.leg is not None:
                found.append("a party that left still has a leg")
            continue
        if party.leg is None:
            if party.role is PartyRole.CONTACT:
                found.append("a contact without a leg")
            continue
        leg = step.leg(party.leg)
        if leg is None:
            found.append("a party whose leg is unknown")
            continue
        if party.role is PartyRole.CONTACT and leg.focus not in (call.id, None):
            found.append("a contact whose leg speaks in another call")
        if not step.linked or not leg.speaks_in(call.id):
            continue
        if leg.playing is not None or party.progress is not Progress.JOINED:
            continue
        silent = leg.requested is not None and leg.requested.bridge is None and leg.requested.sound is Sound.NONE
        recorded = call.leaves_message and call.message is not None and call.message.requested
        if silent and party.role is PartyRole.CONTACT and not recorded:
            found.append("a contact in silence")
        instead = (Sound.MUSIC,) if party.held_by else (Sound.MUSIC, Sound.RINGING)
        if call.on_hold(party) and (leg.requested is None or leg.requested.sound not in instead):
            found.append("somebody on hold without music")
    return found
