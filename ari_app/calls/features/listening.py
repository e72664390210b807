"""An agent who hears messages at their phone: how many are new, then one after the other, those that nobody has heard
first, the newest of them first.

    listing ──(listed)──> count ──> about ──> message ──> keys ──(a key)──> about …
       └──(not to be had, or none)──> a prompt, and the end

It is a call of theirs without anybody else. What is played next follows from how far they have come, once what was
played is over (`settle`): so it goes on after whatever came between. What they have heard stays with the call, and
whoever keeps messages reads it there (`Listening.marks`).
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from ari_app.calls.actions import OVERSEERS
from ari_app.calls.derived import announcing
from ari_app.calls.effects import ListMessages
from ari_app.calls.features import parties
from ari_app.calls.model import Call, Leg, Listening, Mark, MessageToHear, Party, Stage
from ari_app.calls.step import Step
from ari_app.routing.directory import Agent, Directory
from ari_app.routing.spoken import moment

LISTED_WITHIN = 5.0
"""Seconds in which the store must have said which messages there are."""
KEY_WITHIN = 30.0
"""Seconds of silence after which it is over."""
_AFTER = "sound:silence/1"
"""Asterisk does not report the end of what it plays where the last of it is a file that was deleted meanwhile
(res_stasis_playback.c: play_on_channel)."""


def boxes(directory: Directory, agent: Agent) -> tuple[str, ...]:
    """Those that notify the agent; whom none does, and who oversees, has all."""
    own = tuple(box for box in directory.voicemail if directory.notified(agent.id, box))
    return own or (tuple(directory.voicemail) if agent.role in OVERSEERS else ())


def begin(step: Step, call: Call, agent: Agent, language: str) -> None:
    """Their phone is up, and the call is theirs alone."""
    step.put_call(call.id, listening=Listening(agent.id, language, until=step.now + LISTED_WITHIN))
    step.emit(ListMessages(call.id, boxes(step.directory, agent)))


def listed(step: Step, call: Call, messages: Iterable[MessageToHear] | None) -> None:
    """Which messages there are; None: that cannot be had."""
    heard = call.listening
    if heard is None or heard.stage is not Stage.LISTING:
        return
    if messages is None:
        _goodbye(step, call, heard, "voicemail_unavailable")
        return
    found = tuple(sorted(messages, key=lambda message: (not message.new, -message.left_at, message.id)))
    if not found:
        _goodbye(step, call, heard, "voicemail_none")
        return
    call = _put(step, call, replace(heard, messages=found, stage=Stage.COUNT, until=None))
    _say(step, call, "voicemail_you_have", _count(step, sum(message.new for message in found)))


def _count(step: Step, new: int) -> tuple[str, ...]:
    if not new:
        return _prompt(step, "voicemail_no_new")
    before, after = _prompt(step, "voicemail_you_have"), "voicemail_one_new" if new == 1 else "voicemail_new"
    return (*before, f"number:{new}", *_prompt(step, after)) if before else ()


def settle(step: Step) -> None:
    """Play what comes next; who has turned to another call hears nothing more."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        me = listener(call) if call is not None else None
        if call is None or me is None:
            continue
        leg = step.leg(me.leg)
        if leg is None or leg.focus != call_id or me.turned_away:
            parties.leave(step, call_id, me.id)
        elif not leg.farewell and not leg.hanging_up:
            _go_on(step, call, leg)


def listener(call: Call) -> Party | None:
    """The agent who hears messages in this call."""
    return next(iter(call.joined()), None) if call.listening is not None else None


def _go_on(step: Step, call: Call, leg: Leg) -> None:
    """A prompt that is not listed takes no time: then what follows it is next at once."""
    while (heard := call.listening) is not None and (step.leg(leg.id) or leg).playing is None:
        match heard.stage:
            case Stage.COUNT:
                call = about(step, call, heard, 0)
            case Stage.ABOUT:
                call = _message(step, call, heard)
            case Stage.MESSAGE:
                call = keys(step, call, heard, "" if heard.helped else "voicemail_keys")
            case Stage.KEYS if heard.until is None:
                call = _put(step, call, replace(heard, until=step.now + KEY_WITHIN))
            case _:
                return


def about(step: Step, call: Call, heard: Listening, at: int, before: tuple[str, ...] = ()) -> Call:
    """When that message was left, and from which number; then it is played."""
    message = heard.messages[at]
    received = _prompt(step, "voicemail_received")
    when = (*received, *moment(message.left_at, step.now, message.east, heard.language)) if received else ()
    number = re.sub(r"[^0-9*#]", "", message.number)
    from_ = _prompt(step, "voicemail_from") if number else ()
    whose = (*from_, f"digits:{number}") if from_ else ()
    call = _put(step, call, replace(heard, stage=Stage.ABOUT, at=at, until=None))
    _say(step, call, "voicemail_received", (*before, *when, *whose))
    return call


def _message(step: Step, call: Call, heard: Listening) -> Call:
    message, marks = heard.messages[heard.at], heard.marks
    if message.new and message.id not in marks:
        marks = {**marks, message.id: Mark("heard", step.now)}
    call = _put(step, call, replace(heard, stage=Stage.MESSAGE, marks=marks))
    _say(step, call, "voicemail_message", (f"recording:{message.file}", _AFTER))
    return call


def keys(step: Step, call: Call, heard: Listening, prompt: str, before: tuple[str, ...] = ()) -> Call:
    """Wait for a key; `prompt` is said first."""
    helped = heard.helped or prompt == "voicemail_keys"
    call = _put(step, call, replace(heard, stage=Stage.KEYS, until=None, helped=helped))
    _say(step, call, prompt, (*before, *_prompt(step, prompt)))
    return call


def done(step: Step, call: Call, heard: Listening) -> None:
    """Nothing is left to be done about this message: it is heard here no more."""
    message, at = heard.messages[heard.at], heard.at
    left = tuple(other for other in heard.messages if other != message)
    marks = {**heard.marks, message.id: Mark("done", step.now)}
    heard = replace(heard, messages=left, at=min(at, max(0, len(left) - 1)), marks=marks)
    said = _prompt(step, "voicemail_deleted")
    if not left:
        _goodbye(step, _put(step, call, heard), heard, "voicemail_last", said)
    elif at < len(left):
        about(step, call, heard, at, said)
    else:
        keys(step, call, heard, "voicemail_last", said)


# -- what is said -----------------------------------------------------------------------------------------------------


def _put(step: Step, call: Call, heard: Listening) -> Call:
    return step.put_call(call.id, listening=heard)


def _prompt(step: Step, name: str) -> tuple[str, ...]:
    """Its sounds; none where the administrator does not list it."""
    return tuple(filter(None, step.directory.settings.announcements.get(name, "").split(",")))


def _say(step: Step, call: Call, prompt: str, sounds: tuple[str, ...]) -> None:
    """In place of what is played; where there is nothing to be said, that is ended all the same."""
    for leg in filter(None, [step.leg(party.leg) for party in call.joined()]):
        if sounds:
            announcing.play(step, leg, prompt, ",".join(sounds))
        elif leg.playing is not None:
            step.put_leg(leg.id, playing=None, requested=None)


def _goodbye(step: Step, call: Call, heard: Listening, prompt: str, before: tuple[str, ...] = ()) -> None:
    _put(step, call, replace(heard, stage=Stage.KEYS, until=None))
    for party in call.joined():
        announcing.say_goodbye(step, party, prompt, ",".join((*before, *_prompt(step, prompt))))


# -- times ------------------------------------------------------------------------------------------------------------


def due_at(call: Call) -> float | None:
    """When it is over, if nothing comes."""
    return call.listening.until if call.listening is not None else None


def overdue(step: Step, call: Call) -> bool:
    """Nobody knows the messages in time, or nobody presses a key. Whether it was so."""
    at, me = due_at(call), listener(call)
    if at is None or at > step.now or me is None:
        return False
    listed(step, call, None)
    call = step.call(call.id)
    if call.listening is not None and call.listening.until is not None:
        parties.leave(step, call.id, me.id)
    return True
