"""Gathers the facts for `ari-app doctor`. What is not reached is a fact too: nothing here raises for that."""

import asyncio
import importlib.metadata
import os
import resource
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qs, urlsplit

import aiohttp
from pydantic import BaseModel, ConfigDict, ValidationError

from ari_app import disk
from ari_app.api.encryption import server_context
from ari_app.ari import vitals as of_asterisk
from ari_app.ari.checks import connect
from ari_app.ari.failures import AriError
from ari_app.ari.findings import Finding as Lack
from ari_app.ari.findings import missing_modules
from ari_app.check import beside, dialplan_seen, notes, prompts_of, what_is_wanted
from ari_app.config import dialplan
from ari_app.config.demo import LEAST, PUBLIC_SECRETS, is_demo
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import Configuration, load
from ari_app.config.phones import DEMO
from ari_app.config.settings import AsteriskPlace, FileSettings, ProcessSettings
from ari_app.configured import opened_store, reach_store
from ari_app.errors import HistoryUnavailable, StoreUnavailable
from ari_app.history import vitals as of_history
from ari_app.operations.certificates import places, shown
from ari_app.operations.exposure import refusals
from ari_app.operations.facts import (
    Asterisk,
    Controller,
    Door,
    Doors,
    Facts,
    Files,
    Machine,
    Receiver,
    Secret,
    Secrets,
    Unreached,
    Unwritten,
)
from ari_app.operations.findings import Code, Finding, error
from ari_app.operations.sources import differing, listening, phone_secrets, pins
from ari_app.store import vitals as of_redis
from ari_app.store.client import disconnect
from ari_app.store.redis_webhooks import RedisWebhooks
from ari_app.webhooks.model import Health

LOCK = Path(__file__).parents[2] / "requirements.lock"
"""In the image it lies beside the program."""

_PROC = Path("/proc")
_WITHIN = aiohttp.ClientTimeout(total=5.0)
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nosec B104  # nothing is bound here
_REDIS_PORT = 6379
_POSTGRESQL_PORT = 5432
_ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})


def without_settings(surroundings: FileSettings, faults: tuple[str, ...]) -> Facts:
    """What can be known where the environment is wrong."""
    _, files = _files(surroundings)
    return Facts(machine=_machine(None), files=files, settings=faults)


async def gather(settings: ProcessSettings) -> Facts:
    """All facts; others are requested side by side."""
    configuration, files = await asyncio.to_thread(_files, settings)
    examining = [_asterisk(settings, place, configuration) for place in settings.places]
    origins = configuration.directory.settings.desk.origins if configuration is not None else ()
    controller, examined, redis, running, receivers, (certificates, history) = await asyncio.gather(
        _controller(settings),
        asyncio.gather(*examining),
        of_redis.vitals(reach_store(settings, connections=1), settings.redis_prefix),
        _running(settings, configuration),
        _receivers(settings, configuration),
        asyncio.gather(shown(places(settings, origins), time.time()), _vitals_of_history(settings.history_url)),
    )
    return Facts(
        machine=await asyncio.to_thread(_machine, settings.recordings),
        files=replace(files, reloads=tuple(note for _, notes in examined for note in notes), running=running),
        secrets=await asyncio.to_thread(_secrets, settings, configuration),
        doors=await asyncio.to_thread(_doors, settings),
        application=settings.stasis_app,
        controller=controller,
        asterisks=tuple(found for found, _ in examined),
        redis=redis,
        receivers=receivers,
        certificates=certificates,
        history=history,
    )


# -- files ------------------------------------------------------------------------------------------------------------


def _files(settings: FileSettings) -> tuple[Configuration | None, Files]:
    file, folder = settings.config, settings.config.parent
    files = Files(str(file), dialplan_seen=dialplan_seen(folder), writable=tuple(_writable(folder)))
    try:
        configuration = load(file)
    except ConfigInvalid as invalid:
        return None, replace(files, faults=tuple(str(fault) for fault in invalid.errors))
    faults = beside(configuration, folder, settings.stasis_app)
    return configuration, replace(files, beside=tuple(faults))


def _writable(folder: Path) -> Iterator[str]:
    """What of the directory every user may write; not what lies below it."""
    for path in (folder, *sorted(folder.glob("*"))):
        try:
            mode = path.stat().st_mode
        except OSError:
            continue
        if mode & stat.S_IWOTH and not (mode & stat.S_ISVTX and path.is_dir()):
            yield str(path)


async def _running(settings: ProcessSettings, configuration: Configuration | None) -> bool | None:
    """Whether the file is what was read last: Redis keeps that, and a reload compares nothing."""
    if configuration is None:
        return None
    try:
        async with opened_store(settings) as store:
            kept = await store.kept_configuration()
    except StoreUnavailable:
        return None
    return None if kept is None else kept.text == configuration.text.encode()


async def _receivers(settings: ProcessSettings, configuration: Configuration | None) -> tuple[Receiver, ...]:
    if configuration is None or not configuration.webhooks:
        return ()
    client = reach_store(settings, connections=1)
    try:
        kept = RedisWebhooks(client, settings.redis_prefix)
        health = await kept.webhook_health()
        dead = {name: await kept.events_dead(name) for name in configuration.webhooks}
    except StoreUnavailable:
        return ()  # said besides
    finally:
        await disconnect(client)
    named = ((name, health.get(name, Health())) for name in configuration.webhooks)
    return tuple(
        Receiver(name, is_now.error if is_now.failing_since is not None else "", is_now.stopped, dead[name])
        for name, is_now in named
    )


async def _vitals_of_history(url: str) -> of_history.Vitals | Unwritten:
    try:
        return await of_history.vitals(url)
    except HistoryUnavailable as error:
        return Unwritten(error.reason)


# -- secrets and doors ------------------------------------------------------------------------------------------------


def _secrets(settings: ProcessSettings, configuration: Configuration | None) -> Secrets:
    credentials = configuration.credentials if configuration is not None else {}
    demo = [agent for agent, credential in credentials.items() if is_demo(agent, credential)]
    clear = [agent for agent, credential in credentials.items() if credential.password and agent not in demo]
    phones: list[Secret] = []
    for path in dialplan.files(settings.config.parent, "pjsip.conf"):
        phones += phone_secrets(path.read_text("utf-8", "replace"))
    if configuration is not None:
        brought = configuration.phones.values()
        phones += [Secret(phone.user, 0 if phone.weak else LEAST, phone.weak == DEMO) for phone in brought]
    return Secrets(
        demo=tuple(demo),
        clear=tuple(clear),
        phones=tuple(phones),
        ari=_secret("ari", settings.ari_password.get_secret_value()),
        redis=_secret("redis", settings.redis_url.password or ""),
        certificate=_fault_of_certificate(settings),
    )


def _fault_of_certificate(settings: ProcessSettings) -> str:
    try:
        server_context(settings.tls_certificate, settings.tls_key)
    except OSError as error:
        return str(error)
    return ""


def refused(settings: ProcessSettings) -> list[Finding]:
    """All that keeps a call centre with these settings and files from standing on a network."""
    configuration, files = _files(settings)
    faults = [error(Code.CONFIGURATION_INVALID, fault, "mend it") for fault in files.faults]
    return [*faults, *refusals(_secrets(settings, configuration), doors_of(settings))]


def _secret(of: str, value: str) -> Secret:
    return Secret(of, len(value), value in PUBLIC_SECRETS)


def _doors(settings: ProcessSettings) -> Doors:
    tables = []
    for name in ("tcp", "tcp6"):
        try:
            tables.append((_PROC / "net" / name).read_text())
        except OSError:
            continue
    found = listening("\n".join(tables))

    return doors_of(settings, found)


def doors_of(settings: ProcessSettings, found: Mapping[int, Sequence[str]] = MappingProxyType({})) -> Doors:
    """As configured; `found` are the addresses that listen, by port."""

    def door(host: str, port: int, *, encrypted: bool = False) -> Door:
        return Door(host, port, tuple(found.get(port, ())), encrypted)

    def ari(at: SplitResult) -> Door:
        encrypted = at.scheme == "https"
        return door(at.hostname or "", at.port or (443 if encrypted else 80), encrypted=encrypted)

    return Doors(
        api=door(settings.api_host, settings.api_port, encrypted=settings.tls_certificate is not None),
        ari=tuple(ari(urlsplit(place.url)) for place in settings.places),
        redis=door(settings.redis_url.host or "", settings.redis_url.port or _REDIS_PORT),
        history=_history(settings.history_url),
    )


def _history(url: str) -> Door | None:
    """Where the database is, unless it is a file; encrypted where it may not be otherwise."""
    address = urlsplit(url)
    if not address.hostname:
        return None
    modes = parse_qs(address.query).get("sslmode", ["prefer"])
    return Door(address.hostname, address.port or _POSTGRESQL_PORT, encrypted=modes[-1] in _ENCRYPTED)


# -- the controller ---------------------------------------------------------------------------------------------------


class _Degraded(BaseModel):
    """See `api.models.admin`."""

    model_config = ConfigDict(extra="ignore")

    asterisk: str
    reason: str


class _Readiness(BaseModel):
    """An answer of `/readyz`: that all is reached, or a problem."""

    model_config = ConfigDict(extra="ignore")

    configuration: str = ""
    drained: tuple[str, ...] = ()
    degraded: tuple[_Degraded, ...] = ()
    code: str = ""
    detail: str = ""


async def _controller(settings: ProcessSettings) -> Controller:
    url = f"{f'http://{settings.metrics_address}' if settings.metrics_address else api_url(settings)}/readyz"
    try:
        # No certificate is about this machine's own address.
        async with aiohttp.ClientSession(timeout=_WITHIN) as session, session.get(url, ssl=False) as response:
            answer = _Readiness.model_validate_json(await response.text())
    except (aiohttp.ClientError, TimeoutError) as error:
        return Controller(reached=False, detail=f"{url}: {_words(error)}")
    except ValidationError:
        return Controller(reached=False, detail=f"{url}: what answers there is no controller")
    last_good, degraded = answer.configuration == "last_good", tuple((d.asterisk, d.reason) for d in answer.degraded)
    return Controller(True, answer.code, answer.detail, last_good, answer.drained, degraded)


def api_url(settings: ProcessSettings) -> str:
    """Where this machine reaches the controller's API."""
    host, scheme = _ANYWHERE.get(settings.api_host, settings.api_host), "https" if settings.tls_certificate else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.api_port}"


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


# -- Asterisk ---------------------------------------------------------------------------------------------------------


async def _asterisk(
    settings: ProcessSettings, place: AsteriskPlace, configuration: Configuration | None
) -> tuple[Asterisk | Unreached, list[str]]:
    """With what of its files is newer than what runs."""
    password, called = settings.ari_password.get_secret_value(), settings.called(place)
    try:
        vitals = await of_asterisk.vitals(place.url, settings.ari_user, password)
    except AriError as error:
        return Unreached(f"{place.url}: {error}", error.status == 401, called), []
    if configuration is None:
        return Asterisk(vitals, tuple(missing_modules(vitals.modules)), called=called), []
    folder = settings.config.parent
    prompts = prompts_of(folder)
    wanted = what_is_wanted(configuration, folder, prompts)
    try:
        async with connect(place.url, settings.ari_user, password, settings.stasis_app) as checks:
            reloads = [f"{settings.of(place)}{note}" for note in notes(folder, await checks.reads())]
            lacks = [_placed(lack, prompts) for lack in await checks.findings(wanted)]
    except AriError as error:
        modules = missing_modules(vitals.modules, wanted.all_modules)
        return Asterisk(vitals, tuple(modules), str(error), called), []
    return Asterisk(vitals, tuple(lacks), called=called), reloads


def _placed(lack: Lack, prompts: dict[str, str]) -> Lack:
    """A prompt that the dialplan names, with where it does."""
    where = prompts.get(f"{lack.subject.value}:{lack.name}")
    return lack if where is None else replace(lack, name=f"{lack.name} ({where})")


# -- the machine ------------------------------------------------------------------------------------------------------


def _machine(recordings: Path | None) -> Machine:
    most, used = _open_files()
    wanted = pins(LOCK.read_text()) if LOCK.is_file() else {}
    found = {name: _version(name) for name in wanted}
    space = _disk(recordings)
    free, size = (space.left, space.size) if space is not None else (None, 0)
    return Machine(most, used, str(recordings or ""), free, size, differing(wanted, found))


def _open_files() -> tuple[int, int]:
    """The limit, and how many the controller has open; where it is not to be seen, those of this process."""
    for process in _PROC.glob("[0-9]*"):
        try:
            if b"ari_app\0run\0" in (process / "cmdline").read_bytes():
                most, _ = resource.prlimit(int(process.name), resource.RLIMIT_NOFILE)
                return _limit(most), len(os.listdir(process / "fd"))
        except OSError:
            continue
    return _limit(resource.getrlimit(resource.RLIMIT_NOFILE)[0]), 0


def _limit(most: int) -> int:
    return 2**31 if most == resource.RLIM_INFINITY else most


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _disk(recordings: Path | None) -> disk.Disk | None:
    if recordings is None:
        return None
    try:
        return disk.measured(recordings)
    except OSError:
        return disk.Disk(-1, 0)
