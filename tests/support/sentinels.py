"""One Redis or Sentinel of several, as tests ask it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

SERVICE = "callcontrol"
SENTINEL_PORT = 26379


@asynccontextmanager
async def node(address: str, port: int, password: str) -> AsyncIterator[Redis]:
    """A client of it, whatever its role."""
    redis = Redis(
        host=address,
        port=port,
        password=password,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    try:
        yield redis
    finally:
        await redis.aclose()


async def primary_known_to(sentinel: Redis) -> str:
    """The address of the primary. Raises RedisError."""
    primary: Any = await sentinel.sentinel_master(SERVICE)
    return str(primary["ip"])


async def primary_of_all_three(sentinel: Redis) -> str | None:
    """The same, where this one sees both replicas follow it, and both other Sentinels. Raises RedisError."""
    primary: Any = await sentinel.sentinel_master(SERVICE)
    replicas: list[dict[str, Any]] = await sentinel.sentinel_slaves(SERVICE)
    # for up to ten seconds they take one that follows again for the primary that it was
    follows = {"flags": "slave", "role-reported": "slave", "master-link-status": "ok"}
    up = [replica for replica in replicas if follows.items() <= replica.items()]
    whole = (len(up), primary["num-other-sentinels"], primary["flags"]) == (2, 2, "master")
    return str(primary["ip"]) if whole else None


async def primary_of_who_votes(sentinel: Redis) -> str | None:
    """The same, not for half a minute after it was frozen (TILT): it votes for nobody then, and a fail-over waits."""
    tilt = int((await sentinel.info("sentinel"))["sentinel_tilt"])
    return None if tilt else await primary_of_all_three(sentinel)
