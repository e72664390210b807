"""Callers who leave a message in a box: they hear its greeting and a beep, and what they say then is kept in a file.

    greeting ──(heard, or `#`)──> recording ──(`#`, silence, too long)──> over: thanked, and released
                                      └──(they hang up)──> over: the message is there all the same

Asterisk records; what is requested of it follows from the call (`greet`, `settle`), and so it is requested again after
whatever came between. A message is over once, and stays with the call: whoever keeps messages reads it there.
"""

from dataclasses import replace
from typing import Any

from ari_app.calls.derived import announcing
from ari_app.calls.effects import MessageRefused, RecordMessage
from ari_app.calls.features import parties, recording
from ari_app.calls.model import NO_ROOM, Call, Full, Leg, Message, Offer, OfferState, PartyRole, counted
from ari_app.calls.step import Step
from ari_app.routing.directory import Voicemail

_LATER = 30.0
"""Seconds after which Asterisk has forgotten to end a message."""


def begin(step: Step, call: Call, offer: Offer) -> bool:
    """The caller comes to a box; False: they cannot leave a message there, there is no room for one, or they have
    company."""
    box = step.directory.voicemail.get(offer.target.id)
    caller = _speaker(step, call)
    if box is None or caller is None or any(party.role is PartyRole.AGENT for party in call.joined()):
        return False
    if (why := _full(step, call, box)) is not None:
        step.emit(MessageRefused(call.id, box.id, why))
        return False
    step.put_offer(call.id, state=OfferState.RINGING, request=None, deadline=None, retry_at=None)
    step.put_offer(call.id, state=OfferState.ACCEPTED)  # a box answers at once
    made = step.new_id("v")
    step.put_call(call.id, message=Message(made, box.id, recording.file_of(step, call, made)))
    return True


def _full(step: Step, call: Call, box: Voicemail) -> Full | None:
    """Why there is no room for a message of this caller; None: there is. Those that are being left count."""
    if step.messages_kept(NO_ROOM):
        return Full.DISK
    others = [
        c for c in step.recorded_calls() if c.leaves_message and c.message is not None and c.message.box == box.id
    ]
    if step.messages_kept(counted(box.id)) + len(others) >= box.max_messages:
        return Full.BOX
    number = _number(call)
    theirs = sum(_number(other) == number for other in others)
    if number and step.messages_kept(counted(box.id, number)) + theirs >= box.max_unheard:
        return Full.CALLER
    return None


def _number(call: Call) -> str:
    """Whose message it is; empty where they withhold that."""
    caller = call.contact()
    return caller.identity.number if caller is not None and not caller.identity.anonymous else ""


def _speaker(step: Step, call: Call) -> Leg | None:
    caller = None if call.ended else call.contact()
    leg = step.leg(caller.leg) if caller is not None else None
    return leg if leg is not None and not leg.hanging_up and not leg.farewell else None


def put(step: Step, call: Call, **changes: Any) -> Call:
    """Change the call's message, which it must have."""
    return call if call.message is None else step.put_call(call.id, message=replace(call.message, **changes))


def over(step: Step, call: Call, *, left: bool, seconds: float | None = None) -> Call:
    """Nothing more is said; `left`: there is a message."""
    return put(step, call, ended_at=step.now, left=left, seconds=seconds)


def greet(step: Step) -> None:
    """Play the greeting to who has come to a box, once what they hear of what was closed, say, is over."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        message = call.message if call is not None and call.leaves_message else None
        leg = _speaker(step, call) if call is not None else None
        if call is None or message is None or message.greeted or leg is None or leg.playing is not None:
            continue
        put(step, call, greeted=True)
        box = step.directory.voicemail.get(message.box)
        own = box.greeting if box is not None else ""
        sounds = own or step.directory.settings.announcements.get("voicemail_greeting", "")
        announcing.play(step, leg, "voicemail_greeting", sounds)


def settle(step: Step) -> None:
    """Have what is said after the greeting recorded; a message is over with the call of whoever leaves it."""
    for call in list(step.calls.values()):
        if not call.leaves_message or call.message is None:
            continue
        message, leg = call.message, _speaker(step, call)
        if leg is None:
            over(step, call, left=message.begun_at is not None)
        elif step.linked and message.greeted and not message.requested and leg.playing is None:
            _record(step, call, message, leg)


def _record(step: Step, call: Call, message: Message, leg: Leg) -> None:
    box = step.directory.voicemail.get(message.box)
    longest, silence = (box.max_seconds, box.max_silence) if box is not None else (1, 1)  # it was just taken away
    step.ask(RecordMessage, leg.id, message.file, longest, silence)
    until = message.until or step.now + longest + _LATER
    put(step, call, requested=True, begun_at=message.begun_at or step.now, until=until)


def anew(step: Step, call: Call) -> None:
    """After the connection was lost: who knows whether it still runs?"""
    if call.leaves_message:
        put(step, call, requested=False)


# -- times ------------------------------------------------------------------------------------------------------------


def due_at(call: Call) -> float | None:
    """When it must be over."""
    return call.message.until if call.message is not None and call.leaves_message else None


def overdue(step: Step, call: Call) -> bool:
    """Asterisk has not said that it is: they are released, and what they said is there. Whether it was so."""
    at = due_at(call)
    if at is None or at > step.now:
        return False
    parties.end(step, call.id)
    return True
