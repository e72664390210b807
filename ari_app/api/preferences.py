"""Whom each agent reached lately and whom they marked, for listing them and for ranking what they find.

Kept in the store. For ranking a copy of a few seconds' age will do, and while the store is away none: finding somebody
must neither wait for it nor fail with it.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

import structlog

from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.routing.targets import Target, parse_target
from ari_app.store.port import FAVOURITES, Favourites

log = structlog.get_logger(__name__)

# Seconds for which a copy is good enough for ranking; another controller may have changed it since.
TRUST = 10.0
REMEMBERED = 20_000

type Ranks = dict[Target, int]


class Preferences:
    """Recents and favourites of all agents."""

    def __init__(self, store: Favourites, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._ranks: OrderedDict[str, tuple[float, Ranks]] = OrderedDict()
        self._writing: dict[str, asyncio.Task[None]] = {}

    def reached(self, agent: str, target: Target) -> None:
        """The agent called, transferred, conferenced or consulted to it. Kept in the background; nobody waits."""
        before = self._writing.get(agent)
        task = asyncio.create_task(self._note(agent, target, before))
        self._writing[agent] = task
        task.add_done_callback(lambda done: self._written(agent, done))

    async def recents(self, agent: str) -> list[Target]:
        """Newest first. Raises: StoreUnavailable."""
        if (writing := self._writing.get(agent)) is not None:
            await asyncio.wait([writing])  # what they have just done is in it
        return _parsed(await self._store.recents(agent))

    async def favourites(self, agent: str) -> list[Target]:
        """In the order in which they marked them. Raises: StoreUnavailable."""
        return _parsed(await self._store.favourites(agent))

    async def add_favourite(self, agent: str, target: Target) -> None:
        """Raises: Refused `too_many` where they have too many; StoreUnavailable."""
        self._ranks.pop(agent, None)
        if not await self._store.add_favourite(agent, str(target)):
            raise Refused(Code.TOO_MANY, f"there are {FAVOURITES} favourites already; remove one first")

    async def remove_favourite(self, agent: str, target: Target) -> None:
        """Raises: StoreUnavailable."""
        self._ranks.pop(agent, None)
        await self._store.remove_favourite(agent, str(target))

    async def ranks(self, agent: str) -> Ranks:
        """Recents, then favourites: the lower the number, the sooner it is shown. Never raises."""
        now = self._clock()
        known = self._ranks.get(agent)
        if known is not None and now < known[0] + TRUST:
            return known[1]
        # Whoever asks meanwhile, or finds the store away, gets what was known.
        self._remember(agent, now, known[1] if known is not None else {})
        try:
            targets = [*await self.recents(agent), *await self.favourites(agent)]
        except StoreUnavailable:
            return self._ranks[agent][1] if agent in self._ranks else {}
        ranks = {target: n for n, target in reversed(list(enumerate(targets)))}
        self._remember(agent, now, ranks)
        return ranks

    def _remember(self, agent: str, now: float, ranks: Ranks) -> None:
        self._ranks[agent] = (now, ranks)
        self._ranks.move_to_end(agent)
        while len(self._ranks) > REMEMBERED:
            self._ranks.popitem(last=False)

    async def _note(self, agent: str, target: Target, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        try:
            await self._store.note_recent(agent, str(target))
        except StoreUnavailable:
            log.warning("recent_not_remembered", agent=agent)
        self._ranks.pop(agent, None)

    def _written(self, agent: str, task: asyncio.Task[None]) -> None:
        if self._writing.get(agent) is task:
            del self._writing[agent]


def _parsed(texts: list[str]) -> list[Target]:
    return [parse_target(text) for text in texts]
