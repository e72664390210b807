"""The events as they travel (docs/events.md): OpenAPI and AsyncAPI are made of these, and tests hold what is sent to
them.

They are written by hand where they are sent (`events`), for a thousand windows get the same text.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ari_app.api.models.agents import AgentDocument, Me, State
from ari_app.api.models.alarms import AlarmDocument
from ari_app.api.models.calls import EarDocument
from ari_app.api.models.common import Answer, Timestamp
from ari_app.api.models.day import DayDocument
from ari_app.api.models.phones import PhoneDocument
from ari_app.api.models.recordings import RecordingDocument
from ari_app.api.models.supervision import LiveTarget
from ari_app.api.models.targets import TargetDocument
from ari_app.api.models.voicemails import VoicemailDocument
from ari_app.api.problems import Problem
from ari_app.calls.model import Alarm
from ari_app.calls.views import CallView, OfferView


class Numbered(Answer):
    """What all events have: a number, without gaps, and when it was sent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seq: int
    at: Timestamp


class Snapshot(Numbered):
    """The first message: all that the agent sees, as of `seq`."""

    type: Literal["snapshot"]
    me: Me
    calls: list[CallView]


class CallEvent(Numbered):
    """A call is the agent's from now on, has changed, or is over (for them)."""

    type: Literal["call.created", "call.updated", "call.ended"]
    call: CallView


class CallAlarm(Numbered):
    """Something is wrong with a call though everybody does what they should."""

    type: Literal["call.alarm"]
    call_id: str
    alarm: Alarm
    since: Timestamp | None


class AlarmChanged(Numbered):
    """For who oversees: something is wrong with a queue, a trunk or a call, or is no longer."""

    type: Literal["alarm.raised", "alarm.cleared"]
    alarm: AlarmDocument


class EmergencyDialled(Numbered):
    """For who oversees: somebody has dialled a number for emergencies. `agent` is null where the phone is nobody's."""

    type: Literal["emergency.dialled"]
    agent: str | None
    phone: str
    number: str


class CallRecorded(Numbered):
    """The file of a recording is complete: for who oversees, and who may hear it."""

    type: Literal["call.recorded"]
    recording: RecordingDocument


class CallHearing(Numbered):
    """Who hears whom in a call has changed."""

    type: Literal["call.hearing"]
    call_id: str
    matrix: list[EarDocument]


class OfferUpdated(Numbered):
    """An offer rings, or has ended."""

    type: Literal["offer.updated"]
    call_id: str
    offer: OfferView | None


class AgentUpdated(Numbered):
    """An agent's state: one's own or, for who oversees, anybody's."""

    type: Literal["agent.updated"]
    agent: AgentDocument


class TargetUpdated(Numbered):
    """How many agents are available, an agent's state, or that a queue, group or routing point is closed."""

    type: Literal["target.updated"]
    target: str
    available: int | None
    state: State | Literal["closed"] | None
    as_of: Timestamp


class QueueUpdated(Numbered):
    """For who oversees: a queue or group, now and today."""

    type: Literal["queue.updated"]
    queue: LiveTarget


class PhoneUpdated(Numbered):
    """The agent's own phones."""

    type: Literal["phone.updated"]
    phone: PhoneDocument


class DayUpdated(Numbered):
    """The agent's own figures of today, and how many missed calls they have not seen yet."""

    type: Literal["day.updated"]
    day: DayDocument


class Subscribed(Numbered):
    """The answer to a subscription: the targets as they are now; null: all."""

    type: Literal["subscribed"]
    targets: list[TargetDocument] | None


class VoicemailChanged(Numbered):
    """For those whom its box notifies, and for who oversees: a message is left, marked as heard or done, or deleted."""

    type: Literal["voicemail.left", "voicemail.updated", "voicemail.deleted"]
    voicemail: VoicemailDocument


class ErrorEvent(Numbered):
    """Something went wrong after it had been answered, or a message was not valid."""

    type: Literal["error"]
    operation: str
    problem: Problem


EVENTS = (
    Snapshot, CallEvent, CallAlarm, AlarmChanged, EmergencyDialled, CallRecorded, CallHearing, OfferUpdated,
    AgentUpdated, TargetUpdated, QueueUpdated, PhoneUpdated, DayUpdated, Subscribed, VoicemailChanged, ErrorEvent,
)  # fmt: skip

type Event = Annotated[
    Snapshot
    | CallEvent
    | CallAlarm
    | AlarmChanged
    | EmergencyDialled
    | CallRecorded
    | CallHearing
    | OfferUpdated
    | AgentUpdated
    | TargetUpdated
    | QueueUpdated
    | PhoneUpdated
    | DayUpdated
    | Subscribed
    | VoicemailChanged
    | ErrorEvent,
    Field(discriminator="type"),
]
