"""How queues and groups are now and today, for who oversees: who waits, agents by state, service level, abandoned.

What is now is read off the calls and the agents' records; what was today is counted when a caller is answered or gone,
and kept in the store, so that a restart forgets nothing. Windows are notified of what has changed, at most once a
second.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from ari_app.api.documents import state_of
from ari_app.api.kept import WrittenBehind
from ari_app.api.models.agents import State
from ari_app.api.models.supervision import LiveTarget, Share
from ari_app.api.port import Agents, Control
from ari_app.calls.model import Call
from ari_app.calls.views import timestamp
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType
from ari_app.store.port import Counters

log = structlog.get_logger(__name__)

PAUSE = 1.0
"""Seconds between two looks while anything changes."""

ANSWERED = "answered"
IN_TIME = "in_time"
GONE = "gone"


def day_of(seconds: float) -> str:
    """The day of the server's clock."""
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _not_kept(counted: tuple[str, str]) -> None:
    log.warning("figure_not_kept", figure=counted[1])


def outcome(before: Call | None, call: Call, in_time: float) -> list[str]:
    """What is to be counted of a caller who waited, and now is answered or gone."""
    if call.queued_at is None or (before is not None and before.answered_at is not None):
        return []
    if call.answered_at is not None:
        within = call.answered_at - call.queued_at <= in_time
        return [ANSWERED, IN_TIME] if within else [ANSWERED]
    return [GONE] if call.ended and call.offer is not None else []


@dataclass(frozen=True, slots=True)
class _Now:
    waiting: int = 0
    oldest: float | None = None


class Board:
    """`tell(target)` is called for each that has changed. `clock` in seconds since the epoch."""

    def __init__(
        self,
        control: Control,
        agents: Agents,
        counters: Counters,
        tell: Callable[[LiveTarget], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._agents = agents
        self._counters = counters
        self._tell = tell
        self._clock = clock
        self._day = ""
        self._today: Counter[str] = Counter()
        self._reported: dict[str, LiveTarget] = {}
        self._changed = asyncio.Event()
        self._writing: WrittenBehind[tuple[str, str]] = WrittenBehind(self._keep, _not_kept)

    # -- what the shell tells -----------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call is new, changed or over."""
        self._changed.set()
        target = str(call.offer.target) if call.offer is not None else ""
        for what in outcome(before, call, self._control.directory().settings.service_level):
            self._count(f"{target} {what}")

    def agent_changed(self) -> None:
        """An agent's state changed."""
        self._changed.set()

    def _count(self, name: str) -> None:
        self._begin_day()
        self._today[name] += 1
        self._writing.put((self._day, name))

    def _begin_day(self) -> None:
        day = day_of(self._clock())
        if day != self._day:
            self._day, self._today = day, Counter()

    # -- its own work -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep what is counted, and tell of changes; until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._writing.run())
            tasks.create_task(self._watch())

    async def restore(self) -> None:
        """What was counted today before. Raises: StoreUnavailable."""
        self._begin_day()
        self._today.update(await self._counters.counts(self._day))

    async def flush(self) -> None:
        """Wait until what was counted is kept, while `run` goes on."""
        await self._writing.flush()

    async def _keep(self, counted: tuple[str, str]) -> None:
        await self._counters.count(*counted)

    async def _watch(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self.look()
            await asyncio.sleep(PAUSE)

    def look(self) -> None:
        """Tell of each target that is not as it was published last."""
        for target, shown in self.now().items():
            before = self._reported.get(target)
            if before is None or before.model_copy(update={"as_of": shown.as_of}) != shown:
                self._reported[target] = shown
                self._tell(shown)

    # -- what is ------------------------------------------------------------------------------------------------------

    def now(self) -> dict[str, LiveTarget]:
        """All queues, then all groups, as they are now."""
        self._begin_day()
        directory = self._control.directory()
        waiting, (states, free) = self._waiting(), self._states(directory)
        as_of = timestamp(self._clock()) or ""
        names = {f"queue:{q.id}": q.name for q in directory.queues.values()}
        names |= {f"group:{g.id}": g.name for g in directory.groups.values()}
        return {
            target: self._shown(target, name, waiting.get(target, _Now()), states.get(target, {}), free[target], as_of)
            for target, name in names.items()
        }

    def _shown(
        self, target: str, name: str, now: _Now, states: Mapping[State, int], free: int, as_of: str
    ) -> LiveTarget:
        today = self._today
        gone = today[f"{target} {GONE}"]
        offered = today[f"{target} {ANSWERED}"] + gone
        return LiveTarget(
            target=target,
            name=name,
            waiting=now.waiting,
            oldest_queued_at=timestamp(now.oldest),
            agents=dict(sorted(states.items())),
            available=free,
            service_level=Share(numerator=today[f"{target} {IN_TIME}"], denominator=offered),
            abandoned=Share(numerator=gone, denominator=offered),
            as_of=as_of,
        )

    def _waiting(self) -> dict[str, _Now]:
        found: dict[str, _Now] = {}
        for call in self._control.calls().values():
            offer = call.offering()
            if offer is None or call.queued_at is None or call.answered_at is not None:
                continue
            before = found.get(str(offer.target), _Now())
            oldest = call.queued_at if before.oldest is None else min(before.oldest, call.queued_at)
            found[str(offer.target)] = _Now(before.waiting + 1, oldest)
        return found

    def _states(self, directory: Directory) -> tuple[dict[str, Counter[State]], Counter[str]]:
        """Of each target, how many of its agents are in which state, and to how many a call can be offered.

        Logged out are those who never were anything.
        """
        queues_of: dict[str, list[str]] = {}
        for queue in directory.queues.values():
            for group in queue.groups:
                queues_of.setdefault(group, []).append(str(Target(TargetType.QUEUE, queue.id)))
        found: dict[str, Counter[State]] = {}
        free: Counter[str] = Counter()
        for agent in directory.agents.values():
            record = self._agents.record(agent.id)
            state: State = state_of(record)
            targets = {str(Target(TargetType.GROUP, group)) for group in agent.groups}
            targets |= {queue for group in agent.groups for queue in queues_of.get(group, ())}
            for target in targets:
                found.setdefault(target, Counter())[state] += 1
                free[target] += record is not None and record.available
        return found, free
