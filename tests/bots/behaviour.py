"""What a bot does when it is called, as a person would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["ring", "answer", "reject", "ignore"]
Progress = Literal["ringing", "early media", "183 without SDP", "183 without audio", "100 alone"]
"""What the caller is sent of the ringing: 180; 183 and a ringing tone in RTP; 183 that speaks of no audio, or speaks of
some that never comes; nothing."""
Habit = Literal["", "holds", "answers twice"]
"""What the phone does by itself once it has answered: press its hold key; or answer the same INVITE once more, with
another tag, as two phones behind one number do that are picked up at once."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The programmed answer to an incoming call.

    `after` is in seconds from the INVITE: a phone that refuses later has rung until then. `status` is the rejection's,
    `forward` where a 302 sends the caller. `ignore` doesn't even say 100: an unplugged phone.
    """

    action: Action = "ring"
    after: float = 0.0
    status: int = 603
    progress: Progress = "ringing"
    forward: str = ""
    habit: Habit = ""


def rings(*, progress: Progress = "ringing") -> Behaviour:
    """Ring until `answer()` or `decline()`; never by itself."""
    return Behaviour("ring", progress=progress)


def answers(after: float = 0.0, *, progress: Progress = "ringing", habit: Habit = "") -> Behaviour:
    """Ring, and answer after that many seconds (0: at once)."""
    return Behaviour("answer", after, progress=progress, habit=habit)


def declines(after: float = 0.0) -> Behaviour:
    """603: by the decline key after that many seconds of ringing, or by the phone itself (0: it does not disturb)."""
    return Behaviour("reject", after, 603)


def forwards(number: str) -> Behaviour:
    """302 at once: the phone is forwarded to `number`."""
    return Behaviour("reject", 0.0, 302, forward=number)


def is_busy() -> Behaviour:
    """486 at once."""
    return Behaviour("reject", 0.0, 486)


def is_unreachable(status: int = 404) -> Behaviour:
    """The network, or the phone itself, refuses at once: 404, 480, 488 (no codec in common), 503 …"""
    return Behaviour("reject", 0.0, status)


def is_unplugged() -> Behaviour:
    """No answer to anything."""
    return Behaviour("ignore")
