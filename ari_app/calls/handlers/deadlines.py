"""What is due when: deadlines are state of the calls, and time comes in like any other fact."""

from ari_app.calls.features import callbacks, holding, listening, monitoring, offers, recalls, ties, voicemail, waiting
from ari_app.calls.handlers import feature_codes, transfer_key, ways_out
from ari_app.calls.model import Call, OfferState
from ari_app.calls.step import Step


def of(call: Call) -> float | None:
    """When this call next wants to be woken."""
    if call.ended:
        return None
    offer = call.offering()
    times = [call.recall_at, call.hold_alarm_at, ties.due_at(call), callbacks.due_at(call)]
    times += [voicemail.due_at(call), listening.due_at(call)]
    times += [p.keyed.until for p in call.parties.values() if p.keyed is not None]
    times += [p.joining.until for p in call.parties.values() if p.joining is not None]
    times += [monitor.deadline for monitor in call.monitors.values()]
    if offer is not None:
        times += [offer.deadline, offer.retry_at, offer.announce_at, offer.comfort_at]
        times += [] if offer.attempts else [offer.give_up_at]
        times += [offer.closes_at] if offer.state is OfferState.WAITING else []
    return min((t for t in times if t is not None), default=None)


def passed(step: Step, call: Call) -> None:
    """Something of this call is due."""
    transfer_key.overdue(step, call)
    left = step.find_call(call.id)
    if left is not None:
        _passed(step, left)


def _passed(step: Step, call: Call) -> None:
    offer = call.offering()
    if ties.overdue(step, call) or callbacks.due(step, call) or voicemail.overdue(step, call):
        return
    if listening.overdue(step, call):
        return
    if call.recall_at is not None and call.recall_at <= step.now:
        recalls.recall(step, call)
    if call.hold_alarm_at is not None and call.hold_alarm_at <= step.now:
        holding.too_long(step, step.call(call.id))
    feature_codes.due(step, call)
    ways_out.due(step, call.id)
    monitoring.timed_out(step, call.id)
    if offer is None:
        return
    if offer.closes_at is not None and offer.closes_at <= step.now and offer.state is OfferState.WAITING:
        waiting.closes(step, call, offer)
        return
    if offer.give_up_at is not None and offer.give_up_at <= step.now and not offer.attempts:
        waiting.gives_up(step, call)
        return
    if offer.announce_at is not None and offer.announce_at <= step.now:
        waiting.announce(step, call)
        offer = step.call(call.id).offer or offer
    if offer.comfort_at is not None and offer.comfort_at <= step.now:
        waiting.comfort(step, step.call(call.id), offer)
        offer = step.call(call.id).offer or offer
    if offer.retry_at is not None and offer.retry_at <= step.now:
        offers.rested(step, step.call(call.id))
    elif offer.deadline is not None and offer.deadline <= step.now:
        offers.timed_out(step, call)
