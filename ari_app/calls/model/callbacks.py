"""A call-back: the place in a queue of somebody who has hung up, and is rung when it is their turn."""

from dataclasses import dataclass

from ari_app.calls.model.ids import CallId
from ari_app.calls.model.legs import Identity
from ari_app.calls.model.offers import OfferState
from ari_app.routing.targets import Target


@dataclass(frozen=True, slots=True)
class CallBack:
    """Who is to be called back, and how that goes. Times in seconds since the epoch."""

    identity: Identity  # what agents are shown; its number is the one that is rung
    target: Target  # the queue in which the place is
    promised_at: float
    expires_at: float
    priority: int = 0
    tries: int = 0  # how often they were rung in vain
    last: OfferState | None = None  # how the last of these ended
    next_at: float | None = None  # between two tries: when the place counts again
    again: CallId | None = None  # they have called in again, by this call
    reached: bool = False  # they have answered: from then on it is a call like any other
