"""Who speaks, in calls of three and more: talk detection is requested where somebody is listened to, and reported as
`talking` of their party.

Derived like media, and only the difference is requested: whoever is on hold, muted or hears a prompt is not listened
to, and does not speak. Asterisk would go on taking a speaker who is muted for one (it gets no frames of them), so that
whoever is heard again is listened to from the beginning.
"""

from ari_app.calls.effects import DetectTalk
from ari_app.calls.model import Call, Leg, LegId, LegState
from ari_app.calls.step import Step

PAUSE = 1.0  # seconds of silence after which somebody has stopped speaking: longer than between two words
_CONFERENCE = 3


def heard(step: Step, leg_id: LegId, talking: bool) -> None:
    """Asterisk hears somebody begin or stop to speak; whether that counts where they are, `settle` decides."""
    for call, party in list(step.party_by_leg(leg_id)):
        step.put_party(call.id, party.id, talking=talking)


def settle(step: Step) -> None:
    """Ask for whatever the calls touched by this step now need; after `media`."""
    if not step.linked:
        return
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        for party in call.parties.values() if call is not None else ():
            leg = step.leg(party.leg)
            listened_to = False
            if call is not None and leg is not None and leg.focus == call_id:
                listened_to = _settle_leg(step, call, leg).detecting
            if party.talking and not listened_to:
                step.put_party(call_id, party.id, talking=False)


def _settle_leg(step: Step, call: Call, leg: Leg) -> Leg:
    wanted = _wanted(step, call, leg)
    if wanted == leg.detecting:
        return leg
    step.ask(DetectTalk, leg.id, PAUSE if wanted else None)
    return step.put_leg(leg.id, detecting=wanted)


def _wanted(step: Step, call: Call, leg: Leg) -> bool:
    if not step.directory.settings.talk_detection or len(call.joined()) < _CONFERENCE:
        return False
    listened_to = leg.requested is not None and leg.requested.bridge == call.bridge and not leg.requested.nobody_hears
    return listened_to and leg.state is LegState.UP


def anew(step: Step) -> None:
    """What was reported meanwhile is lost: whoever was listened to is listened to from the beginning."""
    for call in list(step.live_calls()):
        for party in call.parties.values():
            if party.talking:
                step.put_party(call.id, party.id, talking=False)
    for leg in step.legs_before():
        if leg.detecting:
            step.ask(DetectTalk, leg.id, None)
            step.put_leg(leg.id, detecting=False)


def only(before: Call, after: Call) -> bool:
    """Whether somebody began or stopped to speak; all else about equal calls is the same."""
    return any(p.talking != before.parties[key].talking for key, p in after.parties.items())
