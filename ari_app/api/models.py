"""What travels: bodies of requests (strict, nothing unknown) and of answers. OpenAPI is generated from these.

Calls, parties and offers as clients see them are `calls.views`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from ari_app.calls.views import CallView
from ari_app.routing.directory import Role
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
type Digits = Annotated[str, Field(pattern=r"^[0-9A-D*#]+$", min_length=1, max_length=64)]


class Request(BaseModel):
    """What all bodies have in common."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Login(Request):
    """Who logs in."""

    agent: AgentName
    password: Annotated[str, Field(min_length=1, max_length=1024, json_schema_extra={"format": "password"})]


class NewState(Request):
    """The state that the agent wishes. `reason` goes with `not_ready`, out of the administrator's list."""

    state: Literal["ready", "not_ready", "logged_out"]
    reason: Annotated[str, Field(max_length=64)] | None = None


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


class EventsQuery(Request):
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
    """An agent, as events tell it."""

    agent: str
    name: str
    role: Role
    state: str
    reason: str | None
    since: Timestamp | None
    phone: str | None


class Me(AgentDocument):
    """The agent themselves."""

    caller_ids: list[CallerIdChoice]
    default_caller_id: str | None


type TargetAction = Literal["call", "single_step_transfer", "single_step_conference", "initiate_transfer"]


class TargetDocument(Answer):
    """Somebody or something that can be reached. `actions` is what this agent may do towards it now."""

    target: str
    type: TargetType
    name: str
    state: str | None = Field(description="The agent's state; null for all other types")
    available: int | None = Field(description="Free agents; null where not configured or not a set of agents")
    as_of: Timestamp | None
    actions: list[TargetAction]


class Targets(Answer):
    """What was found, best first."""

    targets: list[TargetDocument]


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


class Reloaded(Answer):
    """What the file now has."""

    agents: int
    groups: int
    queues: int
    skills: int
    routing_points: int


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
