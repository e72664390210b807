"""Bodies for the administrator: stories, the file, what is reached."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.common import Answer, Timestamp


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
    voicemail: int


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
    role: Annotated[
        Literal["leader", "standby"],
        Field(description="For a proxy in front of several: a leader is the one to ask, also where it is not ready"),
    ] = "leader"


class Degraded(Answer):
    """An Asterisk that serves only some. Callers from outside are refused, or were in the last seconds: for the `calls`
    that are up, the `rate` at which callers come (`settings.admission`), or because its controller is `late`; or it is
    `unreached`. Of `store`, which is Redis: nine tenths of the `memory` that it may have are used."""

    asterisk: str
    reason: Literal["calls", "rate", "late", "unreached", "memory"]


class Ready(Answer):
    """Everything that this depends on is reached."""

    ready: Literal[True] = True
    role: Annotated[Literal["leader"], Field(description="A standby answers 503 with the code `standby`")] = "leader"
    asterisk: bool
    store: bool
    configuration: Annotated[
        Literal["current", "last_good"],
        Field(description="`last_good`: the file has faults now, and what runs is the last that had none"),
    ]
    configured_at: Annotated[Timestamp, Field(description="When what runs was read from the file")]
    drained: Annotated[
        list[str], Field(description="The Asterisks that take no new calls, by `ari-app drain`; calls there go on")
    ]
    degraded: Annotated[list[Degraded], Field(description="What serves only some of those who want something of it")]
