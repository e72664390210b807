"""Commands: checked against `actions`, then carried out on the state.

Owns who may ask for what and in which order that is checked: is it their call (not_found), is the target one
(unknown_target), is it enabled (feature_disabled, caller_id_not_allowed), may it be done now (not_allowed_now). Nothing
changes before all checks are passed; where an agent must be reserved first, the command is checked once more after.
"""

import re
from typing import assert_never

from ari_app.calls import commands as c
from ari_app.calls.actions import call_actions, party_actions
from ari_app.calls.effects import PlayDtmf
from ari_app.calls.features import (
    attempts,
    consult,
    holding,
    initiate,
    merging,
    monitoring,
    offers,
    parties,
    recording,
    ties,
)
from ari_app.calls.model import Call, OfferState, Party, PartyId, Progress
from ari_app.calls.step import Step
from ari_app.calls.verbs import PartyAction
from ari_app.errors import AsteriskUnavailable, Code, FieldError, OutcomeUnknown, Refused
from ari_app.routing.directory import Role

_DIGITS = re.compile(r"[0-9A-D*#]{1,64}")


def command(step: Step, cmd: c.Command) -> None:
    """Carry a command out, or refuse it.

    Raises:
        Refused: with the code that says why; the step is then dropped.
        AsteriskUnavailable: while the connection is down.
        OutcomeUnknown: for digits that are requested again: they may have been heard.
    """
    if not step.linked:
        raise AsteriskUnavailable
    if cmd.again and isinstance(cmd, c.SendDtmf):
        raise OutcomeUnknown("nobody knows whether these digits were sent before")
    match cmd:
        case c.MakeCall():
            initiate.make_call(step, cmd)
        case c.OfferCommand():
            initiate.offer(step, cmd, visible(step, cmd))
        case c.MonitoringCommand():
            monitoring.command(step, cmd, visible(step, cmd))
        case c.ConsultationCommand():
            call = _allowed(step, cmd)
            step.await_effects(cmd.id, call.id)
            _consultation(step, cmd, call)
        case c.Merge():
            _merge(step, cmd, _allowed(step, cmd))
        case c.AwaitTie():
            initiate.check_size(step, {**cmd.user_data, **visible(step, cmd).user_data})
            ties.await_tie(step, cmd, visible(step, cmd))
        case c.PrepareTie():
            ties.prepare(step, cmd, visible(step, cmd))
        case c.HandOver():
            ties.hand_over(step, cmd, visible(step, cmd))
        case c.RecordingCommand():
            recording.require_enabled(step, visible(step, cmd))
            call = _allowed(step, cmd)
            step.await_effects(cmd.id, call.id)
            recording.command(step, cmd, call)
        case c.PartyCommand():
            call, party = _allowed_party(step, cmd, cmd.party, cmd.action)
            step.await_effects(cmd.id, call.id)
            _on_party(step, cmd, call, party)
        case (
            c.Answer()
            | c.Hold()
            | c.Retrieve()
            | c.Release()
            | c.Clear()
            | c.Cancel()
            | c.SendDtmf()
            | c.ChangeUserData()
        ):
            call = _allowed(step, cmd)
            step.await_effects(cmd.id, call.id)
            _on_call(step, cmd, call)
        case _:
            assert_never(cmd)


def visible(step: Step, cmd: c.CallCommand) -> Call:
    """The call, if it is one that they may see: another's does not exist for them."""
    call = step.call(cmd.call)
    if call.party_of(cmd.by) is None and cmd.role is Role.AGENT:
        raise Refused(Code.NOT_FOUND, "there is no such call")
    return call


def _allowed(step: Step, cmd: c.AnyPlain | c.AnyOnConsultation | c.AnyRecording | c.Merge) -> Call:
    call = visible(step, cmd)
    if isinstance(cmd, c.SendDtmf):
        _check_digits(cmd.digits)
    if isinstance(cmd, c.CompleteConference | c.Merge) and not step.directory.settings.conferences:
        raise Refused(Code.FEATURE_DISABLED, "conferences are switched off by the administrator")
    if isinstance(cmd, c.SendDtmf) and cmd.party is not None:
        _allowed_party(step, cmd, cmd.party, cmd.party_action)
    else:
        initiate.require(call, cmd, cmd.action, call_actions(call, cmd.by, step.directory, cmd.role))
    return call


def _allowed_party(step: Step, cmd: c.CallCommand, party_id: PartyId, verb: PartyAction) -> tuple[Call, Party]:
    call = visible(step, cmd)
    party = call.parties.get(party_id)
    if party is None or party.progress is Progress.LEFT:
        raise Refused(Code.NOT_FOUND, "there is no such party in this call")
    initiate.require(call, cmd, verb, party_actions(call, party, cmd.by, cmd.role))
    return call, party


def _check_digits(digits: str) -> None:
    if _DIGITS.fullmatch(digits) is None:
        problem = FieldError("digits", "one to 64 of 0-9 A-D * #")
        raise Refused(Code.INVALID, "digits that a phone cannot send", (problem,))


def _on_call(step: Step, cmd: c.AnyPlain, call: Call) -> None:
    match cmd:
        case c.Clear():
            if cmd.callback and call.to_call_back() is None:
                raise Refused(Code.NOT_ALLOWED_NOW, "nobody is to be called back for this call any more")
            parties.end(step, call.id)
        case c.ChangeUserData():
            _change_user_data(step, cmd, call)
        case c.SendDtmf():
            _send_dtmf(step, cmd, call)
        case c.Answer():
            me = step.mine(call, cmd.by)
            step.await_effects(cmd.id, call.id, until="answered", party=me.id)
            offers.answer_for(step, call, me)
        case c.Hold():
            me = step.mine(call, cmd.by)
            parties.hold(step, call, me.id, [p for p in call.joined() if p.id != me.id and not p.held_by])
        case c.Retrieve():
            holding.retrieve(step, cmd.id, call, step.mine(call, cmd.by))
        case c.Release():
            _release(step, call, step.mine(call, cmd.by))
        case c.Cancel():
            offers.cancel(step, call.id)
        case _:
            assert_never(cmd)


def _release(step: Step, call: Call, me: Party) -> None:
    offer = call.offering()
    attempt = next((a for a in offer.attempts if a.party == me.id), None) if offer else None
    if attempt is None:
        parties.leave(step, call.id, me.id)
        return
    attempts.drop_other_phones(step, call.id, attempt)
    attempts.drop_attempt(step, call.id, attempt)
    offers.attempt_over(step, call.id, attempt, OfferState.DECLINED, declined=True)


def _send_dtmf(step: Step, cmd: c.SendDtmf, call: Call) -> None:
    me = call.party_of(cmd.by)
    whom = [call.parties[cmd.party]] if cmd.party is not None else initiate.contacts_first(call, me)
    for leg in [p.leg for p in whom if p.leg is not None and not p.away]:
        step.ask(PlayDtmf, leg, cmd.digits)


def _change_user_data(step: Step, cmd: c.ChangeUserData, call: Call) -> None:
    data = dict(call.user_data)
    for key, value in cmd.changes.items():
        if value is None:
            data.pop(key, None)
        else:
            data[key] = value
    initiate.check_size(step, data)
    step.put_call(call.id, user_data=data)


def _on_party(step: Step, cmd: c.AnyOnParty, call: Call, party: Party) -> None:
    me = call.party_of(cmd.by)
    match cmd:
        case c.MuteParty():
            step.put_party(call.id, party.id, muted=True, muted_by=cmd.by)
        case c.UnmuteParty():
            step.put_party(call.id, party.id, muted=False, muted_by=None)
        case c.DeafenParty():
            step.put_party(call.id, party.id, deaf=True, deaf_by=cmd.by)
        case c.UndeafenParty():
            step.put_party(call.id, party.id, deaf=False, deaf_by=None)
        case c.HoldParty():
            parties.hold(step, call, me.id if me else party.id, [party])
        case c.RetrieveParty():
            if me is not None and not me.present:
                parties.come_back(step, call, cmd.by)
            step.put_party(call.id, party.id, held_by=party.held_by & {party.id})
        case c.RemoveParty():
            parties.leave(step, call.id, party.id)
        case _:
            assert_never(cmd)


def _merge(step: Step, cmd: c.Merge, call: Call) -> None:
    """Carried out on the other call named, or the first that can be merged."""
    able = step.mine(call, cmd.by).merges_with
    other = able[0] if cmd.other is None else cmd.other
    known = step.find_call(other)
    if known is None or known.party_of(cmd.by) is None:
        raise Refused(Code.NOT_FOUND, "there is no such other call of yours")
    if other not in able or not merging.can_merge(step, call, known, cmd.by):
        raise Refused(Code.NOT_ALLOWED_NOW, "these two calls cannot be merged now")
    initiate.check_size(step, consult.attach(known, call.user_data))
    step.await_effects(cmd.id, call.id)
    merging.merge(step, call, other, cmd.by)


def _consultation(step: Step, cmd: c.AnyOnConsultation, call: Call) -> None:
    if isinstance(cmd, c.CompleteTransfer | c.CompleteConference):
        initiate.check_size(step, consult.attach(step.call(call.parent or ""), call.user_data))
    match cmd:
        case c.CompleteTransfer():
            consult.complete(step, call, cmd.by, stay=False)
        case c.CompleteConference():
            parent = consult.complete(step, call, cmd.by, stay=True)
            step.answer_with(cmd.id, parent.id)
        case c.Alternate():
            consult.alternate(step, call, cmd.by)
        case c.Reconnect():
            parent = consult.reconnect(step, call, cmd.by)
            step.answer_with(cmd.id, parent.id)
        case _:
            assert_never(cmd)
