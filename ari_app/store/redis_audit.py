"""The record of who did what in Redis:

{p}:audit          stream  number, hash and text of each line
{p}:audit:numbers  hash    number of a line -> the numbers of people in it
{p}:audit:chain    hash    number and hash of the last line, and of the last that was forgotten

Written without a fence: what a controller did before another took over happened all the same.
"""

from collections.abc import Sequence
from itertools import batched
from typing import Any

from redis.asyncio import Redis

from ari_app.audit.chain import Kept, Line, Link
from ari_app.store import lua
from ari_app.store.client import ERRORS
from ari_app.store.port import AUDIT_LINES
from ari_app.store.scripts import Scripts, sources

_SCRIPTS = sources(lua, ["append_audit", "write"])


class RedisAudit:
    """See `port.AuditTrail`."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._scripts = Scripts(client, prefix, _SCRIPTS)
        self._key = f"{self._scripts.tag}:audit"

    async def audit_kept(self) -> Kept:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._key}:chain")
        return Kept(_link(kept.get(b"begin"), kept.get(b"begin_hash")), _link(kept.get(b"number"), kept.get(b"hash")))

    async def append_audit(self, after: Link, lines: Sequence[Line], forget_before: float) -> Link:
        words = [word for line in lines for word in (line.link.number, line.link.hash, line.text, line.opened)]
        before = max(0, round(forget_before * 1000))
        with ERRORS:
            number, hash_ = await self._scripts.run(
                "append_audit", after.number, after.hash, before, AUDIT_LINES, *words
            )
        return _link(number, hash_)

    async def audit(self, after: str, limit: int) -> list[tuple[str, Line]]:
        with ERRORS:
            found: Any = await self._client.xrange(self._key, f"({after}" if after else "-", "+", limit)
            fields = [(position.decode(), entry) for position, entry in found]
            numbers: Any = [entry[b"number"] for _, entry in fields]
            opened: list[Any] = await self._client.hmget(f"{self._key}:numbers", numbers) if numbers else []
        return [
            (
                position,
                Line(_link(entry[b"number"], entry[b"hash"]), entry[b"line"].decode(), (beside or b"").decode()),
            )
            for (position, entry), beside in zip(fields, opened, strict=True)
        ]

    async def erase_audit(self, lines: Sequence[int]) -> None:
        for page in batched(lines, 1000, strict=False):
            with ERRORS:
                await self._scripts.run("write", len(page) + 2, "HDEL", f"{self._key}:numbers", *page)


def _link(number: bytes | None, hash_: bytes | None) -> Link:
    return Link(int(number or 0), (hash_ or b"").decode())
