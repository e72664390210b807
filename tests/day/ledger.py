"""What bots and SIPp note of a day: what they did and saw at their own phones, never what the call centre says of it.

Times in seconds since the epoch, by the one clock of the machine on which all of them run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

type How = Literal["answered", "declined", "busy", "cancelled"]
type Verb = Literal[
    "hold",
    "retrieve",
    "release",
    "transfer",
    "conference",
    "consult",
    "complete",
    "dial",
    "ready",
    "lunch",
    "login",
    "logout",
]


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody outside called in: when they sent INVITE, got 200, and BYE was sent or came; `keys` they pressed."""

    number: str
    dialled: str
    sent: float
    up: float | None
    ended: float
    by_caller: bool
    keys: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ring:
    """INVITE came to somebody's phone: `over` is when they answered or refused, or CANCEL came; `ended` when BYE was
    sent or came. `shown` and `shown_last`: the number on the display. `own`: it answers by itself."""

    phone: str
    shown: str
    came: float
    how: How
    over: float
    ended: float
    by_phone: bool = False
    own: bool = False
    shown_last: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """An agent did something at their desktop; `of`: the number of the caller whom it is about. `done`: not refused."""

    agent: str
    verb: Verb
    sent: float
    answered: float
    of: str = ""
    target: str = ""
    done: bool = True


@dataclass
class Ledger:
    """All of a day. `outside`: phones outside that were called."""

    callers: list[Caller] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)
    outside: list[Ring] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
