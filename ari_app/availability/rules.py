"""What Redis and the in-memory implementation have in common: what is accepted, and how times are kept."""

from ari_app.availability.port import ACTIVITIES, CHOICES, AgentRecord, AgentState, Waiting
from ari_app.errors import Code, FieldError, Refused, StoreUnavailable
from ari_app.routing.targets import Target

# As in lua/common.lua, where the reason stands.
SETTLE = 100


def milliseconds(seconds: float) -> int:
    """A time or a length as it is kept."""
    return round(seconds * 1000)


def check_choice(state: str) -> AgentState:
    """A state that a person may choose.

    Raises:
        Refused: `invalid`.
    """
    if state not in CHOICES:
        message = f"must be one of {', '.join(sorted(CHOICES))}"
        raise Refused(Code.INVALID, f"an agent's state {message}", [FieldError("state", message)])
    return AgentState(state)


def kept_reason(choice: AgentState, reason: str | None) -> str:
    """The reason that is kept of a choice: only who is not ready has one."""
    return reason or "" if choice is AgentState.NOT_READY else ""


def chosen_before(record: AgentRecord | None) -> tuple[AgentState, str]:
    """Choice and kept reason of an agent who is new: as the record says, or logged out."""
    if record is None:
        return AgentState.LOGGED_OUT, ""
    return record.choice, kept_reason(record.choice, record.reason)


def check_activity(activity: str | None) -> AgentState | None:
    """What a call may make of an agent.

    Raises:
        Refused: `invalid`.
    """
    if activity is None:
        return None
    if activity not in ACTIVITIES:
        message = f"must be none or one of {', '.join(sorted(ACTIVITIES))}"
        raise Refused(Code.INVALID, f"an agent's activity {message}", [FieldError("activity", message)])
    return AgentState(activity)


def no_wrap_up() -> Refused:
    """The error for an agent whose wrap-up is over, or never was."""
    return Refused(Code.NOT_ALLOWED_NOW, "only wrap-up can be made longer, and there is none now")


def unknown_agent(agent: str) -> Refused:
    """The error for an agent who is not listed."""
    return Refused(Code.NOT_FOUND, f"there is no agent {agent[:100]!r}")


def emptied() -> StoreUnavailable:
    """The error for an agent of whom nothing is kept because nothing is kept of anybody."""
    return StoreUnavailable("the store has lost what it kept, which is written again shortly; try again then")


def kind_of(target: Target) -> str:
    """A target without its level."""
    return f"{target.type}:{target.id}"


def place_of(waiting: Waiting) -> str:
    """The order as one number: of a higher priority (which is negative) all come before; then by time, in seconds."""
    first, then = waiting.order
    return f"{first * 1e10 + then:.3f}"
