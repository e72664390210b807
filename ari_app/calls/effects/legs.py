"""Effects on one channel of Asterisk each."""

from dataclasses import dataclass, field

from ari_app.calls.effects.bases import OnLeg, OnSound, StopsPrompts, StopsSound
from ari_app.calls.model import BridgeId, CallId, Destination, Identity, LegId, TransferState


@dataclass(frozen=True, slots=True)
class CreateLeg(OnLeg):
    """Create a channel towards `destination`, not yet dialled; LegCreated follows.

    `identity` is what the phone's display will show; where it is anonymous, `asserted` is the company's number that the
    trunk alone gets; `auto_answer` asks the phone to answer by itself. With
    `transfer_key`, the phone's transfer key is ours to answer (see TakeTransferKey).
    """

    destination: Destination
    identity: Identity
    call: CallId
    auto_answer: bool = False
    transfer_key: bool = False
    asserted: str = ""


@dataclass(frozen=True, slots=True)
class CreateSnoop(OnLeg):
    """Create a channel that hears what the leg `of` hears and says, and with `whisper` speaks to it; LegCreated
    follows. It is up at once, and goes with that leg.
    """

    of: LegId
    whisper: bool
    call: CallId


@dataclass(frozen=True, slots=True)
class DialLeg(OnLeg):
    """Dial a created channel. It rings until somebody hangs it up: no limit is Asterisk's own."""


@dataclass(frozen=True, slots=True)
class AnswerLeg(StopsPrompts):
    """Answer a channel that arrived unanswered."""


@dataclass(frozen=True, slots=True)
class HangUp(OnLeg):
    """End the channel. `answered_elsewhere`: the phone must not list a missed call."""

    answered_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class JoinBridge(StopsPrompts):
    """Put the leg into a bridge (out of any other)."""

    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class LeaveBridge(StopsPrompts):
    """Take the leg out of its bridge; one that is in none counts as done."""

    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class SetMute(OnSound):
    """Exactly this muting, whatever was before."""

    nobody_hears: bool
    hears_nobody: bool


@dataclass(frozen=True, slots=True)
class StartMusic(OnSound):
    """Music on hold to this leg."""

    music_class: str


@dataclass(frozen=True, slots=True)
class StopMusic(StopsSound):
    """End the music."""


@dataclass(frozen=True, slots=True)
class StartRinging(OnSound):
    """Ringback tone to this leg."""


@dataclass(frozen=True, slots=True)
class StopRinging(StopsSound):
    """End the ringback tone."""


@dataclass(frozen=True, slots=True)
class StartSilence(OnSound):
    """Silence is sent to this leg, where nothing else is: only with something sent is a whisper heard."""


@dataclass(frozen=True, slots=True)
class StopSilence(StopsSound):
    """End the silence."""


@dataclass(frozen=True, slots=True)
class Announce(OnLeg):
    """Play a prompt to this leg; AnnouncementFinished follows.

    `prompt` is a name of the administrator's announcements, such as `nobody_available`; `sounds` are what it is in
    Asterisk's terms (`sound:...`), played one after the other.
    """

    announcement: str
    prompt: str
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlayDtmf(OnLeg):
    """Digits to this leg alone."""

    digits: str = field(repr=False)  # may be somebody's secret: not for logs


@dataclass(frozen=True, slots=True)
class ShowIdentity(StopsPrompts):
    """Update what an answered phone's display shows."""

    identity: Identity


@dataclass(frozen=True, slots=True)
class DetectTalk(StopsPrompts):
    """Tell when this leg begins and stops to speak: LegTalking. `pause` seconds of silence end it; None: no more."""

    pause: float | None


@dataclass(frozen=True, slots=True)
class RecordMessage(StopsPrompts):
    """A beep to this leg, then what it says into the file `recording`, until `#`, `silence` seconds of silence, or
    `longest` seconds; RecorderEnded follows. One that runs already counts as done; of one that is over, that is
    reported.
    """

    recording: str
    longest: int
    silence: int


@dataclass(frozen=True, slots=True)
class TakeTransferKey(OnLeg):
    """From now on Asterisk moves nothing when this phone's transfer key is pressed: TransferRequested tells it."""


@dataclass(frozen=True, slots=True)
class TellTransfer(OnLeg):
    """Tell the phone how the transfer goes that it requested; all but `ringing` is the last that it is sent."""

    state: TransferState


type LegSound = StartMusic | StopMusic | StartRinging | StopRinging | StartSilence | StopSilence
type SoundEffect = SetMute | LegSound
type PromptStopper = AnswerLeg | JoinBridge | LeaveBridge | ShowIdentity | DetectTalk | RecordMessage | SoundEffect
type LegEffect = (
    CreateLeg | CreateSnoop | DialLeg | HangUp | Announce | PlayDtmf | TakeTransferKey | TellTransfer | PromptStopper
)
