"""An offer: a target that is sought and rung for a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ari_app.calls.model.ids import AgentId, LegId, OfferId, PartyId
from ari_app.calls.model.legs import Identity
from ari_app.routing.targets import Target


class OfferKind(StrEnum):
    """What the target is rung for."""

    CALL = "call"
    TRANSFER = "transfer"
    CONFERENCE = "conference"
    CONSULT = "consult"


class OfferState(StrEnum):
    """`seeking` (nobody reserved yet) is shown to clients as ringing; only the first four go on."""

    PENDING = "pending"  # the initiator's own phone has not answered yet
    SEEKING = "seeking"  # a reservation is requested
    WAITING = "waiting"  # nobody is free; the caller waits with music
    RINGING = "ringing"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNAVAILABLE = "unavailable"
    CANCELLED = "cancelled"


GOING_ON = frozenset({OfferState.PENDING, OfferState.SEEKING, OfferState.WAITING, OfferState.RINGING})


class TransferState(StrEnum):
    """What a phone is sent of the transfer that it requested by its own key."""

    RINGING = "ringing"
    ANSWERED = "answered"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One leg being rung for an offer, with the party it would become. `together`: others are rung at the same time, of
    another agent or of the same one, who has several phones.
    """

    leg: LegId
    party: PartyId
    agent: AgentId | None
    ringing: bool = False
    answering: bool = False
    together: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A target being rung. Times in seconds since the epoch."""

    id: OfferId
    kind: OfferKind
    target: Target
    by: PartyId | None  # the initiating party; None: the caller waits to be served
    identity: Identity  # what the rung phone shows
    state: OfferState
    caller_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    tried: frozenset[AgentId] = frozenset()  # not to be tried again in this offer
    rests: Mapping[AgentId, float] = field(default_factory=dict)  # where a caller waits: until when not
    request: str | None = None  # the reservation that it awaits
    deadline: float | None = None  # ends the ringing
    retry_at: float | None = None  # of the waiting, as the four below
    fallback: bool = False  # it goes to the fallback of the settings (S16)
    held: frozenset[PartyId] = frozenset()  # whom this offer put or found on hold
    last: OfferState | None = None  # how the last who was tried refused
    priority: int = 0  # goes before longer waiting
    overflows: int = 0  # how many led here
    full: tuple[Target, ...] = ()  # where no more could wait as the caller came there, this target or those before it
    announce_at: float | None = None
    comfort_at: float | None = None
    give_up_at: float | None = None
    closes_at: float | None = None  # the target sends away those who wait
    closed: bool = False  # it was closed, and nobody was rung
    reserved: AgentId | None = None  # kept while the initiator's own phone is rung
    by_keys: bool = False  # requested by feature code, so that its end is spoken; or its caller left a queue by a key
    refer: LegId | None = None  # whose transfer key requested it, and waits to hear how it goes …
    notified: TransferState | None = None  # … and the last that it was notified of

    @property
    def going_on(self) -> bool:
        return self.state in GOING_ON
