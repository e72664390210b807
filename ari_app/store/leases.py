"""Who leads each Asterisk, as all controllers see it: the port of leases, and their Redis.

A lease ends by itself unless it is renewed. Each time it is taken it has a higher number, which all that its owner
writes carries (`Fence`): Redis refuses whoever has not the last one.
"""

from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis

from ari_app.store import lua
from ari_app.store.client import ERRORS
from ari_app.store.scripts import Fence, Scripts, sources

_SCRIPTS = sources(lua, ["lease"])
_RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Lease:
    """What the store knows. `number`: the highest that was given, 0 where it knows of none, as one that was emptied.

    `owner` is empty where nobody has it; `released`: whoever had it gave it up. `address`: of the owner's API.
    """

    number: int
    owner: str = ""
    address: str = ""
    released: bool = False


class Leases(Protocol):
    """All raise StoreUnavailable; what was requested then may have been done or not."""

    async def look(self, asterisk: str) -> Lease:
        """How it is now."""

    async def take(self, asterisk: str, owner: str, address: str, seconds: float, above: int = 0) -> int | None:
        """Have it for so long, under a number higher than all before and than `above`; None where somebody has it."""

    async def renew(self, fence: Fence, address: str, seconds: float) -> bool:
        """Have it for so long from now, also where it has ended and nobody took it; False where a newer one leads.

        A store that was emptied, or has forgotten its last seconds, learns from it which number is the highest.
        """

    async def release(self, fence: Fence) -> None:
        """Give it up, so that another may have it at once; nothing happens where it is another's."""


class RedisLeases:
    """See `Leases`. How long a lease lasts is measured by the clock of Redis."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._scripts = Scripts(client, prefix, _SCRIPTS)

    async def look(self, asterisk: str) -> Lease:
        with ERRORS:
            number, held = await self._scripts.run("lease", "look", asterisk)
        owner, _, address = held.decode().partition(" ")
        if owner == _RELEASED:
            return Lease(number, released=True)
        return Lease(number, owner, address)

    async def take(self, asterisk: str, owner: str, address: str, seconds: float, above: int = 0) -> int | None:
        lasts = round(seconds * 1000)
        with ERRORS:
            number = int(await self._scripts.run("lease", "take", asterisk, owner, address, lasts, above))
        return number or None

    async def renew(self, fence: Fence, address: str, seconds: float) -> bool:
        lasts, of = round(seconds * 1000), (fence.asterisk, fence.owner)
        with ERRORS:
            return bool(await self._scripts.run("lease", "renew", *of, address, lasts, fence.number))

    async def release(self, fence: Fence) -> None:
        with ERRORS:
            await self._scripts.run("lease", "release", fence.asterisk, fence.owner, fence.number)
