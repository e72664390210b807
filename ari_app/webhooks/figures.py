"""What Prometheus may ask of webhooks, by receiver."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Figures:
    """Of one controller. Durations in seconds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.tries = Counter(
            "callcontrol_webhook_tries", "Events sent to receivers, by what came of it", ("receiver", "outcome"),
            registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "callcontrol_webhook_seconds", "Time from an event's being kept until its receiver has taken it",
            ("receiver",), buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 600, 3_600, 86_400), registry=registry,
        )  # fmt: skip
        self.waiting = Gauge(
            "callcontrol_webhook_waiting", "Events that a receiver has not taken yet", ("receiver",), registry=registry
        )
        self.failing = Gauge(
            "callcontrol_webhook_failing", "1 while a receiver takes nothing", ("receiver",), registry=registry
        )
        self.dead = Counter("callcontrol_webhook_dead", "Events that were given up", ("receiver",), registry=registry)
        self.lost = Counter(
            "callcontrol_webhook_lost", "Events that could not be kept: Redis was away for too long", registry=registry
        )

    def forget(self, receiver: str) -> None:
        """It is no longer listed."""
        for gauge in (self.waiting, self.failing):
            gauge.remove(receiver)

    def end(self) -> None:
        """This controller brings nothing any more."""
        for gauge in (self.waiting, self.failing):
            gauge.clear()
