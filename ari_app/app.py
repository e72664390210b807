"""The call centre, served by who leads its first Asterisk: calls of all Asterisks, the API, the administrator's file.

Of the first one it has the calls itself (`Leader`); those of others are where they are led (`sharing.remote`).
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

import structlog
from aiohttp import web

from ari_app.adapters import EngineControl, LiveAgents, LivePhones
from ari_app.agent_changes import AgentsFollowed, AgentsNoticed, AgentsShown
from ari_app.api.events import EventHub
from ari_app.api.metrics import Metrics
from ari_app.api.server import ApiServer
from ari_app.ari.client import AriClient
from ari_app.ari.page_phones import PagePhones, PagePhonesAtEdge
from ari_app.ari.stored_recordings import AllStoredRecordings, StoredRecordings
from ari_app.audit.chain import Entry
from ari_app.audit.trail import Trail
from ari_app.availability.refill import keep_filled
from ari_app.calls import effects as e
from ari_app.calls.model import Call, CallId, Leg, LegId
from ari_app.calls.switch import can_be_rung
from ari_app.config.errors import ConfigError, ConfigInvalid
from ari_app.config.file import load
from ari_app.config.settings import AsteriskPlace, ProcessSettings
from ari_app.configured import Configured, check_secrets_of, http_client, log_faults, since_kept
from ari_app.errors import LeadsNoMore, StoreUnavailable
from ari_app.filled import history_of
from ari_app.freezing import freeze_for_gc, thaw_for_gc
from ari_app.given import forget_others, taken_in, written
from ari_app.keeping import DAY, keep_forgetting, keep_of
from ari_app.leader import Leader, once_stored
from ari_app.leading.leading import Leading
from ari_app.openings import by_phone
from ari_app.routing.directory import Directory
from ari_app.routing.given import Given
from ari_app.routing.hours import Override
from ari_app.routing.targets import Target
from ari_app.sharing.key import key_of
from ari_app.sharing.passing import AT_ONCE, TAKEN_OVER_WITHIN
from ari_app.sharing.remote import Remote
from ari_app.store.leases import Fence
from ari_app.webhooks.outbox import Webhooks

log = structlog.get_logger(__name__)

MEMORY, MEMORY_EVERY = 0.9, 5.0
"""The part of Redis' memory beyond which it is reported, and every how many seconds it is looked at."""


class App:
    """One controller for as long as it leads the first Asterisk, under `fence`. Make it inside the running loop.

    It begins with nothing but what Redis and Asterisk have, as after a crash, and ends with its lease.
    """

    def __init__(
        self,
        settings: ProcessSettings,
        configured: Configured,
        metrics: Metrics,
        leading: Leading,
        fence: Fence,
        others: Mapping[AsteriskPlace, Leading] = MappingProxyType({}),
    ) -> None:
        self._settings = settings
        self._configured = configured
        self._configuring = asyncio.Lock()
        self._metrics = metrics
        self._memory = 0.0
        self._messages: Mapping[str, int] = {}
        self._leading, self._fence = leading, fence
        self._restored = asyncio.Event()
        self._restored_by = asyncio.get_running_loop().time() + TAKEN_OVER_WITHIN
        place = settings.places[0]
        self._leader = leader = Leader(
            settings,
            place,
            self._directory,
            lambda: self._configured.configuration.phones,
            metrics,
            leading,
            fence,
            self,
            self._write_anew,
        )
        key = key_of(settings.ari_password.get_secret_value())
        self._others = [
            Remote(
                other.name, led, key, fence.number, self, leader.devices.chosen, leader.clock, lambda: self._messages
            )
            for other, led in others.items()
        ]
        self._files = [AriClient(other.url, http_client(settings, lambda: leading.sure(fence))) for other in others]
        self._page_phones = (
            PagePhonesAtEdge([leader.ari.client, *self._files], settings.edge, settings.own_address)
            if settings.edge
            else PagePhones(leader.ari.client, place.url)
        )
        agents = LiveAgents(leader.mirror, leader.agents, self._can_be_rung, self._device, leader.openings.is_open)
        control = EngineControl(
            leader.engine,
            leader.snapshots,
            lambda: self._configured,
            self.reload,
            self.ready,
            leader.store,
            settings.recordings,
            self._others,
            lambda agent: not settings.edge and self._device(agent) == "page",  # registered there
            place.name,
            lambda: leader.door.draining.drained,
            self.degraded,
            ties=bool(settings.edge),
            begun=leader.begun,
            give=self.give,
        )
        self._trail = Trail(leader.audit, lambda: self._directory().settings.keep_days.audit * DAY, clock=leader.clock)
        self._history = history_of(settings, leader.store, metrics, leader.clock, self._directory)
        self._hub = EventHub(control, agents, self._metrics, clock=leader.clock)
        self._webhooks = Webhooks(
            leader.webhooks,
            lambda: self._configured.configuration.webhooks,
            metrics.webhooks,
            f"urn:callcontrol:{settings.redis_prefix}",
            self.sure,
            leader.clock,
        )
        self._over: Sequence[Call] = ()
        phones = LivePhones(
            leader.devices, self._page_phones, leader.store, self._device_chosen, leader.liveness.socket_closed
        )
        self._api = ApiServer(
            control,
            agents,
            leader.store,
            self._hub,
            self._metrics,
            phones,
            AllStoredRecordings([StoredRecordings(client) for client in (leader.ari.client, *self._files)]),
            self._trail.put,
            leader.openings,
            self._history,
            token_lifetime=settings.token_lifetime,
            token_idle=settings.token_idle,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            clock=leader.clock,
            leads=lambda: leading.fence == fence,
            receivers=self._webhooks,
        )

        self._api.unheard = leader.presence.lamps.show_messages
        self._api.messages_kept = self._messages_kept

    @property
    def configured(self) -> Configured:
        """What runs."""
        return self._configured

    @property
    def fault(self) -> asyncio.Future[None]:
        """Ends by what kept it from beginning: a fault of ours."""
        return self._leader.tasks.fault

    def start(self) -> None:
        """Take over what there is, and serve."""
        leader = self._leader
        leader.listen()
        leader.mirror.listen(AgentsShown(self._hub, self._api.board, self._metrics.calls))
        leader.mirror.listen(AgentsNoticed(self._api.notices))
        leader.mirror.listen(AgentsFollowed(leader.followed, leader.mirror, leader.clock))
        leader.openings.changes.append(self._opening_changed)
        leader.openings.choices.append(self._openings_chosen)
        leader.tasks.must(self._begin())

    async def sure(self) -> bool:
        """Whether it leads yet. See `Leading.sure`."""
        return await self._leading.sure(self._fence)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer to a request of the API: held until it is known what an earlier leader left.

        Raises:
            LeadsNoMore: another controller can answer.
        """
        if request.path not in AT_ONCE and not self._restored.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._restored_by):
                    await self._restored.wait()
            if self._leading.fence != self._fence:
                raise LeadsNoMore
        return await self._api.handle(request)

    def close_windows(self) -> None:
        """Before `stop`: whoever follows events finds the next leader."""
        self._api.close_windows()

    async def _begin(self) -> None:
        """Redis first: without what it keeps, a caller already served would be taken for a new one."""
        leader = self._leader
        await once_stored(self._restore)
        self._restored.set()
        leader.begin()
        keep = leader.tasks.keep
        for other in self._others:
            keep(other.run)
        keep(self._page_phones.keep)
        keep(self._watch_store)
        keep(partial(keep_filled, leader.agents, self._refill))
        keep(self._api.board.run)
        keep(self._api.days.run)
        keep(self._history.run)
        keep(self._api.watch_sessions)
        keep(self._api.recordings.run)
        keep(self._api.voicemails.run)
        keep(self._api.auditor.run)
        keep(self._trail.run)
        keep(self._webhooks.run)
        keep(partial(keep_forgetting, self._api.forget_old))
        keep(partial(keep_forgetting, self._forget_dead_letters))
        await leader.mirror.wait_fresh()
        keep(partial(self._api.catch_up, self._over))
        freeze_for_gc()

    async def _restore(self) -> None:
        self._leader.store.keep = keep_of(self._directory().settings.keep_days)
        await self._leader.agents.configure(self._directory())
        await self._record_what_changed()
        await self._keep_configuration()
        await self._api.board.restore()
        await self._api.restore_passwords()
        self._api.restore_notices(await self._leader.webhooks.known_lines())
        self._over = await self._leader.restore()
        self._api.board.recount()

    async def stop(self) -> None:
        """End. Calls in Asterisk go on; the next leader takes them over, with all that this one still may keep."""
        await self._api.close()
        await self._page_phones.close()
        self._api.auditor.flush()
        await self._trail.stop()
        await self._leader.stop(self._flush)
        await self._history.close()
        for client in self._files:
            await client.close()
        thaw_for_gc()

    async def _flush(self) -> None:
        await self._api.board.flush()
        await self._api.recordings.flush()
        await self._api.voicemails.flush()
        await self._webhooks.flush()

    async def _forget_dead_letters(self) -> None:
        """They tell of people as the history does. Raises: StoreUnavailable."""
        await self._webhooks.forget_old(self._leader.clock() - self._directory().settings.keep_days.history * DAY)

    # -- what has changed (`Followers`) -------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        self._hub.call_changed(before, call)
        self._hub.hearing_changed([call.id])
        self._api.call_changed(before, call)

    def talk_changed(self, call: Call) -> None:
        self._hub.call_changed(call, call)

    def leg_changed(self, leg_id: LegId, leg: Leg | None) -> None:
        self.hearing_changed(self._leader.calls_of_leg(leg_id))

    def hearing_changed(self, calls: list[CallId]) -> None:
        self._hub.hearing_changed(calls)

    def call_alarm(self, effect: e.CallAlarm) -> None:
        self._hub.alarm(effect.call, effect.alarm)
        self._api.alarms.call_alarm(effect.call, effect.alarm)

    def emergency_dialled(self, effect: e.EmergencyDialled) -> None:
        self._hub.emergency(effect.agent, effect.phone, effect.number)
        self._api.alarms.emergency(effect.agent, effect.phone, effect.number)

    def operation_failed(self, effect: e.OperationFailed) -> None:
        for agent in effect.agents:
            self._hub.failed(agent, effect.operation, effect.error)

    def asterisk_reached(self, reached: bool, refuses: tuple[str, ...]) -> None:
        """Whoever wants to know looks."""

    def device_changed(self, user: str) -> None:
        if user == self._directory().settings.trunk:
            self._api.alarms.trunk_changed(user, reached=self._leader.devices.can_ring(user) is not False)
        agent = self._directory().agent_of_phone(user)
        if agent is not None:
            self._api.phone_changed(agent.id)

    def _messages_kept(self, counts: Mapping[str, int]) -> None:
        self._messages = counts
        self._leader.room.kept(counts)
        for other in self._others:
            self._leader.tasks.once(other.tell_messages())

    def _opening_changed(self, target: Target, _opened: bool) -> None:
        self._hub.opening_changed(target)
        self._api.board.openings_changed()

    def _openings_chosen(self, before: Mapping[str, Override], now: Mapping[str, Override]) -> None:
        """What is chosen by the API is on record as all that is requested of it."""
        self._api.board.openings_changed()
        for target, chosen in by_phone(before, now).items():
            details = {"opened": target, "opening": chosen.chosen.value, "by": "phone"}
            self._trail.put(Entry(chosen.at, "set_opening", chosen.by, details=details))

    def _directory(self) -> Directory:
        return self._configured.configuration.directory

    def _device(self, agent_id: str) -> str:
        agent = self._directory().agents.get(agent_id)
        return self._leader.devices.device(agent.phone) if agent is not None and agent.phone is not None else "desk"

    def _device_chosen(self, user: str) -> None:
        agent = self._directory().agent_of_phone(user)
        record = self._leader.mirror.record(agent.id) if agent is not None else None
        if record is not None:
            self._hub.agent_changed(record)
        self.device_changed(user)
        for other in self._others:
            self._leader.tasks.once(other.tell_devices())

    def _can_be_rung(self, agent: str) -> bool:
        states = (self._leader.engine.switch.state, *(other.state for other in self._others))
        return all(can_be_rung(state, self._directory(), agent) for state in states)

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
            given = self._configured.given
            now = replace(self._configured, configuration=configuration, at=time.time(), faults=())
            now = taken_in(now, given)
            await forget_others(self._leader.store, given, now.given)
            await self._leader.agents.configure(now.configuration.directory)
            self._configured = now
            self._leader.store.keep = keep_of(configuration.directory.settings.keep_days)
            await self._keep_configuration()
        await self._directory_replaced()
        log.info("configuration_reloaded", agents=len(configuration.directory.agents))
        return ()

    async def give(self, agent: str, gift: Given) -> None:
        """From now on the agent has these groups and skills; an empty one: those of the file. Calls go on.

        Raises:
            StoreUnavailable: it is not so, or will be once it is given again.
        """
        async with self._configuring:
            await self._leader.store.set_given(agent, None if gift.empty else written(gift))
            now = taken_in(self._configured, {**self._configured.given, agent: gift})
            await self._leader.agents.configure(now.configuration.directory)
            self._configured = now
        await self._directory_replaced()

    async def _directory_replaced(self) -> None:
        self._leader.directory_replaced(self._directory())
        self._hub.directory_changed()
        self._webhooks.configured()
        await self._api.directory_changed()
        for other in self._others:
            await other.read_anew()
        freeze_for_gc()

    async def _refill(self) -> None:
        """Write all that is known here to a store that has lost what it kept.

        Raises:
            StoreUnavailable: to be tried again.
        """
        async with self._configuring:
            if await self._leader.agents.configured():
                return  # it was not lost: the file was being read again
            await self._write_known()
            await self._leader.agents.configure(self._directory(), self._leader.mirror.records)
        self._leader.report_agents()

    async def _write_anew(self) -> None:
        """Raises: StoreUnavailable."""
        async with self._configuring:
            await self._write_known()

    async def _write_known(self) -> None:
        """Raises: StoreUnavailable."""
        self._leader.write_calls()
        await self._api.keep_tokens()
        for phone, device in self._leader.devices.chosen().items():
            await self._leader.store.set_device(phone, device)
        for agent, gift in self._configured.given.items():
            await self._leader.store.set_given(agent, written(gift))
        await self._keep_configuration()

    async def _record_what_changed(self) -> None:
        """Of the file, since another controller read it: a restart is no way around the record. Raises:
        StoreUnavailable."""
        kept = await self._leader.store.kept_configuration()
        changed = await asyncio.to_thread(since_kept, kept, self._configured.configuration)
        entry = Entry(self._leader.clock(), "leads", "system", details=changed)
        self._trail.put(entry)

    async def _keep_configuration(self) -> None:
        """For a restart on a file with faults.

        Raises:
            StoreUnavailable: it is not kept; the one before is.
        """
        self._metrics.configuration_faults.set(len(self._configured.faults))
        if not self._configured.faults:
            await self._leader.store.keep_configuration(self._configured.to_keep)

    async def _watch_store(self) -> None:
        """Know in good time that Redis has no room left: then no call is kept any more."""
        while True:
            with contextlib.suppress(StoreUnavailable):
                self._memory = await self._leader.store.memory()
                self._metrics.store_memory.set(self._memory)
            await asyncio.sleep(MEMORY_EVERY)

    def ready(self) -> Mapping[str, bool]:
        """Whether an Asterisk and Redis are reached, and Redis keeps what changes."""
        kept = self._leader.mirror.fresh and not self._leader.snapshots.behind
        reached = self._leader.reached or any(other.reached for other in self._others)
        return {"asterisk": reached, "store": kept}

    def degraded(self) -> Sequence[tuple[str, str]]:
        """Which Asterisk serves only some of those who want something of it, and why; `store`: Redis fills up."""
        here = (self._settings.places[0].name, self._leader.reached, self._leader.door.refuses)
        states = (here, *((other.asterisk, other.reached, other.refuses) for other in self._others))
        found = [(name, reason) for name, _, refuses in states for reason in refuses]
        found += [("store", "memory")] if self._memory > MEMORY else []
        return [*((name, "unreached") for name, reached, _ in states if not reached), *found]
