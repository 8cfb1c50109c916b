"""An OTLP endpoint over HTTP that keeps the spans it is sent, or refuses them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.support.overheard import OVERHEARD


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span as it came over the wire."""

    name: str
    kind: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, object]
    is_error: bool
    began: int
    ended: int
    service: str


class Collector:
    """Keeps spans. `refuses` makes it answer 503, `hangs` nothing at all."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.raw = b""
        self.refuses = False
        self.hangs = False
        self.requests = 0
        self.url = ""
        self.is_over = asyncio.Event()
        self._changed = asyncio.Event()

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def children(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent == parent.id]

    async def until(self, is_enough: Callable[["Collector"], object]) -> None:
        """Wait until what has come is enough."""
        async with asyncio.timeout(20):
            while not is_enough(self):
                self._changed.clear()
                await self._changed.wait()

    async def take(self, request: web.Request) -> web.Response:
        octets = await request.read()
        self.requests += 1
        self._changed.set()
        if self.hangs:
            await self.is_over.wait()
        if self.hangs or self.refuses:
            return web.Response(status=503)
        self.raw += octets
        OVERHEARD.say("a span", octets)
        sent = ExportTraceServiceRequest.FromString(octets)
        for of_resource in sent.resource_spans:
            known = _attributes(of_resource.resource.attributes)
            for of_scope in of_resource.scope_spans:
                self.spans += [_span(span, str(known["service.name"])) for span in of_scope.spans]
        self._changed.set()
        body = ExportTraceServiceResponse().SerializeToString()
        return web.Response(body=body, content_type="application/x-protobuf")


@asynccontextmanager
async def running_collector() -> AsyncIterator[Collector]:
    """Run a collector on a free loopback port for the length of the block."""
    collector = Collector()
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        collector.is_over.set()
        await runner.cleanup()


def _span(span: WireSpan, service: str) -> Span:
    return Span(
        name=span.name,
        kind=WireSpan.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple(link.span_id.hex() for link in span.links),
        attributes=_attributes(span.attributes),
        is_error=span.status.code == Status.STATUS_CODE_ERROR,
        began=span.start_time_unix_nano,
        ended=span.end_time_unix_nano,
        service=service,
    )


def _attributes(pairs: object) -> dict[str, object]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in pairs}  # type: ignore[attr-defined]
