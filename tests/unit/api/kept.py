"""What is kept, in memory and sometimes away: the store, and the files of recordings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.ari.stored_recordings import Measured, Sound
from ari_app.errors import AsteriskUnavailable, Code, Refused, StoreUnavailable
from ari_app.store.port import Claim
from ari_app.testing.store import MemoryStore


class FlakyStore(MemoryStore):
    """The in-memory store, which may be away."""

    away = False

    async def put_token(
        self, token_hash: str, data: bytes, ttl: float, of: str = "", idle: float | None = None
    ) -> None:
        self._reach()
        await super().put_token(token_hash, data, ttl, of, idle)

    async def get_token(self, token_hash: str, idle: float | None = None) -> bytes | None:
        self._reach()
        return await super().get_token(token_hash, idle)

    async def keep_login(self, state_hash: str, data: bytes, ttl: float) -> None:
        self._reach()
        await super().keep_login(state_hash, data, ttl)

    async def take_login(self, state_hash: str) -> bytes | None:
        self._reach()
        return await super().take_login(state_hash)

    async def set_opening(self, target: str, data: bytes) -> None:
        self._reach()
        await super().set_opening(target, data)

    async def password(self, of: str) -> bytes | None:
        self._reach()
        return await super().password(of)

    async def change_password(self, of: str, data: bytes | None, but: str = "") -> list[str]:
        self._reach()
        return await super().change_password(of, data, but)

    async def claim(self, key: str, ttl: float) -> Claim | None:
        self._reach()
        return await super().claim(key, ttl)

    async def finish(self, key: str, status: int, body: bytes) -> None:
        self._reach()
        await super().finish(key, status, body)

    async def caller_id(self, agent: str) -> str | None:
        self._reach()
        return await super().caller_id(agent)

    async def note_recent(self, agent: str, target: str) -> None:
        self._reach()
        await super().note_recent(agent, target)

    async def recents(self, agent: str) -> list[str]:
        self._reach()
        return await super().recents(agent)

    async def favourites(self, agent: str) -> list[str]:
        self._reach()
        return await super().favourites(agent)

    def _reach(self) -> None:
        if self.away:
            raise StoreUnavailable


class FakeFiles:
    """Files of recordings, in two pieces each; `gate` holds the second up, `breaks` loses Asterisk before it."""

    def __init__(self) -> None:
        self.there: dict[str, bytes] = {}
        self.gate: asyncio.Event | None = None
        self.breaks = False
        self.away = False
        self.being_written: set[str] = set()
        self.deletions = 0
        self.kept_by_force: set[str] = set()  # they cannot be deleted

    @asynccontextmanager
    async def open(self, file: str) -> AsyncIterator[Sound]:
        if self.away:
            raise AsteriskUnavailable
        if file not in self.there:
            raise Refused(Code.NOT_FOUND, "no file")
        yield Sound(len(self.there[file]), self._pieces(self.there[file]))

    async def _pieces(self, data: bytes) -> AsyncIterator[bytes]:
        yield data[: len(data) // 2]
        if self.gate is not None:
            await self.gate.wait()
        if self.breaks:
            raise AsteriskUnavailable
        yield data[len(data) // 2 :]

    async def measured(self, file: str) -> Measured | None:
        if self.away:
            raise AsteriskUnavailable
        if file in self.being_written:
            return None
        if file not in self.there:
            raise Refused(Code.NOT_FOUND, "no file")
        return Measured(len(self.there[file]), len(self.there[file]) / 16_000)

    async def delete(self, file: str) -> None:
        self.deletions += 1
        if self.away or file in self.kept_by_force:
            raise AsteriskUnavailable
        self.there.pop(file, None)
