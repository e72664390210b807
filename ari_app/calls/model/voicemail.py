"""A message that a caller leaves, or has left, in a box; and when there is no room for another."""

from dataclasses import dataclass
from enum import StrEnum

_LEAST, _ENOUGH = 32 * 2**20, 512 * 2**20
"""Bytes: half an hour of one message; what is enough of any disk."""


@dataclass(frozen=True, slots=True)
class Message:
    """How far it has come: see `voicemail`. Times in seconds since the epoch."""

    id: str
    box: str
    file: str  # a path under the administrator's directory of recordings, without ending
    greeted: bool = False  # the greeting was begun
    requested: bool = False  # Asterisk was requested to record, and nobody knows otherwise
    begun_at: float | None = None  # when it was first requested
    until: float | None = None  # it is over then, whatever Asterisk reports
    ended_at: float | None = None
    seconds: float | None = None  # how long it is, where Asterisk has reported that
    left: bool = False  # it is over, and there is one
    failures: int = 0


class Full(StrEnum):
    """Why no message is taken: too little is left of the disk; the box has as many as it may have; so many of this
    number wait there unheard."""

    DISK = "disk"
    BOX = "box"
    CALLER = "caller"


NO_ROOM = ""
"""Where a count of messages has 1 while too little is left of the disk."""


def counted(box: str, number: str = "") -> str:
    """Where a count of messages has how many there are in a box; how many of that number nobody has heard yet."""
    return f"{box}/{number}" if number else box


def least_left(size: int) -> int:
    """Bytes of a disk of that size below which no message is begun: a tenth, within bounds."""
    return max(_LEAST, min(_ENOUGH, size // 10))
