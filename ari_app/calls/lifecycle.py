"""The life of an offer: which states may follow which, and when. What is not listed is a fault of ours.

The diagram in docs/architecture.md is drawn from this table.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ari_app.calls.model import OfferState

_S = OfferState
OVER = (_S.DECLINED, _S.BUSY, _S.NO_ANSWER, _S.UNAVAILABLE, _S.CANCELLED)
"""Over without anybody. Whoever requested it, or whoever waits, may end an offer at any time: cancelled."""

BEGINNINGS: Mapping[OfferState, str] = MappingProxyType(
    {
        _S.PENDING: "the agent's own phone is rung first",
        _S.SEEKING: "whom to ring?",
        _S.RINGING: "a number or routing point is dialled at once",
    }
)
TRANSITIONS: Mapping[tuple[OfferState, OfferState], str] = MappingProxyType(
    {
        (_S.PENDING, _S.SEEKING): "the agent's phone is up",
        (_S.PENDING, _S.RINGING): "it is up, and the target was reserved meanwhile",
        (_S.SEEKING, _S.RINGING): "somebody is reserved",
        (_S.SEEKING, _S.WAITING): "nobody is free, and the caller waits",
        (_S.WAITING, _S.SEEKING): "somebody became free, or it is time to try again",
        (_S.WAITING, _S.RINGING): "the agent reserved for another caller is theirs first",
        (_S.RINGING, _S.SEEKING): "declined or missed, and there is another to try",
        (_S.RINGING, _S.WAITING): "Asterisk is away, and the caller waits",
        (_S.RINGING, _S.ACCEPTED): "answered",
    }
)
ENDINGS: Mapping[OfferState, str] = MappingProxyType(
    {
        _S.PENDING: "the agent's phone was not answered",
        _S.SEEKING: "nobody is free, or nobody is left to try",
        _S.WAITING: "waited too long, and there is no overflow",
        _S.RINGING: "declined, busy, not answered, not reached, cancelled",
    }
)


class InvalidTransition(AssertionError):
    """An offer cannot go from the one state to the other."""


def check(before: OfferState, after: OfferState) -> None:
    """Raise InvalidTransition where an offer in the state `before` may not come to `after`."""
    allowed = before is after or (before, after) in TRANSITIONS or (before in ENDINGS and after in OVER)
    if not allowed:
        raise InvalidTransition(f"an offer that is {before.value} cannot become {after.value}")
