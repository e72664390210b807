"""What each agent did today, and which calls they have missed: what the history says, kept up to date.

It is read once, for who wants to see it, and from then on each fact that the history writes is counted as well: so it
says what a report of the same day would (`records.figures`), without one being made for each call. Agents with a window
are notified of what changes; of those without one nothing is kept.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import assert_never
from zoneinfo import ZoneInfo

from ari_app.api.breath import Breath
from ari_app.api.models.day import DayDocument
from ari_app.api.port import Agents, Control
from ari_app.api.report_rows import agent_row
from ari_app.calls.model import CallId
from ari_app.calls.views import timestamp
from ari_app.errors import Unavailable
from ari_app.history.port import CallHistory, Noted, Wanted
from ari_app.records.figures import LOGGED_OUT, AgentFigures, AgentReport
from ari_app.records.intervals import DAY, Intervals, day_of, milliseconds
from ari_app.records.missed import is_missed
from ari_app.records.model import AgentStateRecord, CallRecord, DispositionRecord, Fact
from ari_app.store.port import MissedSeen

PAUSE = 0.05
"""Seconds between two times that an agent is notified while it goes on changing."""
MISSED_FOR = 7 * DAY / 1000
"""For so many seconds a missed call is one to be called back."""
MOST_MISSED = 50
_TWICE = 256
"""Calls whose fact may come once more: written again after a fail-over, or while their day is read."""
_PAGES = 10
"""So many times as many are looked at, at most: those that somebody else answered first are left out."""


@dataclass(slots=True)
class _Day:
    """One agent's. `until`: their states are counted until then; `unseen`: when these missed calls ended."""

    agent: str
    report: AgentReport
    changed_at: float
    until: float = 0.0
    calls: dict[CallId, None] = field(default_factory=dict)  # the last that were counted
    seen: float = 0.0
    unseen: dict[CallId, float] = field(default_factory=dict)

    def add(self, fact: Fact, now: float) -> bool:
        """Count a fact, each once; False: an earlier state comes late, and it is not known whether it is counted."""
        match fact:
            case CallRecord():
                if fact.id not in self.calls:
                    self.calls[fact.id] = None
                    self.report.add_call(fact)
                if len(self.calls) > _TWICE:
                    del self.calls[next(iter(self.calls))]
                self._miss([fact])
                self.changed_at = now
            case DispositionRecord():
                self.changed_at = now
            case AgentStateRecord():
                if fact.begun_at < self.until:
                    return False
                self.report.add_state(fact)
                self.until = fact.ended_at
            case _:
                assert_never(fact)
        return True

    def _miss(self, calls: Iterable[CallRecord]) -> None:
        self.unseen |= {call.id: call.ended_at for call in calls if is_missed(call, self.agent)}
        if len(self.unseen) > MOST_MISSED:  # of more nobody is shown the number
            self.unseen = dict(sorted(self.unseen.items(), key=itemgetter(1))[-MOST_MISSED:])
        self.see(self.seen)

    def missed(self, calls: Iterable[CallRecord], seen: float) -> None:
        """These were missed before; they have looked at those until then."""
        self.seen = seen
        self._miss(calls)

    def see(self, until: float) -> None:
        """They have looked at those that ended until then."""
        self.seen = max(self.seen, until)
        shown = timestamp(self.seen) or ""  # what was shown to them has milliseconds
        self.unseen = {call: at for call, at in self.unseen.items() if (timestamp(at) or "") > shown}

    def begin_anew(self, intervals: Intervals, now: float) -> None:
        """It is another day: what went on at midnight is counted from there, when it ends."""
        self.report = AgentReport(intervals, self.agent)
        self.calls.clear()
        self.unseen = {call: at for call, at in self.unseen.items() if at > now - MISSED_FOR}
        self.changed_at = now


class Days:
    """`tell(agent, day)` is called for each that has changed, of the agents who `follows` says have a window; `clock`
    in seconds since the epoch."""

    def __init__(
        self,
        control: Control,
        agents: Agents,
        history: CallHistory,
        seen: MissedSeen,
        tell: Callable[[str, DayDocument], None],
        follows: Callable[[str], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._agents = agents
        self._history = history
        self._seen = seen
        self._tell = tell
        self._follows = follows
        self._clock = clock
        self._zone = ""
        self._intervals = Intervals((0, 0))
        self._days: dict[str, _Day] = {}
        self._late: dict[str, list[Fact]] = {}  # what is written while a day is read
        self._one = asyncio.Lock()
        self._changed: dict[str, None] = {}
        self._something = asyncio.Event()

    # -- what has changed ---------------------------------------------------------------------------------------------

    def written(self, facts: Sequence[Fact]) -> None:
        """The history has these now."""
        now = self._clock()
        for fact in facts:
            for agent in _concerned(fact):
                if agent in self._late:
                    self._late[agent].append(fact)
                self._add(agent, fact, now)

    def _add(self, agent: str, fact: Fact, now: float) -> None:
        day, follows = self._days.get(agent), self._follows(agent)
        if day is not None and not (follows and day.add(fact, now)):
            del self._days[agent]  # to be read again, when somebody wants to see it
        if follows:
            self._note(agent)

    def directory_changed(self) -> None:
        """The configuration was read again: it may be another day."""
        self._begin_day()

    def _note(self, *agents: str) -> None:
        self._changed.update(dict.fromkeys(agents))
        self._something.set()

    # -- its own work -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell of changes; until it is cancelled."""
        self._something.set()  # what was left, where this is begun anew
        while True:
            self._begin_day()
            with contextlib.suppress(TimeoutError):  # the day is over: nothing was today yet
                async with asyncio.timeout(max(0.0, self._intervals.end / 1000 - self._clock())):
                    await self._something.wait()
            self._something.clear()
            self._begin_day()
            for agent in list(self._changed):
                del self._changed[agent]
                if self._follows(agent):
                    with contextlib.suppress(Unavailable):  # with what is written next
                        self._tell(agent, self._document(await self._day(agent)))
            await asyncio.sleep(PAUSE)

    def _begin_day(self) -> None:
        now, zone = self._clock(), self._control.directory().settings.zone
        if self._zone == zone and self._intervals.at(milliseconds(now)) is not None:
            return
        moved = bool(self._zone) and self._zone != zone
        self._zone, self._intervals = zone, Intervals(day_of(milliseconds(now), ZoneInfo(zone)))
        self._note(*self._days)
        if moved:  # hours of yesterday may be of today now
            self._days.clear()
        for day in self._days.values():
            day.begin_anew(self._intervals, now)

    # -- what is ------------------------------------------------------------------------------------------------------

    async def of(self, agent: str) -> DayDocument:
        """The agent's, with all that has been over until now. Raises: Unavailable."""
        await self._history.settle()
        return self._document(await self._day(agent))

    async def missed(self, agent: str) -> list[Noted]:
        """The calls that they have missed lately, the last first. Raises: HistoryUnavailable."""
        wanted = Wanted(of=agent, begin=self._clock() - MISSED_FOR, outcome="missed")
        found: list[Noted] = []
        after: str | None = None
        for _ in range(_PAGES):
            page = await self._history.calls(wanted, after, MOST_MISSED)
            found += [noted for noted in page if is_missed(noted.call, agent)]
            if len(page) < MOST_MISSED or len(found) >= MOST_MISSED:
                break
            after = page[-1].call.id
        return found[:MOST_MISSED]

    async def seen_until(self, agent: str) -> float | None:
        """Until when they have looked at these; None: never. Raises: StoreUnavailable."""
        return await self._seen.missed_seen(agent)

    async def see(self, agent: str, until: float) -> None:
        """They have looked at missed calls until then. Raises: StoreUnavailable."""
        async with self._one:
            until = min(until, self._clock())
            if until > (await self._seen.missed_seen(agent) or 0.0):
                await self._seen.set_missed_seen(agent, until)
            if (day := self._days.get(agent)) is not None:
                day.see(until)
        if self._follows(agent):
            self._note(agent)

    async def _day(self, agent: str) -> _Day:
        """Raises: HistoryUnavailable, StoreUnavailable."""
        async with self._one:
            self._begin_day()
            while (day := self._days.get(agent)) is None:
                intervals = self._intervals
                read = await self._read(agent, intervals)
                if intervals is self._intervals:  # it is still the same day
                    self._days[agent] = read
            return day

    async def _read(self, agent: str, intervals: Intervals) -> _Day:
        late: list[Fact] = []
        self._late[agent] = late
        day = _Day(agent, AgentReport(intervals, agent), self._clock())
        begin, end = intervals.begin / 1000, intervals.end / 1000
        breathe = Breath()
        try:
            async for calls in self._history.between(begin, end, agent):
                for call, _ in calls:
                    day.add(call, self._clock())
                    await breathe()
            async for states in self._history.states(begin, end, agent):
                for state in states:
                    day.add(state, self._clock())
                    await breathe()
            seen = await self._seen.missed_seen(agent)
            day.missed([noted.call for noted in await self.missed(agent)], seen or 0.0)
        finally:
            del self._late[agent]
        for fact in late:
            day.add(fact, self._clock())
        return day

    def _document(self, day: _Day) -> DayDocument:
        now, directory = self._clock(), self._control.directory()
        listed = directory.agents.get(day.agent)
        name = listed.name if listed is not None else day.agent
        span = (self._intervals.begin, self._intervals.end)
        return DayDocument(
            begins_at=timestamp(span[0] / 1000) or "",
            ends_at=timestamp(span[1] / 1000) or "",
            tz=self._zone,
            as_of=timestamp(now) or "",
            figures=agent_row(day.agent, name, span, self._until_now(day, now)),
            missed_unseen=min(len(day.unseen), MOST_MISSED),
            history_at=timestamp(day.changed_at) or "",
        )

    def _until_now(self, day: _Day, now: float) -> AgentFigures:
        """With the state that goes on, as far as it has."""
        figures, record = day.report.totals[day.agent], self._agents.record(day.agent)
        states = dict(figures.states)
        if record is not None and str(record.state) != LOGGED_OUT and record.since >= day.until:
            state = (str(record.state), record.reason)
            for _, spent in self._intervals.parts(milliseconds(record.since), milliseconds(now)):
                states[state] = states.get(state, 0) + spent
        return replace(figures, states=states)


def _concerned(fact: Fact) -> Iterable[str]:
    return (*fact.agents, *fact.missed_by) if isinstance(fact, CallRecord) else (fact.agent,)
