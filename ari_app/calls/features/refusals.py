"""How a ring that nobody answered ended, and what that counts against the agent who was rung."""

from ari_app.calls.effects import CountMissed
from ari_app.calls.model import Attempt, OfferState, Progress
from ari_app.calls.step import Step
from ari_app.routing.directory import Settings

_FAILURES = {
    17: OfferState.BUSY,
    21: OfferState.DECLINED,
    18: OfferState.NO_ANSWER,
    19: OfferState.NO_ANSWER,
    0: OfferState.NO_ANSWER,
}
NO_CAUSE = -1
"""In place of a cause where the phone has said nothing: Asterisk did not do as requested, or has lost the channel."""


def failure_of(cause: int) -> OfferState:
    """What a Q.850 cause says of the one who was rung."""
    return _FAILURES.get(cause, OfferState.UNAVAILABLE)


def count_missed(step: Step, attempt: Attempt, outcome: OfferState) -> None:
    """Who lets their phone ring, or whose phone refuses, is not offered every call; unless they were talking."""
    agent = attempt.agent
    talks = agent is not None and any(step.mine(x, agent).progress is Progress.JOINED for x in step.calls_of(agent))
    if agent is not None and not talks:
        step.emit(CountMissed(agent, *_limit(step.directory.settings, outcome)))


def _limit(settings: Settings, outcome: OfferState) -> tuple[int, str]:
    """After how many calls in a row that ended so an agent is not ready, and with which reason."""
    match outcome:
        case OfferState.DECLINED:
            return settings.max_declined, settings.declined_reason
        case OfferState.BUSY:
            return settings.max_busy, settings.busy_reason
        case OfferState.NO_ANSWER:
            return settings.max_missed, settings.missed_reason
        case _:
            return settings.max_unreachable, settings.unreachable_reason
