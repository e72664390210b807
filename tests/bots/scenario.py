"""The scenario format: what a file may say, and where it is wrong (file, line, field)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from tests.bots import phrases
from tests.bots.lab import pairs

Where = tuple[str | int, ...]


class ScenarioError(ValueError):
    """A scenario file that can't be run; each line of the message is `file:line: field: what`."""


def _listed(value: object) -> object:
    return value if isinstance(value, list) or value is None else [value]


def _phrase(forms: Mapping[str, str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        phrases.read(text, forms)
        return text

    return check


def _talk(text: str) -> str:
    pairs(text)
    return text


def _behaviour(text: str) -> str:
    phrases.behaviour(text)
    return text


BotName = Annotated[str, StringConstraints(pattern=rf"^{phrases.NAME}$")]
Names = Annotated[list[BotName], BeforeValidator(_listed)]
Actions = Annotated[list[Annotated[str, AfterValidator(_phrase(phrases.ACTIONS))]], BeforeValidator(_listed)]
Facts = Annotated[list[Annotated[str, AfterValidator(_phrase(phrases.FACTS))]], BeforeValidator(_listed)]
Talks = Annotated[list[Annotated[str, AfterValidator(_talk)]], BeforeValidator(_listed)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Bot(_Part):
    """A phone (`phone` and `secret`) or somebody outside (`contact`, with an optional `display`)."""

    phone: str | None = None
    secret: str = ""
    contact: str | None = None
    display: str = ""
    when_called: Annotated[str, AfterValidator(_behaviour)] = "rings"
    auto_answer: bool = True
    keys: Literal["events", "tones"] = "events"

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.phone is None) == (self.contact is None):
            raise ValueError("a bot is either a phone or a contact: give one of the two")
        return self


class Agent(_Part):
    """An agent who is logged in at the API for the scenario, by name of the key."""

    password: str
    state: Literal["ready", "not_ready", "logged_out"] | None = "ready"


class Request(_Part):
    """An HTTP request of an agent. Exactly one of get, post, put, patch, delete."""

    agent: str
    get: str | None = None
    post: str | None = None
    put: str | None = None
    patch: str | None = None
    delete: str | None = None
    body: dict[str, Any] | None = None
    status: int | None = None
    code: str | None = None
    returns: dict[str, Any] = {}
    save: dict[str, str] = {}

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if len(self.methods) != 1:
            raise ValueError("give exactly one of get, post, put, patch, delete")
        return self

    @property
    def methods(self) -> list[tuple[str, str]]:
        """The one (METHOD, path)."""
        named = {
            "GET": self.get, "POST": self.post, "PUT": self.put, "PATCH": self.patch, "DELETE": self.delete
        }  # fmt: skip
        return [(method, path) for method, path in named.items() if path is not None]


class Shown(_Part):
    """What a display shows; what is not given doesn't matter."""

    name: str | None = None
    number: str | None = None
    anonymous: bool | None = None


class Expect(_Part):
    """What has to be so within the step's time. `heard` is exact among `among` (default: all bots)."""

    heard: Talks | None = None
    among: Names | None = None
    music: Names = []
    speech: Names = []
    ringing: Names = []
    silence: Names = []
    rings: Names = []
    not_ringing: Names = []
    talks: Names = []
    ended: Names = []
    display: dict[BotName, Shown] = {}
    dtmf: dict[BotName, str] = {}
    never_silent: dict[BotName, Seconds] = {}
    call: dict[str, dict[str, Any]] = {}
    stable: Annotated[float, Field(ge=0, le=60)] = 0.3

    def bots(self) -> set[str]:
        """Every bot that is named."""
        lists = (self.among or [], self.music, self.speech, self.ringing, self.silence, self.rings)
        more = (self.not_ringing, self.talks, self.ended, self.display, self.dtmf, self.never_silent)
        talking = {name for pair in pairs(*(self.heard or [])) for name in pair}
        return talking.union(*lists, *more)


class Step(_Part):
    """In this order: wait for `when`, then `do`, then `api`, then `expect`."""

    when: Facts = []
    do: Actions = []
    api: Request | None = None
    expect: Expect | None = None
    within: Seconds = 5.0
    note: str = ""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.when or self.do or self.api or self.expect):
            raise ValueError("an empty step: give at least one of when, do, api, expect")
        return self

    def bots(self) -> set[str]:
        """Every bot that the step names."""
        said = [phrases.read(text, phrases.FACTS) for text in self.when]
        said += [phrases.read(text, phrases.ACTIONS) for text in self.do]
        named = {phrase.bot for phrase in said}.union(*(phrase.bots for phrase in said))
        return named | (self.expect.bots() if self.expect is not None else set())

    def agents(self) -> set[str]:
        """Every agent whose API the step uses."""
        requested = {self.api.agent} if self.api is not None else set()
        return requested | (set(self.expect.call) if self.expect is not None else set())


class Scenario(_Part):
    """A scenario file."""

    name: str
    about: str = ""
    voices: Annotated[int, Field(ge=2, le=60)] = 8
    bots: dict[BotName, Bot] = Field(min_length=1)
    agents: dict[str, Agent] = {}
    steps: list[Step] = Field(min_length=1)

    @property
    def needs_api(self) -> bool:
        """Whether it can only be run with a controller."""
        return bool(self.agents)

    def unknown(self) -> Iterable[tuple[Where, str]]:
        """(where, what) for each name that no `bots` or `agents` entry introduces."""
        for index, step in enumerate(self.steps):
            for name in sorted(step.bots() - set(self.bots)):
                yield ("steps", index), f"there is no bot {name}"
            for name in sorted(step.agents() - set(self.agents)):
                yield ("steps", index), f"there is no agent {name}"


class _Loader(yaml.SafeLoader):
    """YAML in which 1001 and +33123456789 stay what they look like: text. Only true and false are not."""


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("^(?:~|null)$"), list("~n"))


def _lines(node: yaml.Node, at: Where, found: dict[Where, int]) -> None:
    found[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value)
            if name in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{name} is given twice", key.start_mark)
            seen.add(name)
            _lines(value, (*at, name), found)
            found[(*at, name)] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _lines(value, (*at, index), found)


def _line(at: Where, lines: Mapping[Where, int]) -> int:
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)


def parse(text: str, file: str) -> Scenario:
    """A scenario out of YAML. Raises ScenarioError, a line for each fault."""
    lines: dict[Where, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is not None:
            _lines(node, (), lines)
        content = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark is not None else 1
        raise ScenarioError(f"{file}:{line}: {error.problem}") from None
    try:
        scenario = Scenario.model_validate(content)
    except ValidationError as error:
        faults = [(each["loc"], each["msg"].removeprefix("Value error, ")) for each in error.errors()]
    else:
        faults = list(scenario.unknown())
        if not faults:
            return scenario
    raise ScenarioError("\n".join(f"{file}:{_line(at, lines)}: {_field(at)}: {message}" for at, message in faults))


def _field(at: Where) -> str:
    shown = ""
    for part in at:
        shown += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if shown else part
    return shown or "scenario"


def load(path: Path) -> Scenario:
    """A scenario file. Raises ScenarioError, also where the file can't be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}:1: {error}") from None
    return parse(text, str(path))
