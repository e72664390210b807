"""How many connections there may be from one address, and for how long one may say nothing.

A connection costs a file and some memory, whatever comes of it. One on which no whole request has come is closed, and
so is one on which nothing more comes; of one address there are never more than so many, so that nobody at another is
kept out. A proxy that is trusted has as many as it likes: it counts for itself.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

FIRST_REQUEST_SECONDS = 15.0
"""Within which the first request must have come whole, but for its body."""
IDLE_SECONDS = 75.0
"""After the last answer, until the next request has."""
OF_ADDRESS = 4_000
"""As many as a process may have files, but for a part of them: people behind one address have several each."""


class Connections:
    """Counts them by address. `refused(why)` is called for each that is closed: `connections` or `unfinished`."""

    def __init__(
        self, refused: Callable[[str], None], most: int = OF_ADDRESS, within: float = FIRST_REQUEST_SECONDS
    ) -> None:
        self._refused = refused
        self._most = most
        self._within = within
        self._open: Counter[str] = Counter()
        self.unlimited: Callable[[str], bool] = lambda address: False

    def begin(self, address: str) -> bool:
        """One more from there; False: there are as many as there may be, and it does not count."""
        if self._open[address] >= self._most and not self.unlimited(address):
            self._refused("connections")
            return False
        self._open[address] += 1
        return True

    def end(self, address: str) -> None:
        """One less."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]

    def watch(self, close: Callable[[], None]) -> asyncio.TimerHandle:
        """Have one closed on which no whole request comes in time; to be cancelled when one has."""

        def unfinished() -> None:
            self._refused("unfinished")
            close()

        return asyncio.get_running_loop().call_later(self._within, unfinished)
