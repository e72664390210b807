"""Making up the difference after the connection to Asterisk was lost (events are never delivered late).

What Asterisk holds is the truth about channels, what we hold is the truth about calls. Missed answers and hang-ups
become the facts that were missed; media of every leg is requested anew; what belongs to nothing is cleared away.
"""

from collections.abc import Collection

from ari_app.calls.derived import channels, displays, talking
from ari_app.calls.effects import DestroyBridge, HangUp, PlayDtmf
from ari_app.calls.features import monitoring, offers, recording, refusals, voicemail
from ari_app.calls.handlers import arrivals, feature_codes, legs, transfer_key
from ari_app.calls.model import CallId, Leg, LegId, LegState, OfferState
from ari_app.calls.step import Step
from ari_app.calls.stimuli import AsteriskReconciled, ChannelFact, LegIdentified
from ari_app.errors import OutcomeUnknown


def link_lost(step: Step) -> None:
    """Calls go on in Asterisk without us. Commands under way are answered when all that they requested is requested
    anew, and done; of digits nobody will ever know whether they were heard."""
    step.linked = False
    for pending in step.all_pending():
        if any(isinstance(step.in_flight_before(number), PlayDtmf) for number in pending.effects):
            step.refuse(pending.command, OutcomeUnknown())
        else:
            step.forget_effects(pending)
    for number in step.all_in_flight():
        step.in_flight[number] = None


def reconciled(step: Step, fact: AsteriskReconciled) -> None:
    """The connection stands again."""
    step.linked = True
    step.causes.update(pending.command for pending in step.all_pending())
    step.tells_all_agents = True
    feature_codes.forget(step)
    talking.anew(step)
    held = {channel.leg: channel for channel in fact.channels}
    bridges = set(fact.bridges)
    for call in list(step.live_calls()):
        recording.anew(step, call)
        voicemail.anew(step, call)
        if call.bridge not in bridges:
            step.put_call(call.id, bridge_made=False)
    monitoring.cut_off(step, frozenset(bridges))
    # Ties first: one that was answered has taken somebody out of a call, which may have been hung up since.
    # Last those that were never made: by then it is known whether anybody is left for whom they were to be.
    unmade = {leg.id for leg in step.legs_before() if _to_be_made(leg) and leg.id not in held}
    found = sorted(step.legs_before(), key=lambda leg: (leg.id in unmade, not leg.tie))
    known = dict.fromkeys(leg.id for leg in found)
    for leg_id in known:
        leg, channel = step.leg(leg_id), held.get(leg_id)
        wanted = _wanted_by(step, leg, held) if leg is not None and leg_id in unmade else None
        if leg is not None and wanted is not None:
            channels.create(step, leg, wanted)
        elif leg is None or channel is None or _left(leg, channel):
            legs.gone(step, leg_id, refusals.NO_CAUSE)  # nobody knows how it ended
        else:
            _make_up(step, leg, channel)
    _media_anew(step)
    for channel in fact.channels:
        if channel.leg in known or not channel.in_app:
            continue
        if channel.arrived is not None and not transfer_key.is_half(channel.arrived):
            arrivals.arrived(step, channel.arrived)
        else:
            step.ask(HangUp, channel.leg)
    for call in list(step.live_calls()):
        # A reservation requested by an earlier incarnation is never answered to this one.
        if (
            call.offer is not None
            and call.offer.state is OfferState.SEEKING
            and step.awaited(call.offer.request or "") is None
        ):
            offers.seek(step, call)
    alive = {call.bridge for call in step.live_calls()}
    alive |= {monitor.bridge for call in step.live_calls() for monitor in call.monitors.values()}
    for bridge in fact.bridges:
        if bridge not in alive:
            step.ask(DestroyBridge, bridge)


def _to_be_made(leg: Leg) -> bool:
    """Whether somebody is to be dialled who has not been yet: lost on its way to Asterisk, that has to be requested
    again, or who waits for them would hear that they cannot be reached."""
    return leg.state is LegState.CREATING and leg.destination is not None and not leg.tie


def _wanted_by(step: Step, leg: Leg, held: Collection[LegId]) -> CallId | None:
    """The call in which somebody is there for whom it is to be made."""
    calls = [call for call, _ in [*step.party_by_leg(leg.id), *step.monitors_by_leg(leg.id)]]
    there = (call.id for call in calls if any(party.leg in held for party in call.joined()))
    return None if leg.hanging_up else next(there, None)


def _left(leg: Leg, channel: ChannelFact) -> bool:
    """Whether it is listed on its way out: nothing more is reported of a leg that had entered our application."""
    return not channel.in_app and leg.state is not LegState.CREATING


def _make_up(step: Step, leg: Leg, channel: ChannelFact) -> None:
    if leg.hanging_up:
        step.give_up(leg.id)
        step.ask(HangUp, leg.id)
        return
    if leg.state is LegState.CREATING and channel.in_app:
        legs.created(step, leg.id)
    if channel.up:
        legs.answered(step, leg.id)
    elif channel.ringing:
        legs.ringing(step, leg.id)
    elif leg.state is LegState.DIALLING and not leg.dialled:
        # Decided and written, and lost before it was requested: nobody would ever ring. One that was requested after
        # all has time to ring before it is dialled again (`ari.requests`).
        step.put_leg(leg.id, state=LegState.CREATED)
    if channel.arrived is not None:
        legs.identified(step, LegIdentified(leg.id, channel.arrived.caller, channel.arrived.withheld))
    leg = step.leg(channel.leg) or leg
    if leg.playing is not None:
        # Its end may have been among the events that were lost.
        if leg.farewell:
            step.hang_up(leg)
        else:
            step.put_leg(leg.id, playing=None)


def _media_anew(step: Step) -> None:
    for call in list(step.live_calls()):
        step.touch(call.id)
        for party in call.parties.values():
            leg = step.leg(party.leg)
            if leg is not None and not leg.hanging_up:
                step.put_leg(leg.id, requested=None)
        displays.anew(step, call)
