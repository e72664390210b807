"""Answers to reservations, by the request they were made under. What nobody waits for any more is given back."""

from ari_app.calls.commands import OfferCommand
from ari_app.calls.features import attempts, initiate, offers
from ari_app.calls.handlers import feature_codes
from ari_app.calls.model import OfferState
from ari_app.calls.state import Seek
from ari_app.calls.step import Step
from ari_app.errors import AsteriskUnavailable, CallControlError, Code, Refused, StoreUnavailable


def _take_seek(step: Step, request: str) -> Seek | None:
    seek = step.awaited(request)
    step.seeks[request] = None
    return seek


def _refuse(step: Step, seek: Seek, error: CallControlError) -> None:
    """The command that waited for somebody will not be done: whoever gave it by keys hears that.

    Raises:
        CallControlError: for who gave it by desktop.
    """
    if not isinstance(seek.command, OfferCommand) or not seek.command.by_keys:
        raise error
    feature_codes.refused(step, seek.command, error.code)


def agent_reserved(step: Step, request: str, agent: str) -> None:
    """Somebody is held for the request: whoever requested them goes on, else they are free again."""
    seek = _take_seek(step, request)
    call = step.find_call(seek.call) if seek is not None else None
    if seek is not None and seek.command is not None:
        if not step.linked:
            raise AsteriskUnavailable
        try:
            if not offers.may_ring(step, step.directory.resolve(seek.command.target), agent):
                raise Refused(Code.NO_AGENT_AVAILABLE, "the agent has just taken another call")
            initiate.reserved(step, seek.command, agent, request)
        except Refused as error:
            _refuse(step, seek, error)
            attempts.free(step, agent, request)
    elif seek is not None and call is not None and call.offer is not None and call.offer.request == request:
        offers.reserved(step, call, agent, request)
    else:
        attempts.free(step, agent, request)


def nobody_available(step: Step, request: str) -> None:
    """Nobody of the target is free."""
    seek = _take_seek(step, request)
    if seek is None:
        return
    if seek.command is not None:
        _refuse(step, seek, Refused(Code.NO_AGENT_AVAILABLE, "nobody of this target is available now"))
        return
    call = step.find_call(seek.call)
    if call is None or call.offer is None or call.offer.request != request:
        return
    if seek.again:
        offers.seek(step, call)
    else:
        offers.nobody(step, call)


def reservation_failed(step: Step, request: str) -> None:
    """Redis could not be reached: an agent is notified, a caller waits on; those who ring already go on."""
    seek = _take_seek(step, request)
    if seek is None:
        return
    if seek.command is not None:
        _refuse(step, seek, StoreUnavailable())
        return
    call = step.find_call(seek.call)
    if call is None or call.offer is None or call.offer.request != request:
        return
    if attempts.ring_on(step, call):
        return
    if call.offer.by is None and not call.offer.fallback:
        # The caller keeps their music and their place; Redis is tried again.
        retry = step.now + step.directory.settings.retry_interval
        step.put_offer(call.id, state=OfferState.WAITING, request=None, retry_at=retry)
    else:
        offers.fail(step, call.id, OfferState.UNAVAILABLE)
