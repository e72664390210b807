"""What is kept when something is over: a call with all that its parties did, a state of an agent, what an agent noted.

Facts, each written once and never changed: `key` is what makes a second writing of the same one idempotent. Times in
seconds since the epoch, by the clock of the controller.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ari_app.calls.model import AgentId, CallId, CallType, EndReason, OfferKind, PartyId, PartyRole

type Outcome = Literal["answered", "abandoned", "unanswered", "voicemail"]


class SegmentKind(StrEnum):
    """What a party does for a while. Of one party no two overlap, and one begins where the one before it ends."""

    QUEUE = "queue"  # a caller waits to be served: for a queue, a group, a skill, an agent
    RING = "ring"  # their phone is dialled or rings; or they are alone, and hear it ring where they or their call go to
    TALK = "talk"  # there is somebody to talk to
    HOLD = "hold"  # on hold, has the others on hold, is in another call meanwhile, or waits for whoever is away


class SegmentEnd(StrEnum):
    """How a segment ended: the party went on in the next one, or what became of it."""

    NEXT = "next"  # of `talk` and `hold`: the same party goes on in its next segment; of all: in the call merged with
    ANSWERED = "answered"  # of `queue` and `ring`
    ABANDONED = "abandoned"  # of `queue`, and where a caller hears it ring: they gave up
    OVERFLOW = "overflow"  # of `queue`: waited too long, or it was full; the next segment, if any, is where they went
    KEY = "key"  # of `queue`: the caller left it by a key
    CALLBACK = "callback"  # of `queue`: the place goes on without the caller's line
    NOBODY = "nobody"  # of `queue`: nobody is there to serve, or no more
    DECLINED = "declined"  # of `ring`, as those that follow
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"  # by whoever requested it, or the one who was called for is gone
    ELSEWHERE = "elsewhere"  # another phone, or another agent, answered first
    LEFT = "left"  # of `talk` and `hold`: hung up, or passed the call on
    REMOVED = "removed"  # … by somebody else in the call
    OVER = "over"  # the call ended for everybody
    LOST = "lost"  # a line or a phone died


@dataclass(frozen=True, slots=True)
class Segment:
    """What one party did from `begun_at` to `ended_at`. Several phones of an agent that ring are one party."""

    party: PartyId
    role: PartyRole
    kind: SegmentKind
    begun_at: float
    ended_at: float
    end: SegmentEnd
    ended_by: str | None = None  # `contact`, `agent:<id>` or `system`; None where it simply went on
    agent: AgentId | None = None  # of an agent's party
    target: str | None = None  # of `queue` and `ring`: for whom, such as `queue:sales`
    offer: OfferKind | None = None  # of `ring`: what the party was rung for; None for whoever calls, and hears it ring
    position: int | None = None  # of `queue`: the place when it began, from 1
    last_position: int | None = None  # … and when it ended


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody outside: what may be shown of them. Of whoever withholds them, name and number are empty."""

    name: str
    number: str
    anonymous: bool


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call that is over. `agents` were in it; `missed_by` were not, though they were rung or it was for them alone.

    `contact` is the first from outside who was in it, or was called. `transfers`, `conferences`: how many offers of
    that kind were accepted; of both kinds a consultation that was completed counts where it ended.
    """

    id: CallId
    type: CallType
    outcome: Outcome
    started_at: float
    answered_at: float | None
    ended_at: float
    ended_by: str
    end_reason: EndReason
    dialled: str | None = None
    queue: str | None = None
    queued_at: float | None = None
    contact: Outsider | None = None
    agents: tuple[AgentId, ...] = ()
    missed_by: tuple[AgentId, ...] = ()
    caller_id: str | None = None
    parent: CallId | None = None  # of a consultation: the call with the contact
    transfers: int = 0
    conferences: int = 0
    segments: tuple[Segment, ...] = ()  # in the order in which they began

    @property
    def key(self) -> str:
        return f"call:{self.id}"


@dataclass(frozen=True, slots=True)
class AgentStateRecord:
    """An agent was in this state, with this reason, from `begun_at` to `ended_at`; `call` had them, or had had them."""

    agent: AgentId
    state: str  # availability's: ready, not_ready, reserved, ringing, on_call, wrap_up, logged_out
    reason: str | None
    begun_at: float
    ended_at: float
    call: CallId | None = None

    @property
    def key(self) -> str:
        return f"agent:{self.agent}:{int(self.begun_at * 1000)}"


@dataclass(frozen=True, slots=True)
class DispositionRecord:
    """What an agent noted of a call: the last of an agent and a call counts."""

    call: CallId
    agent: AgentId
    code: str | None
    notes: str
    at: float

    @property
    def key(self) -> str:
        return f"disposition:{self.call}:{self.agent}:{int(self.at * 1000)}"


type Fact = CallRecord | AgentStateRecord | DispositionRecord
