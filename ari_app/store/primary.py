"""Which Redis is the primary, by a majority of the Sentinels, and what follows where it is another one.

redis-py asks Sentinels only when it opens a connection, so that an old primary that still answers would be written to
until Sentinel demotes it, 10 s later: here they are watched, and connections to another one are closed.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ari_app.store.figures import MeasuredRedis
from ari_app.store.pool import Link, is_dead
from ari_app.tasks import keep_on

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 0.5
SENTINEL_SECONDS = 0.3
"""For what a Sentinel answers; they are requested all at once."""
ALONE_SECONDS = 1.0
"""For so long nobody waits for a replica again where there was none."""
DOUBT_SECONDS = 0.5
"""For so long after a replica was waited for in vain others wait for `BRIEFLY` alone: it has most likely no answer."""
BRIEFLY = 0.01
TOO_LONG = 10
"""So many times `down-after-milliseconds` without its primary, and Sentinels choose that replica no more."""

type Address = tuple[str, int]


def ignore() -> None:
    """Whoever need not know."""


@dataclass(frozen=True, slots=True)
class Sentinels:
    """Who knows the primary of `service`.

    `confirm`: seconds that a script waits for a replica to have what it wrote; 0: it does not wait. `moved` is called
    after each fail-over, `unconfirmed` where there is no replica to wait for.
    """

    addresses: Sequence[Address]
    service: str
    password: str = field(default="", repr=False)
    confirm: float = 0.2
    moved: Callable[[], None] = ignore
    unconfirmed: Callable[[], None] = ignore


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a Sentinel knows: the primary, as of which fail-over, and how many replicas could lead after it."""

    epoch: int
    address: Address
    heirs: int


async def _see(sentinel: Redis, service: str) -> _Seen:
    async with asyncio.timeout(SENTINEL_SECONDS):
        known: Any = await sentinel.sentinel_master(service)
        # newer than what is in `known`, where this Sentinel is about to make another one the primary
        now: Any = await sentinel.sentinel_get_master_addr_by_name(service)
        replicas = await sentinel.sentinel_slaves(service)
    address = str(now[0]), int(now[1])
    others = [replica for replica in replicas if (replica["ip"], replica["port"]) != address]
    heirs = sum(_could_lead(replica, known["down-after-milliseconds"]) for replica in others)
    return _Seen(int(known["config-epoch"]), address, heirs)


def _could_lead(replica: dict[str, Any], down_after: int) -> bool:
    """Whether Sentinels may choose it, or have: it is there, and follows a primary, or did lately.

    Not whether it follows now: once the primary has died none does. One that is back when another was chosen already
    takes writes until it hears of that, from a replica that follows it again; the chosen one has them not.
    """
    if replica["is_sdown"] or replica["is_odown"]:
        return False
    if replica["master-host"] == "?":  # an old primary that is back is listed as a replica, too, before it is one
        return False
    lost_for: int = replica["master-link-down-time"]  # negative: it has never followed since it was started
    return bool(replica["master-link-status"] == "ok") or 0 <= lost_for <= TOO_LONG * down_after


class NotConfirmed(RedisError):
    """Not all replicas have what was written: whether it outlives a fail-over is not known."""


class NoPrimary(MasterNotFoundError):
    """No majority of the Sentinels knows one."""


class Primary(Sentinel):
    """The primary as the Sentinels know it; watched from the first connection on, until `close`.

    `discover_master` of redis-py asks one Sentinel after the other and believes the first: also a frozen one, and one
    that is cut off together with the old primary. It also loses Sentinels where several tasks ask at once (8.1.0).
    """

    def __init__(self, sentinels: Sentinels) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            sentinels.addresses,
            sentinel_kwargs={
                "password": sentinels.password or None,
                "decode_responses": True,
                "socket_timeout": SENTINEL_SECONDS,
                "socket_connect_timeout": SENTINEL_SECONDS,
                "retry": Retry(NoBackoff(), 0),
                "protocol": 2,
            },
        )
        self.address: Address | None = None
        self._settings = sentinels
        self._pools: list[ConnectionPool] = []
        self._watching: asyncio.Task[None] | None = None
        self._heirs = 0
        self._looking: asyncio.Task[Address] | None = None
        self._alone_until = 0.0
        self._doubted_until = 0.0

    async def discover_master(self, service_name: str) -> Address:
        """Raises NoPrimary."""
        return (await self._seen(service_name)).address

    async def find(self) -> Address:
        """Where it is as far as is known. Raises NoPrimary where nothing is."""
        if self._watching is None:
            self._watching = asyncio.create_task(keep_on(self._watch))
        return self.address or await self.look()

    async def look(self) -> Address:
        """Where it is now; connections to another one are closed. Raises NoPrimary."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> Address:
        seen = await self._seen(self._settings.service)
        before, self.address, self._heirs = self.address, seen.address, seen.heirs
        now = seen.address
        if before not in (None, now):
            log.warning("store_failed_over", before=_text(before), now=_text(now))
            self._alone_until = self._doubted_until = 0.0
            for pool in self._pools:
                with contextlib.suppress(RedisError, OSError):  # of one that is frozen
                    await pool.disconnect(inuse_connections=True)
            self._settings.moved()
        return now

    def serve(self, pool: ConnectionPool) -> None:
        """Close the connections of this one too when the primary is another."""
        self._pools.append(pool)

    @property
    def confirms(self) -> tuple[int, int]:
        """How many replicas are to be waited for now, and for how many milliseconds; 0: for none.

        For all that could lead: any of them may be the next primary, or is it already, while the old one still takes
        writes, with the replica that is not it, for a second.
        """
        alone = time.monotonic() < self._alone_until
        seconds = min(self._settings.confirm, BRIEFLY) if self._doubted else self._settings.confirm
        return max(1, self._heirs), 0 if alone else round(seconds * 1000)

    @property
    def _doubted(self) -> bool:
        return time.monotonic() < self._doubted_until

    async def confirm(self, at: Address | None, replicas: int) -> None:
        """So many of those that could lead after the primary `at` have what was written. Returns where that is all.

        Raises:
            NotConfirmed: there are more, or another is the primary: what was written may be lost.
        """
        if self._doubted:  # what it was then is found out by who watches
            raise NotConfirmed
        try:
            now = await self.look()
        except NoPrimary:
            raise NotConfirmed from None
        if now != at or replicas < self._heirs:
            log.warning("store_not_confirmed", primary=_text(now), replicas=replicas, of=self._heirs)
            self._doubted_until = time.monotonic() + DOUBT_SECONDS
            raise NotConfirmed
        if replicas == 0:
            log.warning("store_without_replica", primary=_text(now))
            self._alone_until = time.monotonic() + ALONE_SECONDS
            self._settings.unconfirmed()

    async def close(self) -> None:
        """No longer watch."""
        tasks = [task for task in (self._watching, self._looking) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(sentinel.aclose() for sentinel in self.sentinels), return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            with contextlib.suppress(RedisError, OSError):
                await self.look()

    async def _seen(self, service: str) -> _Seen:
        """Raises NoPrimary where no majority answers."""
        answers = await asyncio.gather(*(_see(each, service) for each in self.sentinels), return_exceptions=True)
        good = [answer for answer in answers if isinstance(answer, _Seen)]
        if 2 * len(good) <= len(self.sentinels):
            raise NoPrimary("no majority of the Sentinels knows a primary")
        newest = max(good, key=lambda seen: seen.epoch)
        heirs = max(seen.heirs for seen in good if seen.address == newest.address)
        return replace(newest, heirs=heirs)


class PrimaryLink(Link):
    """A connection to whichever Redis is the primary when it is opened."""

    def __init__(self, *, primary: Primary, **options: Any) -> None:
        self._primary = primary
        super().__init__(**options)

    async def _connect(self) -> None:
        self.host, self.port = await self._primary.find()
        await super()._connect()  # type: ignore[no-untyped-call]


class PrimaryRedis(MeasuredRedis):
    """What is sent to the primary: again where it was refused by one that is none any more, and nothing was done.

    A script's answer is given when a replica has what it wrote. So every script that is repeated has to write, or else
    the wait of the repeat proves nothing of what the first one wrote on another connection.
    """

    def __init__(self, primary: Primary, pool: ConnectionPool) -> None:
        super().__init__(connection_pool=pool)
        self.primary = primary

    async def perform(self, *args: Any, **options: Any) -> Any:
        before = self.primary.address
        try:
            return await self._once(*args, **options)
        except RedisError as refusal:
            if not is_dead(refusal) or await self.primary.look() == before:
                raise
            return await self._once(*args, **options)

    async def _once(self, *args: Any, **options: Any) -> Any:
        (replicas, milliseconds), before = self.primary.confirms, self.primary.address
        if not milliseconds or args[0] not in ("EVALSHA", "EVAL"):
            return await super().perform(*args, **options)
        async with self.pipeline(transaction=False) as pipeline:
            pipeline.execute_command(*args, **options)
            # of the same connection: it waits for what that wrote
            pipeline.execute_command("WAIT", replicas, milliseconds)
            answer, have = await pipeline.execute(raise_on_error=False)
        for error in (answer, have):
            if isinstance(error, BaseException):
                raise error
        if have < replicas:
            await self.primary.confirm(before or self.primary.address, have)
        return answer


def _text(address: Address | None) -> str:
    return "" if address is None else f"{address[0]}:{address[1]}"
