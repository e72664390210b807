"""In-call feature codes: keys that an agent presses while they talk, to hold, transfer or confer without a desktop.

Owns the reading of keys: a code, the number dialled after it, and where that ends. What it leads to is the command that
a desktop would send, with its checks; what is refused is spoken, and the contact stays on hold (S12).

    *1 ──> contact on hold, a prompt ──(number)──> single-step transfer
                     │  ^                              │
               (*0)  v  └─(key)                        └─(refused)─> a prompt, contact on hold
             contact is back

Asterisk passes every key on to whom the agent talks to; nothing here takes one away.
"""

from ari_app.calls import commands as c
from ari_app.calls.actions import call_actions, contacts_first
from ari_app.calls.derived import announcing
from ari_app.calls.features import parties
from ari_app.calls.handlers import commands as handlers
from ari_app.calls.model import Call, KeyedNumber, Leg, LegId, OfferKind, Party, Progress
from ari_app.calls.step import Step
from ari_app.calls.verbs import CallAction
from ari_app.errors import Code, Refused
from ari_app.routing.targets import parse_target

_FIRST_KEY = 3  # times as long as a later one: they listen to the prompt, and think
_COMMANDS: dict[OfferKind, type[c.SingleStepTransfer] | type[c.SingleStepConference]] = {
    OfferKind.TRANSFER: c.SingleStepTransfer,
    OfferKind.CONFERENCE: c.SingleStepConference,
}
_END = "#"


def digit(step: Step, leg_id: LegId, key: str) -> None:
    """A key was pressed on a phone. Only an agent's counts, in the call that their leg speaks in."""
    if not step.directory.settings.feature_codes:
        return
    leg = step.leg(leg_id)
    if leg is None or leg.agent is None or leg.farewell:
        return
    here = next(((c, p) for c, p in step.party_by_leg(leg_id) if _speaks(step, c, p)), None)
    if here is None:
        return
    call, me = here
    announcing.be_quiet(step, call.id, leg_id)
    leg = step.leg(leg_id) or leg
    step.key_is_read = me.keyed is not None or _keys(step, leg, key) != ""
    if me.keyed is not None:
        _dial(step, call, me, me.keyed, key)
    elif (feature := _code(step, leg, key)) is not None:
        _begin(step, step.call(call.id), me, feature)


def _speaks(step: Step, call: Call, party: Party) -> bool:
    leg = step.leg(party.leg)
    return leg is not None and leg.speaks_in(call.id) and party.progress is Progress.JOINED


def _keys(step: Step, leg: Leg, key: str) -> str:
    """The last keys, with this one, as far as a code begins with them."""
    settings = step.directory.settings
    keys = (leg.keys if step.now - leg.keyed_at <= settings.feature_timeout else "") + key
    while keys and not any(code.startswith(keys) for code in settings.feature_codes.values()):
        keys = keys[1:]
    return keys


def _code(step: Step, leg: Leg, key: str) -> str | None:
    """The feature whose code this key completes. Keys that begin none are not kept."""
    codes = step.directory.settings.feature_codes
    keys = _keys(step, leg, key)
    feature = next((name for name, code in codes.items() if code == keys), None)
    kept = "" if feature is not None else keys
    if kept or leg.keys:
        step.put_leg(leg.id, keys=kept, keyed_at=step.now)
    return feature


def _begin(step: Step, call: Call, me: Party, feature: str) -> None:
    actions = call_actions(call, me.agent or "", step.directory)
    match feature:
        case "hold" if CallAction.HOLD in actions:
            _command(step, c.Hold, call, me)
        case "hold" if CallAction.RETRIEVE in actions:
            _command(step, c.Retrieve, call, me)
        case "cancel" if CallAction.CANCEL in actions:
            _command(step, c.Cancel, call, me)
        case "transfer" | "conference":
            _ask_for_number(step, call, me, OfferKind(feature), actions)
        case _:
            return  # nothing to hold, to bring back or to cancel


def _command(step: Step, kind: type[c.Hold] | type[c.Retrieve] | type[c.Cancel], call: Call, me: Party) -> None:
    handlers.command(step, kind(id=step.new_id("k"), by=me.agent or "", call=call.id))


# -- a number ---------------------------------------------------------------------------------------------------------


def _ask_for_number(step: Step, call: Call, me: Party, kind: OfferKind, actions: frozenset[CallAction]) -> None:
    """The contact hears music from now on (S10); a voice asks the agent whom they want."""
    if _COMMANDS[kind].action not in actions:
        announcing.guide(step, call, me, "invalid_number")
        return
    held = [p for p in contacts_first(call, me) if me.id not in p.held_by]
    call = parties.hold(step, call, me.id, held)
    until = step.now + _FIRST_KEY * step.directory.settings.feature_timeout
    keyed = KeyedNumber(kind, until, held=frozenset(p.id for p in held))
    call = step.put_party(call.id, me.id, keyed=keyed)
    announcing.guide(step, call, call.parties[me.id], f"feature_{kind.value}")


def _dial(step: Step, call: Call, me: Party, keyed: KeyedNumber, key: str) -> None:
    """One more key of the number: it ends it, gives it up, or is part of it."""
    settings = step.directory.settings
    digits, cancel = keyed.digits + key, settings.feature_codes.get("cancel", "")
    if cancel and digits.endswith(cancel):
        _give_up(step, call, me, keyed)
    elif key == _END and not _begins_at_end(digits, cancel):
        _dialled(step, call, me, keyed, keyed.digits)
    elif step.directory.is_complete(digits):
        _dialled(step, call, me, keyed, digits)
    else:
        until = step.now + settings.feature_timeout
        keyed = KeyedNumber(keyed.kind, until, digits, keyed.held)
        step.put_party(call.id, me.id, keyed=keyed)


def _begins_at_end(digits: str, code: str) -> bool:
    return any(digits.endswith(code[:length]) for length in range(1, len(code)))


def _give_up(step: Step, call: Call, me: Party, keyed: KeyedNumber) -> None:
    """Whoever was put on hold for the number is back."""
    for party in call.joined():
        if party.id in keyed.held:
            call = step.put_party(call.id, party.id, held_by=party.held_by - {me.id})
    step.put_party(call.id, me.id, keyed=None)


def due(step: Step, call: Call) -> None:
    """No key for a while: the number is what was dialled until now."""
    for me in call.parties.values():
        if me.agent is not None and me.keyed is not None and me.keyed.until <= step.now:
            _dialled(step, step.call(call.id), me, me.keyed, me.keyed.digits.rstrip(_END))


def _dialled(step: Step, call: Call, me: Party, keyed: KeyedNumber, number: str) -> None:
    call = step.put_party(call.id, me.id, keyed=None)
    me = call.parties[me.id]
    kind = _COMMANDS[keyed.kind]
    try:
        target = parse_target(f"number:{number}")
        cmd = kind(id=step.new_id("k"), by=me.agent or "", call=call.id, target=target, by_keys=True)
        handlers.command(step, cmd)
    except Refused as error:  # before anything was changed
        _speak_of(step, call, me, error.code)


def refused(step: Step, cmd: c.OfferCommand, code: Code) -> None:
    """What was requested by keys cannot be done: the agent hears why."""
    call = step.find_call(cmd.call)
    me = call.party_of(cmd.by) if call is not None else None
    if call is not None and me is not None:
        _speak_of(step, call, me, code)


def _speak_of(step: Step, call: Call, me: Party, code: Code) -> None:
    nobody = code in (Code.NO_AGENT_AVAILABLE, Code.STORE_UNAVAILABLE)
    announcing.guide(step, call, me, "nobody_available" if nobody else "invalid_number")


# -- what ends it -----------------------------------------------------------------------------------------------------


def settle(step: Step) -> None:
    """A number is dialled no longer once the agent does something else: their desktop brings the contact back, say."""
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        for party in call.parties.values() if call is not None else ():
            keyed = party.agent is not None and party.keyed is not None
            if call is not None and keyed and not _dials(step, call, party):
                step.put_party(call_id, party.id, keyed=None)
                announcing.be_quiet(step, call_id, party.leg)


def _dials(step: Step, call: Call, me: Party) -> bool:
    on_hold = contacts_first(call, me)
    return _speaks(step, call, me) and call.offering() is None and all(p.held_by for p in on_hold)


def forget(step: Step) -> None:
    """Keys were lost with the connection: who was dialling retrieves the contact, or begins anew."""
    for call in list(step.live_calls()):
        for party in call.parties.values():
            if party.keyed is not None:
                step.put_party(call.id, party.id, keyed=None)
