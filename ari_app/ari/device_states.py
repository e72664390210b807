"""Device states of our own at one Asterisk, `Stasis:<name>`: kept as they are wanted.

Asterisk keeps them (AstDB) while no controller is connected, over a reload of the dialplan and over its own restart.
"""

import asyncio
from collections.abc import Callable

import structlog

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound
from ari_app.ari.waits import Wait, at_once
from ari_app.tasks import keep_on

log = structlog.get_logger(__name__)

SCHEME = "Stasis:"
THERE = "UNAVAILABLE"
"""What one gets of which nothing is wanted but that it is there."""

type Ours = Callable[[str], bool]


class DeviceStates:
    """Those on `client`, written once it is `connected`; what could not be written is tried again with the next
    wish, or connection. With `ours` those are removed whose names it owns and nobody wants. What changes again within
    a `pause` is written once."""

    def __init__(self, client: AriClient, ours: Ours | None = None, pause: Wait = at_once) -> None:
        self._client = client
        self._ours = ours
        self._pause = pause
        self._wanted: dict[str, str | None] = {}
        self._there: dict[str, str] = {}
        self._look: dict[str, None] = {}
        self._connected = False
        self._listed = False
        self._work: asyncio.Task[None] | None = None

    def keep(self, name: str, state: str | None) -> None:
        """From now on it is so; None: that it is there is enough."""
        self._wanted[name] = state
        self._look[name] = None
        self._begin()

    def drop(self, name: str) -> None:
        """There is none of this name."""
        self._wanted.pop(name, None)
        self._look[name] = None
        self._begin()

    def connected(self) -> None:
        """Asterisk has been connected anew: it may know nothing of them."""
        self._connected, self._listed = True, self._ours is None
        self._there.clear()
        self._look = dict.fromkeys(self._wanted)
        self._begin()

    def close(self) -> None:
        """Keep nothing any more."""
        if self._work is not None:
            self._work.cancel()

    def _begin(self) -> None:
        if self._connected and (self._work is None or self._work.done()):
            self._work = asyncio.get_running_loop().create_task(keep_on(self._write), name="device-states")

    async def _write(self) -> None:
        try:
            while self._look or not self._listed:
                if not self._listed:
                    await self._list()
                await self._pause()
                for name in list(self._look):
                    if await self._settled(name):
                        self._look.pop(name, None)
        except AriError as error:
            log.warning("lamps_not_shown", reason=str(error))

    async def _list(self) -> None:
        listed = await self._client.call("deviceStates", "list")
        self._listed = True
        for each in listed:
            name = str(each["name"]).removeprefix(SCHEME)
            self._there[name] = str(each["state"])
            if name not in self._wanted and self._ours is not None and self._ours(name):
                self._look[name] = None

    async def _settled(self, name: str) -> bool:
        """Have it as it is wanted; False: meanwhile it is wanted otherwise."""
        device, there = f"{SCHEME}{name}", self._there.get(name)
        if name not in self._wanted:
            if there is not None:
                await self._remove(device)
                self._there.pop(name, None)
            return name not in self._wanted
        wanted = self._wanted[name]
        state = wanted or there or THERE
        if state != there:
            await self._client.call("deviceStates", "update", deviceName=device, deviceState=state)
            self._there[name] = state
        return name in self._wanted and self._wanted[name] == wanted

    async def _remove(self, device: str) -> None:
        try:
            await self._client.call("deviceStates", "delete", deviceName=device)
        except NotFound:
            return
