"""What Prometheus may know of calls, of those who wait, and of agents.

How queues and groups are now is read off the live figures when it is fetched; what was is counted as it happens. A
target is named where it is one of the first `MOST_TARGETS` of the file, queues before groups: all others are `other`
together in what is counted, and left out of what is now.
"""

from collections import Counter as Counts
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import get_args

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from ari_app.api.live import ANSWERED, IN_TIME, Board, counted_at, outcome
from ari_app.api.models.agents import State
from ari_app.api.port import AgentState, Control
from ari_app.calls.model import Call, CallType, EndReason
from ari_app.routing.directory import Directory
from ari_app.routing.targets import parse_target

MOST_TARGETS = 50
OTHER = "other"
_WAITS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_HANDLING = (15.0, 30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0)
_HANDLED_IN = ("on_call", "wrap_up")
_ANSWERED, _ABANDONED = "answered", "abandoned"
_MOST_LEVELS = 5
"""Service levels that have a bucket, beside the usual ones: the shortest."""
_STATES: tuple[State, ...] = get_args(State.__value__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """Where it is known how all is now."""

    board: Board
    control: Control
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Handling:
    """An agent talks to a caller of the target, or works on what they said."""

    call: str
    target: str
    since: float


class CallMetrics(Collector):
    """Of the controller that serves the call centre; of any other nothing is known."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._shown: _Shown | None = None
        self._names: Mapping[str, str] = {}
        self._named: frozenset[str] = frozenset()
        self._handling: dict[str, _Handling] = {}
        self._begun = Counter(
            "callcontrol_calls_begun", "Calls that have begun, by how they came about", ("type",), registry=registry
        )
        self._ended = Counter(
            "callcontrol_calls_ended", "Calls that are over, and why", ("type", "reason"), registry=registry
        )
        for kind in CallType:
            self._ended.labels(kind.value, EndReason.FAULT.value)
        self._in_time = Counter(
            "callcontrol_answered_in_time", "Callers of a queue or group who were answered within the service level",
            ("target",), registry=registry,
        )  # fmt: skip
        self._handled = Histogram(
            "callcontrol_handle_seconds", "How long an agent had the call of a caller who had waited, with wrap-up",
            ("target",), buckets=_HANDLING, registry=registry,
        )  # fmt: skip
        self._levels: frozenset[float] = frozenset()
        self._waits = self._histogram()
        registry.register(self)

    def show(self, board: Board, control: Control, clock: Callable[[], float]) -> None:
        """From now on these say how all is; `clock` in seconds since the epoch."""
        self._shown = _Shown(board, control, clock)
        self._handling.clear()
        self._know(self._shown)

    def hide(self, board: Board) -> None:
        """It says no more."""
        if self._shown is not None and self._shown.board is board:
            self._shown = None

    # -- what happens -------------------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call is new, changed or over."""
        if before is None and not call.ended:
            self._begun.labels(call.type.value).inc()
        if call.ended:
            self._ended.labels(call.type.value, call.end_reason.value if call.end_reason is not None else "").inc()
        target = counted_at(call)
        if self._shown is None or call.queued_at is None or target is None:
            return
        what = outcome(before, call, self._shown.control.directory().service_level(target))
        if what:
            answered, name = ANSWERED in what, self._name(str(target), self._shown)
            until = (call.answered_at if answered else call.ended_at) or self._shown.clock()
            waited = max(0.0, until - call.queued_at)
            self._waits.labels(name, _ANSWERED if answered else _ABANDONED).observe(waited)
            self._in_time.labels(name).inc(what.get(IN_TIME, 0))

    def agent_changed(self, record: AgentState) -> None:
        """An agent's state changed: from the answer to the end of their wrap-up they have the call."""
        if self._shown is None:
            return
        state, had = str(record.state), self._handling.get(record.agent)
        if had is not None and state in _HANDLED_IN and record.call == had.call:
            return
        if had is not None:
            del self._handling[record.agent]
            ended = record.since if record.since > had.since else self._shown.clock()
            self._handled.labels(self._name(had.target, self._shown)).observe(max(0.0, ended - had.since))
        if state == "on_call" and record.call is not None:
            target = self._shown.board.serves(record.call)
            if target is not None:
                since = record.since if had is None else max(record.since, self._shown.clock())
                self._handling[record.agent] = _Handling(record.call, target, since)

    def _histogram(self) -> Histogram:
        return Histogram(
            "callcontrol_wait_seconds", "How long callers of a queue or group waited, until they were answered or gone",
            ("target", "outcome"), buckets=sorted({*_WAITS, *self._levels}), registry=self._registry,
        )  # fmt: skip

    def _name(self, target: str, shown: _Shown) -> str:
        self._know(shown)
        return target if target in self._named else OTHER

    def _know(self, shown: _Shown) -> None:
        """The targets and service levels that there are. Each target is there with 0 before its first caller, who else
        would be no increase."""
        names = shown.board.names
        if names is self._names:
            return
        before, self._names, self._named = self._named, names, frozenset(islice(names, MOST_TARGETS))
        for target in before - self._named:
            for came_to in (_ANSWERED, _ABANDONED):
                self._waits.remove(target, came_to)
            self._in_time.remove(target)
            self._handled.remove(target)
        self._measure_by(shown.control.directory())
        self._begin()

    def _measure_by(self, directory: Directory) -> None:
        """Buckets of waits end at the service levels, also at those of queues: for others they begin anew."""
        own = {directory.service_level(parse_target(target)) for target in self._named}
        levels = frozenset(islice(sorted({*own, directory.settings.service_level} - {*_WAITS}), _MOST_LEVELS))
        if levels != self._levels:
            self._levels = levels
            self._registry.unregister(self._waits)
            self._waits = self._histogram()

    def _begin(self) -> None:
        for target in (*self._named, OTHER):
            for came_to in (_ANSWERED, _ABANDONED):
                self._waits.labels(target, came_to)
            self._in_time.labels(target)
            self._handled.labels(target)

    # -- what is ------------------------------------------------------------------------------------------------------

    def collect(self) -> Iterator[Metric]:
        """For the registry."""
        calls = GaugeMetricFamily("callcontrol_calls", "Calls that are up", labels=("type",))
        waiting = _of_targets("callcontrol_callers_waiting", "Callers who wait")
        callbacks = _of_targets("callcontrol_callbacks_waiting", "Callers who are to be called back, or are being")
        oldest = _of_targets("callcontrol_oldest_wait_seconds", "For how long who waits longest waits; 0: nobody waits")
        talking = _of_targets("callcontrol_callers_talking", "Callers who waited, were answered, and are in a call now")
        free = _of_targets("callcontrol_agents_available", "Agents to whom a call can be offered")
        agents = GaugeMetricFamily("callcontrol_agents", "Agents by state", labels=("target", "state"))
        if self._shown is not None:
            up = Counts(call.type for call in self._shown.control.calls().values() if call.tie is None)
            for kind in CallType:
                calls.add_metric((kind.value,), up[kind])
            now = self._shown.clock()
            self._know(self._shown)
            for target, figures in islice(self._shown.board.figures().items(), MOST_TARGETS):
                is_now = figures.now
                waiting.add_metric((target,), is_now.waiting)
                callbacks.add_metric((target,), is_now.callbacks)
                oldest.add_metric((target,), 0.0 if is_now.oldest is None else max(0.0, now - is_now.oldest))
                talking.add_metric((target,), is_now.talking)
                free.add_metric((target,), is_now.available)
                states = dict(is_now.agents)
                for state in _STATES:
                    agents.add_metric((target, state), states.get(state, 0))
        yield from (calls, waiting, callbacks, oldest, talking, free, agents)


def _of_targets(name: str, what: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, what, labels=("target",))
