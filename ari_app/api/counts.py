"""What is counted of a day, on its way into the store: the numbers themselves, and not how much more, so that what was
written without an answer is written again.
"""

import asyncio
from collections.abc import Mapping

from ari_app.errors import StoreUnavailable
from ari_app.store.port import Counters

AGAIN = 0.5
"""Seconds until a store that was away is tried again."""


class Counts:
    """Of each number the newest is written, while `run` goes on; of a store that is away it is waited for."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        self._unkept: dict[str, dict[str, int]] = {}
        self._something = asyncio.Event()
        self._kept = asyncio.Event()
        self._kept.set()

    def put(self, day: str, numbers: Mapping[str, int]) -> None:
        """These are the numbers of that day now, by name."""
        self._unkept.setdefault(day, {}).update(numbers)
        self._kept.clear()
        self._something.set()

    async def run(self) -> None:
        """Write; until it is cancelled."""
        while True:
            while self._unkept:
                await self._write(next(iter(self._unkept)))
            self._kept.set()
            self._something.clear()
            await self._something.wait()

    async def flush(self) -> None:
        """Wait until all is written, while `run` goes on."""
        await self._kept.wait()

    async def _write(self, day: str) -> None:
        numbers = dict(self._unkept[day])
        try:
            await self._counters.keep_counts(day, numbers)
        except StoreUnavailable:
            await asyncio.sleep(AGAIN)
            return
        newer = {name: number for name, number in self._unkept.pop(day).items() if numbers.get(name) != number}
        if newer:
            self._unkept[day] = newer
