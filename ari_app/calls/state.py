"""What the machine knows between two steps."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from ari_app.calls.commands import AnyOffer, MakeCall
from ari_app.calls.effects import AsteriskEffect
from ari_app.calls.model import AgentId, Call, CallId, Leg, LegId, Pending, Progress
from ari_app.routing.hours import Override

EVERYBODY: AgentId = ""
"""In place of an agent: all of them together."""
_STALE = 64


@dataclass(frozen=True, slots=True)
class Seek:
    """A reservation requested: on behalf of a command (`command`) or of the call's own offer.

    `again`: an agent became available since, which the answer may not know of.
    """

    call: CallId | None
    command: MakeCall | AnyOffer | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a queue moves: when the last caller was answered, and the mean seconds between two (0: not known)."""

    at: float
    seconds: float


@dataclass(slots=True)
class State:
    """All that the machine knows. Only a committed step changes it."""

    prefix: str
    counter: int = 0
    calls: dict[CallId, Call] = field(default_factory=dict)
    legs: dict[LegId, Leg] = field(default_factory=dict)
    seeks: dict[str, Seek] = field(default_factory=dict)
    pending: dict[str, Pending] = field(default_factory=dict)
    activities: dict[str, str] = field(default_factory=dict)
    in_flight: dict[int, AsteriskEffect] = field(default_factory=dict)
    paces: dict[str, Pace] = field(default_factory=dict)
    dialled_outside: dict[AgentId, tuple[float, ...]] = field(default_factory=dict)
    unreachable: dict[str, bool] = field(default_factory=dict)
    gone_home: dict[AgentId, bool] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    messages: dict[str, int] = field(default_factory=dict)
    linked: bool = False
    calls_of_leg: dict[LegId, dict[CallId, None]] = field(default_factory=dict)
    calls_of_agent: dict[str, dict[CallId, None]] = field(default_factory=dict)
    legs_of_agent: dict[str, dict[LegId, None]] = field(default_factory=dict)
    legs_outside: dict[AgentId, dict[LegId, None]] = field(default_factory=dict)
    unreached: dict[CallId, None] = field(default_factory=dict)  # see `is_unreached`
    recorded: dict[CallId, None] = field(default_factory=dict)  # see `is_recorded`

    def keep(self, call: Call) -> None:
        """Take a call over as it now is, or forget one that is over; looking up stays quick with many of them."""
        before = self.calls.get(call.id)
        if before is not None:
            _forget(self.calls_of_leg, legs_of(before), call.id)
            _forget(self.calls_of_agent, agents_of(before), call.id)
        for index, belongs in ((self.unreached, is_unreached), (self.recorded, is_recorded)):
            if belongs(call):
                index[call.id] = None
            else:
                index.pop(call.id, None)
        if call.ended:
            self.calls.pop(call.id, None)
            return
        self.calls[call.id] = call
        for leg in legs_of(call):
            self.calls_of_leg.setdefault(leg, {})[call.id] = None
        for agent in agents_of(call):
            self.calls_of_agent.setdefault(agent, {})[call.id] = None

    def keep_leg(self, leg_id: LegId, leg: Leg | None) -> None:
        """Take a leg over as it now is; None: it is gone."""
        before = self.legs.pop(leg_id, None) if leg is None else self.legs.get(leg_id)
        if before is not None:
            _forget(self.legs_outside, payers_of(before), leg_id)
        if before is not None and before.agent is not None:
            _forget(self.legs_of_agent, [before.agent], leg_id)
        if leg is None:
            return
        self.legs[leg_id] = leg
        for agent in payers_of(leg):
            self.legs_outside.setdefault(agent, {})[leg_id] = None
        if leg.agent is not None:
            self.legs_of_agent.setdefault(leg.agent, {})[leg_id] = None


class Deadlines:
    """When each call or leg wants to be woken, in seconds since the epoch; the first is found however many there are.

    `_first` has them by time, and some that are no more: these are dropped when they come first.
    """

    def __init__(self) -> None:
        self._at: dict[CallId | LegId, float] = {}
        self._first: list[tuple[float, CallId | LegId]] = []

    def note(self, key: CallId | LegId, at: float | None) -> None:
        """It wants to be woken then; None: it does not."""
        if self._at.get(key) == at:
            return
        if at is None:
            del self._at[key]
            return
        self._at[key] = at
        if len(self._first) > 2 * len(self._at) + _STALE:
            self._first = [(at, key) for key, at in self._at.items()]
            heapify(self._first)
        else:
            heappush(self._first, (at, key))

    def next(self) -> float | None:
        """The first of all."""
        while self._first and self._at.get(self._first[0][1]) != self._first[0][0]:
            heappop(self._first)
        return self._first[0][0] if self._first else None

    def due(self, now: float) -> list[CallId | LegId]:
        """What wants to be woken by now, in the order of their times; it stays so until something else is noted."""
        found: dict[CallId | LegId, float] = {}
        while (at := self.next()) is not None and at <= now:
            found[self._first[0][1]] = at
            heappop(self._first)
        for key, at in found.items():
            heappush(self._first, (at, key))
        return list(found)

    def only(self, keys: Iterable[CallId | LegId]) -> None:
        """These want to be woken now, in this order, and nothing else ever."""
        self._at = {key: float(place) for place, key in enumerate(keys)}
        self._first = [(at, key) for key, at in self._at.items()]
        heapify(self._first)


def is_unreached(call: Call) -> bool:
    """Whether somebody is sought or rung for it, or is to be called back: few of all calls."""
    return not call.ended and (call.offering() is not None or call.to_call_back() is not None)


def is_recorded(call: Call) -> bool:
    """Whether it has to do with a file: its own recording, one that Asterisk is to complete, a message."""
    return not call.ended and (call.recording is not None or bool(call.stopping) or call.message is not None)


def legs_of(call: Call) -> list[LegId]:
    """The legs that this call has, those of its supervisors and a tie that it awaits, by its name, among them."""
    legs = [leg for p in call.parties.values() if p.progress is not Progress.LEFT for leg in p.legs]
    legs += [m.leg for m in call.monitors.values()]
    legs += [call.awaits.tie] if call.awaits is not None and call.awaits.party is None else []
    return legs + [m.snoop.leg for m in call.monitors.values() if m.snoop is not None]


def agents_of(call: Call) -> list[AgentId]:
    """The agents whom this call has: in it, rung for it, or listening to it."""
    agents = [p.agent for p in call.parties.values() if p.agent is not None and p.progress is not Progress.LEFT]
    return agents + [m.agent for m in call.monitors.values()]


def payers_of(leg: Leg) -> list[AgentId]:
    """Under whose names a leg to a number outside counts: the agent's who dialled it, and everybody's."""
    return [*dict.fromkeys((leg.dialled_by, EVERYBODY))] if leg.dialled_by is not None else []


def _forget(index: dict[str, dict[str, None]], keys: list[str], entry: str) -> None:
    for key in keys:
        entries = index.get(key, {})
        entries.pop(entry, None)
        if not entries:
            index.pop(key, None)
