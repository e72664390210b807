"""Who is let in at one Asterisk: what an administrator has said, and what there is room for."""

import time
from collections.abc import Callable

import structlog

from ari_app.api.metrics import Metrics
from ari_app.ari.gate import Gate
from ari_app.calls.model import Call, CallType
from ari_app.draining import Draining
from ari_app.engine.admission import Admission, Reason
from ari_app.routing.directory import Admission as Bounds
from ari_app.store.port import Drains

log = structlog.get_logger(__name__)


class Door:
    """Of the Asterisk called `name`, which has so many `calls`. `show` has its dialplan see it; `on_change` is called
    when `refuses` is another. Start `draining.run()` once it is restored.
    """

    def __init__(
        self,
        name: str,
        store: Drains,
        bounds: Callable[[], Bounds],
        calls: Callable[[], int],
        show: Callable[[Gate], None],
        metrics: Metrics,
        on_change: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._show = show
        self._metrics = metrics
        self._on_change = on_change
        self._refuses: frozenset[Reason] = frozenset()
        self._admission = Admission(bounds, calls, clock)
        self.draining = Draining(store, self._set)

    @property
    def refuses(self) -> tuple[str, ...]:
        """Why callers from outside are refused, or were in the last seconds."""
        return tuple(sorted(reason.value for reason in self._refuses))

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call has begun, or is over."""
        if before is None and call.type is CallType.INBOUND:
            self._admission.arrived()
        if before is None or call.ended:
            self._set()

    def beat(self, late: float) -> None:
        """Several times a second; the loop is later by so many seconds than it wanted to be."""
        self._metrics.late.set(late)
        self._metrics.lag.observe(late)
        self._admission.beat(late)
        self._set()

    def close(self) -> None:
        """This controller leads that Asterisk no more."""
        for reason in Reason:
            self._metrics.refusing.labels(self._name, reason.value).set(0)

    def _set(self) -> None:
        refused = self._admission.refused_for()
        if self._name in self.draining.drained:
            self._show(Gate.DRAINED)
        else:
            self._show(Gate.NO_CALLERS if refused else Gate.OPEN)
        reported = self._admission.reported()
        if reported == self._refuses:
            return
        for reason in Reason:
            self._metrics.refusing.labels(self._name, reason.value).set(reason in reported)
        for reason in reported - self._refuses:
            self._metrics.refusals.labels(self._name, reason.value).inc()
        if reported:
            log.warning("callers_refused", asterisk=self._name, reasons=sorted(reason.value for reason in reported))
        else:
            log.info("callers_let_in", asterisk=self._name)
        self._refuses = reported
        self._on_change()
