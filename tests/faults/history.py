"""What was seen in one round by those who cannot be mistaken: phones, their ears, and who has given commands. Pure.

Times are seconds of one clock. A caller has another number for each call, by which phones' displays say whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

type Kind = Literal["release", "hang-up", "transfer", "call"]
"""What an agent does: by the desktop, or (`hang-up`) at the phone."""
type Outcome = Literal["ok", "fail", "unknown"]
"""As it was answered; `unknown` where no answer came, or one that says that nobody knows."""

FOREVER = float("inf")


@dataclass(frozen=True)
class Operation:
    """A command. `call` is the caller's number; `target` one that nobody else dials, of a transfer and a call out."""

    agent: str
    kind: Kind
    call: str
    invoked: float
    answered: float
    outcome: Outcome
    target: str = ""


@dataclass(frozen=True)
class Ring:
    """An INVITE that came to `phone`, an agent's name or a number outside, for `call`, as its display said.

    `by_request`: the phone was to answer by itself, because its agent has requested a call.
    """

    phone: str
    call: str
    received: float
    answered: float = FOREVER
    ended: float = FOREVER
    by_request: bool = False


@dataclass(frozen=True)
class Stay:
    """A caller's call, from dialling to its end. `by`: who ended it; `why`, as their phone was notified."""

    call: str
    dialled: float
    answered: float = FOREVER
    ended: float = FOREVER
    by: Literal["caller", "system", "nobody"] = "nobody"
    why: str = ""


@dataclass(frozen=True)
class Heard:
    """Someone heard a voice: agents by their names, callers by the number of their call."""

    ear: str
    voice: str
    begin: float
    end: float


@dataclass(frozen=True)
class History:
    """All of one round. Every caller was to be served by its end."""

    operations: Sequence[Operation] = ()
    rings: Sequence[Ring] = ()
    stays: Sequence[Stay] = ()
    heard: Sequence[Heard] = ()
