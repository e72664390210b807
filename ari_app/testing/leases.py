"""Leases in this process: the same as `store.redis_leases.RedisLeases`, for tests."""

import time
from collections.abc import Callable
from dataclasses import replace

from ari_app.errors import StoreUnavailable
from ari_app.store.leases import Fence, Lease, Renewal


class MemoryLeases:
    """See `store.leases.Leases`. `clock` in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._fences: dict[str, Fence] = {}
        self._held: dict[str, tuple[float, Lease]] = {}
        self._sought: dict[str, float] = {}

    async def look(self, asterisk: str, seeks: float = 0) -> Lease:
        if seeks:
            self._sought[asterisk] = self._clock() + seeks
        return self._now(asterisk)

    async def take(self, asterisk: str, owner: str, address: str, seconds: float, above: int = 0) -> int | None:
        if self._now(asterisk).owner:
            return None
        fence = Fence(asterisk, max(self._highest(asterisk), above) + 1, owner)
        self._hold(fence, address, seconds)
        return fence.number

    async def renew(self, fence: Fence, address: str, seconds: float) -> Renewal:
        last = self._fences.get(fence.asterisk, fence)
        if last.number > fence.number or (last.number == fence.number and last != fence):
            return Renewal.LOST
        self._hold(fence, address, seconds)
        return Renewal.SOUGHT if self._clock() < self._sought.get(fence.asterisk, float("-inf")) else Renewal.KEPT

    async def release(self, fence: Fence) -> None:
        if self._fences.get(fence.asterisk) == fence:
            self._held[fence.asterisk] = (float("inf"), Lease(fence.number, released=True))

    def check(self, fence: Fence) -> None:
        """As each write is. Raises: StoreUnavailable where the fence is not the last one."""
        if self._fences.get(fence.asterisk) != fence:
            raise StoreUnavailable("another controller leads this Asterisk, and this one has to keep nothing any more")

    def forget(self) -> None:
        """As after the store came back without what it had kept."""
        self._fences.clear()
        self._held.clear()
        self._sought.clear()

    def _hold(self, fence: Fence, address: str, seconds: float) -> None:
        self._fences[fence.asterisk] = fence
        self._held[fence.asterisk] = (self._clock() + seconds, Lease(fence.number, fence.owner, address))

    def _now(self, asterisk: str) -> Lease:
        until, lease = self._held.get(asterisk, (float("-inf"), Lease(0)))
        left = until - self._clock()
        return replace(lease, left=left) if left > 0 else Lease(self._highest(asterisk))

    def _highest(self, asterisk: str) -> int:
        return self._fences[asterisk].number if asterisk in self._fences else 0
