"""What Prometheus may ask. One registry, which the rest of the app may add to."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from ari_app.api.call_metrics import CallMetrics
from ari_app.api.messages import Unheard
from ari_app.api.part_metrics import PartMetrics
from ari_app.trimming import in_use
from ari_app.webhooks.figures import Figures

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_LAGS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """The figures of one controller. Durations in seconds."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # half of what would be fetched, and nobody reads it
        self.registry = registry or CollectorRegistry()
        self.calls = CallMetrics(self.registry)
        self.parts = PartMetrics(self.registry)
        self.requests = Counter(
            "callcontrol_api_requests", "Requests answered", ("operation", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "callcontrol_api_request_seconds",
            "Time from a request to its answer",
            ("operation",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.windows = Gauge("callcontrol_api_windows", "Event streams that are open", registry=self.registry)
        self.slow_windows = Counter(
            "callcontrol_api_slow_windows", "Event streams dropped because their client was too slow",
            registry=self.registry,
        )  # fmt: skip
        self.limited = Counter(
            "callcontrol_api_limited", "What was refused for being too much, by what there was too much of", ("what",),
            registry=self.registry,
        )  # fmt: skip
        self.oidc_logins = Counter(
            "callcontrol_oidc_logins", "Logins by the issuer that were done, or what they came to", ("outcome",),
            registry=self.registry,
        )  # fmt: skip
        self.store_memory = Gauge(
            "callcontrol_store_memory_ratio", "The part in use of the memory that Redis may have; 0: without limit",
            registry=self.registry,
        )  # fmt: skip
        self.arrivals_refused = Counter(
            "callcontrol_arrivals_refused", "Calls out of the dialplan that could not be served", ("reason",),
            registry=self.registry,
        )  # fmt: skip
        self.messages_refused = Counter(
            "callcontrol_voicemails_refused", "Callers who could leave no message in a box", ("reason",),
            registry=self.registry,
        )  # fmt: skip
        self.recordings_left = Gauge(
            "callcontrol_recordings_left_bytes", "What is left of the disk with recordings and messages",
            registry=self.registry,
        )  # fmt: skip
        self.emergencies = Counter(
            "callcontrol_emergency_calls", "Numbers for emergencies that were dialled", registry=self.registry
        )
        self.configuration_faults = Gauge(
            "callcontrol_configuration_faults", "Faults of the administrator's file, which is not what runs then",
            registry=self.registry,
        )  # fmt: skip
        self.store_failovers = Counter(
            "callcontrol_store_failovers", "Changes of Redis' primary, as the Sentinels see it",
            registry=self.registry,
        )  # fmt: skip
        self.store_unconfirmed = Counter(
            "callcontrol_store_unconfirmed", "Times that no replica was there to have what was written",
            registry=self.registry,
        )  # fmt: skip
        self.facts_lost = Counter(
            "callcontrol_facts_lost", "Records of calls and of agents that are lost: there was no room for more",
            registry=self.registry,
        )  # fmt: skip
        self.refusing = Gauge(
            "callcontrol_callers_refused", "1 while callers from outside are refused at an Asterisk led here",
            ("asterisk", "reason"), registry=self.registry,
        )  # fmt: skip
        self.refusals = Counter(
            "callcontrol_refusals", "How often it was begun to refuse callers from outside", ("asterisk", "reason"),
            registry=self.registry,
        )  # fmt: skip
        self.history_behind = Gauge(
            "callcontrol_history_behind", "What is over and not written yet, by where it is to be written", ("sink",),
            registry=self.registry,
        )  # fmt: skip
        self.history_failing = Gauge(
            "callcontrol_history_failing_seconds", "For how long nothing could be written there; 0: it can", ("sink",),
            registry=self.registry,
        )  # fmt: skip
        self.history_set_aside = Counter(
            "callcontrol_history_set_aside", "What could not be written for its own content, and was set aside",
            registry=self.registry,
        )  # fmt: skip
        self.voicemails = Gauge(
            "callcontrol_voicemails_unheard", "Messages of callers that nobody has heard yet", ("box",),
            registry=self.registry,
        )  # fmt: skip
        self.oldest_voicemail = Gauge(
            "callcontrol_oldest_unheard_seconds", "How old the oldest of these is; 0: there is none", ("box",),
            registry=self.registry,
        )  # fmt: skip
        self.task_failures = Counter(
            "callcontrol_task_failures", "Faults of ours that have ended a task, which is begun anew where that helps",
            registry=self.registry,
        )  # fmt: skip
        self.late = Gauge(
            "callcontrol_loop_late_seconds", "By how much the controller was last later than it wanted to be",
            registry=self.registry,
        )  # fmt: skip
        self.lag = Histogram(
            "callcontrol_loop_lag_seconds", "By how much the controller was later than it wanted to be",
            buckets=_LAGS, registry=self.registry,
        )  # fmt: skip
        self.leader = Gauge("callcontrol_leader", "1 while this controller leads its Asterisk", registry=self.registry)
        self.takeovers = Counter(
            "callcontrol_takeovers", "How often this controller has begun to lead", registry=self.registry
        )
        self.events = 0
        """Sent to streams since the last exposition: counted here, for a thousand are sent in one go."""
        self._events = Counter("callcontrol_api_events", "Events sent to streams", registry=self.registry)
        self.webhooks = Figures(self.registry)
        self._tasks = Gauge("callcontrol_tasks", "Tasks of asyncio that are not done", registry=self.registry)
        self._heap = Gauge("callcontrol_heap_bytes", "What is in use of the C library's heap", registry=self.registry)
        self._blocks = Gauge("callcontrol_python_blocks", "Python's blocks in use", registry=self.registry)
        # Memory, open files and CPU of the process.
        ProcessCollector(registry=self.registry)

    def show_voicemails(self, unheard: Mapping[str, Unheard], clock: Callable[[], float]) -> None:
        """Those in each box that nobody has heard. `clock` in seconds since the epoch."""
        self.voicemails.clear()
        self.oldest_voicemail.clear()
        for box, there in unheard.items():
            self.voicemails.labels(box).set(there.count)
            self.oldest_voicemail.labels(box).set_function(partial(_age, there.oldest, clock))

    def exposition(self) -> bytes:
        """The figures in Prometheus' text format."""
        self._events.inc(self.events)
        self.events = 0
        with suppress(RuntimeError):  # there is no event loop
            self._tasks.set(len(asyncio.all_tasks()))
            self._heap.set(in_use())
            self._blocks.set(sys.getallocatedblocks())
        return generate_latest(self.registry)


def _age(begun_at: float | None, clock: Callable[[], float]) -> float:
    return max(0.0, clock() - begun_at) if begun_at is not None else 0.0
