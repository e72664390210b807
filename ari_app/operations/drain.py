"""`ari-app drain`: has an Asterisk take no new calls, and says how many it still has until it has none.

What is said stands in Redis, where each controller looks; the one that leads that Asterisk tells its dialplan.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from ari_app.ari.failures import AriError, Unreachable
from ari_app.ari.gate import Gate, device
from ari_app.ari.http import HttpClient
from ari_app.audit.chain import TERMINAL, Entry
from ari_app.audit.trail import record
from ari_app.calls.model import Call
from ari_app.config.settings import AsteriskPlace, ProcessSettings
from ari_app.configured import opened_audit, opened_store
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import CallControlError
from ari_app.operations.text import counted

_DONE, _FAILED, _USAGE = 0, 1, 2
LOOK_SECONDS = 1.0
PATIENCE = 5
"""Looks after which it is said that no controller passes it on."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Channel(_Answer):
    id: str


class _Device(_Answer):
    state: str


_CHANNELS = TypeAdapter(list[_Channel])


def run(settings: ProcessSettings, asterisk: str, *, undo: bool, wait: bool) -> int:
    """Do it. The exit status: 1 where Redis or Asterisk is not reached, 2 for an Asterisk that is not known."""
    place = next((place for place in settings.places if place.name == asterisk), None)
    if place is None:
        known = ", ".join(place.name for place in settings.places)
        print(f"no Asterisk is called {asterisk!r}: there are {known}", file=sys.stderr)
        return _USAGE
    try:
        asyncio.run(_undo(settings, asterisk) if undo else _drain(settings, place, wait=wait))
    except CallControlError as error:
        print(f"{asterisk}: {error if isinstance(error, AriError) else error.detail}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print(f"{asterisk} takes no new calls all the same; `ari-app drain --undo {asterisk}` takes that back")
        return _FAILED
    return _DONE


async def _undo(settings: ProcessSettings, asterisk: str) -> None:
    async with opened_store(settings) as store:
        await store.set_drained(asterisk, drained=False)
    await _record(settings, asterisk, "undrain")
    print(f"{asterisk} takes new calls again")


async def _drain(settings: ProcessSettings, place: AsteriskPlace, *, wait: bool) -> None:
    http = HttpClient(settings.ari_user, settings.ari_password.get_secret_value())

    async def calls() -> int:
        async with opened_store(settings, settings.apart(place)) as store:
            kept: tuple[Call, ...] = (await Snapshots(store).restore()).calls
        return len(kept)

    try:
        async with opened_store(settings) as store:
            await store.set_drained(place.name, drained=True)
        await _record(settings, place.name, "drain")
        found = _Left(place.url, http, device(settings.stasis_app))
        await until_empty(place.name, found.shut, calls, found.channels, wait=wait)
    finally:
        await http.close()


async def _record(settings: ProcessSettings, asterisk: str, what: str) -> None:
    async with opened_audit(settings) as audit:
        await record(audit, Entry(time.time(), what, TERMINAL, details={"asterisk": asterisk}))


class _Left:
    """What an Asterisk itself says."""

    def __init__(self, url: str, http: HttpClient, gate: str) -> None:
        self._base = f"{url.rstrip('/')}/ari"
        self._http = http
        self._gate = gate

    async def shut(self) -> bool:
        """Whether its controller has passed it on to its dialplan. Raises: AriError."""
        try:
            answer = (await self._http.request("GET", f"{self._base}/deviceStates/{self._gate}")).body
            return _Device.model_validate_json(answer).state == Gate.DRAINED
        except ValidationError as error:
            raise Unreachable("what answers there is no Asterisk") from error

    async def channels(self) -> int:
        """How many channels it has, also those of which the controller knows nothing. Raises: AriError."""
        return len(_CHANNELS.validate_json((await self._http.request("GET", f"{self._base}/channels")).body))


async def until_empty(
    asterisk: str,
    shut: Callable[[], Awaitable[bool]],
    calls: Callable[[], Awaitable[int]],
    channels: Callable[[], Awaitable[int]],
    *,
    wait: bool,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Say what is left, each time that it is another, until it is nothing; without `wait` once.

    Raises:
        CallControlError: nobody can say.
    """
    looks, said = 0, ""
    while True:
        refuses, legs = await shut(), await channels()
        if refuses and not legs:
            print(f"{asterisk} has no calls, and takes none: it may be stopped", flush=True)
            return
        if refuses:
            line = f"{asterisk} takes no new calls; left: {counted(await calls(), 'call')}, {counted(legs, 'channel')}"
        elif looks == PATIENCE:
            line = f"no controller has passed that on to {asterisk} yet: none leads it, or it is not connected"
        else:
            line = said
        if line != said:
            print(line, flush=True)
            said = line
        if refuses and not wait:
            return
        looks += 1
        await sleep(LOOK_SECONDS)
