"""Which Asterisks take no new calls because an administrator has said so (`ari-app drain`).

Each controller looks for itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from ari_app.errors import StoreUnavailable
from ari_app.store.port import Drains

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5


class Draining:
    """Looks into the store every so often; `on_look` is called after each time that it answers."""

    def __init__(self, store: Drains, on_look: Callable[[], None]) -> None:
        self._store = store
        self._on_look = on_look
        self._drained: frozenset[str] = frozenset()

    @property
    def drained(self) -> frozenset[str]:
        """Their names."""
        return self._drained

    async def look(self) -> None:
        """Once. A store that was emptied gets what is known here. Raises: StoreUnavailable."""
        said = await self._store.drained()
        for forgotten in sorted(self._drained - said.keys()):
            await self._store.set_drained(forgotten, drained=True)
            said[forgotten] = True
        found = frozenset(name for name, drained in said.items() if drained)
        if found != self._drained:
            log.info("drained", asterisks=sorted(found))
            self._drained = found
        self._on_look()

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look for ever. While the store is away, what was last known holds."""
        while True:
            await sleep(LOOK_SECONDS)
            with suppress(StoreUnavailable):
                await self.look()
