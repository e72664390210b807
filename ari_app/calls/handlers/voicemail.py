"""What becomes of a message: Asterisk has completed its file or cannot write it, or a key ends the greeting."""

from ari_app.calls.derived import announcing
from ari_app.calls.effects import RecordMessage
from ari_app.calls.features import offers, voicemail
from ari_app.calls.model import Call, LegId, Message
from ari_app.calls.step import Step
from ari_app.calls.stimuli import MessagesCounted, RecorderEnded
from ari_app.routing.targets import TargetType

_AT_ONCE = 3.0
"""Seconds: nothing at all in a file that was over so soon says that it could not be written."""
_END = "#"


def ended(step: Step, fact: RecorderEnded) -> None:
    """The file of a message is complete: whoever spoke is thanked, and released."""
    for call in list(step.recorded_calls()):
        if call.message is not None and call.leaves_message and call.message.file == fact.recording:
            _ended(step, call, call.message, fact)


def _ended(step: Step, call: Call, message: Message, fact: RecorderEnded) -> None:
    at_once = message.begun_at is None or step.now - message.begun_at < _AT_ONCE
    if fact.failed or (fact.seconds == 0 and at_once):
        _apologise(step, call)
        return
    box = step.directory.voicemail.get(message.box)
    said = fact.seconds if fact.talked is None else fact.talked
    left = said is None or box is None or said >= box.min_seconds
    call = voicemail.over(step, call, left=left, seconds=fact.seconds)
    _say_goodbye(step, call, "voicemail_thanks" if left else "voicemail_failed")


def _say_goodbye(step: Step, call: Call, prompt: str) -> None:
    for party in call.joined():
        announcing.say_goodbye(step, party, prompt)


def failed(step: Step, effect: RecordMessage, tries: int) -> None:
    """Asterisk did not record."""
    for call in list(step.recorded_calls()):
        message = call.message
        if message is None or not call.leaves_message or message.file != effect.recording:
            continue
        if message.failures + 1 < tries:
            voicemail.put(step, call, requested=False, failures=message.failures + 1)
        else:
            _apologise(step, call)


def _apologise(step: Step, call: Call) -> None:
    """They hear that no message could be taken, and go to the fallback target where there is one to talk to."""
    call = voicemail.over(step, call, left=False)
    fallback = step.directory.settings.fallback
    by_fallback = call.offer is not None and call.offer.fallback
    caller = call.contact()
    leg = step.leg(caller.leg) if caller is not None else None
    if by_fallback or fallback is None or fallback.type is TargetType.VOICEMAIL or leg is None:
        _say_goodbye(step, call, "voicemail_failed")
        return
    prompt = "voicemail_failed"
    announcing.play(step, leg, prompt, step.directory.settings.announcements.get(prompt, ""))
    offers.look_after(step, call)


def counted(step: Step, fact: MessagesCounted) -> None:
    """There are so many messages now."""
    step.messages.update({where: number or None for where, number in fact.counts.items()})


def digit(step: Step, leg_id: LegId, key: str) -> None:
    """Who knows the greeting presses `#`, and speaks."""
    for call, party in list(step.party_by_leg(leg_id)):
        message = call.message
        if key == _END and message is not None and call.leaves_message and message.begun_at is None:
            step.key_stands_for = _END
            announcing.be_quiet(step, call.id, party.leg)
