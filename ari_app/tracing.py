"""Traces: who requested what (`traceparent`, W3C Trace Context), and spans of it where OpenTelemetry is installed.

`begin` looks for it. Without it, or without OTEL_EXPORTER_OTLP_ENDPOINT, a span is nothing. No other module knows
OpenTelemetry.
"""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar

import structlog

log = structlog.get_logger(__name__)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_FORM = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

type Open = Callable[[str, str, Mapping[str, str]], AbstractContextManager[object]]
"""Opens a span: its name, the `traceparent` that it belongs to (empty: the span around it), and what it says."""


def _open_nothing(name: str, parent: str, attributes: Mapping[str, str]) -> AbstractContextManager[object]:
    return nullcontext()


_parent: ContextVar[str] = ContextVar("traceparent", default="")
_open: Open = _open_nothing


def received(traceparent: str | None) -> None:
    """Of the request that is being answered; what is not as it has to be counts as none."""
    _parent.set(traceparent if traceparent is not None and _FORM.fullmatch(traceparent) else "")


def current() -> str:
    """That of the request that is being answered; empty where there is none."""
    return _parent.get()


def span(name: str, parent: str = "", **attributes: str) -> AbstractContextManager[object]:
    """The block is one, of the trace of `parent`, else within the span around it. Nothing secret may be in it, nor what
    somebody dialled."""
    return _open(name, parent, attributes)


def begin(environment: Mapping[str, str] = os.environ) -> Callable[[], None]:
    """Have spans sent, where that is wanted and can be. What is to be called in the end."""
    global _open  # noqa: PLW0603  # one for the process, as OpenTelemetry's own
    if not environment.get(ENDPOINT):
        return _end
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415
    except ImportError as missing:
        log.warning("traces_not_sent", reason=str(missing))
        return _end
    provider = TracerProvider(resource=Resource.create({"service.name": "ari-app"}))
    # From a thread of its own, of a bounded queue: what the collector does not take is dropped.
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer, propagator = provider.get_tracer("ari_app"), TraceContextTextMapPropagator()

    def start(name: str, parent: str, attributes: Mapping[str, str]) -> AbstractContextManager[object]:
        context = propagator.extract({"traceparent": parent}) if parent else None
        opened: AbstractContextManager[object] = tracer.start_as_current_span(
            name, context=context, attributes=attributes
        )
        return opened

    _open = start

    def end() -> None:
        _end()
        provider.shutdown()

    return end


def _end() -> None:
    global _open  # noqa: PLW0603
    _open = _open_nothing
