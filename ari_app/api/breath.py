"""Work that takes long, in slices: between two of them whoever commands a call has their turn."""

import asyncio
from collections.abc import Callable, Iterable

SLICE = 0.002
"""Seconds."""


class Breath:
    """Call it again and again. `check` is called between two slices, and may raise."""

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        self._check = check
        self._clock = asyncio.get_running_loop().time
        self._until = self._clock() + SLICE

    async def __call__(self) -> None:
        if self._clock() >= self._until:
            self._check()
            await asyncio.sleep(0)
            self._until = self._clock() + SLICE

    async def all[T](self, items: Iterable[T]) -> list[T]:
        """All of them, as they are made."""
        found: list[T] = []
        for item in items:
            found.append(item)
            await self()
        return found
