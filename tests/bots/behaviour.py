"""What a bot does when it is called, as a person would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["ring", "answer", "reject", "ignore"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """The programmed answer to an incoming call.

    `after` is in seconds from the INVITE; `status` the rejection's; with `early_media` the phone sends 183
    and a ringing tone in RTP instead of 180. `ignore` doesn't even say 100: an unplugged phone.
    """

    action: Action = "ring"
    after: float = 0.0
    status: int = 603
    early_media: bool = False


def rings(*, early_media: bool = False) -> Behaviour:
    """Ring until told: `answer()`, `decline()`; never by itself."""
    return Behaviour("ring", early_media=early_media)


def answers(after: float = 0.0, *, early_media: bool = False) -> Behaviour:
    """Ring, and answer after that many seconds (0: at once)."""
    return Behaviour("answer", after, early_media=early_media)


def declines(after: float = 0.0) -> Behaviour:
    """The decline key: 603."""
    return Behaviour("reject", after, 603)


def is_busy() -> Behaviour:
    """486 at once."""
    return Behaviour("reject", 0.0, 486)


def is_unreachable(status: int = 404) -> Behaviour:
    """The network refuses: 404, 480, 503 …"""
    return Behaviour("reject", 0.0, status)


def is_unplugged() -> Behaviour:
    """No answer to anything."""
    return Behaviour("ignore")
