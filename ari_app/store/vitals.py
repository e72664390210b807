"""How Redis is: what it says of itself, whether it keeps what it is given, how far its clock is from ours."""

import statistics
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from ari_app.errors import StoreUnavailable
from ari_app.store.client import ERRORS, disconnect

_PINGS = 5
_FORGOTTEN_AFTER = 1000  # milliseconds


class Kind(StrEnum):
    """Why nothing can be said of Redis."""

    AWAY = "away"
    PASSWORD = "password"  # noqa: S105  # a name
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Redis says nothing of itself: the kind, and `reason` in our words."""

    kind: Kind
    reason: str


@dataclass(frozen=True, slots=True)
class Vitals:
    """`role` is `master` or `slave`; `refusal` is what Redis answered to a write, empty where it was done.

    `ahead` are the seconds by which its clock is ahead of ours, `latency` those of a typical answer. `memory` is the
    part in use of what it may have, 0 where that has no limit. `saving`: what it last wrote to its disk is there.
    """

    version: str
    role: str = "master"
    linked: bool = True
    refusal: str = ""
    policy: str = "noeviction"
    memory: float = 0.0
    persistent: bool = True
    saving: bool = True
    latency: float = 0.0
    ahead: float = 0.0


class _Info(BaseModel):
    """Of `INFO`, what is used."""

    model_config = ConfigDict(extra="ignore", coerce_numbers_to_str=True)

    redis_version: str
    role: str = "master"
    master_link_status: str = "up"
    maxmemory: int = 0
    maxmemory_policy: str = "noeviction"
    used_memory: int = 0
    aof_enabled: int = 0
    aof_last_write_status: str = "ok"
    aof_last_bgrewrite_status: str = "ok"
    rdb_last_bgsave_status: str = "ok"


async def vitals(client: Redis, prefix: str) -> Vitals | Trouble:
    """Ask, and write one key (`{prefix}:doctor`) that is forgotten after a second. The client is closed."""
    try:
        with ERRORS:
            latency, ahead = await _clock(client)
            info = _Info.model_validate(await client.info())
            refusal = await _write(client, f"{{{prefix}}}:doctor")
        return _read(info, refusal, latency, ahead)
    except StoreUnavailable as unavailable:
        return Trouble(_kind(unavailable.__cause__), unavailable.detail)
    finally:
        await disconnect(client)


async def _clock(client: Redis) -> tuple[float, float]:
    """The first answer comes with the connection, and does not count."""
    await client.ping()
    took, ahead = [], []
    for _ in range(_PINGS):
        sent, began = time.time(), time.perf_counter()
        answer: Any = await client.time()
        took.append(time.perf_counter() - began)
        ahead.append(answer[0] + answer[1] / 1e6 - (sent + took[-1] / 2))
    return statistics.median(took), statistics.median(ahead)


async def _write(client: Redis, key: str) -> str:
    try:
        await client.set(key, b"", px=_FORGOTTEN_AFTER)
    except RedisError as error:
        return str(error)
    return ""


def _read(info: _Info, refusal: str, latency: float, ahead: float) -> Vitals:
    statuses = (info.rdb_last_bgsave_status, info.aof_last_write_status, info.aof_last_bgrewrite_status)
    return Vitals(
        version=info.redis_version,
        role=info.role,
        linked=info.master_link_status == "up",
        refusal=refusal,
        policy=info.maxmemory_policy,
        memory=info.used_memory / info.maxmemory if info.maxmemory else 0.0,
        persistent=bool(info.aof_enabled),
        saving=all(status == "ok" for status in statuses),
        latency=latency,
        ahead=ahead,
    )


def _kind(cause: BaseException | None) -> Kind:
    if isinstance(cause, AuthenticationError):
        return Kind.PASSWORD
    return Kind.FORBIDDEN if isinstance(cause, NoPermissionError) else Kind.AWAY
