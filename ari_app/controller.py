"""One process: waits as a standby, and leads an Asterisk while it has its lease; another one too when nobody else does.

Who leads the first Asterisk serves the call centre (`App`), who leads another one its calls (`Branch`). What a
controller does not lead itself it passes on to who does.
"""

import asyncio
import os
import secrets
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from aiohttp import web

from ari_app.api.connections import Connections
from ari_app.api.doors import machines_only, without_machines
from ari_app.api.encryption import server_context
from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.problems import problem_response
from ari_app.api.proxies import FORWARDED, origin
from ari_app.api.standby import Standby
from ari_app.app import App
from ari_app.branch import Branch
from ari_app.config.errors import ConfigInvalid
from ari_app.config.settings import AsteriskPlace, ProcessSettings
from ari_app.configured import Configured, check_secrets_of, given_in_redis, kept_in_redis, reach_store, read
from ari_app.errors import CallControlError, Code, LeadsNoMore, Unavailable
from ari_app.given import read as read_given
from ari_app.given import taken_in
from ari_app.leading.leading import Leading
from ari_app.leading.machine import Timing
from ari_app.routing.directory import Directory
from ari_app.routing.phones import PhoneAccounts
from ari_app.sharing.deaths import nobody_listens
from ari_app.sharing.forwarding import DECLINED, FROM, Forwarder
from ari_app.sharing.key import is_ours, key_of
from ari_app.sharing.passing import OTHERWISE, Passing
from ari_app.sharing.remote import PATH
from ari_app.store.client import disconnect
from ari_app.store.leases import Fence
from ari_app.store.redis_leases import RedisLeases
from ari_app.tasks import keep_on, watch_faults
from ari_app.trimming import keep_trimming

log = structlog.get_logger(__name__)

type Needed = Sequence[asyncio.Future[None]]
"""Without these nothing goes on: they end by a fault alone."""


class Controller:
    """Make it inside the running loop; `run` ends when `stop` is requested."""

    def __init__(self, settings: ProcessSettings, timing: Timing | None = None) -> None:
        self._settings = settings
        self._stopping = asyncio.Event()
        self._metrics = Metrics()
        timing = timing or Timing()
        # On connections of its own: however busy the others are, it is renewed.
        self._redis = reach_store(settings, connections=1 + len(settings.places), answer=timing.within)
        leases, owner = RedisLeases(self._redis, settings.redis_prefix), secrets.token_hex(8)
        address = settings.advertise or f"{settings.api_host}:{settings.api_port}"
        self._leading = {
            place: Leading(
                leases,
                place.name,
                owner,
                address,
                timing,
                self._leads_any,
                partial(self._spares, place),
                dead=nobody_listens,
            )
            for place in settings.places
        }
        self._first = settings.places[0]
        self._proxies = settings.proxies
        self._key = key_of(settings.ari_password.get_secret_value())
        self._app: App | None = None
        self._serves = asyncio.Event()
        self._branches: dict[str, Branch] = {}

    def _leads_any(self) -> bool:
        return any(leading.leads for leading in self._leading.values())

    def _spares(self, place: AsteriskPlace) -> bool:
        """Whether this one would be handed over first; never the call centre's."""
        led = [led for led, leading in self._leading.items() if leading.leads]
        return led[1:][-1:] == [place]

    def stop(self) -> None:
        """Ask `run` to end. Calls in Asterisk go on; the next leader takes them over, a standby at once."""
        log.info("stopping")
        self._stopping.set()

    async def run(self) -> None:
        """Serve until stopped.

        Raises:
            OSError: the API's address can't be had, or its certificate not be used.
            ConfigInvalid: the file has faults and there is no other, or the demo's secrets beyond loopback.
        """
        watch_faults(self._metrics.task_failures.inc)
        encryption = server_context(self._settings.tls_certificate, self._settings.tls_key)
        self._read_at = self._changed_at()
        configured = await self._before_the_end(self._read(), [])
        if configured is None:
            return
        self._configured = configured
        await check_secrets_of(self._settings, configured.configuration)
        first = self._leading[self._first]
        self._forwarder = Forwarder(self._key, lambda: first.leader, first.inquired)
        self._passing = Passing(self._own, self._forwarder, first, self._news, self._stopping.is_set)
        self._standby = Standby(
            self._metrics, lambda: self._directory().settings.desk, lambda: first.trouble, self._pass_on
        )
        connections = Connections(lambda why: self._metrics.limited.labels(why).inc())
        self._listener, self._machines = Listener(self._handle, connections), Listener(machines_only(self._handle))
        if address := self._settings.metrics_address:
            self._listener.handler = without_machines(self._handle, lambda request: is_ours(request.headers, self._key))
            host, _, port = address.rpartition(":")
            await self._machines.start(host.strip("[]"), int(port))
        await self._listener.start(self._settings.api_host, self._settings.api_port, encryption)
        asking = [asyncio.create_task(leading.run()) for leading in self._leading.values()]
        leads = [asyncio.create_task(self._keep_leading(place, asking)) for place in self._leading]
        led = asyncio.gather(*leads)
        trimming = asyncio.create_task(keep_on(keep_trimming))
        ending: list[asyncio.Future[Any]] = [led, *asking]  # who inquires ends by a fault alone
        try:
            await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
            for task in asking:
                if task.done():
                    task.result()
            await led
        finally:
            trimming.cancel()
            self._stopping.set()
            await asyncio.gather(*leads, return_exceptions=True)
            await self._forwarder.close_sockets()
            await self._listener.stop()
            await self._machines.stop()
            await self._forwarder.close()
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
            for leading in self._leading.values():
                await leading.close()
            await disconnect(self._redis)

    async def _keep_leading(self, place: AsteriskPlace, asking: Needed) -> None:
        leading = self._leading[place]
        while not self._stopping.is_set():
            log.info("standing_by", asterisk=place.name)
            fence = await self._before_the_end(leading.begun(), asking)
            if fence is None:
                continue
            self._metrics.takeovers.inc()
            self._metrics.leader.inc()
            try:
                if place == self._first:
                    await self._serve(leading, fence, asking)
                else:
                    await self._lead(place, leading, fence, asking)
            finally:
                self._metrics.leader.dec()
            await leading.release()  # where it has it still
        await leading.close()  # others wait for nothing else that this one has under way

    async def _serve(self, leading: Leading, fence: Fence, asking: Needed) -> None:
        """The first Asterisk, and with it the call centre."""
        if not await self._before_the_end(self._refreshed(), asking):
            return
        others = {place: led for place, led in self._leading.items() if place != self._first}
        app = App(self._settings, self._configured, self._metrics, leading, fence, others)
        self._app = app
        self._serves.set()
        try:
            app.start()
            await self._before_the_end(leading.ended(fence), [*asking, app.fault])
        finally:
            app.close_windows()
            if leading.fence == fence:
                await self._listener.stop()  # what was requested is still done
            self._app = None
            self._serves.clear()
            await app.stop()
            self._configured = app.configured

    async def _lead(self, place: AsteriskPlace, leading: Leading, fence: Fence, asking: Needed) -> None:
        """Another Asterisk."""
        if not await self._before_the_end(self._refreshed(), asking):
            return
        branch = Branch(
            self._settings, place, self._directory, self._phones, self._refresh, self._metrics, leading, fence
        )
        self._branches[place.name] = branch
        try:
            branch.start()
            await self._before_the_end(leading.ended(fence), [*asking, branch.fault])
        finally:
            del self._branches[place.name]
            await branch.stop()

    # -- requests -----------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        ours = is_ours(request.headers, self._key)
        if ours and request.path.startswith(PATH):
            return await self._follow(request)
        if ours and FROM in request.headers:
            request = request.clone(remote=request.headers[FROM])
        elif not ours and self._proxies and FORWARDED in request.headers:
            remote = origin(request.remote, request.headers.getall(FORWARDED), self._proxies)
            request = request.clone(remote=remote or "")
        try:
            own = await self._own(request)
        except LeadsNoMore as error:
            own, request[OTHERWISE] = None, error.otherwise
        return own if own is not None else await self._standby(request)

    async def _own(self, request: web.BaseRequest) -> web.StreamResponse | None:
        """This controller's answer, where it serves the call centre; who has stood still is sure of it before.

        Raises:
            LeadsNoMore: another can answer.
        """
        app = self._app
        return await app.handle(request) if app is not None and await app.sure() else None

    async def _follow(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            branch = self._branches.get(request.path.removeprefix(PATH))
            if branch is None or not await branch.sure():
                raise Unavailable(Code.STANDBY, "this controller does not lead that Asterisk")
            return await branch.serve(request)
        except CallControlError as error:
            return problem_response(error)

    async def _pass_on(self, request: web.BaseRequest, body: bytes) -> web.StreamResponse:
        """Once: who leads may be another one by now, and does not know it yet."""
        if not is_ours(request.headers, self._key):
            return await self._passing(request, body)
        said = request.get(OTHERWISE, LeadsNoMore())
        declined = problem_response(said)
        declined.headers[DECLINED] = said.code
        return declined

    async def _news(self) -> None:
        """Until who leads may be another; also this one, as soon as it serves."""
        waited = [asyncio.ensure_future(x) for x in (self._leading[self._first].inquired(), self._serves.wait())]
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waited:
                each.cancel()

    def _directory(self) -> Directory:
        return self._running().configuration.directory

    def _phones(self) -> PhoneAccounts:
        return self._running().configuration.phones

    def _running(self) -> Configured:
        return self._app.configured if self._app is not None else self._configured

    async def _before_the_end[T](self, waited: Coroutine[None, None, T], asking: Needed) -> T | None:
        """What comes of it; None where this controller is to stop before."""
        stopping = asyncio.create_task(self._stopping.wait())
        waiting = asyncio.create_task(waited)
        try:
            await asyncio.wait({waiting, stopping, *asking}, return_when=asyncio.FIRST_COMPLETED)
            for needed in asking:
                if needed.done():
                    needed.result()  # a fault: nobody would renew the lease, or serve who calls
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

    async def _refresh(self) -> None:
        """What runs is what the file says now, with what supervisors gave agents since."""
        await self._read_anew()
        if self._app is None:
            given = read_given(await given_in_redis(self._settings))
            self._configured = taken_in(self._configured, given)

    async def _refreshed(self) -> bool:
        await self._refresh()
        return True

    async def _read_anew(self) -> None:
        """Whoever begins to lead does so with the file as it is, as a controller that is started does."""
        if self._app is not None:
            return  # it has read it
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
