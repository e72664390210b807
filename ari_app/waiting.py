"""Callers who wait to be served at one of several Asterisks, as those of the others get to know of them."""

from collections.abc import Collection

from ari_app.availability.port import Waiting
from ari_app.calls.features.queueing import UNSERVED, since
from ari_app.calls.model import Call, OfferKind
from ari_app.calls.state import State
from ari_app.routing.targets import Target, TargetType


def waits(call: Call | None) -> tuple[Waiting, Target] | None:
    """Who waits in this call, and for what; None where nobody does."""
    offer = call.offering() if call is not None else None
    if call is None or offer is None or offer.state not in UNSERVED or offer.kind is not OfferKind.CALL:
        return None
    if offer.by is not None or offer.fallback or offer.target.type is TargetType.AGENT:
        return None
    return Waiting(call.id, (-offer.priority, since(call))), offer.target


class Waiters:
    """`engine.bookings.Queue`, out of the machine's state."""

    def __init__(self, state: State) -> None:
        self._state = state

    def of(self, request: str) -> Waiting | None:
        seek = self._state.seeks.get(request)
        found = waits(self._state.calls.get(seek.call)) if seek is not None and seek.call is not None else None
        return None if found is None else found[0]

    def all(self) -> Collection[tuple[Waiting, Target]]:
        return [found for call in self._state.calls.values() if (found := waits(call)) is not None]
