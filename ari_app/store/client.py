"""The connection to Redis: bounded in time, reconnecting by itself, and its errors as ours.

Nothing of redis-py's exceptions leaves the rooms that use this.
"""

from collections.abc import Mapping
from types import MappingProxyType

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from ari_app.errors import StoreUnavailable
from ari_app.store.figures import Measure, MeasuredRedis, nothing
from ari_app.store.pool import Link, Pool, Silent, is_dead
from ari_app.store.primary import NoPrimary, NotConfirmed, Primary, PrimaryLink, PrimaryRedis, Sentinels

WAIT_SECONDS = 1.0
"""For a connection, where all are in use."""
ANSWER_SECONDS = 0.4
"""For each answer: who waits for one of an agent's commands has it within a second, also when Redis stands still."""
CONNECTIONS = 32
HEALTH_CHECK_SECONDS = 10


def connect(
    url: str,
    connections: int = CONNECTIONS,
    sentinels: Sentinels | None = None,
    answer: float = ANSWER_SECONDS,
    measure: Measure = nothing,
) -> Redis:
    """A client for `redis://[user:password@]host:port/db`; connects at the first command. With `sentinels` to the
    primary that they know, wherever the address says. `answer`: seconds for each.

    A command that failed is never repeated by itself: whether it was done is not known, and not all may be done twice.
    One that was refused by what is no primary any more was not done, and is sent to the new one.
    A connection that broke while idle is noticed and replaced before it is used. Where one answer does not come in
    time, all that follows fails at once until Redis answers again (`pool`).
    """
    primary = None if sentinels is None else Primary(sentinels)
    reached = {"connection_class": Link} if primary is None else {"connection_class": PrimaryLink, "primary": primary}
    pool = Pool.from_url(
        url,
        max_connections=connections,
        timeout=WAIT_SECONDS,
        socket_connect_timeout=answer,
        socket_timeout=answer,
        socket_keepalive=True,
        health_check_interval=HEALTH_CHECK_SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        client_name="ari_app",
        **reached,
    )
    if primary is None:
        client = MeasuredRedis(connection_pool=pool)
    else:
        primary.serve(pool)
        client = PrimaryRedis(primary, pool)
    client.measure = measure
    return client


async def disconnect(client: Redis) -> None:
    """Close all connections."""
    if isinstance(client, PrimaryRedis):
        await client.primary.close()
    if isinstance(client.connection_pool, Pool):
        await client.connection_pool.close()
    await client.aclose(close_connection_pool=True)


_REFUSALS: Mapping[type[Exception], str] = MappingProxyType(
    {
        AuthenticationError: "the store refuses the password that it is given (ARI_APP_REDIS_URL)",
        NoPermissionError: "the store does not permit this user what is needed (ARI_APP_REDIS_URL, ACL)",
        OutOfMemoryError: "the store has no memory left to keep anything (maxmemory)",
        ReadOnlyError: "the store is a replica, and keeps nothing that it is given",
        MasterDownError: "the store is a replica that has lost its primary",
        Silent: "the store does not answer; try again shortly",
        NoPrimary: "no majority of the Sentinels knows a primary (ARI_APP_REDIS_SENTINELS)",
        NotConfirmed: "the store has it on one machine only, and another may take over; try again shortly",
        BusyLoadingError: "the store is still reading what it has kept; try again shortly",
    }
)


class StoreErrors:
    """`with StoreErrors(): ...` turns any trouble with Redis, the refusal of a command among it, into StoreUnavailable.

    Time is bounded by the client: waiting for a connection, connecting, and each answer have a limit of their own. A
    class, because a generator would cost more than what it guards.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (RedisError, OSError)):  # the time-outs of asyncio and of sockets are OSErrors
            raise StoreUnavailable(_reason(error)) from error


def _reason(error: Exception) -> str:
    """What is wrong, for whoever runs this: Redis' own words may hold more than clients shall know."""
    for kind, reason in _REFUSALS.items():
        if isinstance(error, kind) or isinstance(error.__cause__, kind):  # redis-py wraps what connecting raises
            return reason
    if is_dead(error):
        return "the store has too few replicas to keep anything (min-replicas-to-write)"
    if isinstance(error, ResponseError) and str(error).startswith("FENCED"):
        return "another controller leads this Asterisk, and this one has to keep nothing any more"
    return f"the store cannot be used ({type(error).__name__}); try again shortly"


ERRORS = StoreErrors()
