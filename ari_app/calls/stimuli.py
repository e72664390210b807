"""What the machine takes in: facts in the past tense, and (see `commands`) what somebody asks for.

Every effect that can succeed or fail ends in one of these. `AsteriskReconciled` carries what Asterisk holds after a
connection was made anew, for events that happened meanwhile are never delivered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ari_app.calls.commands import Command
from ari_app.calls.model import AgentId, BridgeId, CallId, Identity, LegId, MessageToHear, Withheld
from ari_app.routing.directory import Directory
from ari_app.routing.hours import Override

NOBODY = Identity()

# -- Asterisk ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChannelArrived:
    """A channel that we did not create entered our application: `Stasis(app, entry_verb, *args)`.

    A `caller` who withholds their identity is anonymous; `withheld` is what came all the same.
    `endpoint` is its SIP user or trunk; `user_data` its CALL_DATA_* variables, the prefix taken off, lower case. `via`
    is the leg of ours that this one is the far half of: a routing point's dialplan that hands its caller back. `entry`
    is where the dialplan handed it over: its context and extension, as `from-carrier 2000`. `dialled` is the
    number that the caller dialled, empty where the dialplan does not tell.
    """

    leg: LegId
    endpoint: str
    entry_verb: str
    args: tuple[str, ...] = ()
    caller: Identity = NOBODY
    user_data: Mapping[str, str] = field(default_factory=dict)
    via: LegId | None = None
    entry: str = ""
    dialled: str = ""
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True)
class LegCreated:
    """A channel that we created is ours and may be bridged and dialled."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class OtherPlaceFound:
    """The phone about to be rung through this leg shares its account with another one, at `place` (a contact's URI)."""

    leg: LegId
    place: str


@dataclass(frozen=True, slots=True)
class LegRinging:
    """The phone rings (180, or 183 with early media)."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """The phone was answered."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegGone:
    """The channel has left for good. `cause` is Asterisk's hang-up cause (Q.850 numbers: 17 busy, 19 no answer...);
    DEAD where Asterisk has noticed that its far end is there no more.
    """

    leg: LegId
    cause: int = 16


@dataclass(frozen=True, slots=True)
class LegDied:
    """Nobody is at this leg any more, though Asterisk still has it: its phone is lost and no audio comes from it."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegLostFromBridge:
    """Asterisk answered that this leg is in the bridge, and does not have it there now, though nobody took it out;
    or has it there and sends it nothing.
    """

    leg: LegId
    bridge: BridgeId


@dataclass(frozen=True, slots=True)
class LegHeldByPhone:
    """The phone's hold key was pressed (re-INVITE sendonly or inactive)."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegRetrievedByPhone:
    """The phone's hold key was released."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegIdentified:
    """Who is at the other end has another name or number now: their own switchboard has passed the call on."""

    leg: LegId
    identity: Identity
    withheld: Withheld | None = None


@dataclass(frozen=True, slots=True)
class LegDigit:
    """A key was pressed on the phone: one of 0-9 A-D * #."""

    leg: LegId
    digit: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LegTalking:
    """Whoever is at this leg began to speak, or stopped; reported only where it was requested."""

    leg: LegId
    talking: bool


@dataclass(frozen=True, slots=True)
class TransferRequested:
    """The transfer key of a phone whose key we have taken: to `number`, or to whom its other call `other` talks to.

    With `replaces`, the phone means another call of its own; `other` is None where Asterisk does not know it.
    """

    leg: LegId
    number: str
    replaces: bool = False
    other: LegId | None = None


@dataclass(frozen=True, slots=True)
class AnnouncementFinished:
    """An announcement was played to its end, or could not be played."""

    leg: LegId
    announcement: str


@dataclass(frozen=True, slots=True)
class RecorderEnded:
    """A file is complete: we requested that, nobody is in its bridge any more, or it could not be written.

    Of a message, where that is known: how many `seconds` it has, and for how many of them somebody `talked`. `failed`:
    there is none.
    """

    recording: str
    seconds: float | None = None
    talked: float | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class EffectDone:
    """Asterisk has done what the effect with this number requested."""

    effect: int


@dataclass(frozen=True, slots=True)
class EffectFailed:
    """Asterisk did not. `gone`: because the channel is no longer there, which its LegGone tells too. `unknown`: there
    was no answer, and it may have been done, or be done yet.
    """

    effect: int
    reason: str
    gone: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The connection to Asterisk broke; its channels go on without us."""


@dataclass(frozen=True, slots=True)
class ChannelFact:
    """One channel that Asterisk holds: whether it is up or ringing, how it entered our application."""

    leg: LegId
    up: bool
    ringing: bool
    in_app: bool
    arrived: ChannelArrived | None = None


@dataclass(frozen=True, slots=True)
class AsteriskReconciled:
    """The connection stands; `channels` and `bridges` (those named by us) are all that Asterisk holds."""

    channels: tuple[ChannelFact, ...]
    bridges: tuple[BridgeId, ...]


@dataclass(frozen=True, slots=True)
class PhoneReachable:
    """A phone, by its SIP user, is registered and answers, or (`reachable` false) cannot be rung. Reported again at
    each connection to Asterisk; a phone of which nothing was reported yet is taken for one that can be rung.
    """

    phone: str
    reachable: bool


# -- availability -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgentReserved:
    """The reservation requested as `request` holds this agent; nobody else can have them."""

    request: str
    agent: AgentId


@dataclass(frozen=True, slots=True)
class NobodyAvailable:
    """No agent of the target is free."""

    request: str


@dataclass(frozen=True, slots=True)
class ReservationFailed:
    """Redis could not be reached."""

    request: str


@dataclass(frozen=True, slots=True)
class AgentBecameAvailable:
    """This agent can be reserved again; callers may be waiting for them."""

    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentLoggedOut:
    """This agent has gone home: whoever waits on hold for them waits for nobody, from now on until they log in.
    Reported again at each start; an agent of whom nothing was reported yet is taken for one who is here.
    """

    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentUnlisted:
    """The administrator's file, which was just read again, has this agent no longer: who waits on hold for them waits
    for nobody. The directory says so too, also after a restart; this is when, and stands in the stories of their calls.
    """

    agent: AgentId


@dataclass(frozen=True, slots=True)
class AgentLoggedIn:
    """This agent is here again."""

    agent: AgentId


# -- ourselves --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A deadline that the machine named may have been reached."""


@dataclass(frozen=True, slots=True)
class AvailabilityEmptied:
    """What availability knew of agents is lost, and it is configured anew; or it may not be what was written. It is to
    hear what calls make of them.
    """


@dataclass(frozen=True, slots=True)
class DirectoryReplaced:
    """The administrator's file was read again."""

    directory: Directory


@dataclass(frozen=True, slots=True)
class OpeningsReplaced:
    """Somebody has opened or closed something by hand: all such choices that there are now, by target."""

    overrides: Mapping[str, Override]


@dataclass(frozen=True, slots=True)
class MessagesCounted:
    """How many messages are kept now, as `model.voicemail.counted` says where; elsewhere nothing has changed."""

    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MessagesListed:
    """The messages that an agent may hear by this call: those about which something is left to be done, and whose file
    this Asterisk has. None: the store, or Asterisk, is away.
    """

    call: CallId
    messages: tuple[MessageToHear, ...] | None


@dataclass(frozen=True, slots=True)
class OutcomeChecked:
    """Whether an agent who has dialled the code of this feature must say first how their last call went."""

    leg: LegId
    agent: AgentId
    feature: str
    missing: bool


type AsteriskFact = (
    ChannelArrived
    | LegCreated
    | OtherPlaceFound
    | LegRinging
    | LegAnswered
    | LegGone
    | LegDied
    | LegLostFromBridge
    | LegHeldByPhone
    | LegRetrievedByPhone
    | LegIdentified
    | LegDigit
    | LegTalking
    | TransferRequested
    | AnnouncementFinished
    | RecorderEnded
    | EffectDone
    | EffectFailed
    | LinkLost
    | AsteriskReconciled
    | PhoneReachable
)
type AvailabilityFact = (
    AgentReserved
    | NobodyAvailable
    | ReservationFailed
    | AgentBecameAvailable
    | AgentLoggedOut
    | AgentUnlisted
    | AgentLoggedIn
    | AvailabilityEmptied
)
type Stimulus = (
    AsteriskFact
    | AvailabilityFact
    | TimePassed
    | DirectoryReplaced
    | OpeningsReplaced
    | MessagesCounted
    | MessagesListed
    | OutcomeChecked
    | Command
)
