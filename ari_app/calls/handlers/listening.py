"""What comes while an agent hears messages at their phone: which there are, and keys."""

from ari_app.calls.features import listening, parties
from ari_app.calls.model import LegId, Stage
from ari_app.calls.step import Step
from ari_app.calls.stimuli import MessagesListed

_KEYS = frozenset("1234*#")


def listed(step: Step, fact: MessagesListed) -> None:
    """The messages that they may hear."""
    call = step.find_call(fact.call)
    if call is not None:
        listening.listed(step, call, fact.messages)


def digit(step: Step, leg_id: LegId, key: str) -> bool:
    """A key of somebody who hears messages: it is for nothing else. Whether it was so."""
    here = next(((c, p) for c, p in step.party_by_leg(leg_id) if c.listening is not None), None)
    if here is None:
        return False
    call, me = here
    leg, heard = step.leg(leg_id), call.listening
    if leg is None or heard is None or leg.farewell or leg.hanging_up or not leg.speaks_in(call.id):
        return True
    begun = heard.stage is not Stage.COUNT
    if heard.stage is Stage.LISTING and key != "#":
        return True
    step.key_is_read = key in _KEYS
    match key:
        case "#":
            parties.leave(step, call.id, me.id)
        case "1" | "2" | "4" if not begun:
            listening.about(step, call, heard, 0)
        case "1":
            listening.about(step, call, heard, heard.at)
        case "2" if heard.at + 1 < len(heard.messages):
            listening.about(step, call, heard, heard.at + 1)
        case "2":
            listening.keys(step, call, heard, "voicemail_last")
        case "3" if begun:
            listening.done(step, call, heard)
        case "4":
            listening.about(step, call, heard, max(0, heard.at - 1))
        case "*":
            listening.keys(step, call, heard, "voicemail_keys")
    return True
