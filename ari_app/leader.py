"""The calls of one Asterisk, for as long as this controller leads it: its parts, started in order.

Asterisk ── facts ──> Engine ── effects ──> Asterisk, Bookings (availability), Snapshots (store), Followers
commands ───────────────^
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Protocol

import structlog

from ari_app.adapters import carry_out, kept
from ari_app.agent_changes import AgentChanges, numbers_with_lamps
from ari_app.api.metrics import Metrics
from ari_app.ari.asterisk import Asterisk
from ari_app.ari.devices import Devices, user_of
from ari_app.ari.link import LinkState
from ari_app.ari.liveness import Liveness
from ari_app.ari.presence import Presence
from ari_app.ari.stored_recordings import StoredRecordings
from ari_app.availability.expiry import keep_expiring
from ari_app.availability.lastknown import KnownAgents
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import Change, Lost
from ari_app.availability.redis import RedisAvailability
from ari_app.calls import effects as e
from ari_app.calls.commands import Command
from ari_app.calls.model import Call, CallId, Leg, LegId, LegState
from ari_app.calls.stimuli import (
    AgentUnlisted,
    AsteriskReconciled,
    AvailabilityEmptied,
    DirectoryReplaced,
    LegDied,
    LinkLost,
    OpeningsReplaced,
    Stimulus,
)
from ari_app.calls.switch import Switch
from ari_app.calls.views import timestamp
from ari_app.clock import SteadyClock
from ari_app.config.settings import AsteriskPlace, ProcessSettings
from ari_app.configured import asterisk_settings, reach_store
from ari_app.disk import keep_looking
from ari_app.door import Door
from ari_app.engine.bookings import Bookings
from ari_app.engine.engine import Engine, incarnation
from ari_app.engine.followed import Followed
from ari_app.engine.owncalls import Begun, OwnCalls
from ari_app.engine.reachability import Reachability
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import StoreUnavailable
from ari_app.keeping import DAY, keep_forgetting
from ari_app.leading.leading import Leading
from ari_app.openings import Openings
from ari_app.phone_messages import PhoneMessages
from ari_app.phone_outcomes import PhoneOutcomes
from ari_app.room import Room
from ari_app.routing.directory import Directory
from ari_app.routing.phones import PhoneAccounts
from ari_app.sharing.wire import ids_of
from ari_app.store.client import disconnect
from ari_app.store.leases import Fence
from ari_app.store.redis import RedisStore
from ari_app.store.redis_audit import RedisAudit
from ari_app.store.redis_webhooks import RedisWebhooks
from ari_app.tasks import Tasks
from ari_app.waiting import Waiters, waits

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5
_PREFIX = "cc-"
_KEEP_WITHIN = 2.0


async def once_stored(work: Callable[[], Coroutine[None, None, object]]) -> None:
    """Do it, again and again until the store can be reached."""
    while True:
        try:
            await work()
            return
        except StoreUnavailable as error:
            log.warning("store_unavailable", reason=error.detail, retry_in=RETRY_SECONDS)
            await asyncio.sleep(RETRY_SECONDS)


class Followers(Protocol):
    """Who gets to know what changes, in order. None of these may block or raise."""

    def call_changed(self, before: Call | None, call: Call) -> None: ...
    def talk_changed(self, call: Call) -> None: ...
    def leg_changed(self, leg_id: LegId, leg: Leg | None) -> None: ...
    def call_alarm(self, effect: e.CallAlarm) -> None: ...
    def emergency_dialled(self, effect: e.EmergencyDialled) -> None: ...
    def operation_failed(self, effect: e.OperationFailed) -> None: ...
    def device_changed(self, user: str) -> None: ...
    def asterisk_reached(self, reached: bool, refuses: tuple[str, ...]) -> None:
        """Whether Asterisk is, and why callers from outside are refused there."""


class Leader:
    """Make it inside the running loop. It begins with nothing but what Redis and Asterisk have, as after a crash.

    `moved` is called when another Redis is the primary, after the calls were written to it.
    """

    def __init__(
        self,
        settings: ProcessSettings,
        place: AsteriskPlace,
        directory: Callable[[], Directory],
        phones: Callable[[], PhoneAccounts],
        metrics: Metrics,
        leading: Leading,
        fence: Fence,
        followers: Followers,
        write_known: Callable[[], Coroutine[None, None, None]],
    ) -> None:
        self.place = place
        self._settings = settings
        self._directory = directory
        self._phones = phones
        self._metrics = metrics
        self._leading = leading
        self._fence = fence
        self._followers = followers
        self._write_known = write_known
        self.tasks = Tasks()
        self.clock = SteadyClock()
        apart = settings.apart(place)
        self._redis = reach_store(
            settings, self._store_moved, metrics.store_unconfirmed.inc, measure=metrics.parts.store
        )
        self.agents = RedisAvailability(self._redis, settings.redis_prefix, self.clock, fence)
        self.mirror = Mirror(self.agents)
        self.store = RedisStore(self._redis, settings.redis_prefix, fence, apart)
        self.openings = Openings(self.store, directory, self.clock)
        self.audit = RedisAudit(self._redis, settings.redis_prefix)
        self.webhooks = RedisWebhooks(self._redis, settings.redis_prefix, fence)
        self.snapshots = Snapshots(self.store, metrics.facts_lost.inc)
        self.followed = Followed(self.snapshots)
        # Calls of several Asterisks are shown side by side: their ids must differ.
        prefix = ids_of(apart) if apart else _PREFIX
        switch = Switch(directory(), f"{prefix}{incarnation(time.time())}")
        self.engine = Engine(switch, self, self.clock, metrics.parts.engine(place.name))
        self.room = Room(self.engine.feed, metrics)
        self._several = len(settings.places) > 1
        self._bookings = Bookings(
            self.agents,
            self.engine.feed,
            has=self.engine.calls.__contains__,
            queue=Waiters(switch.state) if self._several else None,
            known=KnownAgents(self.mirror, directory),
            feed_now=self.engine.feed_now,
        )
        self.begun: Begun = OwnCalls(self.agents, directory, switch.knows).begun if self._several else nullcontext
        self.reachability = Reachability(directory, self.engine.feed, self._bookings.reachable)
        asterisk = asterisk_settings(
            settings, place.url, _PREFIX, lambda: leading.sure(fence), metrics.parts.ari(place.name)
        )
        self.devices = Devices(
            self.reachability.registered,
            self.reachability.in_use,
            followers.device_changed,
            pages=bool(settings.edge) or place == settings.places[0],
        )
        self.ari = Asterisk(
            asterisk,
            self._fact,
            self._replaced,
            self.devices.update_in_use,
            self.devices.endpoint,
            self.reachability.gone,
            self._away,
            self._emergency,
            partial(kept, self.engine, self.snapshots),
            self.engine.go_on,
        )
        self._messages = PhoneMessages(
            self.store, StoredRecordings(self.ari.client), lambda: directory().settings.zone, self.engine.feed
        )
        self._outcomes = PhoneOutcomes(self.store, self.mirror.record, lambda: directory().settings, self.engine.feed)
        self.liveness = Liveness(self.ari.client, self._legs_at, self._died)
        self.presence = Presence(asterisk, self.devices.update, self.liveness.place)
        self._show_directory(directory())
        self.door = Door(
            place.name,
            self.store,
            lambda: directory().settings.admission,
            lambda: len(self.engine.calls),
            self.presence.gate.set,
            metrics,
            self._refusing,
        )

    @property
    def reached(self) -> bool:
        """Whether Asterisk is."""
        return self.ari.state is LinkState.UP

    async def submit(self, command: Command) -> Call | None:
        """Have it carried out. See `carry_out`."""
        return await carry_out(self.engine, self.snapshots, self._settings.recordings, command, self.begun)

    # -- its life -----------------------------------------------------------------------------------------------------

    def listen(self) -> None:
        """Have calls, lamps and so on follow the agents; before whoever else is to be notified: a caller may wait for
        one, and what is changed by that is reported after what is notified in the same turn of the loop."""
        self.mirror.listen(self._agents_lost)
        self.mirror.listen(AgentChanges(self.presence.lamps, self.mirror, self.engine.feed_now))
        self.openings.changes.append(self.presence.lamps.show_opening)
        self.openings.choices.append(lambda before, now: self.engine.feed(OpeningsReplaced(now)))

    async def restore(self) -> Sequence[Call]:
        """What an earlier leader left; the calls that ended lately. Raises: StoreUnavailable."""
        await self.door.draining.look()
        restored = await self.snapshots.restore()
        self.devices.restore(await self.store.devices())
        self.engine.switch.restore((*restored.calls, *restored.over), restored.legs)
        self.followed.restore(restored)
        await self.openings.look()
        self.engine.feed(OpeningsReplaced(self.openings.overrides))
        self.openings.tell()
        if restored.calls:
            log.info("calls_restored", calls=len(restored.calls), legs=len(restored.legs))
        return restored.over

    def begin(self) -> None:
        """Once it is restored: follow the agents, and Asterisk."""
        keep = self.tasks.keep
        keep(self.mirror.run)
        keep(partial(keep_expiring, self.agents, self.clock))
        keep(self.snapshots.run)
        keep(partial(self.snapshots.watch, self._leading))
        keep(self.door.draining.run)
        keep(self.openings.run)
        keep(partial(keep_forgetting, self._forget_stories))
        keep(partial(keep_looking, self._settings.recordings, self.room.measured))
        self.ari.start()
        self.presence.start()

    async def _forget_stories(self) -> None:
        before = self.clock() - self._directory().settings.keep_days.stories * DAY
        self.engine.switch.stories.forget(before, self.engine.calls)

    async def stop(self, flush: Callable[[], Coroutine[None, None, None]] | None = None) -> None:
        """End. Calls in Asterisk go on; the next leader takes them over, with all that this one still may keep."""
        self.engine.close()
        await self.presence.stop()
        self.liveness.close()
        self.door.close()
        await self.ari.stop()
        await self._bookings.close()
        if self._leading.fence == self._fence:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_KEEP_WITHIN):
                    await self.snapshots.flush()
                    if flush is not None:
                        await flush()
        await self.tasks.close()
        await disconnect(self._redis)

    # -- the administrator's side -------------------------------------------------------------------------------------

    def directory_replaced(self, directory: Directory) -> None:
        """Calls go on by this one. Whose agents are no longer in it go on as when those had logged out."""
        before, after = self.engine.switch.directory.agents.keys(), directory.agents.keys()
        self.engine.feed(DirectoryReplaced(directory))
        for agent in sorted(before - after):
            self.engine.feed(AgentUnlisted(agent))
        if after - before:  # who was taken out by mistake may have a call yet, of which availability knows nothing
            self.engine.feed(AvailabilityEmptied())
        self._show_directory(directory)
        self.reachability.report()
        self.openings.tell()

    def _show_directory(self, directory: Directory) -> None:
        """Have Asterisk know who has which number, and whose phones the file has."""
        self.presence.lamps.numbers(numbers_with_lamps(directory))
        self.presence.accounts.want(self._phones())

    def write_calls(self) -> None:
        """Have all calls written again: the store may have lost them."""
        switch = self.engine.switch
        for call in switch.calls.values():
            self.snapshots.call(call)
        for leg in switch.legs.values():
            self.snapshots.leg(leg.id, leg)
        self.followed.write_again(switch.calls)

    def report_agents(self) -> None:
        """Write what calls make of all agents, and whose phone can ring."""
        self.engine.feed(AvailabilityEmptied())
        self.reachability.report()

    def _store_moved(self) -> None:
        """Another Redis is the primary. What the old one had not passed on before it died is gone."""
        self._metrics.store_failovers.inc()
        self._bookings.lost()
        self.tasks.keep(self._write_anew)

    def _agents_lost(self, change: Change) -> None:
        """Others may have calls meanwhile of which nobody hears."""
        if self._several and isinstance(change, Lost):
            self._bookings.lost()

    async def _write_anew(self) -> None:
        await self.mirror.wait_fresh()  # before that nothing is known here that could be written
        await once_stored(self._write_known)
        await once_stored(lambda: self.snapshots.drop_unknown(self._knows))
        self.report_agents()

    def _knows(self, key: str) -> bool:
        """Whether this snapshot is of a call or leg that there is."""
        kind, _, name = key.partition(":")
        return name in (self.engine.switch.legs if kind == "leg" else self.engine.switch.calls)

    # -- where facts come in ------------------------------------------------------------------------------------------

    def _fact(self, fact: Stimulus) -> None:
        if isinstance(fact, AsteriskReconciled):
            log.info("asterisk_reconciled", channels=len(fact.channels), bridges=len(fact.bridges))
            self.reachability.reconciled()
            self._bookings.take_back()
        self.engine.feed(fact)
        if isinstance(fact, AsteriskReconciled | LinkLost):
            self._refusing()

    def _refusing(self) -> None:
        self._followers.asterisk_reached(self.reached, self.door.refuses)

    def _legs_at(self, endpoint: str) -> list[Leg]:
        """The legs of agents that are up at this phone, or at these phones of one account."""
        legs = self.engine.switch.legs.values()
        up = [leg for leg in legs if leg.agent is not None and leg.state is LegState.UP]
        return [leg for leg in up if self.ari.endpoint(leg.id) == endpoint]

    def _died(self, leg: LegId) -> None:
        log.warning("leg_died", leg=leg)
        self.engine.feed(LegDied(leg))

    def _replaced(self) -> None:
        """Another controller has this Asterisk: what it commands must not be commanded twice."""
        self._leading.replaced(self._fence)

    def _away(self) -> None:
        """Its agents are wanted at the other Asterisks. Its calls are kept: those that are left when it is back are
        theirs again."""
        self.reachability.gone()
        self._bookings.let_go()

    def _emergency(self, phone: str, number: str) -> None:
        """Dialled by phone, past us."""
        agent = self._directory().agent_of_phone(user_of(phone))
        self.emergency_dialled(e.EmergencyDialled(agent.id if agent is not None else None, phone, number))

    def calls_of_leg(self, leg_id: LegId) -> list[CallId]:
        """The calls in which it is."""
        return list(self.engine.switch.state.calls_of_leg.get(leg_id, {}))

    # -- where effects go (`Outlets`) ---------------------------------------------------------------------------------

    def asterisk(self, effect: e.AsteriskEffect) -> None:
        self.ari.execute(effect)

    def availability(self, effect: e.AvailabilityEffect) -> None:
        self._bookings.execute(effect)

    def call_changed(self, change: e.CallChanged) -> None:
        before, call = change.before, change.call
        self.snapshots.call(call)
        self.followed.call_changed(change)
        self.door.call_changed(before, call)
        if self._several and waits(before) is not None and (call.ended or waits(call) is None):
            self._bookings.left(call.id)
        if call.tie is not None:
            return  # nobody's call: only its leader knows of it
        self._followers.call_changed(before, call)
        if call.ended:
            log.info("call_over", call_id=call.id, type=call.type.value, owner=(before or call).owner)
        elif before is None:
            log.info("call_begun", call_id=call.id, type=call.type.value)

    def talk_changed(self, call: Call) -> None:
        if call.tie is None:
            self._followers.talk_changed(call)

    def leg_changed(self, effect: e.LegChanged) -> None:
        self.snapshots.leg(effect.leg_id, effect.leg)
        self._followers.leg_changed(effect.leg_id, effect.leg)

    def caller_id_chosen(self, agent: str, caller_id: str) -> None:
        self.tasks.once(self._remember(agent, caller_id))

    def opening_chosen(self, effect: e.OpeningChosen) -> None:
        self.tasks.once(self.openings.set_by_phone(effect.target, effect.chosen, effect.agent))

    def list_messages(self, effect: e.ListMessages) -> None:
        self.tasks.once(self._messages.answer(effect))

    def check_outcome(self, effect: e.CheckOutcome) -> None:
        self.tasks.once(self._outcomes.answer(effect))

    def call_alarm(self, effect: e.CallAlarm) -> None:
        call = effect.call
        log.warning(effect.alarm.value, call_id=call.id, owner=call.owner, held_since=timestamp(call.held_since))
        self._followers.call_alarm(effect)

    def emergency_dialled(self, effect: e.EmergencyDialled) -> None:
        log.warning("emergency_dialled", agent=effect.agent, phone=effect.phone, number=effect.number)
        self._metrics.emergencies.inc()
        self._followers.emergency_dialled(effect)

    def operation_failed(self, effect: e.OperationFailed) -> None:
        log.warning("operation_failed", call_id=effect.call, operation=effect.operation, detail=effect.error.detail)
        self._followers.operation_failed(effect)

    def arrival_refused(self, effect: e.ArrivalRefused) -> None:
        log.warning(
            "arrival_refused",
            reason=effect.fault.value,
            entry=effect.entry[:128],
            verb=effect.entry_verb[:64],
            argument=effect.argument[:64],
        )
        self._metrics.arrivals_refused.labels(effect.fault.value).inc()

    def message_refused(self, effect: e.MessageRefused) -> None:
        self.room.refused(effect)

    async def _remember(self, agent: str, caller_id: str) -> None:
        try:
            await self.store.set_caller_id(agent, caller_id)
        except StoreUnavailable:
            log.warning("caller_id_not_remembered", agent=agent)

    def beat(self, late: float) -> None:
        self.door.beat(late)

    def stood_still(self) -> None:
        self.ari.suspect()
        self.presence.suspect()
