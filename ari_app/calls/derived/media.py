"""What each leg must hear, derived from the parties and their reasons; and the difference requested of Asterisk.

The one place that asks for bridges, mutes, music and ringback. Nobody sets them by hand: mute, deafen and hold can't
undo each other because each is a reason of its own, and here they come together (S30-S33).

A party on hold is out of the bridge with music of its own: heard by nobody, hearing nobody, whatever mute it has; a
mute towards the leg would silence the music too (Asterisk's `out`), so it is lifted meanwhile and put back after.

Who is on hold by the agent's own phone stays in the bridge, unheard, and so does that phone while it is in another
call: phones hold a call before they transfer it, and Asterisk refuses that (400, bridge.c) to a phone that is alone in
its bridge, or in none.
"""

from collections.abc import Iterator
from dataclasses import replace

from ari_app.calls.effects import (
    CreateBridge,
    DialLeg,
    JoinBridge,
    LeaveBridge,
    SetMute,
    StartMusic,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRinging,
    StopSilence,
)
from ari_app.calls.model import (
    BridgeId,
    Call,
    Leg,
    LegState,
    Media,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    Sound,
)
from ari_app.calls.step import Step, attempt_of
from ari_app.routing.targets import TargetType


def settle(step: Step) -> None:
    """Ask for whatever the calls touched by this step now need."""
    if not step.linked:
        return
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        if call is None:
            continue
        for party, leg_id in [(p, leg_id) for p in call.parties.values() for leg_id in p.legs]:
            leg = step.leg(leg_id)
            if leg is not None and leg.focus == call.id and not leg.hanging_up:
                _settle_leg(step, call, party, leg)


def _settle_leg(step: Step, call: Call, party: Party, leg: Leg) -> None:
    if leg.state is LegState.CREATING:
        # Made while the phone's channel is, not after it: the phone rings sooner by that round trip.
        _make_bridge(step, call, wanted(step, call, party, leg))
        return
    if leg.requested is None and leg.state is not LegState.UP:
        leg = step.put_leg(leg.id, requested=Media())
    _ask(step, call, leg, wanted(step, call, party, leg))
    if leg.state is LegState.CREATED:
        # Joined to the bridge first, then dialled: who answers is heard with no round trip of ours in between.
        step.ask(DialLeg, leg.id)
        step.put_leg(leg.id, state=LegState.DIALLING)


def wanted(step: Step, call: Call, party: Party, leg: Leg) -> Media:
    """What this leg's media must be."""
    music = Media(sound=Sound.MUSIC, music_class=music_class(step, call))
    in_bridge = Media(bridge=call.bridge, nobody_hears=party.muted, hears_nobody=party.deaf)
    if leg.playing is not None:
        return Media(nobody_hears=party.muted)  # a supervisor hears this leg, wherever it is
    if call.leaves_message or call.listening is not None:
        return Media(nobody_hears=party.muted)  # what they say is recorded; Asterisk does that in no bridge
    if leg.state is not LegState.UP and (party.also_rung or _rings_with_others(call, leg)):
        return Media()
    if leg.state is not LegState.UP:
        return Media(bridge=call.bridge)  # what else it needs comes when it is answered: Asterisk refuses it before
    if call.on_hold(party) and _held_by_phone_alone(call, party):
        return replace(music, bridge=call.bridge, nobody_hears=True)
    if party.held_by:
        return music
    if _whispered_to(call, leg) and not _company(step, call, party, heard=True):
        in_bridge = replace(in_bridge, sound=Sound.SILENCE)
    if _company(step, call, party):
        return in_bridge
    if party.role is PartyRole.CONTACT:
        return music
    offer = call.offering()
    if offer is None or offer.state not in (OfferState.SEEKING, OfferState.RINGING):
        return music if call.waits(party) else in_bridge
    # The tone is ours: a network may tell nothing of the ringing, or say that there is audio and then send none.
    # Asterisk ends it with the first frame that does come: a generator that may be interrupted (channel.c).
    tone = replace(in_bridge, sound=Sound.RINGING)
    return replace(tone, bridge=None) if _rung_apart(call, offer, party, leg) else tone


def _rung_apart(call: Call, offer: Offer, party: Party, leg: Leg) -> bool:
    """Whether who hears it ring is out of the bridge meanwhile. Of early media they then hear nothing."""
    if offer.kind is OfferKind.TRANSFER and offer.by == party.id:
        return True  # whoever answers must not hear a word of theirs
    # With a recorder in it the bridge is one of three: Asterisk mixes, and sends frames of silence that would end the
    # tone. It goes on to do so for some milliseconds after the recorder was requested to end: who is out stays out.
    out = leg.requested is not None and leg.requested.sound is Sound.RINGING and leg.requested.bridge is None
    return call.recording is not None or out


def music_class(step: Step, call: Call) -> str:
    """Which music: who waits for a queue hears that queue's, where it has its own."""
    offer = call.offering()
    queue = step.directory.queues.get(offer.target.id) if offer and offer.target.type is TargetType.QUEUE else None
    own = queue.music_class if queue is not None else None
    return own or call.music_class


def _held_by_phone_alone(call: Call, held: Party) -> bool:
    """Whether this one is on hold by an agent's phone alone, and nobody has been requested yet: by its hold key, or as
    that phone is in another call (then its agent is on hold here too).
    """
    holders = [p for p in call.joined() if p.held_by_phone]
    return call.offering() is None and any(held.held_by <= {p.id} for p in holders)


def _rings_with_others(call: Call, leg: Leg) -> bool:
    """Whether this phone is rung with others at once: in one bridge each would be shown the next one's identity, and
    the answer of one of two is passed on to the other, who then misses that they are hung up.
    """
    attempt = attempt_of(call.offer, leg.id)
    return attempt is not None and attempt.together


def _whispered_to(call: Call, leg: Leg) -> bool:
    """Whether a supervisor speaks to this leg: a whisper is mixed into what it is sent, and alone that is nothing."""
    return any(m.snoop is not None and m.snoop.whisper and m.snoop.of == leg.id for m in call.monitors.values())


def _company(step: Step, call: Call, party: Party, *, heard: bool = False) -> bool:
    """Whether anybody else is in the bridge to talk to; `heard`: who sends something, and is not muted."""
    there = [(other.muted or leg.held_by_phone, leg) for other, leg in present(step, call, party)]
    return any(leg.playing is None and not (heard and silent) for silent, leg in there)


def present(step: Step, call: Call, party: Party) -> Iterator[tuple[Party, Leg]]:
    """The others who are up and turned to this call, and not on hold: there to talk to, but for what is played."""
    for other in call.parties.values():
        leg = step.leg(other.leg)
        if other.id != party.id and leg is not None and other.present and leg.speaks_in(call.id):
            yield other, leg


def _ask(step: Step, call: Call, leg: Leg, want: Media) -> None:
    if leg.requested != want:
        _make_bridge(step, call, want)
    ask(step, leg, want, call.bridge)


def _make_bridge(step: Step, call: Call, want: Media) -> None:
    if want.bridge is not None and not step.call(call.id).bridge_made:  # another leg of this step may have had it made
        step.ask(CreateBridge, call.bridge)
        step.put_call(call.id, bridge_made=True)


def ask(step: Step, leg: Leg, want: Media, bridge: BridgeId) -> None:
    """Ask for the difference; for all of it where what Asterisk holds is unknown, but that it may be in `bridge`, or in
    that of another call of its agent."""
    if leg.requested == want:
        return
    known = leg.requested is not None
    had = leg.requested or Media()
    moved = want.bridge != had.bridge  # music does not go along
    if had.sound != want.sound or had.music_class != want.music_class or moved or not known:
        _stop_sound(step, leg, had, want, known)
    if want.bridge is None and had.bridge is not None:
        step.ask(LeaveBridge, leg.id, had.bridge)
    elif want.bridge is None and not known:
        others = [call.bridge for call in step.calls_of(leg.agent)] if leg.agent is not None else []
        for each in dict.fromkeys((bridge, *others)):
            step.ask(LeaveBridge, leg.id, each)
    muting = (want.nobody_hears, want.hears_nobody)
    if (had.nobody_hears, had.hears_nobody) != muting or not known:
        step.ask(SetMute, leg.id, *muting)
    if want.bridge is not None and (had.bridge != want.bridge or not known):
        step.ask(JoinBridge, leg.id, want.bridge)
    if (had.sound, had.music_class) != (want.sound, want.music_class) or moved or not known:
        _start_sound(step, leg, want)
    step.put_leg(leg.id, requested=want)


def _stop_sound(step: Step, leg: Leg, had: Media, want: Media, known: bool) -> None:
    if had.sound is Sound.MUSIC or (not known and want.sound is not Sound.MUSIC):
        step.ask(StopMusic, leg.id)
    if had.sound is Sound.RINGING or (not known and want.sound is not Sound.RINGING):
        step.ask(StopRinging, leg.id)
    if had.sound is Sound.SILENCE or (not known and leg.agent is not None and want.sound is not Sound.SILENCE):
        step.ask(StopSilence, leg.id)


def _start_sound(step: Step, leg: Leg, want: Media) -> None:
    if want.sound is Sound.MUSIC:
        step.ask(StartMusic, leg.id, want.music_class)
    elif want.sound is Sound.RINGING:
        step.ask(StartRinging, leg.id)
    elif want.sound is Sound.SILENCE:
        step.ask(StartSilence, leg.id)
