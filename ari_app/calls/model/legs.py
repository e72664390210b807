"""A leg, one channel of Asterisk: where it leads, what it shows, what it hears."""

from dataclasses import dataclass, field
from enum import StrEnum

from ari_app.calls.model.ids import AgentId, BridgeId, CallId, LegId, PartyId

DEAD = 44
"""Cause of a leg whose far end is there no more though nobody has hung up: Asterisk's own where RTP stops."""

ENDS_WITHIN = 5.0
"""Seconds in which Asterisk tells of the end of a leg that it was to hang up; mostly it is some milliseconds."""


class LegState(StrEnum):
    """How far a channel has come. A leg that is gone is not kept."""

    CREATING = "creating"  # requested; Asterisk has not yet handed it to us
    CREATED = "created"  # ours, not yet dialled
    DIALLING = "dialling"
    RINGING = "ringing"
    UP = "up"


class Sound(StrEnum):
    """What a leg hears besides its bridge. `silence` is sent, as a whisper is heard only over something."""

    NONE = "none"
    SILENCE = "silence"
    MUSIC = "music"
    RINGING = "ringing"


@dataclass(frozen=True, slots=True)
class Media:
    """All that decides what a leg hears and who hears it. Derived, never set by hand."""

    bridge: BridgeId | None = None
    nobody_hears: bool = False
    hears_nobody: bool = False
    sound: Sound = Sound.NONE
    music_class: str = "default"


@dataclass(frozen=True, slots=True)
class Identity:
    """A name and number that a display shows; anonymous shows neither.

    It goes about whole, from the SIP header to the last display: a pair of name and number would lose that somebody
    withholds it.
    """

    name: str = ""
    number: str = ""
    anonymous: bool = False

    @property
    def known(self) -> bool:
        """Whether there is anything to show: a name, a number, or that both are withheld."""
        return bool(self.name or self.number or self.anonymous)


@dataclass(frozen=True, slots=True)
class Phone:
    """An agent's phone, by its SIP user; `place` (a contact's URI) is one of several phones with the same account."""

    user: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """A number that goes out through a trunk; `listed` is how people know it, before it was made fit for the trunk."""

    number: str
    trunk: str
    listed: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class DialplanEntry:
    """An entry of the administrator's dialplan (a routing point's number)."""

    number: str


type Destination = Phone | Outside | DialplanEntry


@dataclass(frozen=True, slots=True)
class Leg:
    """One channel."""

    id: LegId
    state: LegState
    agent: AgentId | None = None
    destination: Destination | None = None
    focus: CallId | None = None  # the call, of all that it serves, in which it speaks
    requested: Media | None = field(default_factory=Media)  # what Asterisk was last to do; None: that is unknown
    shown: Identity | None = None  # what the phone's display shows
    chosen: bool = False  # an agent has chosen that, and it stays (S51)
    playing: str | None = None  # an announcement under way
    among: frozenset[PartyId] = frozenset()  # who was there to talk to when that began
    farewell: bool = False  # hung up after it
    hanging_up: bool = False
    ends_by: float | None = None  # it is dead then, where its end was not reported
    left: CallId | None = None  # the call that its agent was in, and has left …
    left_queue: str | None = None  # … and the queue by which its caller had come
    failures: int = 0  # how often Asterisk did not do what was requested
    held_by_phone: bool = False  # by the phone's own key, which nobody but the phone can undo
    auto_answer: bool = False  # an agent's own phone that was requested to answer by itself
    keys: str = ""  # the beginning of a feature code
    keyed_at: float = 0.0  # when its last key was pressed
    detecting: bool = False  # it is reported when they speak
    dialled_by: AgentId | None = None  # the agent who dialled this number outside
    dialled: bool = False  # Asterisk has confirmed that; until then it may not have been requested
    tie: bool = False  # at its other end is another Asterisk: what that says of who it is tells nothing

    def speaks_in(self, call: CallId) -> bool:
        """Whether it is up, and turned to this call of all that it serves."""
        return self.state is LegState.UP and self.focus == call and not self.hanging_up
