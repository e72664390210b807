"""Carries out what calls make of agents, each agent's changes in order, and again where Redis was away.

A reservation that cannot be requested is reported at once: a caller waits with music meanwhile. Whoever waits for the
answer gets an agent by what was last known: transfers go on while Redis is away. What calls make of an
agent is repeated until it is kept, for an agent left behind as on_call would never be rung again. When calls were
reconciled all agents are reported at once: after what was requested before, and before all that is requested later.

Whatever was not answered may have been done: an agent reserved for nobody, a caller who has left and waits yet. So all
agents, and all who wait, are reported again as soon as Redis answers, and nobody is reserved before that; nor before
leaders of other Asterisks have had time for the same: calls that were begun meanwhile are known to them alone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from ari_app.availability.port import AgentRecord, Availability, OthersFirst, Waiting
from ari_app.calls import effects as e
from ari_app.calls.stimuli import (
    AgentBecameAvailable,
    AgentReserved,
    AvailabilityEmptied,
    NobodyAvailable,
    ReservationFailed,
    Stimulus,
)
from ari_app.errors import CallControlError, StoreUnavailable
from ari_app.routing.targets import Target
from ari_app.tasks import keep_on, report

log = structlog.get_logger(__name__)

_RETRY_SECONDS = 0.5
_LOOK_AGAIN_SECONDS = 0.3
_OTHERS_REPORT_SECONDS = 1.5
"""In which others have found that Redis is there again, or is another one, and have written what it has to know."""
_NOBODY = e.ReconcileAgents(())


@dataclass(frozen=True, slots=True)
class SetReachable:
    """Whether the agent's phone can ring (None: that is not known); if not, whether it is in use past call control."""

    agent: str
    reachable: bool | None
    in_use: bool = False


@dataclass(frozen=True, slots=True)
class _Reconciling:
    """`tried`: it is done, or Redis is away and it will be done later."""

    tried: asyncio.Event
    done: asyncio.Event


type Change = e.SetActivity | e.CountMissed | e.SetAgentState | SetReachable


class Feed(Protocol):
    """Where stimuli go."""

    def __call__(self, stimulus: Stimulus, /) -> None: ...


class LastKnown(Protocol):
    """What was known of agents when Redis was last there."""

    def best(self, target: Target, exclude: Collection[str], meanwhile: Mapping[str, bool]) -> str | None:
        """Who would be reserved; `meanwhile`: who has been taken since (False), or is free again."""

    def record(self, agent: str) -> AgentRecord | None: ...


class Queue(Protocol):
    """Callers who wait to be served at this Asterisk, beside those of others."""

    def of(self, request: str) -> Waiting | None:
        """Who waits for this reservation; None where it is for nobody who does."""

    def all(self) -> Collection[tuple[Waiting, Target]]: ...


class Bookings:
    """Give effects to `execute`; results go to `feed`, who was found for a caller to `feed_now`. `has`: whether a call
    is one of this Asterisk's; `queue`, where there are several: callers of all are served in their order; `known` is
    what is relied on while Redis is away.
    """

    def __init__(
        self,
        availability: Availability,
        feed: Feed,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        has: Callable[[str], bool] = lambda call: True,
        queue: Queue | None = None,
        known: LastKnown | None = None,
        feed_now: Feed | None = None,
    ) -> None:
        self._waiting = queue
        self._known = known
        self._owed: set[str] = set()
        self._let_go = False
        self._unsure = False
        self._away = False  # Redis was, or others may not have reached it, since what calls make of agents was reported
        self._others_reported = asyncio.Event()
        self._others_reported.set()
        self._failed: set[str] = set()
        self._unwritten: dict[str, bool] = {}  # of whom Redis is yet to hear that a call has them (False), or none
        self._has = has
        self._availability = availability
        self._feed = feed
        self._feed_now = feed_now or feed
        self._sleep = sleep
        self._lanes: dict[str, deque[Change]] = {}
        self._reconciling = _Reconciling(asyncio.Event(), asyncio.Event())
        self._reconciling.tried.set()
        self._reconciling.done.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._resting: set[asyncio.Task[None] | None] = set()  # of these those that have nothing under way
        self._fewer = asyncio.Event()  # have something under way

    def execute(self, effect: e.AvailabilityEffect) -> None:
        """Have it done; never blocks."""
        match effect:
            case e.ReserveAgent():
                self._start(self._reserve(effect, self._reconciling))
            case e.ReconcileAgents():
                self._begin_anew(effect)
            case _:
                self._queue(effect)

    def let_go(self) -> None:
        """Nobody can do anything with this Asterisk's calls: they have no agent, and nobody waits here, until they are
        taken back."""
        self._let_go = True
        self._begin_anew(_NOBODY)

    def take_back(self) -> None:
        """What is reconciled from now on counts again."""
        self._let_go = False

    def _begin_anew(self, effect: e.ReconcileAgents) -> None:
        earlier = frozenset(self._tasks - self._resting)
        self._lanes, self._unsure = {}, False
        self._reconciling = _Reconciling(asyncio.Event(), asyncio.Event())
        counts = _NOBODY if self._let_go else effect
        self._unwritten |= {agent: False for agent, *_ in counts.busy}
        self._start(keep_on(partial(self._reconcile, counts, earlier, self._reconciling)))

    def lost(self) -> None:
        """Redis was away, is another one, or has not answered: what was requested may have been done or not. What calls
        make of all agents is to be reported again; by others too, who may not have reached it either and have given
        agents calls of their own."""
        self._away = True
        self._reconciling.tried.set()
        if self._reconciling.done.is_set() and not self._unsure:
            self._unsure = True
            self._feed(AvailabilityEmptied())

    def reachable(self, agent: str, reachable: bool | None, *, in_use: bool = False) -> None:
        """Asterisk tells whether the agent's phone can ring (None: it tells nothing any more); if not, whether it is in
        use past call control."""
        self._queue(SetReachable(agent, reachable, in_use))

    def _queue(self, change: Change) -> None:
        if isinstance(change, e.SetActivity):  # whoever rests is not sought before Redis knows
            self._unwritten[change.agent] = change.activity is None and not change.wrap_up
        lane = self._lanes.get(change.agent)
        if lane is None:
            lane = self._lanes[change.agent] = deque()
            lane.append(change)
            self._start(self._work(change.agent, self._lanes, self._reconciling))
        elif isinstance(change, SetReachable) and len(lane) > 1 and isinstance(lane[-1], SetReachable):
            lane[-1] = change  # while Redis is away, a phone may come and go for ever
        else:
            lane.append(change)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        # Redis is sent it before anything else of this turn of the loop is done.
        task = asyncio.Task(work, loop=asyncio.get_running_loop(), eager_start=True)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._fewer.set()

    async def _reconcile(
        self, effect: e.ReconcileAgents, earlier: frozenset[asyncio.Task[None]], mine: _Reconciling
    ) -> None:
        while not earlier.isdisjoint(self._tasks - self._resting):
            self._fewer.clear()
            await self._fewer.wait()
        busy = {agent: (activity, call) for agent, activity, call in effect.busy}
        while True:
            try:
                awaited = tuple(request for request in effect.awaited if request not in self._failed)
                await self._availability.reconcile(busy, awaited)
                if self._waiting is not None:
                    await self._availability.waiting(() if self._let_go else self._waiting.all())
                break
            except StoreUnavailable:
                self._away = True
                mine.tried.set()
                await self._sleep(_RETRY_SECONDS)
        self._failed.clear()
        self._unwritten = {agent: free for agent, free in self._unwritten.items() if agent in self._lanes}
        if self._away and self._waiting is not None:
            self._others_reported = asyncio.Event()
            self._start(self._let_others_report(self._others_reported))
        self._away = False
        mine.tried.set()
        mine.done.set()

    async def _let_others_report(self, reported: asyncio.Event) -> None:
        with self._at_rest():
            await self._sleep(_OTHERS_REPORT_SECONDS)
        reported.set()

    @contextmanager
    def _at_rest(self) -> Iterator[None]:
        """In the block nobody has to wait for this task to know what was done; after it, it has to wait for them."""
        task: asyncio.Task[None] | None = asyncio.current_task()
        self._resting.add(task)
        self._fewer.set()
        try:
            yield
        finally:
            self._resting.discard(task)

    async def _reserve(self, effect: e.ReserveAgent, after: _Reconciling) -> None:
        await after.tried.wait()
        try:
            if not after.done.is_set():
                raise StoreUnavailable
            await self._all_reported(after)
            agent = await self._seek(effect)
            if agent is None and effect.busy:
                record = await self._availability.agent(effect.target.id)
                agent = record.agent if self._takes_another(record) else None
        except OthersFirst as others:
            self._feed(NobodyAvailable(effect.request))
            if others.agent not in self._owed:
                self._owed.add(others.agent)
                self._start(self._look_again(others.agent))
            return
        except CallControlError as error:
            agent = self._by_what_is_known(effect) if isinstance(error, StoreUnavailable) else None
            if agent is None:
                log.warning("reservation_failed", target=str(effect.target), code=error.code.value)
                self._feed(ReservationFailed(effect.request))
            else:
                log.warning("reserved_by_what_was_known", target=str(effect.target), agent=agent)
                self._feed(AgentReserved(effect.request, agent))
            if isinstance(error, StoreUnavailable):
                self._failed.add(effect.request)  # it may be about to be reported as one that is waited for
                self.lost()
            return
        except Exception:
            self._feed(ReservationFailed(effect.request))
            raise
        self._feed_now(AgentReserved(effect.request, agent) if agent else NobodyAvailable(effect.request))

    async def _all_reported(self, mine: _Reconciling) -> None:
        """Until Redis knows what calls make of all agents, here and at others; also where it was away meanwhile.

        Raises:
            StoreUnavailable: it is away.
        """
        with self._at_rest():
            while True:
                others = self._others_reported
                await others.wait()
                newer = mine is not self._reconciling
                if others is self._others_reported and not newer:
                    return
                if newer:
                    mine = self._reconciling
                    await mine.tried.wait()
                    if not mine.done.is_set():
                        raise StoreUnavailable

    async def _seek(self, effect: e.ReserveAgent) -> str | None:
        of = (effect.request, effect.target, effect.exclude, effect.seconds)
        if self._waiting is None or (waits := self._waiting.of(effect.request)) is None:
            return await self._availability.reserve(*of, None)
        try:
            agent = await self._availability.reserve(*of, waits)
        except OthersFirst:
            self._left_meanwhile(waits)
            raise
        if agent is None:
            self._left_meanwhile(waits)
        return agent

    def _left_meanwhile(self, waits: Waiting) -> None:
        """Who has left while somebody was sought for them stands in the queue again: they were put there later."""
        if self._waiting is not None and all(other.call != waits.call for other, _ in self._waiting.all()):
            self.left(waits.call)

    def _by_what_is_known(self, effect: e.ReserveAgent) -> str | None:
        if self._known is None or effect.can_wait:
            return None
        agent = self._known.best(effect.target, effect.exclude, self._unwritten)
        if agent is None and effect.busy:
            record = self._known.record(effect.target.id)
            agent = record.agent if record is not None and self._takes_another(record) else None
        return agent

    def _takes_another(self, record: AgentRecord) -> bool:
        # Whoever talks at another Asterisk could not put that on hold for this call.
        return record.may_wait and self._has(record.call or "")

    async def _look_again(self, agent: str) -> None:
        """Whoever came first elsewhere may be gone, or have got somebody else."""
        await self._sleep(_LOOK_AGAIN_SECONDS)
        self._owed.discard(agent)
        self._feed(AgentBecameAvailable(agent))

    def left(self, call: str) -> None:
        """A caller waits no more."""
        self._start(self._leave(call))

    async def _leave(self, call: str) -> None:
        try:
            await self._availability.left(call)
        except StoreUnavailable:
            self.lost()

    async def _work(self, agent: str, lanes: dict[str, deque[Change]], after: _Reconciling) -> None:
        await after.done.wait()
        lane = lanes[agent]
        while lane:
            try:
                await self._change(lane[0])
            except StoreUnavailable:
                self.lost()
                await self._sleep(_RETRY_SECONDS)
                continue
            except CallControlError as error:
                log.warning("agent_change_refused", agent=agent, code=error.code.value)
            except Exception as fault:  # of ours: what comes after it is still to be done
                report(fault, "Bookings._change")
            lane.popleft()
        del lanes[agent]
        if lanes is self._lanes:
            self._unwritten.pop(agent, None)

    async def _change(self, change: Change) -> None:
        match change:
            case e.SetActivity():
                await self._availability.set_activity(
                    change.agent, change.activity, change.call, change.wrap_up, change.request
                )
            case e.CountMissed():
                await self._availability.count_missed(change.agent, change.limit, change.reason)
            case e.SetAgentState():
                await self._availability.set_state(change.agent, change.state)
            case SetReachable():
                await self._availability.set_reachable(change.agent, change.reachable, change.in_use)
