"""Which configuration runs: what the file says, or, where the file has faults, the last that had none.

The last good one is kept in the store, so that a restart on a faulty file serves calls. A reload refuses that file.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import structlog
from redis.asyncio import Redis

from ari_app.api.difference import difference, state_of
from ari_app.ari.asterisk import AsteriskSettings
from ari_app.ari.figures import Figures
from ari_app.ari.http import HttpClient
from ari_app.ari.link import Pace
from ari_app.config.demo import check_secrets
from ari_app.config.errors import ConfigError, ConfigInvalid
from ari_app.config.file import Configuration, load, parse
from ari_app.config.settings import ProcessSettings
from ari_app.errors import StoreUnavailable
from ari_app.routing.given import Gifts
from ari_app.store.client import ANSWER_SECONDS, CONNECTIONS, connect, disconnect
from ari_app.store.figures import Measure, nothing
from ari_app.store.port import KeptConfiguration
from ari_app.store.primary import Sentinels, ignore
from ari_app.store.redis import RedisStore
from ari_app.store.redis_audit import RedisAudit

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 0.5
_LOGGED = 20
_GONE_AFTER = 1.0
# Longer than a frozen machine takes to be moved, or a network to find another way.
_AWAY_AFTER = 10.0
"""Seconds for which nothing listens where an Asterisk was: it is dead, and its agents are free for calls of others."""

type Kept = Callable[[], Awaitable[KeptConfiguration | None]]


@dataclass(frozen=True, slots=True)
class Configured:
    """What runs, read from the file at `at` (seconds since the epoch). `faults`: those of the file as it is now.
    `given`: what supervisors gave agents, in place of what it says."""

    configuration: Configuration
    at: float
    faults: tuple[ConfigError, ...] = ()
    origin: str = ""
    given: Gifts = field(default_factory=lambda: MappingProxyType({}))

    @property
    def to_keep(self) -> KeptConfiguration:
        """As the store keeps it."""
        return KeptConfiguration(self.configuration.text.encode(), self.at, self.origin)


async def read(file: Path, origin: str, kept: Kept) -> Configured:
    """The file's configuration, or the last good one that the store has.

    `origin` is where the administrator has the file; empty where that is not known. Another's last good one is none of
    this file's: whoever puts files of their own in place of the demonstration's must not get its people and passwords.

    Raises:
        ConfigInvalid: the file has faults, and there is no other.
    """
    try:
        return Configured(await asyncio.to_thread(load, file), time.time(), origin=origin)
    except ConfigInvalid as invalid:
        last = await kept()
        if last is None:
            raise
        if "" not in (origin, last.origin) and origin != last.origin:
            message = f"what ran last came from {last.origin}, and does not run in place of what is in {origin}"
            raise ConfigInvalid([*invalid.errors, ConfigError(str(file), 0, "", message)]) from None
        try:
            configuration = await asyncio.to_thread(parse, last.text.decode(), f"{file} as it was")
        except ConfigInvalid:
            raise invalid from None  # another version of this program kept it
        log_faults(invalid.errors)
        since = datetime.fromtimestamp(last.at, UTC).isoformat(timespec="seconds")
        log.error("last_good_configuration_runs", file=str(file), faults=len(invalid.errors), since=since)
        return Configured(configuration, last.at, invalid.errors, origin)


def since_kept(kept: KeptConfiguration | None, now: Configuration) -> dict[str, str]:
    """What has changed in the configuration since that one was kept; for a thread."""
    if kept is None:
        return {"configuration": "the first"}
    if kept.text == now.text.encode():
        return {}
    try:
        before = parse(kept.text.decode(), "as it was")
    except ConfigInvalid:
        return {"configuration": "changed; the one before is of another version"}
    return difference(_state(before), _state(now))


def _state(configuration: Configuration) -> dict[str, object]:
    found = configuration
    return state_of(found.listed, found.credentials.get, found.api_keys, found.webhooks, found.phones)


async def check_secrets_of(settings: ProcessSettings, configuration: Configuration) -> None:
    """Raises: ConfigInvalid for the demonstration's secrets beyond loopback."""
    for place in settings.places:
        await asyncio.to_thread(
            check_secrets,
            api_host=settings.api_host,
            ari_url=place.url,
            ari_password=settings.ari_password.get_secret_value(),
            credentials=configuration.credentials,
            phones=configuration.phones,
            file=str(settings.config),
            proxies=settings.trusted_proxies,
            demo=settings.demo == "yes",
            webhooks=tuple(configuration.webhooks.values()),
        )


def log_faults(faults: tuple[ConfigError, ...]) -> None:
    """Each fault as a line of its own, as far as anybody would read."""
    for fault in faults[:_LOGGED]:
        log.error("configuration_faulty", fault=str(fault))


def reach_store(
    settings: ProcessSettings,
    moved: Callable[[], None] = ignore,
    unconfirmed: Callable[[], None] = ignore,
    connections: int = CONNECTIONS,
    answer: float = ANSWER_SECONDS,
    measure: Measure = nothing,
) -> Redis:
    """A client for Redis, as the environment says; `moved` and `unconfirmed` as of `Sentinels`."""
    if not settings.redis_sentinels:
        return connect(str(settings.redis_url), connections, answer=answer, measure=measure)
    places = (place.rpartition(":") for place in settings.redis_sentinels.split(","))
    sentinels = Sentinels(
        tuple((host, int(port)) for host, _, port in places),
        settings.redis_service,
        settings.redis_sentinel_password.get_secret_value(),
        settings.redis_confirm,
        moved,
        unconfirmed,
    )
    return connect(str(settings.redis_url), connections, sentinels, answer, measure)


@asynccontextmanager
async def opened_store(settings: ProcessSettings, asterisk: str = "") -> AsyncIterator[RedisStore]:
    """The store as anybody may read it, on a connection that is closed in the end."""
    client = reach_store(settings, connections=1)
    try:
        yield RedisStore(client, settings.redis_prefix, asterisk=asterisk)
    finally:
        await disconnect(client)


@asynccontextmanager
async def opened_audit(settings: ProcessSettings) -> AsyncIterator[RedisAudit]:
    """The record of who did what, in the same way."""
    client = reach_store(settings, connections=1)
    try:
        yield RedisAudit(client, settings.redis_prefix)
    finally:
        await disconnect(client)


async def kept_in_redis(settings: ProcessSettings) -> KeptConfiguration | None:
    """What the store has, waited for: it is away while the machine starts."""
    return await _once_reached(settings, lambda store: store.kept_configuration())


async def given_in_redis(settings: ProcessSettings) -> dict[str, bytes]:
    """The same of what supervisors gave agents."""
    return await _once_reached(settings, lambda store: store.given())


async def _once_reached[T](settings: ProcessSettings, inquire: Callable[[RedisStore], Awaitable[T]]) -> T:
    async with opened_store(settings) as store:
        while True:
            try:
                return await inquire(store)
            except StoreUnavailable as error:
                log.warning("store_unavailable", reason=error.detail, retry_in=_RETRY_SECONDS)
                await asyncio.sleep(_RETRY_SECONDS)


def asterisk_settings(
    settings: ProcessSettings, url: str, prefix: str, leads: Callable[[], Awaitable[bool]], figures: Figures
) -> AsteriskSettings:
    """The Asterisk there. Bridges whose names begin with `prefix` are ours; `leads`: whether we may command it now."""
    return AsteriskSettings(
        url=url,
        user=settings.ari_user,
        password=settings.ari_password.get_secret_value(),
        application=settings.stasis_app,
        bridge_prefix=prefix,
        leads=leads,
        figures=figures,
        lanes=settings.ari_lanes,
        # One alone is soon back, and nobody would have anything of its agents' being free.
        pace=Pace(gone_after=_GONE_AFTER, away_after=_AWAY_AFTER) if settings.asterisks else Pace(),
    )


def http_client(settings: ProcessSettings, leads: Callable[[], Awaitable[bool]]) -> HttpClient:
    """For requests to any Asterisk of the call centre; `leads`: whether we may command them now."""
    return HttpClient(settings.ari_user, settings.ari_password.get_secret_value(), leads=leads)
