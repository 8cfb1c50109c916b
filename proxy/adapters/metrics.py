"""Events as Prometheus metrics (prometheus-client), in a registry of our own.

Labels come from closed enums only: never a path, an id, a title or a token. Every name starts with
`connect_sidecar_`, since application pods carry their own http_* series.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from proxy.exchange.events import (
    BackgroundFinished,
    Event,
    ExchangeFinished,
    Invalidated,
    Purged,
    UpstreamAnswered,
)

# OpenTelemetry's advice for http.server.request.duration, with one bucket below for hits.
_DURATION_BUCKETS_SECONDS = (
    0.001,
    0.005,
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.25,
    0.5,
    0.75,
    1.0,
    2.5,
    5.0,
    7.5,
    10.0,
)


class StoreFigures(Protocol):
    """What a store tells of itself when scraped."""

    @property
    def stored_responses(self) -> int: ...

    @property
    def stored_bytes(self) -> int: ...

    @property
    def evictions(self) -> int: ...


class ExchangeFigures(Protocol):
    """What an exchange tells of itself when scraped."""

    @property
    def requests_under_way(self) -> int: ...

    @property
    def buffered_bytes(self) -> int: ...


class _FiguresCollector(Collector):
    """Reads figures when scraped: the hit path pays nothing."""

    def __init__(self, store: StoreFigures, exchange: ExchangeFigures) -> None:
        self._store = store
        self._exchange = exchange

    def collect(self) -> Iterable[Metric]:
        """Return the figures as they are now."""
        yield GaugeMetricFamily(
            "connect_sidecar_stored_responses",
            "Responses in the store.",
            value=self._store.stored_responses,
        )
        yield GaugeMetricFamily(
            "connect_sidecar_stored_bytes",
            "Bytes the store accounts for, overhead included.",
            value=self._store.stored_bytes,
        )
        yield CounterMetricFamily(
            "connect_sidecar_evictions",
            "Responses that went to make room.",
            value=self._store.evictions,
        )

        yield GaugeMetricFamily(
            "connect_sidecar_requests_under_way",
            "Client requests that wait for their answers.",
            value=self._exchange.requests_under_way,
        )
        yield GaugeMetricFamily(
            "connect_sidecar_buffered_bytes",
            "Bytes reserved for bodies that are being collected.",
            value=self._exchange.buffered_bytes,
        )

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: the registry need not collect at registration."""
        return iter(())


class Metrics:
    """An Observer that counts, and the text that Prometheus scrapes."""

    def __init__(self, *, version: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for every one, read by nobody
        self._registry = CollectorRegistry(auto_describe=False)
        build = Gauge(
            "connect_sidecar_build_info",
            "1, labelled with the version.",
            ["version"],
            registry=self._registry,
        )
        build.labels(version).set(1)
        self._requests = Counter(
            "connect_sidecar_requests",
            "Client requests by resource, how they were answered and why they were forwarded.",
            ["resource", "answered", "why"],
            registry=self._registry,
        )
        self._durations = Histogram(
            "connect_sidecar_request_duration_seconds",
            "Time from a client's request to its answer's head.",
            ["answered"],
            buckets=_DURATION_BUCKETS_SECONDS,
            registry=self._registry,
        )
        self._upstream_durations = Histogram(
            "connect_sidecar_upstream_request_duration_seconds",
            "Time from sending a request to Connect to the head of its answer.",
            ["result"],
            buckets=_DURATION_BUCKETS_SECONDS,
            registry=self._registry,
        )
        self._not_stored = Counter(
            "connect_sidecar_not_stored",
            "Complete answers that were not stored, by reason.",
            ["reason"],
            registry=self._registry,
        )
        self._removed = Counter(
            "connect_sidecar_invalidated_responses",
            "Stored responses that went because of a write or a purge.",
            ["cause"],
            registry=self._registry,
        )

        self._background = Counter(
            "connect_sidecar_background_requests",
            "Requests to Connect that no client waited for, by cause and outcome.",
            ["cause", "outcome"],
            registry=self._registry,
        )

    def watch(self, store: StoreFigures, exchange: ExchangeFigures) -> None:
        """Take these figures into every scrape."""
        self._registry.register(_FiguresCollector(store, exchange))

    def notify(self, event: Event) -> None:
        """Count one event."""
        match event:
            case ExchangeFinished():
                self._exchange(event)
            case UpstreamAnswered():
                result = event.error or (f"{event.status // 100}xx" if event.status else "none")
                self._upstream_durations.labels(result).observe(event.duration_seconds)
            case Invalidated():
                self._removed.labels(f"write_{event.outcome}").inc(event.removed)
            case BackgroundFinished():
                self._background.labels(event.cause, event.outcome).inc()
            case Purged():
                self._removed.labels("purge").inc(event.removed)

    def render(self) -> tuple[bytes, str]:
        """Return the exposition text and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST

    def _exchange(self, event: ExchangeFinished) -> None:
        why = event.error or event.forward_reason or "fresh"
        self._requests.labels(event.resource, event.answered, why).inc()
        self._durations.labels(event.answered).observe(event.duration_seconds)
        if event.not_stored is not None:
            self._not_stored.labels(event.not_stored).inc()
