"""A message that a caller leaves, or has left, in a box."""

from dataclasses import dataclass


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
