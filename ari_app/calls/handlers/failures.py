"""Effects that Asterisk has carried out, and those that it did not: they are requested again, a few times, then the leg
is given up.

One without an answer is requested for longer: whether Asterisk is there at all the connection finds out, and no phone
is hung up because Asterisk stands still.
"""

from typing import assert_never

from ari_app.calls import effects as e
from ari_app.calls.derived import snoops
from ari_app.calls.effects import AsteriskEffect
from ari_app.calls.features import monitoring, parties, recording, refusals
from ari_app.calls.handlers import legs, voicemail
from ari_app.calls.model import LegId, Pending
from ari_app.calls.step import Step
from ari_app.calls.stimuli import EffectFailed
from ari_app.errors import AsteriskUnavailable, OutcomeUnknown

_TRIES = 3
_PATIENCE = 12


def effect_done(step: Step, number: int) -> None:
    """Nobody waits for this effect any longer."""
    effect, _ = _over(step, number)
    if isinstance(effect, e.StopRecorder):
        recording.stopped(step, effect)
    elif isinstance(effect, e.DialLeg) and step.leg(effect.leg) is not None:
        step.put_leg(effect.leg, dialled=True)


def effect_failed(step: Step, fact: EffectFailed) -> None:
    """Whoever waits for this effect goes on waiting for what replaces it, or gets the error."""
    effect, waiting = _over(step, fact.effect)
    step.causes.update(pending.command for pending in waiting)
    if effect is None or fact.gone:
        return
    if not _mend(step, effect, _PATIENCE if fact.unknown else _TRIES):
        error = OutcomeUnknown() if fact.unknown else AsteriskUnavailable("Asterisk did not carry it out")
        for pending in waiting:
            step.refuse(pending.command, error)


def _over(step: Step, number: int) -> tuple[AsteriskEffect | None, list[Pending]]:
    """It is under way no longer: what it was, and the commands that have waited for it."""
    effect = step.in_flight_before(number)
    step.in_flight[number] = None
    waiting = [pending for pending in step.all_pending() if number in pending.effects]
    for pending in waiting:
        step.forget_effect(pending.command, number)
    return effect, waiting


def _mend(step: Step, effect: AsteriskEffect, tries: int) -> bool:
    """Ask again, another way or not at all. False: what was requested will not be."""
    match effect:
        case e.CreateLeg() | e.DialLeg():
            step.ask(e.HangUp, effect.leg)  # it may have been done all the same, only the answer was lost
            legs.gone(step, effect.leg, refusals.NO_CAUSE)
        case e.CreateSnoop():
            snoops.failed(step, effect)
        case e.Announce():
            legs.announcement_finished(step, effect.leg, effect.announcement)
        case e.CreateBridge():
            return _bridge_missing(step, effect.bridge, tries)
        case e.OnRecording():
            return recording.effect_failed(step, effect)
        case e.RecordMessage():
            voicemail.failed(step, effect, tries)
        case e.PlayDtmf():
            return False
        case e.TakeTransferKey() | e.TellTransfer():
            pass  # the key stays Asterisk's, or the display does not follow: nobody's call depends on it
        case e.PlayToBridge() | e.ShowIdentity() | e.DetectTalk():
            pass
        case e.StopRinging() | e.StopSilence() | e.DestroyBridge() | e.AnswerLeg():
            pass
        case e.HangUp():
            return _once_more(step, effect.leg, effect, tries)
        case (
            e.JoinBridge()
            | e.LeaveBridge()
            | e.SetMute()
            | e.StartMusic()
            | e.StopMusic()
            | e.StartRinging()
            | e.StartSilence()
        ):
            return _once_more(step, effect.leg, None, tries)
        case _:
            assert_never(effect)
    return True


def _once_more(step: Step, leg_id: LegId, hang_up: e.HangUp | None, tries: int) -> bool:
    leg = step.leg(leg_id)
    if leg is None:
        if hang_up is not None:
            step.ask(e.HangUp, leg_id, hang_up.answered_elsewhere)  # nobody else remembers that channel
        return True
    if leg.failures >= tries:
        legs.gone(step, leg_id, refusals.NO_CAUSE)  # as if its phone had gone: who was on hold by it stays on hold
        if hang_up is None:
            step.ask(e.HangUp, leg_id)
        return False
    step.put_leg(leg.id, failures=leg.failures + 1, requested=None)
    if hang_up is not None:
        step.ask(e.HangUp, leg_id, hang_up.answered_elsewhere)
    legs.touch(step, leg_id)
    return True


def _bridge_missing(step: Step, bridge: str, tries: int) -> bool:
    """Without its bridge nobody of the call hears anybody: it is made anew with everybody put in again."""
    for call in list(step.live_calls()):
        if call.bridge != bridge:
            continue
        if call.bridge_failures >= tries:
            parties.end(step, call.id)
            return False
        step.put_call(call.id, bridge_made=False, bridge_failures=call.bridge_failures + 1)
        for party in call.parties.values():
            leg = step.leg(party.leg)
            if leg is not None and leg.focus == call.id:
                step.put_leg(leg.id, requested=None)
    return monitoring.bridge_missing(step, bridge)
