"""A story in words: when, who, what, and what was requested then. Pure.

Ids become people, by what the story itself has: channels that arrived or were created, what steps have read, and who is
in the call when it is run again.
What nobody may print (`repr=False`: digits, identities that are withheld) is left out, and so is what is attached to a
call but for its keys.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum

from ari_app.calls.commands import BaseCommand, MakeCall
from ari_app.calls.discretion import discreet
from ari_app.calls.effects import CreateLeg, CreateSnoop, OnAsterisk
from ari_app.calls.model import Call, DialplanEntry, Identity, Leg, Outside, Party, Phone
from ari_app.calls.replay import replay
from ari_app.calls.state import Seek
from ari_app.calls.stimuli import ChannelArrived, EffectDone
from ari_app.calls.story import Before, StoryEntry
from ari_app.calls.views import timestamp
from ari_app.errors import CallControlError
from ari_app.operations.text import fit, plain, width
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target

_WHO = 22
_LONG = 3
_WORD = re.compile(r"[A-Z][a-z]*")
# What says nothing to a person: numbers of our own, and what stands elsewhere in the line.
_LEFT_OUT = frozenset({"id", "by", "role", "request", "command", "effect", "bridge", "announcement", "of"})
_LABELS: Mapping[str, str] = {"endpoint": "from", "entry_verb": "for", "entry": "at", "dialled": "dialled"}
_CAUSES: Mapping[int, str] = {
    1: "no such number", 16: "hung up", 17: "busy", 18: "no answer", 19: "no answer", 20: "not reached",
    21: "declined", 26: "answered elsewhere", 27: "not reached", 38: "network fault", 44: "lost",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """At `at` (seconds since the epoch) `who` (empty: nobody) did `what`; `then` is what was requested."""

    at: float
    who: str
    what: str
    then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """The story of one call, oldest first."""

    call: str
    steps: tuple[Step, ...]

    def document(self) -> object:
        """As JSON has it."""
        return {
            "call": self.call,
            "steps": [
                {"at": timestamp(step.at), "who": step.who, "what": step.what, "then": list(step.then)}
                for step in self.steps
            ],
        }


def tell(call: str, entries: Sequence[StoryEntry]) -> Account:
    """What somebody wants to read of it: that an effect was done is said only where something follows from it."""
    people = _People(call)
    for replayed in replay(call, entries):
        people.meet(replayed.call)
    steps: list[Step] = []
    for entry in entries:
        people.learn(entry)
        detail = discreet(entry.detail)
        if entry.kind == "effect" and steps:
            last = steps[-1]
            steps[-1] = Step(last.at, last.who, last.what, (*last.then, people.effect(detail)))
        else:
            steps.append(Step(entry.at, people.who(detail), people.what(detail), ()))
    done = _words(EffectDone.__name__)
    return Account(call, tuple(step for step in steps if step.then or step.what != done))


def as_lines(account: Account, columns: int) -> list[str]:
    """For a terminal; times are UTC, and seconds since the first step."""
    if not account.steps:
        return [f"call {account.call}: nothing is kept of it"]
    first = account.steps[0].at
    who = min(_WHO, max(width(step.who) for step in account.steps))
    printed = [f"call {account.call}, {datetime.fromtimestamp(first, UTC):%Y-%m-%d} (times are UTC)"]
    for step in account.steps:
        at = datetime.fromtimestamp(step.at, UTC).strftime("%H:%M:%S.%f")[:-3]
        begin = f"{at}  {step.at - first:8.3f}  {fit(plain(step.who), who)}  "
        printed += _wrapped(begin, step.what, columns)
        for effect in step.then:
            printed += _wrapped(" " * (width(begin) - 2 - who) + "-> ", effect, columns)
    return printed


def _wrapped(begin: str, text: str, columns: int) -> list[str]:
    room = max(24, columns - width(begin))
    head, *rest = textwrap.wrap(plain(text), room, break_on_hyphens=False) or [""]
    return [f"{begin}{head}".rstrip(), *(" " * width(begin) + line for line in rest)]


class _People:
    """Who is meant by an id."""

    def __init__(self, call: str) -> None:
        self._call = call
        self._names: dict[str, str] = {}
        self._directory: Directory | None = None
        self._wanted: dict[str, MakeCall] = {}

    def meet(self, call: Call | None) -> None:
        """Those who are in a call."""
        for party in call.parties.values() if call is not None else ():
            self._party(party)

    def learn(self, entry: StoryEntry) -> None:
        """What an entry tells of who is who, also by what its step has read."""
        if entry.before is not None:
            self._read(entry.before)
        match entry.detail:
            case ChannelArrived(leg=leg, endpoint=endpoint, caller=caller):
                self._names[leg] = self._of_phone(endpoint) or _identity(caller) or endpoint
            case CreateLeg(leg=leg, destination=destination):
                self._names[leg] = self._destination(destination)
            case CreateSnoop(leg=leg, of=of):
                self._names[leg] = f"a listener to {self._named(of)}"

    def _read(self, before: Before) -> None:
        self._directory = before.directory
        for (_, key), value in before.values.items():
            match value:
                case Seek(command=MakeCall() as command):
                    self._wanted[str(key)] = command
                case Leg(id=leg, agent=str() as agent):
                    self._names.setdefault(leg, self._agent(agent))
                case Leg(id=leg, destination=destination) if destination is not None:
                    self._names.setdefault(leg, self._destination(destination))
                case Call():
                    self.meet(value)

    def _party(self, party: Party) -> None:
        name = self._agent(party.agent) if party.agent is not None else _identity(party.identity)
        if name:
            self._names[party.id] = name
            for leg in party.legs:
                self._names.setdefault(leg, name)

    def _agent(self, agent: str) -> str:
        listed = self._directory.agents.get(agent) if self._directory is not None else None
        return listed.name if listed is not None else agent

    def _of_phone(self, user: str) -> str:
        listed = self._directory.agent_of_phone(user) if self._directory is not None else None
        return listed.name if listed is not None else ""

    def _destination(self, destination: Phone | Outside | DialplanEntry) -> str:
        match destination:
            case Phone(user=user):
                return self._of_phone(user) or user
            case Outside(number=number, listed=listed):
                return listed or number
            case DialplanEntry(number=number):
                return number

    def _named(self, key: str) -> str:
        return self._names.get(key, key)

    # -- lines --------------------------------------------------------------------------------------------------------

    def who(self, detail: object) -> str:
        """Who did it, or whose leg it is."""
        match detail:
            case BaseCommand(by=by):
                return self._agent(by)
            case object(leg=str() as leg):
                return self._named(leg)
            case object(agent=str() as agent):
                return self._agent(agent)
            case _:
                return ""

    def what(self, detail: object) -> str:
        """`answered`, `single step transfer: agent:bob`."""
        own = {"leg", "agent"} if self.who(detail) else set[str]()
        name = _words(type(detail).__name__)
        if hasattr(detail, "leg"):
            name = name.removeprefix("leg ").removeprefix("channel ")
        return _with(name, self._details(detail, own)) + self._wish(getattr(detail, "request", ""))

    def _wish(self, request: str) -> str:
        """Who makes a call to agents has none before somebody is reserved: their command is not in its story."""
        command = self._wanted.pop(request, None)
        return f" (for {self.who(command)}: {self.what(command)})" if command is not None else ""

    def effect(self, detail: object) -> str:
        """`join bridge: Bob`."""
        return _with(_words(type(detail).__name__), self._details(detail, set[str]()))

    def _details(self, detail: object, but: set[str]) -> Iterator[str]:
        if not is_dataclass(detail) or isinstance(detail, type):
            return
        left_out = _LEFT_OUT | but | ({"number"} if isinstance(detail, OnAsterisk) else set())
        listed = sorted(fields(detail), key=lambda field: field.name not in ("leg", "agent", "target"))
        for field in listed:
            if field.name not in left_out and field.repr:
                shown = self._value(field.name, getattr(detail, field.name))
                if shown:
                    yield shown

    def _value(self, name: str, value: object) -> str:
        match value:
            case None | False | "" | 0:
                return "no call" if name == "activity" else ""
            case True:
                return _spaced(name)
            case int() if name == "cause":
                return _CAUSES.get(value, f"cause {value}")
            case int() | float():
                return f"{_spaced(name)} {value:.3g}"
            case Enum():
                return str(value.value)
            case str():
                return self._text(name, value)
            case Mapping():
                return f"{_spaced(name)} {', '.join(str(key) for key in value)}" if value else ""
            case tuple() | frozenset():
                return self._several(name, sorted(value, key=str) if isinstance(value, frozenset) else value)
            case _:
                return self._noun(value)

    def _text(self, name: str, value: str) -> str:
        if value == self._call:
            return ""
        if name == "agent":
            return self._agent(value)
        return " ".join(part for part in (_LABELS.get(name), self._named(value)) if part)

    def _noun(self, value: object) -> str:
        """A leg is named by its destination already."""
        match value:
            case Call(id=call) if call != self._call:
                return f"call {call}"
            case Target():
                return str(value)
            case Identity() if value.known:
                return f"as {_identity(value)}"
            case CallControlError(code=code):
                return code.value
            case _:
                return ""

    def _several(self, name: str, values: Sequence[object]) -> str:
        if len(values) > _LONG or not all(isinstance(value, str) for value in values):
            return f"{len(values)} {name}" if values else ""
        return " ".join(self._named(str(value)) for value in values if value)


def _identity(identity: Identity) -> str:
    if identity.anonymous:
        return "a caller who withholds who they are"
    return identity.name or identity.number


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _words(name: str) -> str:
    return " ".join(_WORD.findall(name)).lower()


def _with(name: str, details: Iterator[str]) -> str:
    said = ", ".join(details)
    return f"{name}: {said}" if said else name
