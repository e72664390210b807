"""A leg, one channel of Asterisk: where it leads, what it shows, what it hears."""

from dataclasses import dataclass, field
from enum import StrEnum

from ari_app.calls.model.ids import AgentId, BridgeId, CallId, LegId, PartyId

DEAD = 44
"""Cause of a leg whose far end is there no more though nobody has hung up: Asterisk's own where RTP stops."""


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
    """One channel. `requested` is what Asterisk was last requested to do with its media: None when that is unknown.

    `playing` is an announcement under way, `among` those who were there to talk to when it began; with `farewell` the
    leg is hung up after it. `shown` is what the phone's display shows; with `chosen` an agent has chosen it, and it
    stays (S51). `keys` is the beginning of a feature code, its last key pressed at `keyed_at`. `detecting`: it is
    reported when they speak. `on_hold_by_phone`: by the phone's own key, which nobody but the phone can undo.
    `auto_answer`: an agent's own phone that was requested to answer by itself.
    """

    id: LegId
    state: LegState
    agent: AgentId | None = None
    destination: Destination | None = None
    focus: CallId | None = None
    requested: Media | None = field(default_factory=Media)
    shown: Identity | None = None
    chosen: bool = False
    playing: str | None = None
    among: frozenset[PartyId] = frozenset()
    farewell: bool = False
    hanging_up: bool = False
    failures: int = 0
    on_hold_by_phone: bool = False
    auto_answer: bool = False
    keys: str = ""
    keyed_at: float = 0.0
    detecting: bool = False

    def speaks_in(self, call: CallId) -> bool:
        """Whether it is up, and turned to this call of all that it serves."""
        return self.state is LegState.UP and self.focus == call and not self.hanging_up
