"""Spans over OTLP (opentelemetry-sdk, HTTP), as the standard OTEL_* variables say; loaded only where traces are on.

The SDK samples, batches and sends, in a thread of its own: a collector that is away costs spans, which are counted, and
no request. Facts come as events; what a span is has been decided before.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    set_span_in_context,
)
from opentelemetry.trace import SpanKind as OtelSpanKind

from proxy.exchange.events import Event
from proxy.exchange.spans import SpanEnded, SpanKind
from proxy.semantics.trace_context import TraceContext

_SERVICE = "connect-sidecar"
_QUEUE_VARIABLE, _QUEUED_SPANS = "OTEL_BSP_MAX_QUEUE_SIZE", 2048
_FLUSH_SECONDS = 5.0
"""How long a stop waits for the collector; what it has not taken by then is lost."""

_KINDS = {
    SpanKind.SERVER: OtelSpanKind.SERVER,
    SpanKind.CLIENT: OtelSpanKind.CLIENT,
    SpanKind.INTERNAL: OtelSpanKind.INTERNAL,
}


class Traces:
    """An Observer that sends spans, and the `Sampler` of traces. `exported` and `lost` count spans.

    Raises ValueError if the OTEL_* variables contradict each other.
    """

    def __init__(self, environ: Mapping[str, str], *, version: str) -> None:
        resource = Resource.create({"service.version": version})
        if str(resource.attributes.get("service.name", "")).startswith("unknown_service"):
            resource = resource.merge(Resource({"service.name": _SERVICE}))
        self._resource = resource
        self._scope = InstrumentationScope(_SERVICE, version)
        self._sampler = TracerProvider(resource=resource, shutdown_on_exit=False).sampler
        self._most_queued = int(environ.get(_QUEUE_VARIABLE, "") or _QUEUED_SPANS)
        exporter = _Counted(OTLPSpanExporter(), self)
        self._processor = BatchSpanProcessor(exporter, max_queue_size=self._most_queued)
        self._handed_over = 0
        self.exported = 0
        self.lost = 0

    def samples(self, parent: TraceContext | None, trace_id: int, name: str) -> bool:
        """Go by OTEL_TRACES_SAMPLER: the parent's word, and without a parent all, or a ratio."""
        context = None
        if parent is not None:
            context = set_span_in_context(NonRecordingSpan(_context_of(parent, is_remote=True)))
        decision = self._sampler.should_sample(context, trace_id, name).decision
        return decision is Decision.RECORD_AND_SAMPLE

    def notify(self, event: Event) -> None:
        """Hand a span over; it is lost if too many are waiting to be sent."""
        if not isinstance(event, SpanEnded):
            return
        if self._handed_over - self.exported - self.lost >= self._most_queued:
            self._handed_over += 1
            self.lost += 1
            return
        self._handed_over += 1
        self._processor.on_end(self._readable(event))

    def count(self, spans: int, *, is_sent: bool) -> None:
        """Note what became of a batch; called by the thread that sends, and by no other."""
        if is_sent:
            self.exported += spans
        else:
            self.lost += spans

    async def close(self) -> None:
        """Send what is left, as far as that can be done soon."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def shut_down() -> None:
            self._processor.shutdown()  # type: ignore[no-untyped-call]
            if not loop.is_closed():
                loop.call_soon_threadsafe(done.set)

        # A thread that the interpreter does not wait for: a collector that hangs must not delay the end.
        threading.Thread(target=shut_down, name="tracing-end", daemon=True).start()
        try:
            async with asyncio.timeout(_FLUSH_SECONDS):
                await done.wait()
        except TimeoutError:
            self.lost = self._handed_over - self.exported

    def _readable(self, span: SpanEnded) -> ReadableSpan:
        began = round(span.began.wall_seconds * 1e9)
        lasted = round((span.ended.boot_seconds - span.began.boot_seconds) * 1e9)
        attributes = dict(span.attributes) | ({"error.type": span.error} if span.error else {})
        return ReadableSpan(
            name=span.name,
            kind=_KINDS[span.kind],
            context=_context_of(span.context, is_remote=False),
            parent=None if span.parent is None else _context_of(span.parent, is_remote=False),
            resource=self._resource,
            attributes=attributes,
            links=[Link(_context_of(link, is_remote=False)) for link in span.links],
            status=Status(StatusCode.ERROR if span.error else StatusCode.UNSET),
            start_time=began,
            end_time=began + lasted,
            instrumentation_scope=self._scope,
        )


class _Counted(SpanExporter):
    """An exporter that tells what became of its batches."""

    def __init__(self, exporter: SpanExporter, traces: Traces) -> None:
        self._exporter = exporter
        self._traces = traces

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            self._traces.count(len(spans), is_sent=result is SpanExportResult.SUCCESS)
        return result

    def shutdown(self) -> None:
        """Give up what is being sent."""
        self._exporter.shutdown()


def _context_of(context: TraceContext, *, is_remote: bool) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.is_sampled else TraceFlags.DEFAULT)
    state = TraceState.from_header([context.state]) if context.state else None
    return SpanContext(context.trace_id, context.span_id, is_remote, flags, state)
