"""Bodies about an agent: session, state, and what their desktop must know."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.common import Answer, Device, Request, Timestamp
from ari_app.routing.directory import Purpose, Role

type AgentName = Annotated[str, Field(min_length=1, max_length=64)]
type Choice = Literal["logged_out", "not_ready", "ready"]
type PhoneState = Literal["reachable", "unreachable", "in_use"]
type State = Literal["logged_out", "not_ready", "ready", "reserved", "ringing", "on_call", "wrap_up"]


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
    wrap_up_call: str | None = Field(None, description="the call that wrap-up is about; null outside of it")
    next_state: Choice | None = None
    next_reason: str | None = None


class DispositionChoice(Answer):
    """A code that may be chosen for a call."""

    code: str
    label: str


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
    passwords: bool = Field(description="Whether agents log in by passwords, and may choose their own")
    hear_recordings: bool = Field(description="Whether they may hear recordings: agents those of their own calls")
    dispositions: list[DispositionChoice]
    disposition_required: bool
    caller_id_for: list[Purpose] = Field(description="For what a caller ID may be chosen")
    max_hold: float | None = Field(description="Seconds on hold after which there is an alarm")


class Me(AgentDocument):
    """The agent who asks."""

    caller_ids: list[CallerIdChoice]
    default_caller_id: str | None
    reasons: list[ReasonChoice]
    features: Features
    groups: list[GroupName]
