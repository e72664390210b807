"""An event on its way to a receiver: the values. They know neither HTTP nor Redis, nor what a call is."""

from dataclasses import dataclass
from typing import Literal

DAY = 86_400.0
MOST_WAITING = 10_000
"""Events that wait for one receiver; of more, the oldest is given up."""
MOST_DEAD = 1_000
"""Dead letters of one receiver that are kept; of more, the oldest is forgotten."""
LONGEST = 65_536
"""Bytes of one event."""

type Reason = Literal["expired", "too_many"]
"""Why an event was given up: it was tried for a day; too many waited."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. Those of one `line` (a call, an agent, an alarm) reach each receiver in their order.

    `at` in seconds since the epoch; `data` is JSON.
    """

    id: str
    kind: str
    line: str
    at: float
    data: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that one receiver has not taken yet; `position`: where it is kept, since `at`. It was tried so many
    times, and is not tried before `next_at`. Times in seconds since the epoch."""

    position: str
    id: str
    kind: str
    line: str
    at: float
    attempts: int = 0
    next_at: float = 0.0


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that was given up at `dead_at`; the rest as of `Waiting`."""

    position: str
    id: str
    kind: str
    line: str
    at: float
    attempts: int
    reason: str
    dead_at: float


@dataclass(frozen=True, slots=True)
class Health:
    """How a receiver is. `failing_since`: since when it has taken nothing, in seconds since the epoch, though it was
    tried; `error` is why. `stopped`: it has said that it wants nothing any more (410)."""

    failing_since: float | None = None
    error: str = ""
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A receiver, and what waits for it. `next_at`: when it is tried again; None while nothing waits, or nothing is in
    the way."""

    health: Health
    waiting: int
    oldest_at: float | None
    next_at: float | None
    dead: int


@dataclass(frozen=True, slots=True)
class Followed:
    """What receivers knew last of a call or an agent: its document as JSON, and who they are."""

    text: str
    receivers: tuple[str, ...]
