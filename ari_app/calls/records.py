"""What is kept of a call that is over: one record, also of a call that nobody answered."""

from dataclasses import dataclass
from typing import Literal

from ari_app.calls.model import AgentId, Call, CallId, CallType, EndReason, PartyRole

type Outcome = Literal["answered", "abandoned", "unanswered"]


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody outside: what may be shown of them."""

    name: str
    number: str
    anonymous: bool


@dataclass(frozen=True, slots=True)
class Record:
    """A call that is over. Times in seconds since the epoch. `agents` were in it, `missed_by` were rung and were not.

    `contact` is the first from outside who was in it, or was called.
    """

    id: CallId
    type: CallType
    outcome: Outcome
    started_at: float
    answered_at: float | None
    ended_at: float
    ended_by: str
    end_reason: EndReason
    dialled: str | None
    queue: str | None
    queued_at: float | None
    contact: Outsider | None
    agents: tuple[AgentId, ...]
    missed_by: tuple[AgentId, ...]
    caller_id: str | None = None


def record_of(call: Call) -> Record | None:
    """None for a call that is not over."""
    if call.ended_at is None or call.ended_by is None or call.end_reason is None:
        return None
    parties = sorted(call.parties.values(), key=lambda p: p.order)
    outside = next((p.identity for p in parties if p.role is PartyRole.CONTACT), None)
    agents = tuple(dict.fromkeys(p.agent for p in parties if p.agent is not None and p.joined_at is not None))
    return Record(
        id=call.id,
        type=call.type,
        outcome=_outcome(call),
        started_at=call.started_at,
        answered_at=call.answered_at,
        ended_at=call.ended_at,
        ended_by=call.ended_by,
        end_reason=call.end_reason,
        dialled=call.dialled,
        queue=call.queue,
        queued_at=call.queued_at,
        contact=Outsider(outside.name, outside.number, outside.anonymous) if outside is not None else None,
        agents=agents,
        missed_by=tuple(agent for agent in call.rung if agent not in agents),
        caller_id=call.caller_id,
    )


def _outcome(call: Call) -> Outcome:
    if call.answered_at is not None:
        return "answered"
    return "abandoned" if call.end_reason is EndReason.ABANDONED else "unanswered"
