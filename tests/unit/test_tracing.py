"""Traces: `traceparent` of a request, and spans where OpenTelemetry is there and is to send them."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import pytest
from structlog.testing import capture_logs

from ari_app import tracing

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ON = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        "",
        "x",
        PARENT.upper(),
        f"{PARENT}-more",
        PARENT.replace("00-0af", "01-0af"),
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01",
    ],
)
def test_what_is_no_traceparent_counts_as_none(wrong: str | None) -> None:
    tracing.received(PARENT)
    assert tracing.current() == PARENT
    tracing.received(wrong)
    assert tracing.current() == ""


class Sdk:
    """OpenTelemetry, as far as it is used: notes spans by name, parent and attributes, the innermost last."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, object, Mapping[str, str]]] = []
        self.processors: list[object] = []
        self.ended = False

    def module(self, name: str, **has: object) -> ModuleType:
        module = ModuleType(name)
        module.__dict__.update(has)
        return module

    def modules(self) -> Mapping[str, ModuleType]:
        otel = "opentelemetry"
        return {
            otel: self.module(otel),
            f"{otel}.exporter.otlp.proto.http.trace_exporter": self.module("e", OTLPSpanExporter=lambda: "exporter"),
            f"{otel}.sdk.resources": self.module("r", Resource=SimpleNamespace(create=dict)),
            f"{otel}.sdk.trace": self.module("t", TracerProvider=self._provider),
            f"{otel}.sdk.trace.export": self.module("x", BatchSpanProcessor=lambda exporter: ("batch", exporter)),
            f"{otel}.trace.propagation.tracecontext": self.module(
                "p", TraceContextTextMapPropagator=lambda: SimpleNamespace(extract=lambda carrier: carrier)
            ),
        }

    def _provider(self, resource: object) -> "Sdk":
        assert resource == {"service.name": "ari-app"}
        return self

    def add_span_processor(self, processor: object) -> None:
        self.processors.append(processor)

    def get_tracer(self, name: str) -> "Sdk":
        return self

    @contextmanager
    def start_as_current_span(self, name: str, context: object, attributes: Mapping[str, str]) -> Iterator[None]:
        self.spans.append((name, context, attributes))
        yield

    def shutdown(self) -> None:
        self.ended = True


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Sdk:
    sdk = Sdk()
    for name, module in sdk.modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    return sdk


def test_spans_are_sent_where_that_is_wanted_and_none_after_the_end(sdk: Sdk) -> None:
    end = tracing.begin(ON)
    try:
        with tracing.span("Hold", PARENT, by="alice"), tracing.span("ARI POST", path="/ari/channels/1/mute"):
            pass
    finally:
        end()
    with tracing.span("Hold", PARENT):
        pass
    assert sdk.spans == [
        ("Hold", {"traceparent": PARENT}, {"by": "alice"}),
        ("ARI POST", None, {"path": "/ari/channels/1/mute"}),
    ]
    assert (sdk.processors, sdk.ended) == ([("batch", "exporter")], True)


def test_without_an_endpoint_none_is_sent_though_opentelemetry_is_there(sdk: Sdk) -> None:
    end = tracing.begin({})
    with tracing.span("Hold", PARENT):
        pass
    end()
    assert sdk.spans == []


def test_without_opentelemetry_that_is_reported_and_all_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with capture_logs() as logs:
        end = tracing.begin(ON)
    with tracing.span("Hold", PARENT):
        pass
    end()
    assert [line["event"] for line in logs] == ["traces_not_sent"]
