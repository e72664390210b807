"""How queues and groups are now and today, for who oversees: who waits, agents by state, what came of today's callers.

What is now is counted as it changes (`tally`), what was today when a caller is answered or gone; that is kept in the
store, so that a restart forgets nothing. Windows are notified of what has changed, at most every `PAUSE` seconds: what
changes again before that is published once, as it is then.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from ari_app.api.counts import Counts
from ari_app.api.documents import state_of
from ari_app.api.models.openings import Opening
from ari_app.api.models.supervision import LiveTarget, Share, Waited
from ari_app.api.openings_api import opening_of
from ari_app.api.port import Agents, Control, Openings
from ari_app.api.tally import Now, Served, Standing, Tally
from ari_app.calls.model import Call, EndReason
from ari_app.calls.views import timestamp
from ari_app.records.intervals import day_of, milliseconds
from ari_app.routing.targets import Target, parse_target
from ari_app.store.port import Counters

PAUSE = 0.05
"""Seconds between two times that something is published while it goes on changing."""

ANSWERED = "answered"
IN_TIME = "in_time"
WAITED = "waited_ms"
"""How long those waited who were answered, all together."""
GONE = "gone"


def day_name(seconds: float, zone: str) -> str:
    """The day of that zone, as `2026-11-30`."""
    return datetime.fromtimestamp(seconds, ZoneInfo(zone)).date().isoformat()


def day_ends(seconds: float, zone: str) -> float:
    """When that day is over, in seconds since the epoch."""
    return day_of(milliseconds(seconds), ZoneInfo(zone))[1] / 1000


def outcome(before: Call | None, call: Call, in_time: float) -> dict[str, int]:
    """What is to be counted of a caller who waited, and now is answered or gone."""
    if call.queued_at is None or (before is not None and before.answered_at is not None):
        return {}
    if call.end_reason is EndReason.CLOSED:
        return {}  # nobody was to serve them, and they did not give up
    if call.to_call_back() is not None and call.ended and call.answered_at is None:
        return {}  # they have not given up: nobody reached them, or it was ended for them
    if call.message is not None and call.message.left and call.answered_at is None:
        return {}  # they have said what they wanted
    if call.answered_at is not None:
        waited = call.answered_at - call.queued_at
        return {ANSWERED: 1, IN_TIME: int(waited <= in_time), WAITED: max(0, round(waited * 1000))}
    return {GONE: 1} if call.ended and call.offer is not None else {}


def counted_at(call: Call) -> Target | None:
    """The target whose caller it counts for: of one who is called back that of their place, not their own number."""
    if call.offer is None:
        return None
    return call.callback.target if call.callback is not None else call.offer.target


@dataclass(frozen=True, slots=True)
class Today:
    """What came of the callers of a queue or group since midnight; `waited` in seconds, of the answered."""

    answered: int = 0
    in_time: int = 0
    waited: float = 0.0
    gone: int = 0

    @property
    def over(self) -> int:
        """How many were answered or gave up."""
        return self.answered + self.gone


@dataclass(frozen=True, slots=True)
class Figures:
    """A queue or group."""

    name: str
    opening: Opening
    now: Now
    today: Today


class Board:
    """`tell(target)` is called for each that has changed. `clock` in seconds since the epoch."""

    def __init__(
        self,
        control: Control,
        agents: Agents,
        openings: Openings,
        counters: Counters,
        tell: Callable[[LiveTarget], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._agents = agents
        self._openings = openings
        self._opened: dict[str, Opening] = {}  # until the next change
        self._counters = counters
        self._tell = tell
        self._clock = clock
        self._day = ""
        self._day_ends = 0.0
        self._today: Counter[str] = Counter()
        self._tally = Tally(control.directory())
        self._reported: dict[str, Figures] = {}
        self._changed: dict[str, None] = dict.fromkeys(self._tally.names)  # in this order
        self._something = asyncio.Event()
        self._counts = Counts(counters)

    # -- what the shell tells -----------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call is new, changed or over."""
        self._note(*self._counting().call(call))
        target = counted_at(call)
        if target is None:
            return
        if amounts := outcome(before, call, self._control.directory().service_level(target)):
            self._count(str(target), amounts)

    def agent_changed(self, agent: str) -> None:
        """An agent's state changed, or whether a call can be offered to them."""
        self._note(*self._counting().agent(agent, self._standing(agent)))

    def openings_changed(self) -> None:
        """Something is open or closed now, or somebody has chosen so."""
        self._opened.clear()
        self._note(*self._tally.names)

    def recount(self) -> None:
        """Count all calls and agents anew: where it is not known what has changed."""
        self._tally = Tally(self._control.directory(), self._tally.places)
        self._opened.clear()
        for call in list(self._control.calls().values()):
            self._tally.call(call)
        for agent in self._tally.directory.agents:
            self._tally.agent(agent, self._standing(agent))
        self._note(*self._tally.names)

    def _counting(self) -> Tally:
        if self._tally.directory is not self._control.directory():
            self.recount()
        return self._tally

    def _standing(self, agent: str) -> Standing:
        """Logged out are those who never were anything."""
        record = self._agents.record(agent)
        return Standing(state_of(record), record is not None and record.available)

    def _note(self, *targets: str) -> None:
        if targets:
            self._changed.update(dict.fromkeys(targets))
            self._something.set()

    def _count(self, target: str, amounts: Mapping[str, int]) -> None:
        self._begin_day()
        counted = {f"{target} {what}": amount for what, amount in amounts.items() if amount}
        self._today.update(counted)
        self._counts.put(self._day, {name: self._today[name] for name in counted})
        self._note(target)

    def _begin_day(self) -> None:
        now = self._clock()
        if self._day_ends <= now:
            zone = self._control.directory().settings.zone
            self._day, self._day_ends, self._today = day_name(now, zone), day_ends(now, zone), Counter()
            self._note(*self._tally.names)

    # -- its own work -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep what is counted, and tell of changes; until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._counts.run())
            tasks.create_task(self._watch())

    async def restore(self) -> None:
        """What was counted today before. Raises: StoreUnavailable."""
        self._begin_day()
        self._today = Counter(await self._counters.counts(self._day))

    async def flush(self) -> None:
        """Wait until what was counted is kept, while `run` goes on."""
        await self._counts.flush()

    async def _watch(self) -> None:
        self._something.set()  # what was left, where this is begun anew
        while True:
            with contextlib.suppress(TimeoutError):  # the day is over: nothing was today yet
                async with asyncio.timeout(max(0.0, self._day_ends - self._clock())):
                    await self._something.wait()
            self.look()
            await asyncio.sleep(PAUSE)

    def look(self) -> None:
        """Tell of each target that is not as it was published last."""
        self._something.clear()
        self._begin_day()
        self._counting()
        for target in list(self._changed):
            del self._changed[target]
            if target not in self._tally.names:
                continue  # it is waited for, and no queue or group
            figures = self._figures(target)
            if self._reported.get(target) != figures:
                self._reported[target] = figures
                self._tell(_shown(target, figures, timestamp(self._clock()) or ""))

    # -- what is ------------------------------------------------------------------------------------------------------

    @property
    def names(self) -> Mapping[str, str]:
        """What queues, then groups are called, by target; another mapping where these may be others."""
        return self._tally.names

    def serves(self, call: str) -> str | None:
        """The target as whose caller that call's was answered."""
        place = self._tally.places.get(call)
        return place.target if isinstance(place, Served) else None

    def now(self) -> dict[str, LiveTarget]:
        """All queues, then all groups, as they are now."""
        as_of = timestamp(self._clock()) or ""
        return {target: _shown(target, figures, as_of) for target, figures in self.figures().items()}

    def figures(self) -> dict[str, Figures]:
        """The same, as they are counted."""
        self._begin_day()
        return {target: self._figures(target) for target in self._counting().names}

    def _figures(self, target: str) -> Figures:
        answered, in_time, waited, gone = (self._today[f"{target} {x}"] for x in (ANSWERED, IN_TIME, WAITED, GONE))
        today = Today(answered, in_time, waited / 1000, gone)
        return Figures(self._tally.names[target], self._opening(target), self._tally.now(target), today)

    def _opening(self, target: str) -> Opening:
        """Looked up once for each change: in between it stays as it is."""
        if target not in self._opened:
            directory = self._control.directory()
            self._opened[target] = opening_of(directory, self._openings, parse_target(target), self._clock())
        return self._opened[target]


def _shown(target: str, figures: Figures, as_of: str) -> LiveTarget:
    now, today = figures.now, figures.today
    return LiveTarget(
        target=target,
        name=figures.name,
        waiting=now.waiting,
        oldest_queued_at=timestamp(now.oldest),
        callbacks=now.callbacks,
        talking=now.talking,
        agents=dict(now.agents),
        available=now.available,
        opening=figures.opening,
        answered=Share(numerator=today.answered, denominator=today.over),
        service_level=Share(numerator=today.in_time, denominator=today.over),
        abandoned=Share(numerator=today.gone, denominator=today.over),
        speed_of_answer=Waited(numerator=today.waited, denominator=today.answered),
        as_of=as_of,
    )
