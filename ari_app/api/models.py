"""What travels: bodies of requests (strict, nothing unknown) and of answers. OpenAPI is generated from these.

Calls, parties and offers as clients see them are `calls.views`.
"""

import re
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from ari_app.calls.hearing import Heard
from ari_app.calls.model import CallType, EndReason
from ari_app.calls.views import CallView
from ari_app.routing.directory import Role, Verb
from ari_app.routing.targets import TargetType

# -- requests ---------------------------------------------------------------------------------------------------------


type AgentName = Annotated[str, Field(min_length=1, max_length=64)]
type TargetText = Annotated[
    str, Field(min_length=1, max_length=100, description="`agent:alice`, `skill:french>=3`, …", examples=["agent:bob"])
]
type CallerIdName = Annotated[str, Field(min_length=1, max_length=64, description="An id out of `GET /v1/me`'s list")]
type DataKey = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
type DataValue = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00]*$")]
type UserData = Annotated[dict[DataKey, DataValue], Field(max_length=100)]
type OutcomeShown = Literal["answered", "missed", "abandoned", "unanswered"]
type Device = Literal["desk", "page"]
type Digits = Annotated[str, Field(pattern=r"^[0-9A-D*#]+$", min_length=1, max_length=64)]


class Request(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Login(Request):
    """Who logs in."""

    agent: AgentName
    password: Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra={"format": "password"})]


class Logout(Request):
    """Whether all sessions of the agent end, or this one alone."""

    all: bool = False


class NewState(Request):
    """The state that the agent wishes; during a call it comes with its end (`next_state`).

    `reason` goes with `not_ready`, out of the administrator's list; `extend`, in seconds, with `wrap_up` alone.
    """

    state: Literal["ready", "not_ready", "logged_out", "wrap_up"]
    reason: Annotated[str, Field(max_length=64)] | None = None
    extend: Annotated[int, Field(ge=1, le=3600)] | None = None


class AgentsQuery(Request):
    """Which agents."""

    group: Annotated[str, Field(max_length=64, description="Only members of this group")] | None = None


class StateForAnother(Request):
    """The state that a supervisor gives to an agent; during a call it comes with its end."""

    state: Literal["ready", "not_ready", "logged_out"]
    reason: Annotated[str, Field(max_length=64)] | None = None


class NewDisposition(Request):
    """How a call went: a code out of the administrator's list, and what else there is to say."""

    code: Annotated[str, Field(max_length=64)] | None = None
    notes: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] = ""


def _moment(text: object) -> object:
    """A time as RFC 3339 has it: pydantic takes numbers, and dates alone, for times as well."""
    if isinstance(text, str) and not re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", text):
        raise ValueError("must be a time such as 2026-01-02T03:04:05Z")
    return text


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment)]


class HistoryQuery(Request):
    """Which calls. An agent is shown their own whatever they ask for."""

    agent: Annotated[str, Field(max_length=64, description="Who was in it, or was rung for it")] | None = None
    number: Annotated[str, Field(max_length=64, description="Of the contact, or what was dialled")] | None = None
    queue: Annotated[str, Field(max_length=64)] | None = None
    from_: Annotated[Moment | None, Field(alias="from", description="Ended at or after")] = None
    to: Annotated[Moment | None, Field(description="Ended before")] = None
    outcome: OutcomeShown | None = None
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 50
    cursor: Annotated[str, Field(max_length=128, description="`next` of the answer before")] | None = None


class NewDevice(Request):
    """Which phone is to ring from now on."""

    device: Device


class OfferRequest(Request):
    """Whom to ring, showing what, with which attached data."""

    target: TargetText
    caller_id: CallerIdName | None = None
    user_data: UserData = {}


class MergeRequest(Request):
    """Which of my other calls is to join this one; without, the first that can."""

    call_id: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class DtmfRequest(Request):
    """Digits to one party, or to everybody outside."""

    digits: Digits
    party: Annotated[str, Field(min_length=1, max_length=128)] | None = None


type PartyName = Annotated[str, Field(min_length=1, max_length=128, description="The party of an agent in the call")]


class MonitorRequest(Request):
    """How to be at a call, and with whom of its agents: the owner unless `party` names another."""

    mode: Literal["listen", "whisper", "barge"]
    party: PartyName | None = None


class TakeOverRequest(Request):
    """Whose place to take: the owner's unless `party` names another agent's."""

    party: PartyName | None = None


class PartyDtmfRequest(Request):
    """Digits to this party."""

    digits: Digits


class UserDataChanges(RootModel[Annotated[dict[DataKey, DataValue | None], Field(max_length=100)]]):
    """Keys to set; null removes one."""

    model_config = ConfigDict(strict=True, frozen=True, hide_input_in_errors=True)


# Not `type` aliases: a query parameter in the OpenAPI document is described in its place.
TargetTypes = Annotated[
    str, Field(pattern=rf"^({'|'.join(TargetType)})(,({'|'.join(TargetType)}))*$", description="Types, with commas")
]
# In a query `true` and `false`, and nothing that merely looks like it.
Flag = Annotated[bool, BeforeValidator(lambda text: {"true": True, "false": False}.get(text, text))]


class TargetQuery(Request):
    """What to search for. With `recent` or `favourite` only among these, in their order."""

    q: Annotated[str, Field(max_length=100, description="Begin of a name, of a word in it, or of a number")] = ""
    type: TargetTypes = ",".join(TargetType)
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 20
    recent: Annotated[Flag, Field(description="Only the last 20 that I reached, newest first")] = False
    favourite: Annotated[Flag, Field(description="Only those that I marked, in the order in which I did")] = False


class SocketQuery(Request):
    """Who opens a WebSocket, where no header can be sent."""

    ticket: Annotated[str, Field(max_length=200, description="Of `POST /v1/events/ticket`")] | None = None


class EventsQuery(SocketQuery):
    """How to open the events. With `targets` or `q`, `target.updated` comes for these targets only."""

    token: Annotated[str, Field(max_length=200, description="The token, where no header can be sent")] | None = None
    since: Annotated[int, Field(ge=0, le=2**53 - 1, strict=False, description="The last `seq` received")] | None = None
    targets: Annotated[str, Field(max_length=2000, description="Targets that I show, with commas")] | None = None
    q: Annotated[str, Field(max_length=100, description="I show what this finds (`GET /v1/targets`)")] | None = None
    types: TargetTypes | None = None
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 20


# -- answers ----------------------------------------------------------------------------------------------------------


class Answer(BaseModel):
    """What all answers have in common."""

    model_config = ConfigDict(frozen=True)


type Timestamp = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-02T03:04:05.678Z"])]
type Choice = Literal["logged_out", "not_ready", "ready"]
type PhoneState = Literal["reachable", "unreachable", "in_use"]
type State = Literal["logged_out", "not_ready", "ready", "reserved", "ringing", "on_call", "wrap_up"]


class LoggedIn(Answer):
    """The token goes into `Authorization: Bearer …`. It is shown once and kept nowhere in clear."""

    token: str
    expires_at: Timestamp
    agent: str


class CallerIdChoice(Answer):
    """An identity that may be chosen."""

    id: str
    name: str
    number: str


class AgentDocument(Answer):
    """An agent, as events tell it. `phone_device` is the phone that rings, `phone_state` how that one is.

    While a call has them, or in wrap-up, `next_state` (and `next_reason`) is what they have chosen for afterwards.
    """

    agent: str
    name: str
    role: Role
    state: State
    reason: str | None
    since: Timestamp | None
    phone: str | None
    phone_device: Device = "desk"
    phone_state: PhoneState | None = Field(None, description="null for somebody without a phone")
    wrap_up_until: Timestamp | None = None
    next_state: Choice | None = None
    next_reason: str | None = None


class AgentRow(AgentDocument):
    """An agent as who oversees sees them: with the calls that have them."""

    groups: list[str]
    calls: list[str]


class AgentRows(Answer):
    """Agents, by id."""

    agents: list[AgentRow]


class Share(Answer):
    """How many of how many."""

    numerator: int
    denominator: int


class LiveTarget(Answer):
    """A queue or group now and today. `oldest_queued_at`: since when who waits longest waits.

    `service_level`: of those who were answered or gave up, how many were answered within `settings.service_level`;
    `abandoned`: of the same, how many gave up. Today is the day of the server's clock.
    """

    target: str
    name: str
    waiting: int
    oldest_queued_at: Timestamp | None
    agents: dict[State, int]
    service_level: Share
    abandoned: Share
    as_of: Timestamp


class Live(Answer):
    """All queues, then all groups."""

    targets: list[LiveTarget]


class DispositionChoice(Answer):
    """A code that may be chosen for a call."""

    code: str
    label: str


class DispositionDocument(Answer):
    """What an agent noted of a call."""

    agent: str
    code: str | None
    notes: str
    at: Timestamp


class OutsiderDocument(Answer):
    """Somebody outside."""

    name: str
    number: str
    anonymous: bool


class RecordDocument(Answer):
    """A call that is over. `outcome` is `missed` for an agent who was rung for it and was not in it."""

    id: str
    type: CallType
    outcome: OutcomeShown
    started_at: Timestamp
    answered_at: Timestamp | None
    ended_at: Timestamp
    ended_by: str
    end_reason: EndReason
    dialled: str | None
    queue: str | None
    queued_at: Timestamp | None
    contact: OutsiderDocument | None
    agents: list[str]
    missed_by: list[str]
    caller_id: str | None
    dispositions: list[DispositionDocument]


class HistoryDocument(Answer):
    """Calls, the last first. `next`: the cursor for those before; null where there are no more."""

    calls: list[RecordDocument]
    next: str | None


class ReasonChoice(Answer):
    """A reason for not being ready that may be chosen."""

    id: str
    label: str


class GroupName(Answer):
    """A group that one is a member of."""

    id: str
    name: str


class Features(Answer):
    """What the administrator has switched on."""

    conferences: bool
    recording: bool
    monitoring: bool
    talk_detection: bool
    phone_in_page: bool
    dispositions: list[DispositionChoice]
    disposition_required: bool
    caller_id_for: list[Verb] = Field(description="For what a caller ID may be chosen")
    max_hold: float | None = Field(description="Seconds on hold after which there is an alarm")


class Me(AgentDocument):
    """The agent who asks."""

    caller_ids: list[CallerIdChoice]
    default_caller_id: str | None
    reasons: list[ReasonChoice]
    features: Features
    groups: list[GroupName]


class IceServerDocument(Answer):
    """As `RTCPeerConnection` takes it."""

    urls: list[str]
    username: str
    credential: str


class DeviceDocument(Answer):
    """One of an agent's phones. `state` is null while that is not known."""

    device: Device
    number: str
    state: PhoneState | None


class PhoneDocument(Answer):
    """An agent's phones, as every window of theirs may know. `device`: the one that rings.

    `held_by`: the session whose page has the phone in the page now; null: none.
    """

    device: Device
    devices: list[DeviceDocument]
    held_by: str | None


class MyPhone(PhoneDocument):
    """What a phone in the page needs. `session` is what `held_by` calls the session that asks.

    `path` is a WebSocket on this origin (subprotocol `sip`), opened with a ticket; who opens it takes the phone over.
    From then on `user` and `password` are right, until it closes. Null where there is no phone in the page. Ask again
    before each connection: the secret ends with the session, and with the controller.
    """

    session: str
    path: str | None = None
    uri: str | None = None
    user: str | None = None
    password: Annotated[str | None, Field(json_schema_extra={"format": "password"})] = None
    ice_servers: list[IceServerDocument] = []


class Ticket(Answer):
    """Opens one WebSocket, once: `?ticket=…`."""

    ticket: str
    expires_at: Timestamp


type TargetAction = Literal["call", "single_step_transfer", "single_step_conference", "initiate_transfer"]


class TargetDocument(Answer):
    """Somebody or something that can be reached. `actions` is what this agent may do towards it now."""

    target: str
    type: TargetType
    name: str
    state: State | None = Field(description="The agent's state; null for all other types")
    available: int | None = Field(description="Free agents; null where not configured or not a set of agents")
    as_of: Timestamp | None
    actions: list[TargetAction]


class Targets(Answer):
    """What was found, best first."""

    targets: list[TargetDocument]


class EarDocument(Answer):
    """Whom somebody in the call hears, by their ids; `ear` is a party, or `monitor:<agent>` for a supervisor."""

    ear: str
    hears: list[str]
    sound: Heard


class HearingDocument(Answer):
    """Who hears whom."""

    matrix: list[EarDocument]


class Calls(Answer):
    """Calls, oldest first."""

    calls: list[CallView]


class StoryLine(Answer):
    """One stimulus or effect."""

    at: Timestamp
    kind: Literal["stimulus", "effect"]
    what: str
    detail: object


class Story(Answer):
    """What happened to a call, oldest first."""

    call_id: str
    story: list[StoryLine]


class StoryFileStep(Answer):
    """One stimulus or effect, written with the types of this version."""

    at: float
    """Seconds since the epoch."""
    kind: Literal["stimulus", "effect"]
    detail: object
    before: object
    """What the step found; null for an effect."""


class StoryFile(Answer):
    """A story for `ari-app replay`: what it means is for that alone."""

    format: int
    call: str
    values: list[object]
    """What several steps share; they cite it by its place."""
    story: list[StoryFileStep]


class Reloaded(Answer):
    """What the file now has."""

    agents: int
    groups: int
    queues: int
    skills: int
    routing_points: int


class FaultDocument(Answer):
    """What is wrong with the file; `line` counts from 1, 0 is the file as a whole."""

    file: str
    line: int
    field: str
    message: str


class EffectiveConfiguration(Answer):
    """What runs, without secrets, by section of the file; and what is wrong with the file as it is now."""

    state: Literal["current", "last_good"]
    configured_at: Timestamp
    faults: list[FaultDocument]
    configuration: dict[str, object]


class Health(Answer):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(Answer):
    """Everything that this depends on is reached."""

    ready: Literal[True] = True
    asterisk: bool
    store: bool
    configuration: Annotated[
        Literal["current", "last_good"],
        Field(description="`last_good`: the file has faults now, and what runs is the last that had none"),
    ]
    configured_at: Annotated[Timestamp, Field(description="When what runs was read from the file")]
