"""Whether a target is open: by its hours, or as somebody has chosen by hand.

It is looked at when a caller comes or an agent wants it; only of those who are sent away when it closes is there a
deadline. Nobody who talks is concerned.
"""

from collections.abc import Mapping

from ari_app.calls.model import Offer
from ari_app.calls.step import Step
from ari_app.errors import Code, Refused
from ari_app.routing import hours
from ari_app.routing.hours import RELEASED, Chosen, Closed, Override
from ari_app.routing.targets import Target


def is_open(step: Step, target: Target) -> bool:
    """Whether callers are served there now."""
    if step.directory.opened(target) is None:
        return True
    return hours.is_open(step.directory.calendar(target), step.override_of(str(target)), step.now)


def check(step: Step, target: Target) -> None:
    """Raises: Refused `no_agent_available` where it is closed."""
    if not is_open(step, target):
        raise Refused(Code.NO_AGENT_AVAILABLE, f"{target} is closed now")


def rule(step: Step, target: Target) -> Closed:
    """What callers get there while it is closed."""
    found = step.directory.opened(target)
    return found.closed if found is not None else RELEASED


def closes_at(step: Step, target: Target) -> float | None:
    """When those who wait there are to be sent away: now, where it is closed; None: not for that."""
    if not rule(step, target).release:
        return None
    if not is_open(step, target):
        return step.now
    return hours.next_change(step.directory.calendar(target), step.override_of(str(target)), step.now)


def replaced(step: Step, overrides: Mapping[str, Override]) -> None:
    """Somebody has chosen something: these are all the choices that there are now."""
    known = step.read.all("overrides", step.state.overrides)
    step.overrides.update({target: overrides.get(target) for target in (*known, *overrides)})
    review(step)


def review(step: Step) -> None:
    """Hours, or choices, are others than when those who wait came."""
    for call in list(step.unreached_calls()):
        offer = call.offering()
        if offer is not None and _waits(offer) and call.to_call_back() is None:  # that was promised
            at = closes_at(step, offer.target)
            if at != offer.closes_at:
                step.put_offer(call.id, closes_at=at)


def _waits(offer: Offer) -> bool:
    return offer.by is None and not offer.fallback


def toggled(step: Step, target: Target) -> Chosen:
    """What to choose for it to be the other way: as its hours say, where they say that."""
    opened = is_open(step, target)
    by_hours = hours.is_open(step.directory.calendar(target), None, step.now)
    if by_hours is not opened:
        return Chosen.HOURS
    return Chosen.CLOSED if opened else Chosen.OPEN
