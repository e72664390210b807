"""Who and what listens to a call without being its party: recordings, supervisors."""

from dataclasses import dataclass
from enum import StrEnum

from ari_app.calls.model.ids import AgentId, BridgeId, LegId, PartyId
from ari_app.calls.model.parties import Progress


class Recorder(StrEnum):
    """What Asterisk was last requested to do with the file of a recording."""

    OFF = "off"
    RECORDING = "recording"
    PAUSED = "paused"
    UNKNOWN = "unknown"  # it may have ended while we were away


@dataclass(frozen=True, slots=True)
class Recording:
    """What is to be recorded of a call, and where: see `recording`. Times in seconds since the epoch."""

    id: str
    file: str  # a path under the administrator's directory, without ending
    by: AgentId
    since: float
    paused: bool = False
    begun: float = 0.0  # when Asterisk was last requested to write
    among: frozenset[LegId] = frozenset()  # the legs in the bridge then
    requested: Recorder = Recorder.OFF
    failures: int = 0  # how often in a row it gave up soon after, though none of those had left


class MonitorMode(StrEnum):
    """What a supervisor is at a call for; with the last two they become a party as soon as their phone is up."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    TAKE_OVER = "take_over"


@dataclass(frozen=True, slots=True)
class Snoop:
    """A channel of Asterisk's that hears what the leg `of` hears and says; with `whisper` it speaks to it, alone."""

    leg: LegId
    of: LegId
    whisper: bool
    up: bool = False


@dataclass(frozen=True, slots=True)
class Monitor:
    """A supervisor at a call whose party they are not: their phone's `leg` and a snoop are in a bridge of their own."""

    agent: AgentId
    name: str
    number: str
    mode: MonitorMode
    leg: LegId
    bridge: BridgeId
    watched: AgentId | None = None  # whom they want to hear
    replaces: PartyId | None = None  # whose place they take
    progress: Progress = Progress.DIALING
    deadline: float | None = None
    snoop: Snoop | None = None
    bridge_made: bool = False
    bridge_failures: int = 0
    failures: int = 0
    lost: LegId | None = None  # could not be listened to, though it is not known to be gone
