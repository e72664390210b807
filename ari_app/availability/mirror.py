"""A live copy of all records and counts in this process, for look-ups that must not wait.

Fed by `changes()`, so that it sees what other controllers do too; reads everything anew at each Resync. It must not
decide anything: who is reserved is decided in Redis, by `reserve`.
"""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import assert_never

from ari_app.availability.memberships import level_of
from ari_app.availability.port import (
    AgentChanged,
    AgentRecord,
    Availability,
    Change,
    CountChanged,
    Lost,
    Resync,
    Snapshot,
)
from ari_app.errors import StoreUnavailable
from ari_app.routing.targets import Target, TargetType

type Listener = Callable[[Change], None]

RETRY_SECONDS = 0.25


class Mirror:
    """Run `run()` in a task; look up at any time.

    `fresh` tells whether it is connected and complete; otherwise what it says is as of the last moment it was.
    """

    def __init__(self, availability: Availability) -> None:
        self._availability = availability
        self._records: dict[str, AgentRecord] = {}
        self._counts: dict[str, CountChanged] = {}
        self._skills: dict[str, list[str]] = {}
        self._listeners: list[Listener] = []
        self._complete = asyncio.Event()

    @property
    def fresh(self) -> bool:
        """Whether it shows what is now."""
        return self._complete.is_set()

    @property
    def records(self) -> Mapping[str, AgentRecord]:
        """All records by agent, as a view that goes on changing."""
        return MappingProxyType(self._records)

    def record(self, agent: str) -> AgentRecord | None:
        """One agent's record; None for one who is not listed."""
        return self._records.get(agent)

    def available(self, target: Target) -> int:
        """How many can be had for `target`; 0 for an unknown one and for what is no set of agents."""
        count = self.count(target)
        return 0 if count is None else count.available

    def count(self, target: Target) -> CountChanged | None:
        """How many can be had, and as of when that was last reported; None where `available` has nothing to say."""
        match target.type:
            case TargetType.AGENT:
                record = self._records.get(target.id)
                if record is None:
                    return None
                return CountChanged(str(target), int(record.available), record.since, record.revision)
            case TargetType.GROUP | TargetType.QUEUE:
                return self._counts.get(str(target))
            case TargetType.SKILL:
                return self._count_of_skill(f"{target.type}:{target.id}", target.level)
            case TargetType.ROUTING_POINT | TargetType.NUMBER | TargetType.VOICEMAIL:
                return None
            case _:
                assert_never(target.type)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after each change was taken over, in order; returns what ends it.

        After an interruption it gets what differs from before as single changes, then Resync. It must be quick and
        must not raise: everything waits for it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def wait_fresh(self) -> None:
        """Until it shows what is now."""
        await self._complete.wait()

    async def run(self) -> None:
        """Follow the changes for ever."""
        try:
            async for change in self._availability.changes():
                match change:
                    case Resync():
                        await self._reload()
                    case Lost():
                        self._complete.clear()
                        self._tell(change)
                    case AgentChanged():
                        self._take_record(change)
                    case CountChanged():
                        self._take_count(change)
        finally:
            self._complete.clear()

    async def _reload(self) -> None:
        self._complete.clear()
        while True:
            try:
                snapshot = await self._availability.snapshot()
                # A Redis that came back empty says nothing of anybody: it is filled again from what is known here.
                if snapshot.records or not self._records:
                    break
            except StoreUnavailable:
                pass
            await asyncio.sleep(RETRY_SECONDS)
        differences = self._replace(snapshot)
        self._complete.set()
        for change in differences:
            self._tell(change)
        self._tell(Resync())

    def _replace(self, snapshot: Snapshot) -> list[Change]:
        differences: list[Change] = []
        for record in snapshot.records:
            before = self._records.get(record.agent)
            if record != before:
                became = record.available and not (before is not None and before.available)
                differences.append(AgentChanged(record, became))
        before_counts = self._counts
        self._records = {record.agent: record for record in snapshot.records}
        self._counts = {count.target: count for count in snapshot.counts}
        self._skills = {}
        for name in self._counts:
            if name.startswith(f"{TargetType.SKILL}:"):
                self._skills.setdefault(name.partition("=")[0], []).append(name)
        reported: dict[str, CountChanged] = {}
        for count in snapshot.counts:
            known = before_counts.get(count.target)
            if known is None or known.available != count.available:
                reported |= {target.target: target for target in self._targets_of(count)}
        return [*differences, *reported.values()]

    def _take_record(self, change: AgentChanged) -> None:
        known = self._records.get(change.record.agent)
        # reported before the last full read, or about somebody who was removed meanwhile
        if known is None or change.record.revision <= known.revision:
            return
        self._records[change.record.agent] = change.record
        self._tell(change)

    def _take_count(self, change: CountChanged) -> None:
        known = self._counts.get(change.target)
        if known is None or change.revision <= known.revision:
            return
        self._counts[change.target] = change
        # a count is reported with every change of its members: windows hear of it when it differs
        if change.available != known.available:
            for count in self._targets_of(change):
                self._tell(count)

    def _targets_of(self, change: CountChanged) -> list[CountChanged]:
        """What a changed set means for targets: for a skill, itself and every level in use up to this one."""
        skill, _, level = change.target.partition("=")
        if not level:
            return [change]
        levels = {1, *(used for name in self._skills[skill] if (used := level_of(name)) <= int(level))}
        counts = (self._count_of_skill(skill, least) for least in sorted(levels))
        return [count for count in counts if count is not None]

    def _count_of_skill(self, skill: str, least: int) -> CountChanged | None:
        sets = [self._counts[name] for name in self._skills.get(skill, ()) if level_of(name) >= least]
        if not sets:
            return None
        return CountChanged(
            f"{skill}>={least}" if least > 1 else skill,
            sum(count.available for count in sets),
            max(count.as_of for count in sets),
            max(count.revision for count in sets),
        )

    def _tell(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)
