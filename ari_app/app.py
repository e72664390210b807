"""The one place where the parts of a leader are put together, started in order and stopped in reverse.

Asterisk ── facts ──> Engine ── effects ──> Asterisk, Bookings (availability), Snapshots (store), EventHub (api)
API ────── commands ─────^
"""

import asyncio
import contextlib
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace

import structlog
from aiohttp import web

from ari_app.adapters import EngineControl, LiveAgents, LivePhones
from ari_app.agent_changes import AgentChanges
from ari_app.api.events import EventHub
from ari_app.api.metrics import Metrics
from ari_app.api.server import ApiServer
from ari_app.ari.asterisk import Asterisk
from ari_app.ari.devices import Devices
from ari_app.ari.link import LinkState
from ari_app.ari.liveness import Liveness
from ari_app.ari.page_phones import PagePhones
from ari_app.ari.presence import Presence
from ari_app.ari.stored_recordings import StoredRecordings
from ari_app.availability.expiry import keep_expiring
from ari_app.availability.mirror import Mirror
from ari_app.availability.redis import RedisAvailability
from ari_app.availability.refill import keep_filled
from ari_app.calls import effects as e
from ari_app.calls.model import Call, Leg, LegId, LegState
from ari_app.calls.stimuli import (
    AsteriskReconciled,
    AvailabilityEmptied,
    DirectoryReplaced,
    LegDied,
    Stimulus,
)
from ari_app.calls.switch import Switch
from ari_app.calls.views import timestamp
from ari_app.clock import SteadyClock
from ari_app.config.errors import ConfigError, ConfigInvalid
from ari_app.config.file import load
from ari_app.config.settings import ProcessSettings
from ari_app.configured import Configured, asterisk_settings, check_secrets_of, log_faults, reach_store
from ari_app.engine.bookings import Bookings
from ari_app.engine.engine import Engine, incarnation
from ari_app.engine.reachability import Reachability
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import StoreUnavailable
from ari_app.freezing import freeze_for_gc, thaw_for_gc
from ari_app.leading.leading import Leading
from ari_app.routing.directory import Directory
from ari_app.store.client import disconnect
from ari_app.store.leases import Fence
from ari_app.store.redis import RedisStore

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 0.5
_PREFIX = "cc-"


class App:
    """One controller for as long as it leads, under `fence`. Make it inside the running loop.

    It begins with nothing but what Redis and Asterisk have, as after a crash, and ends with its lease.
    """

    def __init__(
        self, settings: ProcessSettings, configured: Configured, metrics: Metrics, leading: Leading, fence: Fence
    ) -> None:
        self._settings = settings
        self._configured = configured
        self._leading = leading
        self._fence = fence
        self._clock = SteadyClock()
        self._configuring = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._metrics = metrics
        self._redis = reach_store(settings, self._store_moved, self._metrics.store_unconfirmed.inc)
        self._availability = RedisAvailability(self._redis, settings.redis_prefix, self._clock, fence)
        self._mirror = Mirror(self._availability)
        self._store = RedisStore(self._redis, settings.redis_prefix, fence)
        self._snapshots = Snapshots(self._store)
        switch = Switch(configured.configuration.directory, f"{_PREFIX}{incarnation(time.time())}")
        self._engine = Engine(switch, self, self._clock)
        self._bookings = Bookings(self._availability, self._engine.feed)
        self._reachability = Reachability(self._directory, self._engine.feed, self._bookings.reachable)
        asterisk = asterisk_settings(settings, _PREFIX, lambda: leading.sure(fence))
        self._devices = Devices(self._reachability.registered, self._reachability.in_use, self._device_changed)
        self._asterisk = Asterisk(
            asterisk, self._fact, self._replaced, self._devices.update_in_use, self._devices.endpoint
        )
        self._page_phones = PagePhones(self._asterisk.client, settings.ari_url)
        self._liveness = Liveness(self._asterisk.client, self._legs_at, self._died)
        self._presence = Presence(asterisk, self._devices.update, self._liveness.place)
        agents = LiveAgents(self._mirror, self._availability, self._engine.switch.can_be_rung, self._device)
        control = EngineControl(
            self._engine,
            self._snapshots,
            lambda: self._configured,
            self.reload,
            self.ready,
            self._store,
            settings.recordings,
        )
        self._hub = EventHub(control, agents, self._metrics, clock=self._clock)
        phones = LivePhones(
            self._devices, self._page_phones, self._store, self._device_chosen, self._liveness.socket_closed
        )
        self._api = ApiServer(
            control,
            agents,
            self._store,
            self._hub,
            self._metrics,
            phones,
            StoredRecordings(self._asterisk.client),
            token_lifetime=settings.token_lifetime,
            token_idle=settings.token_idle,
            clock=self._clock,
        )

    @property
    def configured(self) -> Configured:
        """What runs."""
        return self._configured

    def start(self) -> None:
        """Take over what there is, and serve."""
        self._mirror.listen(
            AgentChanges(self._hub, self._api.board, self._presence.lamps, self._mirror, self._engine.feed)
        )
        self._start(self._begin())

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request of the API."""
        return await self._api.handle(request)

    def close_windows(self) -> None:
        """Before `stop`: whoever follows events finds the next leader."""
        self._api.close_windows()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self) -> None:
        """Redis first: without what it keeps, a caller already served would be taken for a new one."""
        await self._until_store_answers()
        self._start(self._mirror.run())
        self._start(keep_expiring(self._availability, self._clock))
        self._start(keep_filled(self._availability, self._refill))
        self._start(self._snapshots.run())
        self._start(self._api.board.run())
        self._start(self._api.history.run())
        self._start(self._api.watch_sessions())
        self._start(self._api.recordings.run())
        self._asterisk.start()
        self._presence.start()
        await self._mirror.wait_fresh()
        freeze_for_gc()

    async def _until_store_answers(self) -> None:
        while True:
            try:
                await self._availability.configure(self._directory())
                await self._keep_configuration()
                restored = await self._snapshots.restore()
                self._devices.restore(await self._store.devices())
                await self._api.board.restore()
                await self._api.restore_passwords()
                break
            except StoreUnavailable as error:
                log.warning("store_unavailable", reason=error.detail, retry_in=_RETRY_SECONDS)
                await asyncio.sleep(_RETRY_SECONDS)
        self._engine.switch.restore(restored.calls, restored.legs)
        if restored.calls:
            log.info("calls_restored", calls=len(restored.calls), legs=len(restored.legs))

    async def stop(self) -> None:
        """End. Calls in Asterisk go on; the next leader takes them over, with all that this one still may keep."""
        self._api.close()
        self._engine.close()
        await self._presence.stop()
        self._liveness.close()
        await self._page_phones.close()
        await self._asterisk.stop()
        await self._bookings.close()
        if self._leading.fence == self._fence:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(2.0):
                    await self._snapshots.flush()
                    await self._api.board.flush()
                    await self._api.history.flush()
                    await self._api.recordings.flush()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await disconnect(self._redis)
        thaw_for_gc()

    # -- where facts come in ------------------------------------------------------------------------------------------

    def _fact(self, fact: Stimulus) -> None:
        if isinstance(fact, AsteriskReconciled):
            log.info("asterisk_reconciled", channels=len(fact.channels), bridges=len(fact.bridges))
            self._reachability.reconciled()
        self._engine.feed(fact)

    def _legs_at(self, endpoint: str) -> list[Leg]:
        """The legs of agents that are up at this phone, or at these phones of one account."""
        legs = self._engine.switch.legs.values()
        up = [leg for leg in legs if leg.agent is not None and leg.state is LegState.UP]
        return [leg for leg in up if self._asterisk.endpoint(leg.id) == endpoint]

    def _died(self, leg: LegId) -> None:
        log.warning("leg_died", leg=leg)
        self._engine.feed(LegDied(leg))

    def _directory(self) -> Directory:
        return self._configured.configuration.directory

    def _device(self, agent_id: str) -> str:
        agent = self._directory().agents.get(agent_id)
        return self._devices.device(agent.phone) if agent is not None and agent.phone is not None else "desk"

    def _device_chosen(self, user: str) -> None:
        agent = self._directory().agent_of_phone(user)
        record = self._mirror.record(agent.id) if agent is not None else None
        if record is not None:
            self._hub.agent_changed(record)
        self._device_changed(user)

    def _device_changed(self, user: str) -> None:
        agent = self._directory().agent_of_phone(user)
        if agent is not None:
            self._api.phone_changed(agent.id)

    def _replaced(self) -> None:
        """Another controller has this Asterisk: what it commands must not be commanded twice."""
        self._leading.replaced(self._fence)

    # -- where effects go (`Outlets`) ---------------------------------------------------------------------------------

    def asterisk(self, effect: e.AsteriskEffect) -> None:
        self._asterisk.execute(effect)

    def availability(self, effect: e.AvailabilityEffect) -> None:
        self._bookings.execute(effect)

    def call_changed(self, before: Call | None, call: Call) -> None:
        self._snapshots.call(call)
        self._hub.call_changed(before, call)
        self._hub.hearing_changed([call.id])
        self._api.board.call_changed(before, call)
        self._api.history.call_changed(call)
        self._api.recordings.call_changed(before, call)
        if call.ended:
            log.info("call_over", call_id=call.id, type=call.type.value, owner=(before or call).owner)
        elif before is None:
            log.info("call_begun", call_id=call.id, type=call.type.value)

    def talk_changed(self, call: Call) -> None:
        self._hub.call_changed(call, call)

    def leg_changed(self, effect: e.LegChanged) -> None:
        self._snapshots.leg(effect.leg_id, effect.leg)
        self._hub.hearing_changed(self._engine.switch.state.calls_of_leg.get(effect.leg_id, {}))

    def caller_id_chosen(self, agent: str, caller_id: str) -> None:
        self._start(self._remember(agent, caller_id))

    def call_alarm(self, effect: e.CallAlarm) -> None:
        call = effect.call
        log.warning(effect.alarm.value, call_id=call.id, owner=call.owner, held_since=timestamp(call.held_since))
        self._hub.alarm(call, effect.alarm)

    def operation_failed(self, effect: e.OperationFailed) -> None:
        log.warning("operation_failed", call_id=effect.call, operation=effect.operation, detail=effect.error.detail)
        for agent in effect.agents:
            self._hub.failed(agent, effect.operation, effect.error)

    def arrival_refused(self, effect: e.ArrivalRefused) -> None:
        log.warning(
            "arrival_refused",
            reason=effect.fault.value,
            entry=effect.entry[:128],
            verb=effect.entry_verb[:64],
            argument=effect.argument[:64],
        )
        self._metrics.arrivals_refused.labels(effect.fault.value).inc()

    async def _remember(self, agent: str, caller_id: str) -> None:
        try:
            await self._store.set_caller_id(agent, caller_id)
        except StoreUnavailable:
            log.warning("caller_id_not_remembered", agent=agent)

    def stood_still(self) -> None:
        self._asterisk.suspect()
        self._presence.suspect()

    # -- the administrator's side -------------------------------------------------------------------------------------

    async def reload(self) -> Sequence[ConfigError]:
        """Read the file again: all of it or, with its errors, none. Calls go on.

        Raises:
            StoreUnavailable: nothing has changed.
        """
        try:
            configuration = await asyncio.to_thread(load, self._settings.config)
            await check_secrets_of(self._settings, configuration)
        except ConfigInvalid as invalid:
            self._configured = replace(self._configured, faults=invalid.errors)
            self._metrics.configuration_faults.set(len(invalid.errors))
            log_faults(invalid.errors)
            return invalid.errors
        async with self._configuring:
            gone = self._directory().agents.keys() - configuration.directory.agents.keys()
            await self._api.end_sessions(sorted(gone))
            await self._availability.configure(configuration.directory)
            self._configured = replace(self._configured, configuration=configuration, at=time.time(), faults=())
            await self._keep_configuration()
        self._engine.feed(DirectoryReplaced(configuration.directory))
        self._reachability.report()
        self._hub.directory_changed()
        await self._api.directory_changed()
        freeze_for_gc()
        log.info("configuration_reloaded", agents=len(configuration.directory.agents))
        return ()

    async def _refill(self) -> None:
        """Write all that is known here to a store that has lost what it kept.

        Raises:
            StoreUnavailable: to be tried again.
        """
        async with self._configuring:
            if await self._availability.configured():
                return  # it was not lost: the file was being read again
            await self._write_known()
            await self._availability.configure(self._directory(), self._mirror.records)
        self._report_agents()

    def _store_moved(self) -> None:
        """Another Redis is the primary. What the old one had not passed on before it died is gone."""
        self._metrics.store_failovers.inc()
        self._start(self._write_anew())

    async def _write_anew(self) -> None:
        await self._mirror.wait_fresh()  # before that nothing is known here that could be written
        while True:
            try:
                async with self._configuring:
                    await self._write_known()
                break
            except StoreUnavailable:
                await asyncio.sleep(_RETRY_SECONDS)
        self._report_agents()

    async def _write_known(self) -> None:
        """Raises: StoreUnavailable."""
        switch = self._engine.switch
        for call in switch.calls.values():
            self._snapshots.call(call)
        for leg in switch.legs.values():
            self._snapshots.leg(leg.id, leg)
        await self._api.keep_tokens()
        for phone, device in self._devices.chosen().items():
            await self._store.set_device(phone, device)
        await self._keep_configuration()

    def _report_agents(self) -> None:
        """Write what calls make of all agents, and whose phone can ring."""
        self._engine.feed(AvailabilityEmptied())
        self._reachability.report()

    async def _keep_configuration(self) -> None:
        """For a restart on a file with faults.

        Raises:
            StoreUnavailable: it is not kept; the one before is.
        """
        self._metrics.configuration_faults.set(len(self._configured.faults))
        if not self._configured.faults:
            await self._store.keep_configuration(self._configured.to_keep)

    def ready(self) -> Mapping[str, bool]:
        """Whether Asterisk and Redis are reached, and Redis keeps what changes."""
        kept = self._mirror.fresh and not self._snapshots.behind
        return {"asterisk": self._asterisk.state is LinkState.UP, "store": kept}
