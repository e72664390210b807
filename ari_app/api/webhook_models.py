"""What receivers of webhooks are sent (docs/webhooks.md), as AsyncAPI describes it: written where it is sent
(`notices`, `webhooks.envelope`), and held to these by tests."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from ari_app.api.models.agents import AgentDocument
from ari_app.api.models.alarms import AlarmDocument
from ari_app.api.models.common import Answer, Timestamp
from ari_app.api.models.recordings import RecordingDocument
from ari_app.api.models.voicemails import VoicemailDocument
from ari_app.calls.views import CallView


class CloudEvent(Answer):
    """What all have: CloudEvents 1.0, as JSON. `id` is that of the event, the same for each try and receiver; events of
    one `subject` come in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: Literal["1.0"]
    id: str
    source: str
    subject: str
    time: Timestamp
    datacontenttype: Literal["application/json"]


class CallData(Answer):
    """A call, as a supervisor sees it who is in none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    call: CallView


class AgentData(Answer):
    """An agent's state."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: AgentDocument


class AlarmData(Answer):
    """An alarm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alarm: AlarmDocument


class RecordingData(Answer):
    """A recording whose file is complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recording: RecordingDocument


class CallNotice(CloudEvent):
    """A call concerns the receiver from now on, has changed, or is over."""

    type: Literal["call.created", "call.updated", "call.ended"]
    data: CallData


class RecordingNotice(CloudEvent):
    """The file of a recording is complete. Its `subject` is the recording: what comes of its call does not wait."""

    type: Literal["call.recorded"]
    data: RecordingData


class AgentNotice(CloudEvent):
    """An agent's state has changed."""

    type: Literal["agent.updated"]
    data: AgentData


class VoicemailData(Answer):
    """A message that a caller has left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    voicemail: VoicemailDocument


class VoicemailNotice(CloudEvent):
    """A caller has left a message."""

    type: Literal["voicemail.left"]
    data: VoicemailData


class AlarmNotice(CloudEvent):
    """Something is wrong, or is no longer."""

    type: Literal["alarm.raised", "alarm.cleared"]
    data: AlarmData


class SignatureHeaders(Answer):
    """Of each request (Standard Webhooks): what is signed is `<webhook-id>.<webhook-timestamp>.<body>`."""

    id: Annotated[str, Field(alias="webhook-id", description="The event's, the same for each try")]
    timestamp: Annotated[
        str, Field(alias="webhook-timestamp", description="When it was sent, in seconds", examples=["1800000000"])
    ]
    signature: Annotated[
        str, Field(alias="webhook-signature", description="`v1,` and HMAC-SHA256 in base64", examples=["v1,…"])
    ]


NOTICES = (CallNotice, RecordingNotice, AgentNotice, AlarmNotice, VoicemailNotice)

type WebhookEvent = Annotated[
    CallNotice | RecordingNotice | AgentNotice | AlarmNotice | VoicemailNotice, Field(discriminator="type")
]
