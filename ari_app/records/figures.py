"""Figures of queues and agents, out of facts: each with its numerator and denominator. Pure.

What they mean is published in docs/reports.md. Times in milliseconds; what adds up in calls adds up in intervals: a
caller counts in the interval in which they began to wait, a ring in that in which it began, times of agents are cut at
the edges.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ari_app.calls.model import CallId, PartyRole
from ari_app.records.intervals import Intervals, milliseconds
from ari_app.records.model import AgentStateRecord, CallRecord, Segment, SegmentEnd, SegmentKind

LOGGED_OUT, WRAP_UP = "logged_out", "wrap_up"
BUSY = ("reserved", "ringing", "on_call", WRAP_UP)
"""States in which an agent works on a call: the numerator of occupancy."""


class TooManyRows(ValueError):
    """A report would have more rows than it may."""


class Rows[F](dict[tuple[str, int], F]):
    """Figures of each that there are any of in an interval, made when something is counted first."""

    def __init__(self, make: Callable[[], F], most: int | None) -> None:
        super().__init__()
        self._make, self._most = make, most

    def __missing__(self, key: tuple[str, int]) -> F:
        if self._most is not None and len(self) >= self._most:
            raise TooManyRows(f"it would have more than {self._most:,} rows")
        self[key] = made = self._make()
        return made


@dataclass(frozen=True, slots=True)
class Ratio:
    """So much of so much."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """None where there is nothing to be divided by."""
        return self.numerator / self.denominator if self.denominator else None


@dataclass(frozen=True, slots=True)
class Rules:
    """Of the administrator's file, in seconds: answered in time, and given up before that is anybody's fault. `own`:
    within what targets are to be answered that have a service level of their own."""

    service_level: float
    short_abandon: float
    own: Mapping[str, float] = field(default_factory=dict)

    def within(self, target: str) -> float:
        """Seconds in which callers of this target are to be answered."""
        return self.own.get(target, self.service_level)


# -- queues -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stay:
    """A caller was offered to a target and waited for it, and what was done for them then."""

    target: str
    at: int
    waited: int
    end: SegmentEnd
    talk: int = 0
    hold: int = 0
    wrap_up: int = 0
    transfers: int = 0
    conferences: int = 0


@dataclass(slots=True)
class QueueFigures:
    """Of those who were offered to one target. All of them are counted once among `answered` to `otherwise`."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short_abandons: int = 0
    overflowed: int = 0
    by_key: int = 0
    callbacks: int = 0
    nobody: int = 0
    otherwise: int = 0
    answered_in_time: int = 0
    waited_answered: int = 0
    longest_wait: int = 0
    talk: int = 0
    hold: int = 0
    wrap_up: int = 0
    transfers: int = 0
    conferences: int = 0

    def add(self, stay: Stay, rules: Rules) -> None:
        """Count one more."""
        self.offered += 1
        match stay.end:
            case SegmentEnd.ANSWERED:
                self.answered += 1
                self.waited_answered += stay.waited
                self.answered_in_time += stay.waited <= milliseconds(rules.within(stay.target))
            case SegmentEnd.ABANDONED:
                short = stay.waited < milliseconds(rules.short_abandon)
                self.short_abandons += short
                self.abandoned += not short
            case SegmentEnd.OVERFLOW:
                self.overflowed += 1
            case SegmentEnd.KEY:
                self.by_key += 1
            case SegmentEnd.CALLBACK:
                self.callbacks += 1
            case SegmentEnd.NOBODY:
                self.nobody += 1
            case _:
                self.otherwise += 1
        self.longest_wait = max(self.longest_wait, stay.waited)
        self.talk += stay.talk
        self.hold += stay.hold
        self.wrap_up += stay.wrap_up
        self.transfers += stay.transfers
        self.conferences += stay.conferences

    @property
    def service_level(self) -> Ratio:
        """Of those who were offered, short abandons apart: who was answered in time."""
        return Ratio(self.answered_in_time, self.offered - self.short_abandons)

    @property
    def abandonment(self) -> Ratio:
        """Of the same: who gave up, short abandons apart."""
        return Ratio(self.abandoned, self.offered - self.short_abandons)

    @property
    def speed_of_answer(self) -> Ratio:
        """ASA: how long those waited who were answered."""
        return Ratio(self.waited_answered, self.answered)

    @property
    def handle_time(self) -> Ratio:
        """AHT: talk, hold and wrap-up for each who was answered."""
        return Ratio(self.talk + self.hold + self.wrap_up, self.answered)


def stays_of(call: CallRecord, wrap_ups: Iterable[AgentStateRecord]) -> list[Stay]:
    """Whom its caller was offered to. `wrap_ups`: those after this call.

    What agents did in the call belongs to the target that was answered last before it; transfers and conferences to the
    first that was answered.
    """
    waits = sorted((s for s in call.segments if s.kind is SegmentKind.QUEUE and s.target), key=lambda s: s.begun_at)
    answered = [at for at, wait in enumerate(waits) if wait.end is SegmentEnd.ANSWERED]
    spent: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    work = [(s.kind.value, s.begun_at, s.ended_at) for s in call.segments if s.agent is not None and _is_work(s)]
    work += [(WRAP_UP, record.begun_at, record.ended_at) for record in wrap_ups if record.state == WRAP_UP]
    for kind, begun_at, ended_at in work:
        before = [at for at in answered if waits[at].ended_at <= begun_at]
        if before:
            spent[before[-1]][kind] += _between(begun_at, ended_at)
    return [
        Stay(
            wait.target or "",
            milliseconds(wait.begun_at),
            _between(wait.begun_at, wait.ended_at),
            wait.end,
            spent[at]["talk"],
            spent[at]["hold"],
            spent[at][WRAP_UP],
            call.transfers if answered[:1] == [at] else 0,
            call.conferences if answered[:1] == [at] else 0,
        )
        for at, wait in enumerate(waits)
    ]


class QueueReport:
    """Figures of each target, of each interval and of all of them. Where intervals would make more than `most` rows,
    whatever is added raises TooManyRows."""

    def __init__(self, intervals: Intervals, rules: Rules, most: int | None = None) -> None:
        self._intervals, self._rules = intervals, rules
        self.rows = Rows(QueueFigures, most)
        self.totals: dict[str, QueueFigures] = defaultdict(QueueFigures)

    def add(self, call: CallRecord, wrap_ups: Iterable[AgentStateRecord]) -> None:
        """Count a call; each once."""
        for stay in stays_of(call, wrap_ups):
            which = self._intervals.at(stay.at)
            if which is not None:
                self.rows[stay.target, which].add(stay, self._rules)
                self.totals[stay.target].add(stay, self._rules)


# -- agents -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class AgentFigures:
    """Of one agent. All rings are counted once among `answered` to `withdrawn`; `states` by state and reason."""

    rung: int = 0
    answered: int = 0
    missed: int = 0
    declined: int = 0
    busy: int = 0
    unavailable: int = 0
    withdrawn: int = 0
    calls: int = 0
    talk: int = 0
    hold: int = 0
    transfers: int = 0
    conferences: int = 0
    states: dict[tuple[str, str | None], int] = field(default_factory=lambda: defaultdict(int))

    def rang(self, end: SegmentEnd) -> None:
        """Count how a ring ended."""
        self.rung += 1
        match end:
            case SegmentEnd.ANSWERED:
                self.answered += 1
            case SegmentEnd.NO_ANSWER:
                self.missed += 1
            case SegmentEnd.DECLINED:
                self.declined += 1
            case SegmentEnd.BUSY:
                self.busy += 1
            case SegmentEnd.UNAVAILABLE:
                self.unavailable += 1
            case _:
                self.withdrawn += 1

    @property
    def logged_in(self) -> int:
        return sum(spent for (state, _), spent in self.states.items() if state != LOGGED_OUT)

    @property
    def wrap_up(self) -> int:
        return self._in(WRAP_UP)

    @property
    def occupancy(self) -> Ratio:
        """Of the time logged in, that with calls: reserved, ringing, on call, wrap-up."""
        return Ratio(self._in(*BUSY), self.logged_in)

    @property
    def handle_time(self) -> Ratio:
        """AHT: talk, hold and wrap-up of each call in which they began to talk."""
        return Ratio(self.talk + self.hold + self.wrap_up, self.calls)

    def _in(self, *states: str) -> int:
        return sum(spent for (state, _), spent in self.states.items() if state in states)


class AgentReport:
    """Figures of each agent, of each interval and of all of them. `only`: of this agent alone; `most` as of queues."""

    def __init__(self, intervals: Intervals, only: str | None = None, most: int | None = None) -> None:
        self._intervals, self._only = intervals, only
        self.rows = Rows(AgentFigures, most)
        self.totals: dict[str, AgentFigures] = defaultdict(AgentFigures)

    def add_call(self, call: CallRecord) -> None:
        """Count a call; each once."""
        own: dict[str, list[Segment]] = defaultdict(list)
        for segment in call.segments:
            if segment.agent is not None and segment.role is PartyRole.AGENT and self._only in (None, segment.agent):
                own[segment.agent].append(segment)
        for agent, segments in own.items():
            for segment in segments:
                if segment.kind is SegmentKind.RING and segment.offer is not None:
                    for figures in self._of(agent, segment.begun_at):
                        figures.rang(segment.end)
                elif _is_work(segment):
                    self._spend(agent, segment)
            self._count_call(agent, call, [segment for segment in segments if _is_work(segment)])

    def add_state(self, record: AgentStateRecord) -> None:
        """Count a state; each once."""
        if self._only not in (None, record.agent):
            return
        state = (record.state, record.reason)
        for which, spent in self._intervals.parts(milliseconds(record.begun_at), milliseconds(record.ended_at)):
            self.rows[record.agent, which].states[state] += spent
            self.totals[record.agent].states[state] += spent

    def _of(self, agent: str, at: float) -> list[AgentFigures]:
        which = self._intervals.at(milliseconds(at))
        return [self.rows[agent, which], self.totals[agent]] if which is not None else []

    def _spend(self, agent: str, segment: Segment) -> None:
        talks = segment.kind is SegmentKind.TALK
        for which, spent in self._intervals.parts(milliseconds(segment.begun_at), milliseconds(segment.ended_at)):
            for figures in (self.rows[agent, which], self.totals[agent]):
                figures.talk += spent if talks else 0
                figures.hold += 0 if talks else spent

    def _count_call(self, agent: str, call: CallRecord, work: Sequence[Segment]) -> None:
        """It counts when they began to talk; a transfer when they left as somebody else came; a conference where they
        were in the call with two others at once."""
        if not work:
            return
        conferred = call.conferences > 0 and _in_conference(call, work)
        for figures in self._of(agent, min(segment.begun_at for segment in work)):
            figures.calls += 1
            figures.conferences += conferred
        last = max(work, key=lambda segment: segment.ended_at)
        if call.transfers and last.end is SegmentEnd.LEFT and _somebody_came(call, last.ended_at):
            for figures in self._of(agent, last.ended_at):
                figures.transfers += 1


def wrap_ups_by_call(records: Iterable[AgentStateRecord]) -> dict[CallId, list[AgentStateRecord]]:
    """Those after a call, by it."""
    found: dict[CallId, list[AgentStateRecord]] = defaultdict(list)
    for record in records:
        if record.state == WRAP_UP and record.call is not None:
            found[record.call].append(record)
    return found


def _somebody_came(call: CallRecord, at: float) -> bool:
    """Whether anybody was in the call from then on who had not been in it."""
    begun: dict[str, float] = {}
    for segment in call.segments:
        if _is_work(segment):
            begun[segment.party] = min(segment.begun_at, begun.get(segment.party, segment.begun_at))
    return at in begun.values()


def _in_conference(call: CallRecord, work: Sequence[Segment]) -> bool:
    """Whether somebody was in the call with two others at once: when the last of them had come."""
    everybody = [segment for segment in call.segments if _is_work(segment)]
    return any(
        len({s.party for s in everybody if s.begun_at <= moment < s.ended_at}) > 2
        for moment in {s.begun_at for s in everybody}
        if any(s.begun_at <= moment < s.ended_at for s in work)
    )


def _is_work(segment: Segment) -> bool:
    return segment.kind in (SegmentKind.TALK, SegmentKind.HOLD)


def _between(begun_at: float, ended_at: float) -> int:
    return max(0, milliseconds(ended_at) - milliseconds(begun_at))
