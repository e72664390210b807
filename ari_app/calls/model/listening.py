"""Messages of callers that an agent hears at their phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ari_app.calls.model.ids import AgentId


@dataclass(frozen=True, slots=True)
class MessageToHear:
    """What is said of a message, and its file. `left_at` in seconds since the epoch, `east` of the call centre's clocks
    then, before those of Greenwich; no `number` where that is withheld or not known. `new`: nobody had heard it when
    the agent began to listen.
    """

    id: str
    file: str  # a path under the administrator's directory of recordings, without ending
    left_at: float
    number: str = ""
    east: float = 0.0
    new: bool = True


@dataclass(frozen=True, slots=True)
class Mark:
    """What has become of a message, and when. Seconds since the epoch."""

    state: Literal["heard", "done"]
    at: float


class Stage(StrEnum):
    """What is played, or was last."""

    LISTING = "listing"  # which messages there are is not known yet
    COUNT = "count"  # how many are new
    ABOUT = "about"  # when one was left, and from which number
    MESSAGE = "message"
    KEYS = "keys"  # a key is waited for


@dataclass(frozen=True, slots=True)
class Listening:
    """How far the agent has come: see `features.listening`."""

    agent: AgentId
    language: str = ""  # of the phone's prompts, as Asterisk has it
    stage: Stage = Stage.LISTING
    messages: tuple[MessageToHear, ...] = ()
    at: int = 0  # which of them
    helped: bool = False  # what the keys do was said
    until: float | None = None  # it is over then, if nothing comes
    marks: Mapping[str, Mark] = field(default_factory=dict)  # by message: whoever keeps messages reads it here
