"""What Prometheus may know of the parts behind the API: the engine, Asterisk, Redis. Durations in seconds."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from ari_app.api.labelled import Labelled

_STEPS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5)
_LENGTHS = (1, 2, 5, 10, 25, 50, 100, 250, 1000)
_REQUESTS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_COMMANDS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5)


class PartMetrics:
    """Of one controller; what is of an Asterisk bears its name."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ari_requests = Counter(
            "callcontrol_ari_requests", "Requests to Asterisk, by what became of them", ("asterisk", "kind", "outcome"),
            registry=registry,
        )  # fmt: skip
        self.ari_seconds = Histogram(
            "callcontrol_ari_request_seconds", "Time from a request to Asterisk to its answer", ("asterisk", "kind"),
            buckets=_REQUESTS, registry=registry,
        )  # fmt: skip
        self.ari_carried = Counter(
            "callcontrol_ari_carried", "Requests to Asterisk, by the lane that carried them, or `http`",
            ("asterisk", "carrier"), registry=registry,
        )  # fmt: skip
        self.ari_lanes = Gauge(
            "callcontrol_ari_lane_open", "1 while the lane carries requests to Asterisk", ("asterisk", "lane"),
            registry=registry,
        )  # fmt: skip
        self.ari_lanes_lost = Counter(
            "callcontrol_ari_lanes_lost", "How often a lane was lost", ("asterisk", "lane"), registry=registry
        )
        self.ari_events = Counter(
            "callcontrol_ari_events", "Events of Asterisk", ("asterisk", "type"), registry=registry
        )
        self.stimuli = Counter(
            "callcontrol_engine_stimuli", "What the engine has handled", ("asterisk", "kind"), registry=registry
        )
        self.steps = Histogram(
            "callcontrol_engine_step_seconds", "Time that the engine takes for one stimulus", ("asterisk",),
            buckets=_STEPS, registry=registry,
        )  # fmt: skip
        self.queue = Histogram(
            "callcontrol_engine_queue_length", "Stimuli that waited when the engine came to them", ("asterisk",),
            buckets=_LENGTHS, registry=registry,
        )  # fmt: skip
        self._store_seconds = Histogram(
            "callcontrol_store_command_seconds", "Time from a command to Redis to its answer", ("command",),
            buckets=_COMMANDS, registry=registry,
        )  # fmt: skip
        self._seconds_of = Labelled(self._store_seconds)
        self._store_failures = Counter(
            "callcontrol_store_failures", "Commands to Redis that failed or were refused", ("command",),
            registry=registry,
        )  # fmt: skip

    def store(self, command: str, seconds: float, failed: bool) -> None:
        """A command to Redis was answered, or failed. See `store.figures.Measure`."""
        self._seconds_of[(command,)].observe(seconds)
        if failed:
            self._store_failures.labels(command).inc()

    def ari(self, asterisk: str) -> "AriMetrics":
        """Of this Asterisk. See `ari.figures.Figures`."""
        return AriMetrics(self, asterisk)

    def engine(self, asterisk: str) -> "EngineMetrics":
        """Of the engine that has the calls of this Asterisk. See `engine.engine.Figures`."""
        return EngineMetrics(self, asterisk)


class AriMetrics:
    """Requests and events of one Asterisk."""

    def __init__(self, metrics: PartMetrics, asterisk: str) -> None:
        self._metrics = metrics
        self._asterisk = asterisk
        self._requests, self._seconds = Labelled(metrics.ari_requests), Labelled(metrics.ari_seconds)
        self._carried, self._events = Labelled(metrics.ari_carried), Labelled(metrics.ari_events)

    def request(self, kind: str, seconds: float, outcome: str, carrier: str) -> None:
        """One was answered, or not."""
        self._requests[self._asterisk, kind, outcome].inc()
        self._seconds[self._asterisk, kind].observe(seconds)
        self._carried[self._asterisk, carrier].inc()

    def lane(self, number: str, *, is_open: bool) -> None:
        """It carries requests, or was lost."""
        self._metrics.ari_lanes.labels(self._asterisk, number).set(is_open)
        if not is_open:
            self._metrics.ari_lanes_lost.labels(self._asterisk, number).inc()

    def event(self, kind: str) -> None:
        """One has come."""
        self._events[self._asterisk, kind].inc()


class EngineMetrics:
    """Work for the calls of one Asterisk."""

    def __init__(self, metrics: PartMetrics, asterisk: str) -> None:
        self._stimuli = Labelled(metrics.stimuli)
        self._asterisk = asterisk
        self._steps = metrics.steps.labels(asterisk)
        self._queue = metrics.queue.labels(asterisk)

    def found(self, waiting: int) -> None:
        """The engine comes to its queue, and so many wait there."""
        self._queue.observe(waiting)

    def handled(self, kind: str, seconds: float) -> None:
        """One of that kind was."""
        self._stimuli[self._asterisk, kind].inc()
        self._steps.observe(seconds)
