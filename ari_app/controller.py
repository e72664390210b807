"""One process: waits as a standby, leads while it has the lease (`App`), and waits again when another has it."""

import asyncio
import os
import secrets
from collections.abc import Coroutine
from dataclasses import replace

import structlog

from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.standby import Standby
from ari_app.app import App
from ari_app.config.errors import ConfigInvalid
from ari_app.config.settings import ProcessSettings
from ari_app.configured import Configured, check_secrets_of, kept_in_redis, reach_store, read
from ari_app.leading.leading import Leading
from ari_app.leading.machine import Timing
from ari_app.store.client import disconnect
from ari_app.store.leases import Fence
from ari_app.store.redis_leases import RedisLeases

log = structlog.get_logger(__name__)


class Controller:
    """Make it inside the running loop; `run` ends when `stop` is requested."""

    def __init__(self, settings: ProcessSettings, timing: Timing | None = None) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._metrics = Metrics()
        timing = timing or Timing()
        # On connections of its own: however busy the others are, it is renewed.
        self._redis = reach_store(settings, connections=2, answer=timing.within)
        self._leading = Leading(
            RedisLeases(self._redis, settings.redis_prefix),
            settings.asterisk_id,
            secrets.token_hex(8),
            f"{settings.api_host}:{settings.api_port}",
            timing,
        )

    def stop(self) -> None:
        """Ask `run` to end. Calls in Asterisk go on; the next leader takes them over, a standby at once."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until stopped.

        Raises:
            OSError: the API's address can't be had.
            ConfigInvalid: the file has faults and there is no other, or the demo's secrets beyond loopback.
        """
        self._read_at = self._changed_at()
        self._configured = await self._read()
        await check_secrets_of(self._settings, self._configured.configuration)
        self._standby = Standby(
            self._metrics,
            lambda: self._configured.configuration.directory.settings.desk,
            lambda: self._leading.trouble,
        )
        self._listener = Listener(self._standby)
        await self._listener.start(self._settings.api_host, self._settings.api_port)
        asking = asyncio.create_task(self._leading.run())
        try:
            while not self._stopping.is_set():
                log.info("standing_by", asterisk=self._settings.asterisk_id)
                fence = await self._before_the_end(self._leading.begun(), asking)
                if fence is not None:
                    await self._lead(fence, asking)
        finally:
            await self._listener.stop()
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            await self._leading.release()
            await disconnect(self._redis)

    async def _lead(self, fence: Fence, asking: asyncio.Task[None]) -> None:
        await self._read_anew()
        app = App(self._settings, self._configured, self._metrics, self._leading, fence)
        self._listener.handler = app.handle
        self._metrics.leader.set(1)
        self._metrics.takeovers.inc()
        try:
            app.start()
            await self._before_the_end(self._leading.ended(fence), asking)
        finally:
            self._metrics.leader.set(0)
            app.close_windows()
            if self._leading.fence == fence:
                await self._listener.stop()  # what was requested is still done
            else:
                self._listener.handler = self._standby
            await app.stop()
            self._configured = app.configured

    async def _before_the_end[T](self, waited: Coroutine[None, None, T], asking: asyncio.Task[None]) -> T | None:
        """What comes of it; None where this controller is to stop before."""
        stopping = asyncio.create_task(self._stopping.wait())
        waiting = asyncio.create_task(waited)
        try:
            await asyncio.wait({waiting, stopping, asking}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                asking.result()  # a fault: nobody would renew the lease
            return waiting.result() if waiting.done() and not stopping.done() else None
        finally:
            for task in (waiting, stopping):
                task.cancel()
            await asyncio.gather(waiting, stopping, return_exceptions=True)

    # -- the administrator's file -------------------------------------------------------------------------------------

    async def _read(self) -> Configured:
        settings = self._settings
        return await read(
            settings.config,
            settings.config_origin,
            lambda: kept_in_redis(settings),
        )

    async def _read_anew(self) -> None:
        """Whoever begins to lead does so with the file as it is, as a controller that is started does."""
        now = self._changed_at()
        if now == self._read_at:
            return
        self._read_at = now
        try:
            configured = await self._read()
            await check_secrets_of(self._settings, configured.configuration)
            self._configured = configured
        except ConfigInvalid as invalid:
            self._configured = replace(self._configured, faults=invalid.errors)

    def _changed_at(self) -> tuple[int, int]:
        try:
            found = os.stat(self._settings.config)
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)
