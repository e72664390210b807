"""Where people outside have left traces in Redis beside calls: what agents reached and marked, answers for repeats, and
events for webhooks.

For whoever is to forget somebody; at no time else is all of it read. Written without a fence, as the administrator's
will is done whoever leads.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from ari_app.store.client import ERRORS
from ari_app.store.redis import SCRIPTS
from ari_app.store.scripts import Scripts

_PAGE = 500


@dataclass(frozen=True, slots=True)
class Marks:
    """What an agent has reached (`recents`) or marked (`favourites`)."""

    kind: str
    agent: str
    targets: tuple[str, ...]


class RedisTraces:
    """See above."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._scripts = Scripts(client, prefix, SCRIPTS)
        self._tag = self._scripts.tag

    async def marks(self) -> list[Marks]:
        """Of all agents. Raises: StoreUnavailable."""
        found: list[Marks] = []
        for kind in ("recents", "favourites"):
            begin = f"{self._tag}:{kind}:"
            async for key in self._keys(f"{kind}:*"):
                with ERRORS:
                    read: Any = (
                        await self._client.lrange(key, 0, -1)
                        if kind == "recents"
                        else await self._client.zrange(key, 0, -1)
                    )
                found.append(Marks(kind, key.removeprefix(begin), tuple(target.decode() for target in read)))
        return found

    async def forget_mark(self, kind: str, agent: str, target: str) -> None:
        """Raises: StoreUnavailable."""
        key = f"{self._tag}:{kind}:{agent}"
        await self._write("LREM", key, "0", target) if kind == "recents" else await self._write("ZREM", key, target)

    async def answers(self) -> AsyncIterator[tuple[str, str]]:
        """Answers for repeats, by their keys. Raises: StoreUnavailable."""
        async for key in self._keys("idempotency:*"):
            with ERRORS:
                kept: Any = await self._client.get(key)
            if kept:
                yield key, kept.decode("utf-8", "replace")

    async def forget_answer(self, key: str) -> None:
        """Raises: StoreUnavailable."""
        await self._write("DEL", key)

    async def events(self) -> AsyncIterator[tuple[str, str, str]]:
        """Of webhooks that were not taken, or given up: where each is, and what it says. Raises: StoreUnavailable."""
        for pattern in ("webhooks:to:*", "webhooks:dead:*"):
            async for key in self._keys(pattern):
                with ERRORS:
                    kept: Any = await self._client.xrange(key)
                for position, fields in kept:
                    yield key, position.decode(), fields[b"body"].decode("utf-8", "replace")

    async def forget_event(self, key: str, position: str) -> None:
        """Raises: StoreUnavailable."""
        await self._write("XDEL", key, position)

    async def _keys(self, pattern: str) -> AsyncIterator[str]:
        at = 0
        while True:
            with ERRORS:
                answer: Any = await self._client.scan(at, f"{self._tag}:{pattern}", _PAGE)
            at, keys = answer
            for key in keys:
                yield key.decode()
            if not at:
                return

    async def _write(self, *words: str | bytes) -> None:
        with ERRORS:
            await self._scripts.run("write", len(words), *words)
