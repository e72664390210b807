"""Effects on the controller itself: answers, what clients and snapshots get, and what goes into the log."""

from dataclasses import dataclass

from ari_app.calls.effects.bases import Notification
from ari_app.calls.model import AgentId, Alarm, Call, CallId, Full, Leg, LegId
from ari_app.errors import CallControlError
from ari_app.routing.entries import Fault
from ari_app.routing.hours import Chosen


@dataclass(frozen=True, slots=True)
class Reply(Notification):
    """The command is done; `call` is the call as it now is (None where it is over)."""

    command: str
    call: Call | None


@dataclass(frozen=True, slots=True)
class Refuse:
    """The command is refused; nothing has changed by it."""

    command: str
    error: CallControlError


@dataclass(frozen=True, slots=True)
class CallChanged(Notification):
    """Tell the call's agents, and keep the snapshot. `before` is None for a new call; an ended one has `ended` set.

    Agents who were in `before` and are not in `call` see their own part end. `at`: when that was, in seconds since the
    epoch; `by`: who did it, `contact`, `agent:<id>` or `system`; `lost`: their line or phone has died.
    """

    before: Call | None
    call: Call
    at: float = 0.0
    by: str = "system"
    lost: bool = False


@dataclass(frozen=True, slots=True)
class TalkChanged(Notification):
    """Tell the call's agents who speaks now; nothing else of it has changed, and no snapshot is kept of this."""

    call: Call


@dataclass(frozen=True, slots=True)
class LegChanged(Notification):
    """Keep the leg's snapshot; None: it is gone."""

    leg_id: LegId
    leg: Leg | None


@dataclass(frozen=True, slots=True)
class CallerIdChosen(Notification):
    """The agent chose this identity; it is their default from now on (S52)."""

    agent: AgentId
    caller_id: str


@dataclass(frozen=True, slots=True)
class OpeningChosen(Notification):
    """A supervisor's phone has opened or closed this target, or left it to its hours again."""

    target: str
    chosen: Chosen
    agent: AgentId


@dataclass(frozen=True, slots=True)
class ListMessages(Notification):
    """Say which messages there are in these boxes that its agent may hear by this call; MessagesListed follows."""

    call: CallId
    boxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckOutcome(Notification):
    """Say whether this agent must say first how their last call went; OutcomeChecked follows."""

    leg: LegId
    agent: AgentId
    feature: str


@dataclass(frozen=True, slots=True)
class OperationFailed(Notification):
    """What was answered to these agents as done has gone wrong since: an `error` event to each of them."""

    call: CallId
    agents: tuple[AgentId, ...]
    operation: str
    error: CallControlError


@dataclass(frozen=True, slots=True)
class ArrivalRefused(Notification):
    """Who came out of the dialplan, by `Stasis(…,<verb>,<argument>)`, cannot be served. For the log and for figures.

    `entry` is the context and the extension there; `argument` is empty where it is what somebody dialled.
    """

    entry: str
    entry_verb: str
    argument: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class MessageRefused(Notification):
    """A caller has come to a box, and there is no room for a message of theirs. For the log and for figures."""

    call: CallId
    box: str
    why: Full


@dataclass(frozen=True, slots=True)
class EmergencyDialled(Notification):
    """Somebody has dialled a number for emergencies: supervisors must know of it at once.

    `agent` is None where the phone is nobody's.
    """

    agent: AgentId | None
    phone: str
    number: str


@dataclass(frozen=True, slots=True)
class ReportFault:
    """Something that must not be: a broken invariant, an Asterisk that refuses. For the log, with the call's story."""

    call: CallId | None
    what: str


@dataclass(frozen=True, slots=True)
class CallAlarm(Notification):
    """Something that the call's agents and the supervisors must know of at once; raised again while it lasts."""

    call: Call
    alarm: Alarm


type OwnEffect = (
    Reply
    | Refuse
    | CallChanged
    | TalkChanged
    | LegChanged
    | CallerIdChosen
    | OpeningChosen
    | ListMessages
    | CheckOutcome
    | OperationFailed
    | ArrivalRefused
    | MessageRefused
    | EmergencyDialled
    | ReportFault
    | CallAlarm
)
