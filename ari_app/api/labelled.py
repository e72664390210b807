"""What Prometheus counts by labels, for what is counted some hundred times a call."""

from prometheus_client.metrics import MetricWrapperBase


class Labelled[M: MetricWrapperBase](dict[tuple[str, ...], M]):
    """The children of a metric by their labels, each found once: its own `labels` takes a lock and makes texts of them,
    each time. Only for labels of which there are few.
    """

    __slots__ = ("_metric",)

    def __init__(self, metric: M) -> None:
        super().__init__()
        self._metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> M:
        child = self[labels] = self._metric.labels(*labels)
        return child
