"""Availability in this process: the same as `redis`, for tests and for a controller tried out without Redis.

Passes the same contract tests, and the property tests hold it against Redis step by step. Workers that share it are
those that hold the same instance; since nothing here awaits in the midst of a change, each is one step too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import assert_never

from ari_app.availability.memberships import Memberships, level_of, memberships, sets_of
from ari_app.availability.port import (
    AgentChanged,
    AgentRecord,
    AgentState,
    Change,
    CountChanged,
    Expired,
    Lost,
    OthersFirst,
    Resync,
    Snapshot,
    Waiting,
)
from ari_app.availability.rules import (
    SETTLE,
    check_activity,
    check_choice,
    chosen_before,
    emptied,
    kept_reason,
    kind_of,
    milliseconds,
    no_wrap_up,
    place_of,
    unknown_agent,
)
from ari_app.errors import Refused, StoreUnavailable
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType
from ari_app.testing.availability_model import ChangeStep, HeldAgent, Kept, Reach


class MemoryAvailability:
    """See `port.Availability`."""

    def __init__(self, clock: Callable[[], float] = time.time, asterisk: str = "", kept: Kept | None = None) -> None:
        self._clock = clock
        self._asterisk = asterisk
        self.kept = kept or Kept()

    def led(self, asterisk: str) -> "MemoryAvailability":
        """The same, as the leader of this Asterisk has it."""
        return MemoryAvailability(self._clock, asterisk, self.kept)

    async def configure(self, directory: Directory, known: Mapping[str, AgentRecord] | None = None) -> None:
        wanted = memberships(directory)
        if wanted == self.kept.configured:
            return
        self.kept.configured = wanted
        step = self._step()
        for agent, member in wanted.members.items():
            there = self.kept.agents.get(agent)
            if there is None:
                new = self.kept.agents[agent] = HeldAgent(agent, member, since=step.now)
                new.choice, new.reason = chosen_before((known or {}).get(agent))
                if new.choice is not AgentState.LOGGED_OUT:
                    self._commit(new, step.now, step)
            elif there.member != member:
                self._leave(there, step)
                there.free = False
                there.member = member
                self._commit(there, step.now, step)
        for agent in self.kept.agents.keys() - wanted.members.keys():
            removed = self.kept.agents.pop(agent)
            self._leave(removed, step)
            self.kept.requests.pop(removed.request or "", None)
        self._publish(step)
        self._tell(Resync())

    async def configured(self) -> bool:
        return self.kept.configured != Memberships({}, {})

    async def set_state(self, agent: str, state: str, reason: str | None = None) -> AgentRecord:
        choice = check_choice(state)
        kept = kept_reason(choice, reason)
        step = self._step()
        known = self._current(agent, step)
        if known is None:
            raise await self._missing(agent)
        before = (known.activity, known.missed, known.choice, known.reason)
        if known.activity is AgentState.WRAP_UP:
            known.end_activity()
        if choice is AgentState.READY:
            known.missed = 0
        elif (choice, kept) != (known.choice, known.reason):
            known.idle = 0
        known.choice, known.reason = choice, kept
        if before != (known.activity, known.missed, known.choice, known.reason):
            self._commit(known, step.now, step)
        self._publish(step)
        return known.record()

    async def _missing(self, agent: str) -> Refused | StoreUnavailable:
        return unknown_agent(agent) if await self.configured() else emptied()

    async def extend(self, agent: str, seconds: float, most: float) -> AgentRecord:
        step = self._step()
        known = self._current(agent, step)
        if known is None:
            raise await self._missing(agent)
        if known.activity is AgentState.WRAP_UP:
            due = min(known.due + milliseconds(seconds), step.now + max(1, milliseconds(most)))
            if due > known.due:
                known.due = due
                self._commit(known, step.now, step)
        self._publish(step)
        if known.activity is not AgentState.WRAP_UP:
            raise no_wrap_up()
        return known.record()

    async def set_activity(
        self,
        agent: str,
        activity: str | None,
        call: str | None = None,
        wrap_up: float = 0.0,
        request: str | None = None,
    ) -> bool:
        wanted = check_activity(activity)
        step = self._step()
        known = self._current(agent, step)
        if known is None:
            return False
        mine = not request or known.request == request
        taken = not mine and (wanted is None or known.activity is not None or request in self.kept.requests)
        newer = known.activity is AgentState.RESERVED and not known.of_another(self._asterisk)
        if taken or (wanted is None and not request and newer):
            self._publish(step)
            return False
        if wanted is None:
            self._release(known, call, milliseconds(wrap_up), step)
        else:
            self._take(known, wanted, call, request, step)
        self._publish(step)
        return True

    async def reconcile(self, busy: Mapping[str, tuple[str, str | None]], awaited: Collection[str] = ()) -> None:
        reported = {agent: (check_activity(activity), call) for agent, (activity, call) in busy.items()}
        step = self._step()
        for agent in sorted(self.kept.agents):
            known = self._current(agent, step)
            activity, call = reported.get(agent, (None, None))
            if known is not None and activity is not None:
                self._take(known, activity, call, None, step)
            elif known is not None and not (known.activity is AgentState.RESERVED and known.request in awaited):
                self._release(known, None, 0, step)
        self._publish(step)

    async def set_reachable(self, agent: str, reachable: bool | None, in_use: bool = False) -> None:
        step = self._step()
        known = self._current(agent, step)
        if known is not None:
            phones = {asterisk: reach for asterisk, reach in known.phones.items() if self._is_another(asterisk)}
            if reachable is not None:
                phones[self._asterisk] = Reach.YES if reachable else Reach.IN_USE if in_use else Reach.NO
            before = Reach.YES if known.reachable else Reach.IN_USE if known.in_use else Reach.NO
            now = max(phones.values(), default=before)
            known.phones = phones
            if now is not before:
                known.reachable, known.in_use = now is Reach.YES, now is Reach.IN_USE
                known.idle = 0
                self._commit(known, step.now, step)
        self._publish(step)

    async def reserve(
        self,
        request: str,
        target: Target,
        exclude: frozenset[str],
        seconds: float,
        waiting: Waiting | None = None,
    ) -> str | None:
        if not target.type.of_agents:
            return None
        step = self._step()
        self._settle(step)
        chosen = self._held(request, step)
        others: HeldAgent | None = None
        if chosen is None:
            owed = self._before(waiting, target) if waiting is not None else 0
            theirs: set[str] = set()
            while (chosen := self._best(target, exclude | theirs, step)) is not None and len(theirs) < owed:
                others = others or chosen
                theirs.add(chosen.id)
            if waiting is not None and (chosen is not None or exclude):
                self._queue().pop(waiting.call, None)
            elif waiting is not None:
                self._queue()[waiting.call] = (kind_of(target), float(place_of(waiting)))
            if chosen is not None:
                self._reserve(chosen, request, seconds, step)
        self._publish(step)
        if chosen is None and others is not None:
            raise OthersFirst(others.id)
        return None if chosen is None else chosen.id

    async def claim(self, request: str, agent: str, seconds: float) -> bool:
        step = self._step()
        known = self._current(agent, step)
        if known is None:
            return True
        kept = known.activity is AgentState.RESERVED and known.request == request
        if kept and seconds == 0:
            self._release(known, None, 0, step)
        elif seconds > 0 and not kept and known.of_another(self._asterisk):
            self._publish(step)
            return known.activity is AgentState.ON_CALL
        elif seconds > 0 and not kept and known.free:
            self._reserve(known, request, seconds, step)
        self._publish(step)
        return True

    def _reserve(self, agent: HeldAgent, request: str, seconds: float, step: ChangeStep) -> None:
        agent.activity, agent.request, agent.call = AgentState.RESERVED, request, None
        agent.at = self._asterisk
        agent.due = step.now + max(1, milliseconds(seconds))
        self._commit(agent, step.now, step)

    async def left(self, call: str) -> None:
        self._queue().pop(call, None)

    async def waiting(self, callers: Collection[tuple[Waiting, Target]]) -> None:
        self.kept.waiting[self._asterisk] = {w.call: (kind_of(t), float(place_of(w))) for w, t in callers}

    def _queue(self) -> dict[str, tuple[str, float]]:
        return self.kept.waiting.setdefault(self._asterisk, {})

    def _before(self, waiting: Waiting, target: Target) -> int:
        wanted, mine = kind_of(target), float(place_of(waiting))
        others = (queue for asterisk, queue in self.kept.waiting.items() if self._is_another(asterisk))
        return min(SETTLE, sum(kind == wanted and at < mine for queue in others for kind, at in queue.values()))

    def _is_another(self, asterisk: str) -> bool:
        return asterisk != self._asterisk and asterisk not in self.kept.unled

    async def count_missed(self, agent: str, limit: int, reason: str) -> None:
        step = self._step()
        known = self._current(agent, step)
        if known is not None:
            known.missed += 1
            known.idle = 0
            if 0 < limit <= known.missed and known.choice is AgentState.READY:
                known.choice, known.reason = AgentState.NOT_READY, reason
            self._commit(known, step.now, step)
        self._publish(step)

    async def agent(self, agent: str) -> AgentRecord:
        if agent not in self.kept.agents:
            raise await self._missing(agent)
        return self.kept.agents[agent].record()

    async def agents(self) -> tuple[AgentRecord, ...]:
        return tuple(self.kept.agents[agent].record() for agent in sorted(self.kept.agents))

    async def available(self, target: Target) -> int:
        match target.type:
            case TargetType.AGENT:
                return int(target.id in self.kept.agents and self.kept.agents[target.id].free)
            case TargetType.GROUP | TargetType.QUEUE:
                return len(self.kept.free.get(str(target), {}))
            case TargetType.SKILL:
                without_level = f"{target.type}:{target.id}"
                sets = sets_of(without_level, self.kept.configured.targets.get(without_level, ()))
                return sum(len(self.kept.free.get(name, {})) for name in sets if level_of(name) >= target.level)
            case TargetType.ROUTING_POINT | TargetType.NUMBER | TargetType.VOICEMAIL:
                return 0
            case _:
                assert_never(target.type)

    async def snapshot(self) -> Snapshot:
        as_of = milliseconds(self._clock()) / 1000
        return Snapshot(await self.agents(), tuple(self._count(name, as_of) for name in self.kept.configured.sets()))

    async def expire(self) -> Expired:
        total = 0
        while True:
            step = self._step()
            ended = self._settle(step)
            self._publish(step)
            total += ended
            if ended < SETTLE:
                break
        following = min((agent.due for agent in self.kept.agents.values() if agent.due), default=None)
        return Expired(total, None if following is None else following / 1000)

    async def recompute(self) -> tuple[str, ...]:
        ought: dict[str, dict[str, int]] = {}
        for agent in self.kept.agents.values():
            if agent.available():
                for name in agent.member.sets:
                    ought.setdefault(name, {})[agent.id] = agent.score(name)
        free = self.kept.free
        found = [
            f"{name}: {agent} is {free.get(name, {}).get(agent)}, ought to be {ought.get(name, {}).get(agent)}"
            for name in sorted(free.keys() | ought.keys())
            for agent in sorted(free.get(name, {}).keys() | ought.get(name, {}).keys())
            if free.get(name, {}).get(agent) != ought.get(name, {}).get(agent)
        ]
        requests = {agent.request: agent.id for agent in self.kept.agents.values() if agent.request is not None}
        if requests != self.kept.requests:
            found.append(f"requests: {self.kept.requests} ought to be {requests}")
            self.kept.requests = requests
        self.kept.free = ought
        return tuple(found)

    async def changes(self) -> AsyncIterator[Change]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self.kept.listeners.append(queue)
        try:
            yield Resync()
            while True:
                yield await queue.get()
        finally:
            self.kept.listeners.remove(queue)

    def forget(self) -> None:
        """As a Redis that comes back without what it had kept."""
        kept = self.kept
        kept.agents, kept.free, kept.requests, kept.configured = {}, {}, {}, Memberships({}, {})

    def interrupt(self) -> None:
        """What subscribers get when a connection is lost and found again."""
        self._tell(Lost())
        self._tell(Resync())

    # -- changes, as in lua/common.lua ---------------------------------------------------------------------------------

    def _step(self) -> ChangeStep:
        return ChangeStep(milliseconds(self._clock()))

    def _current(self, agent: str, step: ChangeStep) -> HeldAgent | None:
        known = self.kept.agents.get(agent)
        if known is not None and 0 < known.due <= step.now:
            at = known.due
            known.end_activity()
            self._commit(known, at, step)
        return known

    def _settle(self, step: ChangeStep) -> int:
        due = sorted((a.due, a.id) for a in self.kept.agents.values() if 0 < a.due <= step.now)[:SETTLE]
        for _, agent in due:
            self._current(agent, step)
        return len(due)

    def _held(self, request: str, step: ChangeStep) -> HeldAgent | None:
        known = self._current(self.kept.requests.get(request, ""), step)
        return known if known is not None and known.request == request else None

    def _best(self, target: Target, exclude: frozenset[str], step: ChangeStep) -> HeldAgent | None:
        if target.type is TargetType.AGENT:
            known = None if target.id in exclude else self._current(target.id, step)
            return known if known is not None and known.free else None
        without_level = f"{target.type}:{target.id}"
        levels = [level for level in self.kept.configured.targets.get(without_level, ()) if level >= target.level]
        for name in sets_of(without_level, levels):
            scores = [(score, agent) for agent, score in self.kept.free.get(name, {}).items() if agent not in exclude]
            if scores:
                return self.kept.agents[min(scores)[1]]
        return None

    def _take(
        self, known: HeldAgent, activity: AgentState, call: str | None, request: str | None, step: ChangeStep
    ) -> None:
        if known.take(self._asterisk, activity, call, request):
            self._commit(known, step.now, step)

    def _release(self, known: HeldAgent, call: str | None, wrap_up: int, step: ChangeStep) -> None:
        if known.release(self._asterisk, call, step.now + wrap_up if wrap_up > 0 else 0):
            self._commit(known, step.now, step)

    def _commit(self, known: HeldAgent, at: int, step: ChangeStep) -> None:
        if known.shown() != known.was_shown:
            known.since = at
        was_free, known.free = known.free, known.available()
        if known.free and known.idle == 0:
            known.idle = at
        if known.free and (not was_free or known.idle != known.was_idle):
            self._enter(known, step)
        elif was_free and not known.free:
            self._leave(known, step)
        if known.request != known.was_request:
            self.kept.requests.pop(known.was_request or "", None)
            if known.request is not None:
                self.kept.requests[known.request] = known.id
        known.was_shown, known.was_request, known.was_idle = known.shown(), known.request, known.idle
        known.revision = self.kept.seq + 1
        step.changed.setdefault(known.id, (was_free, known))

    def _enter(self, known: HeldAgent, step: ChangeStep) -> None:
        for name in known.member.sets:
            self.kept.free.setdefault(name, {})[known.id] = known.score(name)
            step.touched.add(name)

    def _leave(self, known: HeldAgent, step: ChangeStep) -> None:
        for name in known.member.sets:
            self.kept.free.get(name, {}).pop(known.id, None)
            step.touched.add(name)

    def _count(self, name: str, as_of: float) -> CountChanged:
        return CountChanged(name, len(self.kept.free.get(name, {})), as_of, self.kept.seq)

    def _publish(self, step: ChangeStep) -> None:
        if not step.changed and not step.touched:
            return
        self.kept.seq += 1
        for was_free, known in step.changed.values():
            self._tell(AgentChanged(known.record(), known.free and not was_free))
        for name in step.touched:
            self._tell(self._count(name, step.now / 1000))

    def _tell(self, change: Change) -> None:
        for queue in self.kept.listeners:
            queue.put_nowait(change)
