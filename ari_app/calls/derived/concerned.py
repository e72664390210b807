"""Which calls a stimulus is about, also where it changes nothing: their stories tell of what was wanted in vain."""

from ari_app.calls import commands
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallId, LegId
from ari_app.calls.step import Step


def calls(step: Step, stimulus: s.Stimulus) -> list[CallId]:
    """The calls that somebody wants something of, also in vain: by a command or its reservation, or by keys; or whose
    agent is free only now."""
    match stimulus:
        case commands.CallCommand(call=call):
            return [call]
        case s.AgentReserved(request=request) | s.NobodyAvailable(request) | s.ReservationFailed(request):
            seek = step.read.one("seeks", step.state.seeks, request)
            return [seek.call] if seek is not None and seek.call is not None else []
        case s.LegGone(leg=leg_id):
            leg = step.leg_before(leg_id)
            return [leg.left] if leg is not None and leg.left is not None else []
        case s.TransferRequested(leg=leg_id):
            return _spoken_in(step, leg_id)
        case s.LegDigit(leg=leg_id) if step.key_is_read:
            return _spoken_in(step, leg_id)
        case _:
            return []


def _spoken_in(step: Step, leg_id: LegId) -> list[CallId]:
    leg = step.leg_before(leg_id)
    return [call.id for call, _ in step.party_by_leg(leg_id) if leg is not None and leg.speaks_in(call.id)]
