"""The state of calls: frozen values that a step replaces, never edits.

Owns the nouns. A *call* has *parties*; a party speaks through a *leg* (one channel of Asterisk); an *offer* is a
target being rung for a call. An agent's one leg may serve several of his calls: its `focus` is the one he hears.

Because values are frozen, a snapshot is the value itself, a refused command leaves nothing half done, and what
changed in a step is found by identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ari_app.routing.targets import Target

type CallId = str
type PartyId = str
type LegId = str
type BridgeId = str
type OfferId = str
type AgentId = str

DEAD = 44
"""Cause of a leg whose far end is there no more though nobody has hung up: Asterisk's own where RTP stops."""


class CallType(StrEnum):
    """How the call came about."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    CONSULT = "consult"


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


class LegState(StrEnum):
    """How far a channel has come. A leg that is gone is not kept."""

    CREATING = "creating"  # asked for; Asterisk has not yet handed it to us
    CREATED = "created"  # ours, not yet dialled
    DIALLING = "dialling"
    RINGING = "ringing"
    UP = "up"


class OfferKind(StrEnum):
    """What the target is rung for."""

    CALL = "call"
    TRANSFER = "transfer"
    CONFERENCE = "conference"
    CONSULT = "consult"


class OfferState(StrEnum):
    """`seeking` (nobody reserved yet) is shown to clients as ringing; only the first four go on."""

    PENDING = "pending"  # the initiator's own phone has not answered yet
    SEEKING = "seeking"  # a reservation is asked for
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
    """What a phone is told of the transfer that it asked for by its own key."""

    RINGING = "ringing"
    ANSWERED = "answered"
    DECLINED = "declined"
    UNAVAILABLE = "unavailable"


class MonitorMode(StrEnum):
    """What a supervisor is at a call for; with the last two he becomes a party as soon as his phone is up."""

    LISTEN = "listen"
    WHISPER = "whisper"
    BARGE = "barge"
    TAKE_OVER = "take_over"


class Alarm(StrEnum):
    """What is wrong with a call though everybody does what they were told."""

    HELD_TOO_LONG = "held_too_long"  # a contact is on hold for longer than the administrator allows
    AGENT_GONE = "agent_gone"  # a contact waits for an agent whose phone is dead or is not answered, or who went home


class Sound(StrEnum):
    """What a leg hears besides its bridge. `silence` is sent, as a whisper is heard only over something."""

    NONE = "none"
    SILENCE = "silence"
    MUSIC = "music"
    RINGING = "ringing"


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
class Withheld:
    """Name and number of somebody who withholds them. Never printed, and in no effect: it cannot reach a phone."""

    name: str = field(repr=False)
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Media:
    """All that decides what a leg hears and who hears it. Derived, never set by hand."""

    bridge: BridgeId | None = None
    nobody_hears: bool = False
    hears_nobody: bool = False
    sound: Sound = Sound.NONE
    music_class: str = "default"


@dataclass(frozen=True, slots=True)
class Phone:
    """An agent's phone, by its SIP user; `place` (a contact's URI) is one of several phones with the same account."""

    user: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Outside:
    """A number that goes out through a trunk."""

    number: str
    trunk: str


@dataclass(frozen=True, slots=True)
class DialplanEntry:
    """An entry of the administrator's dialplan (a routing point's number)."""

    number: str


type Destination = Phone | Outside | DialplanEntry


@dataclass(frozen=True, slots=True)
class Leg:
    """One channel. `asked` is what Asterisk was last asked to do with its media: None when that is unknown.

    `playing` is an announcement under way, `among` those who were there to talk to when it began; with `farewell` the
    leg is hung up after it. `shown` is what the phone's display shows; with `chosen` an agent has chosen it, and it
    stays (S51). `keys` is the beginning of a feature code, its last key pressed at `keyed_at`. `detecting`: it is told
    when they speak.
    `on_hold_by_phone`: by the phone's own key, which nobody but the phone can undo. `auto_answer`: an agent's own phone
    that was asked to answer by itself.
    """

    id: LegId
    state: LegState
    agent: AgentId | None = None
    destination: Destination | None = None
    focus: CallId | None = None
    asked: Media | None = field(default_factory=Media)
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


@dataclass(frozen=True, slots=True)
class KeyedNumber:
    """A number that an agent dials into his call after a feature code; `until` ends it, `held` are on hold for it."""

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
    """Somebody in a call. Each reason for silence stands on its own (S31): muted, deaf, and who holds him.

    `away`: an agent without a leg whose call waits for him, or whose phone is rung for it and not answered yet.
    `withheld`: what desktops may show of somebody anonymous; kept only where the administrator says so.
    `muted_by`, `deaf_by`: the agent who did that.
    `phone_holds`: an agent whose phone is in this call, on hold by its own key; `has_line`: whether it could talk in it
    at once, by this line or another that is not on hold (both derived, see `holding`).
    `keyed`: a number that he is dialling by a feature code. `talking` is told to windows, but is nothing that a
    snapshot is written for: equal parties may differ in it.
    `merges_with`: his other calls whose parties could join this one now; `may_confer`: whether all of a consultation
    and of its contact's call are few enough for one conference; `hands_over`: whether whom a consultation rings could
    ring for the contact instead (all derived, see `merging`). `joining`: the attended transfer that took this call's
    leg from the phone, until it is told which other call it names.
    """

    id: PartyId
    role: PartyRole
    identity: Identity = Identity()
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
    joining: Joining | None = None
    phone_holds: bool = False
    has_line: bool = True

    @property
    def turned_away(self) -> bool:
        """Whether it is in the call, but itself elsewhere: on another call, on hold by its phone, or hung up."""
        gone = self.phone_holds or self.away or (self.agent is not None and self.leg is None)
        return self.progress is Progress.JOINED and (gone or self.id in self.held_by)

    @property
    def present(self) -> bool:
        """Whether there is somebody to talk to: in the call, and not on hold in any way."""
        return self.progress is Progress.JOINED and not self.held_by and not self.turned_away


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
    """A target being rung. `by` is the initiating party (None: the caller waits to be served).

    `identity` is what the rung phone shows; `tried` are agents not to be asked again in this offer, `rests` until when
    where a caller waits; `last` is how the last of them refused; `held` are those whom this offer put or found on hold.
    `deadline` ends the ringing, `retry_at`, `announce_at` and `give_up_at` are of the waiting; `priority` goes before
    longer waiting; `hops` counts the overflows that led here. `reserved` is an agent kept while the initiator's own
    phone is rung. `by_keys`: asked for by feature code, so that its end is spoken. `refer` is the leg whose transfer
    key asked for it and waits to hear how it goes; `told` is what it was told last.
    """

    id: OfferId
    kind: OfferKind
    target: Target
    by: PartyId | None
    identity: Identity
    state: OfferState
    caller_id: str | None = None
    attempts: tuple[Attempt, ...] = ()
    tried: frozenset[AgentId] = frozenset()
    rests: Mapping[AgentId, float] = field(default_factory=dict)
    request: str | None = None
    deadline: float | None = None
    retry_at: float | None = None
    fallback: bool = False
    held: frozenset[PartyId] = frozenset()
    last: OfferState | None = None
    priority: int = 0
    hops: int = 0
    announce_at: float | None = None
    give_up_at: float | None = None
    reserved: AgentId | None = None
    by_keys: bool = False
    refer: LegId | None = None
    told: TransferState | None = None

    @property
    def going_on(self) -> bool:
        return self.state in GOING_ON


class Recorder(StrEnum):
    """What Asterisk was last asked to do with the file of a recording."""

    OFF = "off"
    RECORDING = "recording"
    PAUSED = "paused"
    UNKNOWN = "unknown"  # it may have ended while we were away


@dataclass(frozen=True, slots=True)
class Recording:
    """What is to be recorded of a call, and where: see `recording`.

    `file` is a path under the administrator's directory, without ending. `failures` counts how often in a row Asterisk
    gave up writing it soon after `begun`, though none of the legs that were in the bridge then (`among`) had left.
    """

    id: str
    file: str
    by: AgentId
    since: float
    paused: bool = False
    begun: float = 0.0
    among: frozenset[LegId] = frozenset()
    asked: Recorder = Recorder.OFF
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Snoop:
    """A channel of Asterisk's that hears what the leg `of` hears and says; with `whisper` it speaks to it, alone."""

    leg: LegId
    of: LegId
    whisper: bool
    up: bool = False


@dataclass(frozen=True, slots=True)
class Monitor:
    """A supervisor at a call whose party he is not: his phone's `leg` and a snoop are in a bridge of their own.

    `watched` is the agent whom he wants to hear; `replaces` the party whose place he takes. `lost` is a leg that could
    not be listened to, though it is not known to be gone.
    """

    agent: AgentId
    name: str
    number: str
    mode: MonitorMode
    leg: LegId
    bridge: BridgeId
    watched: AgentId | None = None
    replaces: PartyId | None = None
    progress: Progress = Progress.DIALING
    deadline: float | None = None
    snoop: Snoop | None = None
    bridge_made: bool = False
    bridge_failures: int = 0
    failures: int = 0
    lost: LegId | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A conversation and everybody in it. Times in seconds since the epoch. `user_data` is the attached data.

    `recall_at` rings an agent again who has no leg, and `recalls` counts how often that was in vain; `hold_alarm_at` is
    when somebody will have been on hold for too long.
    """

    id: CallId
    type: CallType
    bridge: BridgeId
    started_at: float
    owner: AgentId | None = None
    parent: CallId | None = None
    user_data: Mapping[str, str] = field(default_factory=dict)
    caller_id: str | None = None
    answered_at: float | None = None
    held_since: float | None = None
    parties: Mapping[PartyId, Party] = field(default_factory=dict)
    offer: Offer | None = None
    ended: bool = False
    bridge_made: bool = False
    bridge_failures: int = 0
    recall_at: float | None = None
    recalls: int = 0
    hold_alarm_at: float | None = None
    music_class: str = "default"
    recording: Recording | None = None
    stopping: frozenset[str] = frozenset()  # files that Asterisk was asked to complete, and has not answered
    monitors: Mapping[AgentId, Monitor] = field(default_factory=dict)

    def joined(self) -> list[Party]:
        """Those who are in the call now, held or not, in the order they joined."""
        return sorted((p for p in self.parties.values() if p.progress is Progress.JOINED), key=lambda p: p.order)

    def waits(self, party: Party) -> bool:
        """Whether nobody is there to talk to, and that because somebody has turned away."""
        others = [p for p in self.joined() if p.id != party.id]
        return not any(p.present for p in others) and any(p.turned_away for p in others)

    def on_hold(self, party: Party) -> bool:
        """Whether it hears music and nobody: somebody holds it, or it waits for who has turned away."""
        return bool(party.held_by) or self.waits(party)

    def contact(self) -> Party | None:
        """Whoever is from outside and in the call now; of several, the first who joined."""
        return next((p for p in self.joined() if p.role is PartyRole.CONTACT), None)

    def party_of(self, agent: AgentId) -> Party | None:
        """The agent's own party, unless he has left."""
        return next((p for p in self.parties.values() if p.agent == agent and p.progress is not Progress.LEFT), None)

    def offering(self) -> Offer | None:
        """The offer, while it goes on."""
        return self.offer if self.offer is not None and self.offer.going_on else None
