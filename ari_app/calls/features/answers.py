"""What the answer to a command waits for, besides the effects that it requested."""

from typing import assert_never

from ari_app.calls.features import monitoring
from ari_app.calls.model import Attempt, Call, LegState, OfferState, Outside, Pending, Progress
from ari_app.calls.state import State


def came_about(state: State, pending: Pending, call: Call) -> bool:
    """Whether what the command was to bring about is there to be seen."""
    offer = call.offer
    match pending.until:
        case "ringing":
            if offer is None or offer.id != pending.offer or not offer.going_on:
                return True
            if offer.state is OfferState.PENDING:
                return any(p.id == offer.by and p.progress is not Progress.DIALING for p in call.parties.values())
            return any(a.ringing or _dialled_outside(state, a) for a in offer.attempts)
        case "answered":
            party = call.parties.get(pending.party or "")
            if party is None or party.progress is Progress.LEFT:
                return True
            ringing_back = party.away and party.leg is not None
            return party.progress is Progress.JOINED and not ringing_back
        case "monitoring":
            return monitoring.effective(call, pending.agent)
        case "done":
            return True
        case _:
            assert_never(pending.until)


def _dialled_outside(state: State, attempt: Attempt) -> bool:
    """A network may tell of no ringing at all, for a minute: nobody waits for that."""
    leg = state.legs.get(attempt.leg)
    return leg is not None and isinstance(leg.destination, Outside) and leg.state is LegState.DIALLING
