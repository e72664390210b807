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
    """A number that an agent dials into their call after a feature code; `until` ends it, `held` are on hold for it."""

    kind: OfferKind
    until: float
    digits: str = field(default="", repr=False)
    held: frozenset[PartyId] = frozenset()


@dataclass(frozen=True, slots=True)
class Joining:
    """An attended transfer that Asterisk makes by itself: `half` of the channel `link` has taken a leg's place.

    `until` is when it is no longer waited for the other half, which has taken the place of the other leg.
    """

    link: str
    half: LegId
    until: float


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody in a call. Each reason for silence stands on its own (S31): muted, deaf, and who holds them.

    `away`: an agent without a leg whose call waits for them, or whose phone is rung for it and not answered yet.
    `withheld`: what desktops may show of somebody anonymous; kept only where the administrator says so. `also`: their
    other phones that are rung again for the call, beside `leg`. `muted_by`, `deaf_by`: the agent who did that.
    `phone_holds`: an agent whose phone is in this call, on hold by its own key; `has_line`: whether it could talk in it
    at once, by this line or another that is not on hold (both derived, see `holding`). `keyed`: a number that they are
    dialling by a feature code. `talking` is shown to windows, but is nothing that a snapshot is written for: equal
    parties may differ in it. `merges_with`: their other calls whose parties could join this one now; `may_confer`:
    whether all of a consultation and of its contact's call are few enough for one conference; `hands_over`: whether
    whom a consultation rings could ring for the contact instead; `parent_open`: whether they could turn to the
    contact's call, or have others join it (all derived, see `merging`). `joining`: the attended transfer that took this
    call's leg from the phone, until it is reported which other call it names. `joined_at` and `held_since` in seconds
    since the epoch: since when it is on hold by whatever reason.
    """

    id: PartyId
    role: PartyRole
    identity: Identity = field(default_factory=Identity)
    agent: AgentId | None = None
    leg: LegId | None = None
    progress: Progress = Progress.DIALING
    muted: bool = False
    deaf: bool = False
    muted_by: AgentId | None = None
    deaf_by: AgentId | None = None
    held_by: frozenset[PartyId] = frozenset()
    away: bool = False
    order: int = 0
    withheld: Withheld | None = None
    merges_with: tuple[CallId, ...] = ()
    keyed: KeyedNumber | None = None
    talking: bool = field(default=False, compare=False)
    may_confer: bool = True
    hands_over: bool = False
    parent_open: bool = True
    joining: Joining | None = None
    phone_holds: bool = False
    has_line: bool = True
    also: tuple[LegId, ...] = ()
    joined_at: float | None = None
    held_since: float | None = None

    @property
    def legs(self) -> tuple[LegId, ...]:
        """The leg that it speaks through, or all that are rung for it."""
        return (*((self.leg,) if self.leg is not None else ()), *self.also)

    @property
    def turned_away(self) -> bool:
        """Whether it is in the call, but itself elsewhere: on another call, on hold by its phone, or hung up."""
        gone = self.phone_holds or self.away or (self.agent is not None and self.leg is None)
        return self.progress is Progress.JOINED and (gone or self.id in self.held_by)

    @property
    def present(self) -> bool:
        """Whether there is somebody to talk to: in the call, and not on hold in any way."""
        return self.progress is Progress.JOINED and not self.held_by and not self.turned_away
