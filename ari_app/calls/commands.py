"""What an agent, a supervisor or a client asks for: one class a verb of docs/api.md.

Every command carries `id` (chosen by who sends it; exactly one Reply or Refuse answers it) and `by`, the agent who
asks. `role` decides whether they may command calls that they are not in. `again`: a controller died before it
answered the first command with this `id`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAliasType, get_args

from ari_app.calls.model import AgentId, CallId, MonitorMode, Party, PartyId, Recording
from ari_app.calls.verbs import CallAction, PartyAction
from ari_app.routing.directory import Role
from ari_app.routing.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCommand:
    """What every command has. `traceparent` is that of the request (W3C Trace Context), for the story."""

    id: str
    by: AgentId
    role: Role = Role.AGENT
    traceparent: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCall(BaseCommand):
    """Ring the agent's own phone (unless it is up), then the target (S40, S45)."""

    target: Target
    caller_id: str | None = None
    user_data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallCommand(BaseCommand):
    """A command on one call."""

    call: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(CallCommand):
    """Answer the call that rings my phone."""

    action: ClassVar = CallAction.ANSWER


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(CallCommand):
    """Everybody else hears music and nobody (S32)."""

    action: ClassVar = CallAction.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieve(CallCommand):
    """Bring back everybody who is on hold (S13, S32)."""

    action: ClassVar = CallAction.RETRIEVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(CallCommand):
    """I leave; the call goes on without me where it can (S37). On a ringing call: decline."""

    action: ClassVar = CallAction.RELEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear(CallCommand):
    """The call ends for all (S38). `callback`: only as long as whom it is for is to be called back."""

    callback: bool = False

    action: ClassVar = CallAction.CLEAR


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(CallCommand):
    """Give the ringing offer up (S15)."""

    action: ClassVar = CallAction.CANCEL


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCommand(CallCommand):
    """A command that rings a target for a call. `by_keys`: given by a feature code, so that a refusal is spoken."""

    target: Target
    caller_id: str | None = None
    user_data: Mapping[str, str] = field(default_factory=dict)
    by_keys: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStepTransfer(OfferCommand):
    """Instant transfer (S10-S17)."""

    action: ClassVar = CallAction.SINGLE_STEP_TRANSFER


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStepConference(OfferCommand):
    """Instant conference (S25-S27)."""

    action: ClassVar = CallAction.SINGLE_STEP_CONFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateTransfer(OfferCommand):
    """Consultation (S20)."""

    action: ClassVar = CallAction.INITIATE_TRANSFER


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsultationCommand(CallCommand):
    """A command on a consultation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTransfer(ConsultationCommand):
    """On the consultation: the contact goes to the one consulted (S21)."""

    action: ClassVar = CallAction.COMPLETE_TRANSFER


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteConference(ConsultationCommand):
    """On the consultation: all three talk (S21)."""

    action: ClassVar = CallAction.COMPLETE_CONFERENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternate(ConsultationCommand):
    """On the consultation: talk to the other side, the one left hears music (S21)."""

    action: ClassVar = CallAction.ALTERNATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect(ConsultationCommand):
    """On the consultation: give the target up and go back to the contact (S21)."""

    action: ClassVar = CallAction.RECONNECT


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(CallCommand):
    """Everybody of my other call (`other`; None: the first that can) joins this one: a conference."""

    action: ClassVar = CallAction.MERGE

    other: CallId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TieCommand(CallCommand):
    """One half of a merge across two Asterisks: of the call centre's making, no verb of its own. `tie` is its name."""

    tie: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitTie(TieCommand):
    """The contact of my call at another Asterisk will join this one: `who`, with what that call has. `merge` is the
    command that wants it.
    """

    merge: str
    who: Party
    user_data: Mapping[str, str] = field(default_factory=dict)
    recording: Recording | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepareTie(TieCommand):
    """The contact of this call will join mine that awaits the tie, at the Asterisk `to`. Nothing is dialled yet."""

    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver(TieCommand):
    """Dial the tie that was prepared: when it is answered the contact goes there, and this call is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDtmf(CallCommand):
    """Digits to one party, or to everybody outside (S35). `digits`: one or more of 0-9 A-D * #."""

    action: ClassVar = CallAction.SEND_DTMF
    party_action: ClassVar = PartyAction.SEND_DTMF

    digits: str = field(repr=False)  # may be somebody's secret: not for logs
    party: PartyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUserData(CallCommand):
    """Set keys of the attached data; None removes one."""

    action: ClassVar = CallAction.UPDATE_USER_DATA

    changes: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingCommand(CallCommand):
    """A command on the call's recording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording(RecordingCommand):
    """From now on both sides are recorded into a file."""

    action: ClassVar = CallAction.START_RECORDING


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRecording(RecordingCommand):
    """What is said from now on is not in the file."""

    action: ClassVar = CallAction.PAUSE_RECORDING


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRecording(RecordingCommand):
    """Undo PauseRecording."""

    action: ClassVar = CallAction.RESUME_RECORDING


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecording(RecordingCommand):
    """The file is complete; another start makes another file."""

    action: ClassVar = CallAction.STOP_RECORDING


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringCommand(CallCommand):
    """A command of a supervisor on a call whose party they are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorCall(MonitoringCommand):
    """A supervisor listens in, whispers to an agent (`party`; else the owner) or barges in; again: changes the mode."""

    action: ClassVar = CallAction.MONITOR

    mode: MonitorMode
    party: PartyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMonitoring(MonitoringCommand):
    """The supervisor listens no longer."""

    action: ClassVar = CallAction.STOP_MONITORING


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver(MonitoringCommand):
    """The supervisor takes the place of an agent (`party`; else the owner), whose part is over."""

    action: ClassVar = CallAction.TAKE_OVER

    party: PartyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCommand(CallCommand):
    """A command on one party of a call."""

    party: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteParty(PartyCommand):
    """Nobody hears that party (S31)."""

    action: ClassVar = PartyAction.MUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmuteParty(PartyCommand):
    """Undo MuteParty, and nothing else."""

    action: ClassVar = PartyAction.UNMUTE


@dataclass(frozen=True, slots=True, kw_only=True)
class DeafenParty(PartyCommand):
    """That party hears nobody (S30)."""

    action: ClassVar = PartyAction.DEAFEN


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeafenParty(PartyCommand):
    """Undo DeafenParty, and nothing else."""

    action: ClassVar = PartyAction.UNDEAFEN


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldParty(PartyCommand):
    """That party hears music and nobody (S33)."""

    action: ClassVar = PartyAction.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveParty(PartyCommand):
    """Bring that party back (S33)."""

    action: ClassVar = PartyAction.RETRIEVE


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveParty(PartyCommand):
    """That party leaves; the others go on (S29)."""

    action: ClassVar = PartyAction.REMOVE


type AnyOffer = SingleStepTransfer | SingleStepConference | InitiateTransfer
type AnyOnConsultation = CompleteTransfer | CompleteConference | Alternate | Reconnect
type AnyRecording = StartRecording | PauseRecording | ResumeRecording | StopRecording
type AnyMonitoring = MonitorCall | StopMonitoring | TakeOver
type AnyOnParty = MuteParty | UnmuteParty | DeafenParty | UndeafenParty | HoldParty | RetrieveParty | RemoveParty
type AnyPlain = Answer | Hold | Retrieve | Release | Clear | Cancel | SendDtmf | ChangeUserData
type AnyOnCall = AnyOffer | AnyOnConsultation | Merge | AnyRecording | AnyMonitoring | AnyPlain
type AnyTie = AwaitTie | PrepareTie | HandOver
type Command = MakeCall | AnyOnCall | AnyOnParty | AnyTie


TIES: Mapping[str, type[AnyTie]] = {kind.__name__: kind for kind in (AwaitTie, PrepareTie, HandOver)}


def _classes(union: TypeAliasType) -> Iterator[Any]:
    for member in get_args(union.__value__):
        yield from _classes(member) if isinstance(member, TypeAliasType) else (member,)


ON_CALL: Mapping[CallAction, type[AnyOnCall]] = {kind.action: kind for kind in _classes(AnyOnCall)}
ON_PARTY: Mapping[PartyAction, type[SendDtmf | AnyOnParty]] = {
    SendDtmf.party_action: SendDtmf,
    **{kind.action: kind for kind in _classes(AnyOnParty)},
}
