"""What a phone shows of the transfer that it requested by its own key: derived from the offer, each change reported
once.

Only where the administrator has `transfer_progress` on; otherwise Asterisk answers the key by itself (see
`transfer_key`), and no offer has a `refer`.
"""

from ari_app.calls.effects import TellTransfer
from ari_app.calls.model import Call, Offer, OfferState, TransferState
from ari_app.calls.step import Step

_ENDS = {
    OfferState.ACCEPTED: TransferState.ANSWERED,
    OfferState.DECLINED: TransferState.DECLINED,
    OfferState.BUSY: TransferState.DECLINED,
    OfferState.CANCELLED: TransferState.DECLINED,
    OfferState.NO_ANSWER: TransferState.UNAVAILABLE,
    OfferState.UNAVAILABLE: TransferState.UNAVAILABLE,
}


def wanted(step: Step) -> bool:
    """Whether the transfer keys of agents' phones are ours to answer."""
    return step.directory.settings.transfer_progress


def settle(step: Step) -> None:
    """Tell the phones whose transfers this step has changed."""
    for call in list(step.calls.values()):
        tell(step, call)


def tell(step: Step, call: Call) -> None:
    """Tell the phone that requested this call's offer, before it is hung up for its success."""
    offer = call.offer
    state = _state(offer) if offer is not None else None
    if offer is None or offer.refer is None or state is None or state is offer.notified:
        return
    leg = step.leg(offer.refer)
    if leg is not None and not leg.hanging_up:
        # A phone that is notified of success hangs up: not while it speaks in another call by now.
        elsewhere = state is TransferState.ANSWERED and leg.focus != call.id
        step.ask(TellTransfer, leg.id, TransferState.DECLINED if elsewhere else state)
    if not call.ended:
        step.put_offer(call.id, notified=state)


def _state(offer: Offer) -> TransferState | None:
    if offer.going_on:
        return TransferState.RINGING if any(a.ringing for a in offer.attempts) else None
    return _ENDS.get(offer.state)
