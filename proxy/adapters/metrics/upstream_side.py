"""What reaches Connect, counted: attempts, retries, outages, and requests that no client waited for."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from proxy.adapters.metrics.buckets import DURATION_SECONDS
from proxy.admission.circuit_breaker import BreakerState
from proxy.exchange.events import (
    BackgroundFinished,
    Event,
    PinMoved,
    Retry,
    UpstreamAnswered,
    UpstreamRetried,
    UpstreamStateChanged,
)


class UpstreamSide:
    """An Observer of upstreams and background requests."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._durations = Histogram(
            "connect_sidecar_upstream_request_duration_seconds",
            "Time from sending a request to Connect to the head of its answer.",
            ["result"],
            buckets=DURATION_SECONDS,
            registry=registry,
        )
        self._retries = Counter(
            "connect_sidecar_upstream_retries",
            "Reads that Connect failed and that were sent again, or were not for want of budget.",
            ["outcome"],
            registry=registry,
        )
        for retry in Retry:
            self._retries.labels(retry)
        self._openings = Counter(
            "connect_sidecar_upstream_breaker_openings",
            "How often Connect was found down, by why.",
            ["endpoint", "why"],
            registry=registry,
        )
        self._pin_moves = Counter(
            "connect_sidecar_upstream_switches",
            "How often requests went over to another of several upstreams.",
            registry=registry,
        )
        self._background = Counter(
            "connect_sidecar_background_requests",
            "Requests to Connect that no client waited for, by cause and outcome.",
            ["cause", "outcome"],
            registry=registry,
        )

    def notify(self, event: Event) -> None:
        """Count one event, if it is one of these."""
        match event:
            case UpstreamAnswered():
                result = event.error or (f"{event.status // 100}xx" if event.status else "none")
                self._durations.labels(result).observe(event.duration_seconds)
            case UpstreamRetried():
                self._retries.labels(event.retry).inc()
            case UpstreamStateChanged():
                if event.before is BreakerState.CLOSED:
                    self._openings.labels(str(event.endpoint_number), event.cause).inc()
            case PinMoved():
                self._pin_moves.inc()
            case BackgroundFinished():
                self._background.labels(event.cause, event.outcome).inc()
            case _:
                pass
