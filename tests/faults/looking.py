"""What the parts of a cluster say that there is: `holdings`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.e2e.cluster import ASTERISKS
from tests.faults.holdings import Holdings, counted, differences
from tests.faults.people import People
from tests.support.polling import until
from tests.support.sentinels import node

WITHIN = 10.0
"""Seconds in which everything has to be as it should."""
_ANSWERS_WITHIN = 0.05
_PAUSE = 0.002
"""Seconds between two inquiries whether Redis answers."""

_TAG = "{cc}"
_TALKING = b"on_call"
_REDIS_PORT = 6379


@asynccontextmanager
async def primary(people: People) -> AsyncIterator[Redis]:
    """Redis, where it is written."""
    address = people.cluster.address(await people.cluster.primary())
    password = urlsplit(people.cluster.stack.redis).password or ""
    async with node(address, _REDIS_PORT, password) as redis:
        yield redis


async def holdings(people: People) -> Holdings:
    """What there is now. Raises AssertionError and RedisError where a part is away."""
    _, calls = await people.admin.request("GET", "/v1/admin/calls")
    channels = [f"{each['id']} at {name}" for name in ASTERISKS for each in await people.cluster.calls_of(name)]
    bridges: dict[str, int] = {name: len(await people.cluster.calls_of(name, "bridges")) for name in ASTERISKS}
    return Holdings(
        calls=frozenset(call["id"] for call in calls.get("calls", ["nobody answers"])),
        channels=frozenset(channels),
        bridges=bridges,
        agents=await people.states(),
        redis=await _in_redis(people),
    )


async def taken_away(people: People, take: Callable[[], Awaitable[None]]) -> float:
    """Take Redis' primary away. Returns when it has answered last (`time.monotonic()`): Docker, which does it, takes
    its time on a busy machine, before that and after it.
    """
    async with primary(people) as redis:
        last, taking = time.monotonic(), asyncio.ensure_future(take())
        while not taking.done():
            with suppress(RedisError, OSError, TimeoutError):
                async with asyncio.timeout(_ANSWERS_WITHIN):
                    await redis.ping()
                last = time.monotonic()
            await asyncio.sleep(_PAUSE)
        await taking
    return last


async def _in_redis(people: People) -> dict[str, int]:
    """Snapshots, reservations for calls that nobody has, and who waits."""
    async with primary(people) as redis:
        keys = [key.decode() async for key in redis.scan_iter(match=f"{_TAG}:*", count=1000)]
        snapshots = [key for key in keys if key.startswith(f"{_TAG}:snapshots")]
        fields = [field.decode() for key in snapshots async for field, _ in redis.hscan_iter(key)]
        waiting = [await redis.zcard(key) for key in keys if key.startswith(f"{_TAG}:waiting:") and key.count(":") > 2]
        reserved = [agent.decode() async for _, agent in redis.hscan_iter(f"{_TAG}:requests")]
        doing = [await redis.hget(f"{_TAG}:agent:{agent}", "activity") for agent in reserved]
        others = {
            "reservations": sum(each != _TALKING for each in doing),
            "agents in reservation or wrap-up": await redis.zcard(f"{_TAG}:due"),
            "callers who wait": sum(waiting),
        }
    return counted(fields, others)


async def what_is_wrong(people: People, wanted: Holdings) -> tuple[str, ...]:
    """What is left behind or lost after `WITHIN` seconds; nothing as soon as all is as it should be."""
    found: list[str] = []

    async def right() -> bool:
        found[:] = differences(await holdings(people), wanted)
        return not found

    try:
        await until(right, "all is as it was", WITHIN)
    except AssertionError as complaint:
        found[:] = found or [str(complaint)]
    return tuple(found)
