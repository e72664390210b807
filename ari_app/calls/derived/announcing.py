"""Prompts of the administrator's list: to one leg, on the way to something else or as the last it hears; or to all.

People go before prompts: one that is played to somebody ends when somebody comes whom they can talk to, be it an agent
who answers, a contact who is retrieved or a supervisor who barges in. Only a last one is heard to its end.
"""

from ari_app.calls.derived import media
from ari_app.calls.effects import Announce, PlayToBridge
from ari_app.calls.model import Call, CallId, Leg, LegId, Offer, Party, Progress, Sound
from ari_app.calls.step import Step


def say_goodbye(step: Step, party: Party, prompt: str, sounds: str = "") -> None:
    """Play a prompt to one leg, these sounds in place of those of the administrator's list; then hang it up."""
    leg = step.leg(party.leg)
    if leg is None or leg.hanging_up or leg.farewell:
        return
    farewell(step, leg, prompt, sounds)


def farewell(step: Step, leg: Leg, prompt: str, sounds: str = "") -> None:
    """Play a prompt of the administrator's list, then hang up; at once where they do not list it."""
    sounds = sounds or step.directory.settings.announcements.get(prompt, "")
    if sounds:
        play(step, leg, prompt, sounds, farewell=True)
    else:
        step.hang_up(leg)


def keep_for_last(step: Step, leg: Leg) -> None:
    """What this leg hears last is known in a moment. With a controller that dies before, it is hung up."""
    step.put_leg(leg.id, playing=step.new_id("a"), farewell=True)


def guide(step: Step, call: Call, party: Party, prompt: str) -> None:
    """Tell somebody in a call by phone what their desktop would show; then they hear again what they heard.

    A prompt of its own, `feature_<prompt>`, goes before the callers' one, which may say goodbye.
    """
    leg = step.leg(party.leg)
    if leg is None or not leg.speaks_in(call.id) or leg.farewell:
        return
    prompts = step.directory.settings.announcements
    step.touch(call.id)
    play(step, leg, prompt, prompts.get(f"feature_{prompt}") or prompts.get(prompt, ""))


def guide_initiator(step: Step, call_id: CallId, offer: Offer) -> None:
    """Who used a feature code has no desktop to see on that nobody came."""
    call = step.find_call(call_id)
    initiator = call.parties.get(offer.by or "") if call is not None else None
    if call is not None and initiator is not None and initiator.progress is Progress.JOINED:
        guide(step, call, initiator, "nobody_available")


def play(step: Step, leg: Leg, prompt: str, sounds: str, *, farewell: bool = False) -> None:
    """Play these sounds (comma between them) to one leg; none of them: nothing."""
    if sounds:
        announcement = step.new_id("a")
        step.put_leg(leg.id, playing=announcement, farewell=farewell)
        step.announcements.append((leg.id, announcement, prompt, sounds))


def to_all(step: Step, call: Call, prompt: str) -> None:
    """Play a prompt to everybody who talks in this call, while they go on talking."""
    step.to_all.append((call.id, prompt))


def be_quiet(step: Step, call_id: CallId, leg_id: LegId | None) -> None:
    """A prompt to one who is in a call ends here; what it replaced is derived anew. A last one is heard to its end."""
    leg = step.leg(leg_id)
    if leg is not None and leg.playing is not None and not leg.farewell:
        step.put_leg(leg.id, playing=None)
        step.touch(call_id)


def give_way(step: Step) -> None:
    """End what is played to somebody who has had company by this step, before their media are derived.

    Whom they could talk to when it began keeps nobody from hearing it: an agent presses a feature code in a conference.
    """
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        for party in call.joined() if call is not None else ():
            leg = step.leg(party.leg)
            if call is None or leg is None or leg.playing is None or not leg.speaks_in(call_id):
                continue
            there = {p.id for p, other in media.present(step, call, party) if not other.farewell and not party.held_by}
            before = step.leg_before(leg.id)
            if before is None or before.playing != leg.playing:
                step.put_leg(leg.id, among=frozenset(there))
            elif there - leg.among:
                be_quiet(step, call_id, leg.id)


def settle(step: Step) -> None:
    """Prompts come after the media they replace: stopping the music would stop a prompt too."""
    for leg_id, announcement, prompt, sounds in step.announcements:
        step.ask(Announce, leg_id, announcement, prompt, tuple(sounds.split(",")))
    for call_id, prompt in step.to_all:
        call = step.find_call(call_id)
        sounds = step.directory.settings.announcements.get(prompt, "")
        if call is not None and sounds and not _hears_it_ring(step, call):
            step.ask(PlayToBridge, call.bridge, step.new_id("a"), prompt, tuple(sounds.split(",")))


def _hears_it_ring(step: Step, call: Call) -> bool:
    """Whether all in the bridge hear a ringing tone there: a prompt would end it."""
    requested = [leg.requested for party in call.joined() if (leg := step.leg(party.leg)) is not None]
    return any(m.sound is Sound.RINGING and m.bridge == call.bridge for m in requested if m is not None)
