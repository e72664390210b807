"""What is said between the leader of an Asterisk and the call centre, one JSON document a message.

The leader of an Asterisk tells what changes in its calls. The call centre commands; each command is answered once, by
its id.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter

from ari_app.calls.commands import ON_CALL, ON_PARTY, TIES, Command, MakeCall
from ari_app.calls.model import AgentId, Alarm, Call, CallId, Leg, LegId
from ari_app.errors import (
    AsteriskUnavailable,
    CallControlError,
    Code,
    FieldError,
    LeadsNoMore,
    NotYetKnown,
    OutcomeUnknown,
    Refused,
    StoreUnavailable,
    Unavailable,
)

KNOWN = ("ties", "messages")
"""What was not there from the beginning: a leader that does not say it knows nothing of it, and is not requested it."""


def ids_of(asterisk: str) -> str:
    """What all ids of this Asterisk's calls begin with, where there are several: each is given once."""
    return f"cc-{asterisk}-"


_KINDS: Mapping[str, type[CallControlError]] = {kind.__name__: kind for kind in (Refused, Unavailable)}
_BY_DETAIL: Mapping[str, Callable[[str], CallControlError]] = {
    kind.__name__: kind for kind in (OutcomeUnknown, NotYetKnown, AsteriskUnavailable, StoreUnavailable)
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An error on its way."""

    kind: str
    code: Code
    detail: str
    fields: tuple[FieldError, ...] = ()

    @staticmethod
    def of(error: CallControlError) -> "Failure":
        """Raise it there as here."""
        kind = Unavailable if isinstance(error, LeadsNoMore) else type(error)
        return Failure(kind.__name__, error.code, error.detail, error.fields)

    def error(self) -> CallControlError:
        """The same again."""
        by_detail = _BY_DETAIL.get(self.kind)
        if by_detail is not None:
            return by_detail(self.detail)
        return _KINDS.get(self.kind, CallControlError)(self.code, self.detail, self.fields)


# -- from the leader of an Asterisk -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """A call that is new (no `before`), another now, or over."""

    before: Call | None
    call: Call


@dataclass(frozen=True, slots=True)
class AllCalls:
    """Where it begins: all calls and legs, and calls that ended. `number`: of the last change in them. `knows`: which
    of `KNOWN` this leader does, which may be of an earlier version.
    """

    number: int
    changes: tuple[Change, ...]
    legs: tuple[Leg, ...]
    reached: bool
    refuses: tuple[str, ...] = ()
    knows: tuple[str, ...] = ()
    kind: Literal["all_calls"] = "all_calls"


@dataclass(frozen=True, slots=True)
class CallIs:
    """One change, the next after `number - 1`."""

    number: int
    change: Change
    kind: Literal["call_is"] = "call_is"


@dataclass(frozen=True, slots=True)
class Talks:
    """Who speaks now in this call; nothing else of it has changed."""

    call: Call
    kind: Literal["talks"] = "talks"


@dataclass(frozen=True, slots=True)
class LegIs:
    """None: it is gone."""

    id: LegId
    leg: Leg | None
    kind: Literal["leg_is"] = "leg_is"


@dataclass(frozen=True, slots=True)
class Reached:
    """Whether Asterisk is reached now, and why callers from outside are refused there."""

    reached: bool
    refuses: tuple[str, ...] = ()
    kind: Literal["reached"] = "reached"


@dataclass(frozen=True, slots=True)
class Alarmed:
    """See `calls.effects.CallAlarm`."""

    call: Call
    alarm: Alarm
    kind: Literal["alarmed"] = "alarmed"


@dataclass(frozen=True, slots=True)
class Emergency:
    """See `calls.effects.EmergencyDialled`."""

    agent: AgentId | None
    phone: str
    number: str
    kind: Literal["emergency"] = "emergency"


@dataclass(frozen=True, slots=True)
class Failed:
    """See `calls.effects.OperationFailed`."""

    call: CallId
    agents: tuple[AgentId, ...]
    operation: str
    failure: Failure
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Answered:
    """A command is done, and this is the call; or it is not."""

    command: str
    call: Call | None = None
    failure: Failure | None = None
    kind: Literal["answered"] = "answered"


@dataclass(frozen=True, slots=True)
class StoryIs:
    """See `engine.storyfile`; None where it is not known."""

    call: CallId
    text: str | None
    kind: Literal["story_is"] = "story_is"


type FromLeader = AllCalls | CallIs | Talks | LegIs | Reached | Alarmed | Emergency | Failed | Answered | StoryIs

# -- from the call centre ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Do:
    """A command: the name of its class, and its fields."""

    verb: str
    fields: Mapping[str, Any] = field(repr=False)  # digits among them
    kind: Literal["do"] = "do"


@dataclass(frozen=True, slots=True)
class Taken:
    """What was reported up to this number is taken in, and need not be reported again."""

    number: int
    kind: Literal["taken"] = "taken"


@dataclass(frozen=True, slots=True)
class TellStory:
    """Of this call."""

    call: CallId
    kind: Literal["tell_story"] = "tell_story"


@dataclass(frozen=True, slots=True)
class Devices:
    """Which phones of agents ring, as `ari.devices.Devices.chosen` has them."""

    chosen: Mapping[str, str]
    kind: Literal["devices"] = "devices"


@dataclass(frozen=True, slots=True)
class ReadAnew:
    """The administrator's file has changed."""

    kind: Literal["read_anew"] = "read_anew"


@dataclass(frozen=True, slots=True)
class Messages:
    """How many messages callers have left, all of them: see `calls.stimuli.MessagesCounted`."""

    counts: Mapping[str, int] = field(repr=False)
    kind: Literal["messages"] = "messages"


type FromCentre = Do | Taken | TellStory | Devices | ReadAnew | Messages

_FROM_LEADER: TypeAdapter[FromLeader] = TypeAdapter(Annotated[FromLeader, Discriminator("kind")])
_FROM_CENTRE: TypeAdapter[FromCentre] = TypeAdapter(Annotated[FromCentre, Discriminator("kind")])
_COMMANDS: Mapping[str, TypeAdapter[Command]] = {
    kind.__name__: TypeAdapter(kind) for kind in (MakeCall, *ON_CALL.values(), *ON_PARTY.values(), *TIES.values())
}


def from_leader(message: FromLeader) -> str:
    """As it is sent."""
    return _FROM_LEADER.dump_json(message).decode()


def read_from_leader(text: str) -> FromLeader:
    """Raises: ValueError for what is no such message."""
    return _FROM_LEADER.validate_json(text)


def from_centre(message: FromCentre) -> str:
    """As it is sent."""
    return _FROM_CENTRE.dump_json(message).decode()


def read_from_centre(text: str) -> FromCentre:
    """Raises: ValueError for what is no such message."""
    return _FROM_CENTRE.validate_json(text)


def request_for(command: Command) -> Do:
    """The command, on its way."""
    verb = type(command).__name__
    return Do(verb, _COMMANDS[verb].dump_python(command, mode="json"))


def command_of(request: Do) -> Command:
    """Raises: ValueError for a verb that is not known here."""
    adapter = _COMMANDS.get(request.verb)
    if adapter is None:
        raise ValueError(f"unknown verb {request.verb[:32]}")
    return adapter.validate_python(request.fields)
