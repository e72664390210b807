"""Keeps to itself what somebody withholds, and keys that they press: out of stories and logs, and of the machine where
agents may not see it.

Keys stand in a story as far as the machine reads them: a feature code, or the beginning of one, and the number dialled
after it. Of a key that leads out of a queue it has where it leads. All others may be a PIN, or a caller's number; with
what stands in their place a step runs again as it did.
"""

import re
from dataclasses import replace

from ari_app.calls.commands import AwaitTie, SendDtmf
from ari_app.calls.effects import CallAlarm, PlayDtmf
from ari_app.calls.model import Call
from ari_app.calls.stimuli import AsteriskReconciled, ChannelArrived, LegDigit, LegIdentified, Stimulus

_ANY_DIGIT = re.compile(r"[0-9A-D*#]")
_SENT = "0"  # the machine refuses what no phone can send
_PRESSED = "?"  # no feature code begins with it


def of_stimulus(stimulus: Stimulus) -> Stimulus:
    """The stimulus without what is withheld."""
    match stimulus:
        case ChannelArrived() | LegIdentified():
            return replace(stimulus, withheld=None)
        case AwaitTie():
            return replace(stimulus, who=replace(stimulus.who, withheld=None))
        case AsteriskReconciled():
            channels = tuple(
                replace(c, arrived=replace(c.arrived, withheld=None)) if c.arrived is not None else c
                for c in stimulus.channels
            )
            return replace(stimulus, channels=channels)
        case _:
            return stimulus


def of_call(call: Call) -> Call:
    """The call without what its parties withhold."""
    awaits = call.awaits
    if awaits is not None:
        awaits = replace(awaits, who=replace(awaits.who, withheld=None))
    parties = {key: replace(party, withheld=None) for key, party in call.parties.items()}
    return replace(call, parties=parties, awaits=awaits)


def discreet(detail: object) -> object:
    """A stimulus or an effect of a story as others may read it: of effects, an alarm alone carries a call."""
    match detail:
        case CallAlarm(call=call):
            return replace(detail, call=of_call(call))
        case ChannelArrived() | LegIdentified() | AsteriskReconciled() | AwaitTie():
            return of_stimulus(detail)
        case _:
            return detail


def without_digits[T](detail: T) -> T:
    """A stimulus, an effect or a value of a story without the digits that it sends to somebody."""
    match detail:
        case SendDtmf(digits=digits) | PlayDtmf(digits=digits):
            return replace(detail, digits=_ANY_DIGIT.sub(_SENT, digits))
        case _:
            return detail


def without_keys(stimulus: Stimulus, *, read: bool, stands_for: str | None = None) -> Stimulus:
    """The stimulus without the key that was pressed, unless the machine has `read` it; with what it stands for, where
    that is known. Run again, it leads to the same.
    """
    if not isinstance(stimulus, LegDigit) or read:
        return stimulus
    return replace(stimulus, digit=stands_for or _PRESSED)
