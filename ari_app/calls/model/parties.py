"""A party: somebody in a call, and all the reasons for which they hear or are heard."""

from dataclasses import dataclass, field
from enum import StrEnum

from ari_app.calls.model.ids import AgentId, CallId, LegId, PartyId
from ari_app.calls.model.legs import Identity
from ari_app.calls.model.offers import OfferKind


class PartyRole(StrEnum):
    """Who somebody is: an agent of the call centre, or somebody outside."""

    AGENT = "agent"
    CONTACT = "contact"


class Progress(StrEnum):
    """How far a party has come; holds are kept apart from it."""

    DIALING = "dialing"
    RINGING = "ringing"
    JOINED = "joined"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Withheld:
    """Name and number of somebody who withholds them. Never printed, and in no effect: it cannot reach a phone."""

    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyedNumber:
    """A number that an agent dials into their call after a feature code, or a caller in a queue who is to be called
    back there (`kind` is CALL); `until` ends it, `held` are on hold for it.
    """

    kind: OfferKind
    until: float
    digits: str = field(default="", repr=False)
    held: frozenset[PartyId] = frozenset()


@dataclass(frozen=True, slots=True)
class Joining:
    """An attended transfer that Asterisk makes by itself: `half` of the Local channel `local` has taken a leg's place.

    `until` is when it is no longer waited for the other half, which has taken the place of the other leg.
    """

    local: str
    half: LegId
    until: float


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody in a call. Each reason for silence stands on its own (S31): muted, deaf, and who holds them.

    Times in seconds since the epoch. What `holding` and `merging` derive is marked so.
    """

    id: PartyId
    role: PartyRole
    identity: Identity = field(default_factory=Identity)
    agent: AgentId | None = None
    leg: LegId | None = None
    progress: Progress = Progress.DIALING
    muted: bool = False
    deaf: bool = False
    muted_by: AgentId | None = None  # the agent who did that
    deaf_by: AgentId | None = None
    held_by: frozenset[PartyId] = frozenset()
    away: bool = False  # an agent without a leg whose call waits for them, or whose phone rings for it again
    order: int = 0
    withheld: Withheld | None = None  # of somebody anonymous; kept only where the administrator says so
    merges_with: tuple[CallId, ...] = ()  # their other calls whose parties could join this one now (`merging`)
    keyed: KeyedNumber | None = None  # a number that they are dialling by keys
    # Shown to windows, but nothing that a snapshot is written for: equal parties may differ in it.
    talking: bool = field(default=False, compare=False)
    may_confer: bool = True  # a consultation and its contact's call are few enough for a conference (`merging`)
    hands_over: bool = False  # whom a consultation rings could ring for the contact instead (`merging`)
    parent_open: bool = True  # they could turn to the contact's call, or have others join it (`merging`)
    joining: Joining | None = None  # the attended transfer that took this leg, until its other call is reported
    held_by_phone: bool = False  # an agent's phone is in this call, on hold by its own key (`holding`)
    has_line: bool = True  # it could talk here at once, by this line or another that is not on hold (`holding`)
    also_rung: tuple[LegId, ...] = ()  # their other phones that are rung again for the call, beside `leg`
    joined_at: float | None = None
    held_since: float | None = None  # on hold by whatever reason

    @property
    def legs(self) -> tuple[LegId, ...]:
        """The leg that it speaks through, or all that are rung for it."""
        return (*((self.leg,) if self.leg is not None else ()), *self.also_rung)

    @property
    def turned_away(self) -> bool:
        """Whether it is in the call, but itself elsewhere: on another call, on hold by its phone, or hung up."""
        gone = self.held_by_phone or self.away or (self.agent is not None and self.leg is None)
        return self.progress is Progress.JOINED and (gone or self.id in self.held_by)

    @property
    def present(self) -> bool:
        """Whether there is somebody to talk to: in the call, and not on hold in any way."""
        return self.progress is Progress.JOINED and not self.held_by and not self.turned_away
