"""What fills the history: the database and files that the environment names, and the figures that say how it goes."""

from collections.abc import Callable

from ari_app.api.metrics import Metrics
from ari_app.config.settings import ProcessSettings
from ari_app.history.history import History
from ari_app.history.sinks import LineFile, Sink, json_lines, queue_log_lines
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType
from ari_app.store.port import FactStream


def history_of(
    settings: ProcessSettings,
    stream: FactStream,
    metrics: Metrics,
    clock: Callable[[], float],
    directory: Callable[[], Directory],
) -> History:
    """The history of a controller that leads the first Asterisk."""

    def behind(sink: str, facts: int, seconds: float) -> None:
        metrics.history_behind.labels(sink).set(facts)
        metrics.history_failing.labels(sink).set(seconds)

    also: list[Sink] = []
    if settings.history_json is not None:
        also.append(LineFile("json", settings.history_json, json_lines))
    if settings.history_queue_log is not None:

        def queues_of(agent: str) -> list[str]:
            queues = directory().queues
            return [queue for queue in queues if directory().serves(agent, Target(TargetType.QUEUE, queue))]

        also.append(LineFile("queue_log", settings.history_queue_log, queue_log_lines(queues_of)))
    return History(settings.history_url, stream, behind, metrics.history_set_aside.inc, also, clock)
