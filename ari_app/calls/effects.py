"""What the machine asks for: imperatives that carry all they need. Whoever runs one never looks back into the state.

Effects on Asterisk have a `number`; each ends in `EffectDone` or `EffectFailed` with it. Those of one leg are run in
order, one after the other; those of different legs at once. An effect may be run twice: ids are ours, chosen before.
"""

from dataclasses import dataclass, field

from ari_app.calls.model import (
    AgentId,
    Alarm,
    BridgeId,
    Call,
    CallId,
    Destination,
    Identity,
    Leg,
    LegId,
    TransferState,
)
from ari_app.errors import CallControlError
from ari_app.routing.entries import Fault
from ari_app.routing.targets import Target

# -- Asterisk ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateBridge:
    """A mixing bridge with DTMF events."""

    number: int
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class DestroyBridge:
    """Destroy a bridge; one that is not there counts as done."""

    number: int
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class CreateLeg:
    """Create a channel towards `destination`, not yet dialled; LegCreated follows.

    `identity` is what the phone's display will show; where it is anonymous, `asserted` is the company's number that the
    trunk alone is told; `auto_answer` asks the phone to answer by itself. With
    `transfer_key`, the phone's transfer key is ours to answer (see TakeTransferKey).
    """

    number: int
    leg: LegId
    destination: Destination
    identity: Identity
    call: CallId
    auto_answer: bool = False
    transfer_key: bool = False
    asserted: str = ""


@dataclass(frozen=True, slots=True)
class CreateSnoop:
    """Create a channel that hears what the leg `of` hears and says, and with `whisper` speaks to it; LegCreated
    follows. It is up at once, and goes with that leg.
    """

    number: int
    leg: LegId
    of: LegId
    whisper: bool
    call: CallId


@dataclass(frozen=True, slots=True)
class DialLeg:
    """Dial a created channel. Asterisk itself gives up after `timeout` seconds, should we not be there to."""

    number: int
    leg: LegId
    timeout: float


@dataclass(frozen=True, slots=True)
class AnswerLeg:
    """Answer a channel that arrived unanswered."""

    number: int
    leg: LegId


@dataclass(frozen=True, slots=True)
class JoinBridge:
    """Put the leg into a bridge (out of any other)."""

    number: int
    leg: LegId
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class LeaveBridge:
    """Take the leg out of its bridge; one that is in none counts as done."""

    number: int
    leg: LegId
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class SetMute:
    """Exactly this muting, whatever was before."""

    number: int
    leg: LegId
    nobody_hears: bool
    hears_nobody: bool


@dataclass(frozen=True, slots=True)
class StartMusic:
    """Music on hold to this leg."""

    number: int
    leg: LegId
    music_class: str


@dataclass(frozen=True, slots=True)
class StopMusic:
    """End the music."""

    number: int
    leg: LegId


@dataclass(frozen=True, slots=True)
class StartRinging:
    """Ringback tone to this leg."""

    number: int
    leg: LegId


@dataclass(frozen=True, slots=True)
class StopRinging:
    """End the ringback tone."""

    number: int
    leg: LegId


@dataclass(frozen=True, slots=True)
class StartSilence:
    """Silence is sent to this leg, where nothing else is: only with something sent is a whisper heard."""

    number: int
    leg: LegId


@dataclass(frozen=True, slots=True)
class StopSilence:
    """End the silence."""

    number: int
    leg: LegId


@dataclass(frozen=True, slots=True)
class Announce:
    """Play a prompt to this leg; AnnouncementFinished follows.

    `prompt` is a name of the administrator's announcements, such as `nobody_available`; `sounds` are what it is in
    Asterisk's terms (`sound:...`), played one after the other.
    """

    number: int
    leg: LegId
    announcement: str
    prompt: str
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlayToBridge:
    """Play a prompt of the administrator's announcements over what is said in a bridge: nobody misses a word by it."""

    number: int
    bridge: BridgeId
    announcement: str
    prompt: str
    sounds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StartRecorder:
    """Record all that is heard in a bridge into the file `recording`, after what is in it.

    One that runs already counts as done. Asterisk ends it by itself when the last leg leaves the bridge.
    """

    number: int
    bridge: BridgeId
    recording: str


@dataclass(frozen=True, slots=True)
class PauseRecorder:
    """Write nothing until further notice. It fails where the recording is over."""

    number: int
    bridge: BridgeId
    recording: str


@dataclass(frozen=True, slots=True)
class ResumeRecorder:
    """Write again. It fails where the recording is over."""

    number: int
    bridge: BridgeId
    recording: str


@dataclass(frozen=True, slots=True)
class StopRecorder:
    """Complete the file; a recording that is over counts as done. `tries` counts those before that failed."""

    number: int
    bridge: BridgeId
    recording: str
    tries: int = 0


@dataclass(frozen=True, slots=True)
class PlayDtmf:
    """Digits to this leg alone."""

    number: int
    leg: LegId
    digits: str = field(repr=False)  # may be somebody's secret: not for logs


@dataclass(frozen=True, slots=True)
class ShowIdentity:
    """Update what an answered phone's display shows."""

    number: int
    leg: LegId
    identity: Identity


@dataclass(frozen=True, slots=True)
class DetectTalk:
    """Tell when this leg begins and stops to speak: LegTalking. `pause` seconds of silence end it; None: no more."""

    number: int
    leg: LegId
    pause: float | None


@dataclass(frozen=True, slots=True)
class TakeTransferKey:
    """From now on Asterisk moves nothing when this phone's transfer key is pressed: TransferAsked tells it."""

    number: int
    leg: LegId


@dataclass(frozen=True, slots=True)
class TellTransfer:
    """Tell the phone how the transfer goes that it asked for; all but `ringing` is the last that it is told."""

    number: int
    leg: LegId
    state: TransferState


@dataclass(frozen=True, slots=True)
class HangUp:
    """End the channel. `answered_elsewhere`: the phone must not list a missed call."""

    number: int
    leg: LegId
    answered_elsewhere: bool = False


type RecorderEffect = StartRecorder | PauseRecorder | ResumeRecorder | StopRecorder
type AsteriskEffect = (
    CreateBridge
    | DestroyBridge
    | CreateLeg
    | CreateSnoop
    | DialLeg
    | AnswerLeg
    | JoinBridge
    | LeaveBridge
    | SetMute
    | StartMusic
    | StopMusic
    | StartRinging
    | StopRinging
    | StartSilence
    | StopSilence
    | Announce
    | PlayToBridge
    | StartRecorder
    | PauseRecorder
    | ResumeRecorder
    | StopRecorder
    | PlayDtmf
    | ShowIdentity
    | DetectTalk
    | TakeTransferKey
    | TellTransfer
    | HangUp
)

# -- availability -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReserveAgent:
    """Reserve the best free agent of `target`, none of `exclude`; until `seconds` from now at the most.

    Ends in AgentReserved, NobodyAvailable or ReservationFailed. A `request` run twice reserves one agent, the same.
    With `busy` an agent who is ready and talks will do too; he stays on his call, and nobody is kept from him.
    """

    request: str
    target: Target
    exclude: frozenset[AgentId]
    seconds: float
    busy: bool = False


@dataclass(frozen=True, slots=True)
class SetActivity:
    """What calls make of an agent: `reserved`, `ringing`, `on_call`, or None when no call has him any more.

    With None, `wrap_up` seconds pass before he is available again. `call` is the call concerned. With `request`, only
    if that reservation still has him: one that came too late takes him from nobody.
    """

    agent: AgentId
    activity: str | None
    call: CallId | None = None
    wrap_up: float = 0.0
    request: str | None = None


@dataclass(frozen=True, slots=True)
class CountMissed:
    """A call came to nothing at the agent's phone: nobody answered, or it refused by itself.

    After `limit` such calls in a row the agent becomes not_ready with `reason`.
    """

    agent: AgentId
    limit: int
    reason: str


@dataclass(frozen=True, slots=True)
class SetAgentState:
    """From the phone's feature codes: `ready`, `not_ready` or `logged_out`."""

    agent: AgentId
    state: str


type AvailabilityEffect = ReserveAgent | SetActivity | CountMissed | SetAgentState

# -- ourselves --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """The command is done; `call` is the call as it now is (None where it is over)."""

    command: str
    call: Call | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """The command is refused; nothing has changed by it."""

    command: str
    error: CallControlError


@dataclass(frozen=True, slots=True)
class CallChanged:
    """Tell the call's agents, and keep the snapshot. `before` is None for a new call; an ended one has `ended` set.

    Agents who were in `before` and are not in `call` see their own part end.
    """

    before: Call | None
    call: Call


@dataclass(frozen=True, slots=True)
class TalkChanged:
    """Tell the call's agents who speaks now; nothing else of it has changed, and no snapshot is kept of this."""

    call: Call


@dataclass(frozen=True, slots=True)
class LegChanged:
    """Keep the leg's snapshot; None: it is gone."""

    leg_id: LegId
    leg: Leg | None


@dataclass(frozen=True, slots=True)
class CallerIdChosen:
    """The agent chose this identity; it is his default from now on (S52)."""

    agent: AgentId
    caller_id: str


@dataclass(frozen=True, slots=True)
class OperationFailed:
    """What these agents were told is done has gone wrong since: an `error` event to each of them."""

    call: CallId
    agents: tuple[AgentId, ...]
    operation: str
    error: CallControlError


@dataclass(frozen=True, slots=True)
class ArrivalRefused:
    """Who came out of the dialplan, by `Stasis(…,<verb>,<argument>)`, cannot be served. For the log and for figures.

    `entry` is the context and the extension there; `argument` is empty where it is what somebody dialled.
    """

    entry: str
    verb: str
    argument: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    """Something that must not be: a broken invariant, an Asterisk that refuses. For the log, with the call's story."""

    call: CallId | None
    what: str


@dataclass(frozen=True, slots=True)
class CallAlarm:
    """Something that the call's agents and the supervisors must know of at once; told again while it lasts."""

    call: Call
    alarm: Alarm


type OwnEffect = (
    Reply
    | Refuse
    | CallChanged
    | TalkChanged
    | LegChanged
    | CallerIdChosen
    | ArrivalRefused
    | RaiseAlarm
    | CallAlarm
    | OperationFailed
)
type Effect = AsteriskEffect | AvailabilityEffect | OwnEffect
