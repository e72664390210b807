"""Notices that this process stood still: frozen, starved of its processor, or asleep with its machine."""

import asyncio
from collections.abc import Callable

EVERY_SECONDS = 0.25
STALL_SECONDS = 2.0
"""Longer than a garbage collection or a busy machine takes; what came meanwhile is then still to be read."""


class Pulse:
    """Looks at the loop's clock every so often, and whenever `look` is called; make it in a running loop.

    `on_stall` is called once for each time that the loop stood still, for how many seconds; `on_beat` every so often,
    with how many seconds later than was due.
    """

    def __init__(self, on_stall: Callable[[float], None], on_beat: Callable[[float], None] = lambda late: None) -> None:
        self._on_stall = on_stall
        self._on_beat = on_beat
        self._loop = asyncio.get_running_loop()
        self._looked = self._loop.time()
        self._timer = self._loop.call_later(EVERY_SECONDS, self._beat)

    def look(self) -> None:
        """Whatever is decided next must not be decided by time that nobody has lived through."""
        now = self._loop.time()
        still, self._looked = now - self._looked - EVERY_SECONDS, now
        if still > STALL_SECONDS:
            self._on_stall(still)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _beat(self) -> None:
        late = max(0.0, self._loop.time() - self._timer.when())
        self.look()
        self._on_beat(late)
        self._timer = self._loop.call_later(EVERY_SECONDS, self._beat)
