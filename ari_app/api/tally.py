"""Who waits, who talks and who could serve them, of each queue and group: kept up to date by each change.

What a change costs does not grow with how many calls and agents there are. After any changes it says what counting all
of them anew would say (tests/properties/test_tally.py). It knows no clock, and decides nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from ari_app.api.models.agents import State
from ari_app.calls.model import Call, CallId
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType

_SPARE = 32
"""So many callers who are gone may stand in a line beside as many as wait; then they are cleared away."""


@dataclass(frozen=True, slots=True)
class Waits:
    """A caller waits for the target, since then (seconds since the epoch)."""

    target: str
    since: float


@dataclass(frozen=True, slots=True)
class CalledBack:
    """One who waits for the target without a line, or is being called back."""

    target: str


@dataclass(frozen=True, slots=True)
class Served:
    """One who waited for the target was answered, and their call goes on."""

    target: str


type Place = Waits | CalledBack | Served | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agent is: their state, and whether a call can be offered to them."""

    state: State = "logged_out"
    available: bool = False


@dataclass(frozen=True, slots=True)
class Now:
    """A queue or group: since when who waits longest waits, on the line; `agents` by state, those of no
    state left out.
    """

    waiting: int = 0
    oldest: float | None = None
    callbacks: int = 0
    talking: int = 0
    agents: tuple[tuple[State, int], ...] = ()
    available: int = 0


def place_of(before: Place, call: Call) -> Place:
    """Where its caller is now. Whom they waited for when they were answered stays, whoever has them later."""
    if call.ended or call.queued_at is None or call.tie is not None:
        return None
    if (back := call.to_call_back()) is not None:
        return CalledBack(str(back.target))
    if call.answered_at is None:
        offer = call.offering()
        return Waits(str(offer.target), call.queued_at) if offer is not None else None
    return before if isinstance(before, Served) else _served(call)


def _served(call: Call) -> Place:
    """As far as a call that is seen for the first time says: the target that has them, or the last queue."""
    if call.offer is not None and call.offer.by is None:
        return Served(str(call.offer.target))
    return Served(str(Target(TargetType.QUEUE, call.queue))) if call.queue is not None else None


class Line:
    """Those who wait for one target, and since when who waits longest does."""

    def __init__(self) -> None:
        self._since: dict[CallId, float] = {}
        self._oldest: list[tuple[float, CallId]] = []  # a heap; those who are gone are left out when they are first

    def __len__(self) -> int:
        return len(self._since)

    def join(self, call: CallId, since: float) -> None:
        """One more."""
        self._since[call] = since
        heappush(self._oldest, (since, call))
        if len(self._oldest) > 2 * len(self._since) + _SPARE:
            self._oldest = [(since, call) for call, since in self._since.items()]
            heapify(self._oldest)

    def leave(self, call: CallId) -> None:
        """Who waits no more."""
        del self._since[call]

    @property
    def oldest(self) -> float | None:
        """Seconds since the epoch; None where nobody waits."""
        while self._oldest and self._since.get(self._oldest[0][1]) != self._oldest[0][0]:
            heappop(self._oldest)
        return self._oldest[0][0] if self._oldest else None


@dataclass(slots=True)
class _Counts:
    line: Line = field(default_factory=Line)
    callbacks: int = 0
    talking: int = 0
    states: Counter[State] = field(default_factory=Counter)
    available: int = 0


class Tally:
    """Of one directory: for another make another, with the places that this one knows."""

    def __init__(self, directory: Directory, places: Mapping[CallId, Place] | None = None) -> None:
        self.directory = directory
        self.names = {f"queue:{q.id}": q.name for q in directory.queues.values()}
        self.names |= {f"group:{g.id}": g.name for g in directory.groups.values()}
        self._known = dict(places or {})
        self._places: dict[CallId, Place] = {}
        self._targets_of = dict(_targets_of(directory))
        self._standing: dict[str, Standing] = {}
        self._counts = {target: _Counts() for target in self.names}
        for agent in directory.agents:
            self.agent(agent, Standing())

    @property
    def places(self) -> Mapping[CallId, Place]:
        """Where the callers of the calls that go on are."""
        return self._places

    def call(self, call: Call) -> Iterable[str]:
        """A call is so now; the targets of which something is another."""
        before = self._places.get(call.id)
        now = place_of(before if before is not None else self._known.pop(call.id, None), call)
        if now == before:
            return ()
        if now is None:
            del self._places[call.id]
        else:
            self._places[call.id] = now
        self._put(before, call.id, -1)
        self._put(now, call.id, 1)
        return [place.target for place in (before, now) if place is not None and place.target in self._counts]

    def _put(self, place: Place, call: CallId, more: int) -> None:
        counts = self._counts.get(place.target) if place is not None else None
        if counts is None:
            return
        match place:
            case Waits() if more > 0:
                counts.line.join(call, place.since)
            case Waits():
                counts.line.leave(call)
            case CalledBack():
                counts.callbacks += more
            case _:
                counts.talking += more

    def agent(self, agent: str, standing: Standing) -> Iterable[str]:
        """An agent is so now; the targets of which something is another."""
        before = self._standing.get(agent)
        targets = self._targets_of.get(agent, ())
        if standing == before or not targets:
            return ()
        self._standing[agent] = standing
        for target in targets:
            counts = self._counts[target]
            if before is not None:
                counts.states[before.state] -= 1
                counts.available -= before.available
            counts.states[standing.state] += 1
            counts.available += standing.available
        return targets

    def now(self, target: str) -> Now:
        """A target that is listed."""
        counts = self._counts[target]
        agents = tuple(sorted((state, count) for state, count in counts.states.items() if count))
        line = counts.line
        return Now(len(line), line.oldest, counts.callbacks, counts.talking, agents, counts.available)


def _targets_of(directory: Directory) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each agent's groups, and the queues that these serve."""
    queues: dict[str, list[str]] = {}
    for queue in directory.queues.values():
        for group in queue.groups:
            queues.setdefault(group, []).append(f"queue:{queue.id}")
    for agent in directory.agents.values():
        groups = [group for group in agent.groups if group in directory.groups]
        served = (queue for group in agent.groups for queue in queues.get(group, ()))
        yield agent.id, tuple(dict.fromkeys((*(f"group:{group}" for group in groups), *served)))
