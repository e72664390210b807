"""When an event is tried again, and when it is given up: pure."""

from enum import Enum, auto

from ari_app.webhooks.model import DAY

PAUSES = (5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0)
"""Seconds after the first, the second … time in vain; after each further one the last. In a day that is 30 times."""
RESTS = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds for which a receiver rests that took nothing several times on end: one event at a time tries it then."""
IN_VAIN = 5
"""So many times on end."""
JITTER = 0.2
"""Part by which a pause may be longer: receivers that failed together are not tried together."""
LONGEST_WISH = 3_600.0
"""Seconds; a receiver may wish to be left alone for so long (`Retry-After`)."""


class Verdict(Enum):
    """What an answer means."""

    TAKEN = auto()
    AGAIN = auto()
    STOP = auto()
    """The receiver wants no more events (410)."""


def verdict(status: int) -> Verdict:
    """Of a status of HTTP. Redirects are not followed: where events go is what the administrator has written."""
    if 200 <= status < 300:
        return Verdict.TAKEN
    return Verdict.STOP if status == 410 else Verdict.AGAIN


def pause(attempts: int, chance: float, wish: float = 0.0) -> float:
    """Seconds until an event is tried again that was tried so many times. `chance` from 0 to 1; `wish`: the
    receiver's own."""
    usual = PAUSES[min(attempts, len(PAUSES)) - 1]
    return max(usual * (1 + JITTER * chance), min(wish, LONGEST_WISH))


def rest(in_vain: int) -> float:
    """Seconds for which a receiver rests that took nothing so many times on end."""
    return RESTS[min(in_vain - IN_VAIN, len(RESTS) - 1)] if in_vain >= IN_VAIN else 0.0


def expires(at: float) -> float:
    """When an event that happened at that time is given up."""
    return at + DAY
