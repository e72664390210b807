"""Leases in Redis, each change one script (`lua/lease.lua`)."""

from redis.asyncio import Redis

from ari_app.store import lua
from ari_app.store.client import ERRORS
from ari_app.store.leases import Fence, Lease, Renewal
from ari_app.store.scripts import Scripts, sources

_SCRIPTS = sources(lua, ["lease"])
_RELEASED = "released"
_RENEWALS = (Renewal.LOST, Renewal.KEPT, Renewal.SOUGHT)


class RedisLeases:
    """See `leases.Leases`. How long a lease lasts is measured by the clock of Redis."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._scripts = Scripts(client, prefix, _SCRIPTS)

    async def look(self, asterisk: str, seeks: float = 0) -> Lease:
        with ERRORS:
            number, held, left = await self._scripts.run("lease", "look", asterisk, round(seeks * 1000))
        owner, _, address = held.decode().partition(" ")
        if owner == _RELEASED:
            return Lease(number, released=True)
        return Lease(number, owner, address, left=left / 1000)

    async def take(self, asterisk: str, owner: str, address: str, seconds: float, above: int = 0) -> int | None:
        lasts = round(seconds * 1000)
        with ERRORS:
            number = int(await self._scripts.run("lease", "take", asterisk, owner, address, lasts, above))
        return number or None

    async def renew(self, fence: Fence, address: str, seconds: float) -> Renewal:
        lasts, of = round(seconds * 1000), (fence.asterisk, fence.owner)
        with ERRORS:
            return _RENEWALS[int(await self._scripts.run("lease", "renew", *of, address, lasts, fence.number))]

    async def release(self, fence: Fence) -> None:
        with ERRORS:
            await self._scripts.run("lease", "release", fence.asterisk, fence.owner, fence.number)
