"""Whether there is room for messages, as calls get to know it: what has changed, once."""

from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from ari_app.api.metrics import Metrics
from ari_app.calls.effects import MessageRefused
from ari_app.calls.model import NO_ROOM, Full
from ari_app.calls.stimuli import MessagesCounted
from ari_app.disk import Disk
from ari_app.room import Room

MB = 2**20


def room() -> tuple[Room, list[dict[str, int]], Metrics]:
    noted: list[dict[str, int]] = []

    def feed(fact: MessagesCounted) -> None:
        noted.append(dict(fact.counts))

    metrics = Metrics()
    return Room(feed, metrics), noted, metrics


def value(metrics: Metrics, name: str) -> float:
    registry: CollectorRegistry = metrics.registry
    name, _, labels = name.partition("/")
    return registry.get_sample_value(name, {"reason": labels} if labels else {}) or 0.0


def test_calls_get_to_know_what_has_changed() -> None:
    it, noted, _ = room()
    it.kept({"a": 1, "b": 2})
    it.kept({"a": 1, "b": 2})
    it.kept({"b": 3})
    assert noted == [{"a": 1, "b": 2}, {"a": 0, "b": 3}]


def test_a_disk_that_fills_up_is_said_once_and_so_is_one_that_has_room_again() -> None:
    it, noted, metrics = room()
    with capture_logs() as logs:
        for left in (600, 512, 511, 500, 512):
            it.measured(Disk(left * MB, 10_000 * MB))
    assert noted == [{NO_ROOM: 1}, {NO_ROOM: 0}]
    assert [(line["event"], line["left"] // MB) for line in logs] == [
        ("messages_refused", 511),
        ("messages_taken_again", 512),
    ]
    assert value(metrics, "callcontrol_recordings_left_bytes") == 512 * MB


def test_each_caller_who_could_leave_none_is_counted_and_in_the_log_without_their_number() -> None:
    it, _, metrics = room()
    with capture_logs() as logs:
        it.refused(MessageRefused("c1", "support", Full.CALLER))
    assert logs == [
        {"event": "message_refused", "log_level": "warning", "call_id": "c1", "box": "support", "reason": "caller"}
    ]
    assert value(metrics, "callcontrol_voicemails_refused_total/caller") == 1
