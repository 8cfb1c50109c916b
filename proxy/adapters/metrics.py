"""Events as Prometheus metrics (prometheus-client), in a registry of our own.

Labels come from closed enums only: never a path, an id, a title or a token. Every name starts with
`connect_sidecar_`, since application pods carry their own http_* series.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from proxy.admission.circuit_breaker import BreakerState
from proxy.exchange.events import (
    BackgroundFinished,
    Event,
    ExchangeFinished,
    Invalidated,
    PinMoved,
    Purged,
    Retry,
    UpstreamAnswered,
    UpstreamRetried,
    UpstreamStateChanged,
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

    @property
    def writes_waiting(self) -> int: ...


class EndpointFigures(Protocol):
    """What an upstream tells of itself when scraped."""

    @property
    def number(self) -> int: ...

    def state(self) -> BreakerState: ...


class _EndpointsCollector(Collector):
    """Reads the breakers' states when scraped: half open is a matter of time, not of an event."""

    def __init__(self, known: Callable[[], Sequence[EndpointFigures]]) -> None:
        self._known = known

    def collect(self) -> Iterable[Metric]:
        """Return 1 for the state each breaker is in, and 0 for the others."""
        states = GaugeMetricFamily(
            "connect_sidecar_upstream_breaker_state",
            "1 for the state the circuit breaker is in.",
            labels=["endpoint", "state"],
        )
        for endpoint in self._known():
            present = endpoint.state()
            for state in BreakerState:
                states.add_metric([str(endpoint.number), state], float(state is present))
        yield states

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: the registry need not collect at registration."""
        return iter(())


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
        yield GaugeMetricFamily(
            "connect_sidecar_writes_waiting",
            "Writes that wait for their turn in their vault.",
            value=self._exchange.writes_waiting,
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

        self._retries = Counter(
            "connect_sidecar_upstream_retries",
            "Reads that Connect failed and that were sent again, or were not for want of budget.",
            ["outcome"],
            registry=self._registry,
        )
        for retry in Retry:
            self._retries.labels(retry)
        self._openings = Counter(
            "connect_sidecar_upstream_breaker_openings",
            "How often Connect was found down, by why.",
            ["endpoint", "why"],
            registry=self._registry,
        )
        self._pin_moves = Counter(
            "connect_sidecar_upstream_switches",
            "How often requests went over to another of several upstreams.",
            registry=self._registry,
        )
        self._background = Counter(
            "connect_sidecar_background_requests",
            "Requests to Connect that no client waited for, by cause and outcome.",
            ["cause", "outcome"],
            registry=self._registry,
        )

    def watch_endpoints(self, known: Callable[[], Sequence[EndpointFigures]]) -> None:
        """Take the upstreams' states into every scrape."""
        self._registry.register(_EndpointsCollector(known))

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
            case UpstreamRetried():
                self._retries.labels(event.retry).inc()
            case UpstreamStateChanged():
                if event.before is BreakerState.CLOSED:
                    self._openings.labels(str(event.endpoint_number), event.cause).inc()
            case PinMoved():
                self._pin_moves.inc()
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
