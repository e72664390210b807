"""Ways out of a queue: what a caller who waits may press, and by which rules they are called back."""

from dataclasses import dataclass
from typing import Literal

from ari_app.routing.targets import Target

type WayOut = Target | Literal["callback", "hang_up"]
"""Where a key leads: to another target; to a call-back, with the caller's place kept; to the end of the call."""

type Again = Literal["replace", "cancel", "keep"]
"""What becomes of a call-back whose customer calls in again: they have its place; it is over; nothing."""


@dataclass(frozen=True, slots=True)
class CallBackRules:
    """How customers are called back. Times in seconds.

    They are rung `tries` times at most, `retry_after` one another, until `expires_after` since they chose it; of `most`
    at once.
    """

    tries: int = 3
    retry_after: float = 300.0
    expires_after: float = 14_400.0
    again: Again = "replace"
    most: int = 100
