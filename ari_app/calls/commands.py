"""What an agent, a supervisor or a client asks for: one class a verb of docs/api.md.

Every command carries `id` (chosen by who sends it; exactly one Reply or Refuse answers it) and `by`, the agent who
asks. `role` decides whether they may command calls that they are not in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ari_app.calls.model import AgentId, CallId, MonitorMode, PartyId
from ari_app.routing.directory import Role
from ari_app.routing.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseCommand:
    """What every command has."""

    id: str
    by: AgentId
    role: Role = Role.AGENT


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(CallCommand):
    """Everybody else hears music and nobody (S32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieve(CallCommand):
    """Bring back everybody who is on hold (S13, S32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(CallCommand):
    """I leave; the call goes on without me where it can (S37). On a ringing call: decline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear(CallCommand):
    """The call ends for all (S38)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(CallCommand):
    """Give the ringing offer up (S15)."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStepConference(OfferCommand):
    """Instant conference (S25-S27)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateTransfer(OfferCommand):
    """Consultation (S20)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteTransfer(CallCommand):
    """On the consultation: the contact goes to the one consulted (S21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteConference(CallCommand):
    """On the consultation: all three talk (S21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternate(CallCommand):
    """On the consultation: talk to the other side, the one left hears music (S21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnect(CallCommand):
    """On the consultation: give the target up and go back to the contact (S21)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge(CallCommand):
    """Everybody of my other call (`other`; None: the first that can) joins this one: a conference."""

    other: CallId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDtmf(CallCommand):
    """Digits to one party, or to everybody outside (S35). `digits`: one or more of 0-9 A-D * #."""

    digits: str = field(repr=False)  # may be somebody's secret: not for logs
    party: PartyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeUserData(CallCommand):
    """Set keys of the attached data; None removes one."""

    changes: Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecording(CallCommand):
    """From now on both sides are recorded into a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseRecording(CallCommand):
    """What is said from now on is not in the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRecording(CallCommand):
    """Undo PauseRecording."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecording(CallCommand):
    """The file is complete; another start makes another file."""


type RecordingCommand = StartRecording | PauseRecording | ResumeRecording | StopRecording


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor(CallCommand):
    """A supervisor listens in, whispers to an agent (`party`; else the owner) or barges in; again: changes the mode."""

    mode: MonitorMode
    party: PartyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMonitoring(CallCommand):
    """The supervisor listens no longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOver(CallCommand):
    """The supervisor takes the place of an agent (`party`; else the owner), whose part is over."""

    party: PartyId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyCommand(CallCommand):
    """A command on one party of a call."""

    party: PartyId


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteParty(PartyCommand):
    """Nobody hears that party (S31)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmuteParty(PartyCommand):
    """Undo MuteParty, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeafenParty(PartyCommand):
    """That party hears nobody (S30)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndeafenParty(PartyCommand):
    """Undo DeafenParty, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldParty(PartyCommand):
    """That party hears music and nobody (S33)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrieveParty(PartyCommand):
    """Bring that party back (S33)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveParty(PartyCommand):
    """That party leaves; the others go on (S29)."""


type Command = (
    MakeCall
    | Answer
    | Hold
    | Retrieve
    | Release
    | Clear
    | Cancel
    | SingleStepTransfer
    | SingleStepConference
    | InitiateTransfer
    | CompleteTransfer
    | CompleteConference
    | Alternate
    | Reconnect
    | Merge
    | SendDtmf
    | ChangeUserData
    | RecordingCommand
    | Monitor
    | StopMonitoring
    | TakeOver
    | MuteParty
    | UnmuteParty
    | DeafenParty
    | UndeafenParty
    | HoldParty
    | RetrieveParty
    | RemoveParty
)
