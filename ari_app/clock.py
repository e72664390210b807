"""The time of day, without its jumps: what is to last so many seconds lasts so many seconds.

A clock that is set (NTP after a long absence, by hand, a virtual machine that was moved) would else end every ringing
at once, or keep a rest after a call for an hour.
"""

import time
from collections.abc import Callable

CATCH_UP = 0.01
"""By how much of what passes this clock comes nearer to the time of day: ten minutes ahead or behind are made up
for in 17 hours. Times that people see are that much off until then; the log keeps the machine's own."""


class SteadyClock:
    """Seconds since the epoch, as `time.time`; two readings differ by what has passed between them, to a hundredth."""

    def __init__(self, wall: Callable[[], float] = time.time, passing: Callable[[], float] = time.monotonic) -> None:
        self._wall = wall
        self._passing = passing
        self._shown = wall()
        self._read = passing()

    def __call__(self) -> float:
        read = self._passing()
        passed, self._read = read - self._read, read
        self._shown += passed
        off = self._wall() - self._shown
        most = passed * CATCH_UP
        self._shown += max(-most, min(most, off))
        return self._shown
