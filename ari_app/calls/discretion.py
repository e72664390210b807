"""Keeps what somebody withholds to itself: out of stories and logs, and of the machine where agents may not see it."""

from dataclasses import replace

from ari_app.calls.effects import CallAlarm
from ari_app.calls.model import Call
from ari_app.calls.stimuli import AsteriskReconciled, ChannelArrived, LegIdentified, Stimulus


def of_stimulus(stimulus: Stimulus) -> Stimulus:
    """The stimulus without what is withheld."""
    match stimulus:
        case ChannelArrived() | LegIdentified():
            return replace(stimulus, withheld=None)
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
    return replace(call, parties={key: replace(party, withheld=None) for key, party in call.parties.items()})


def discreet(detail: object) -> object:
    """A stimulus or an effect of a story as others may read it: of effects, an alarm alone carries a call."""
    match detail:
        case CallAlarm(call=call):
            return replace(detail, call=of_call(call))
        case ChannelArrived() | LegIdentified() | AsteriskReconciled():
            return of_stimulus(detail)
        case _:
            return detail
