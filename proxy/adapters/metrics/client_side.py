"""What clients and operators get, counted: requests, answers, what was not stored and what went."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from proxy.adapters.metrics.buckets import DURATION_SECONDS
from proxy.exchange.events import (
    Event,
    ExchangeFinished,
    Invalidated,
    Limited,
    ModeChanged,
    Purged,
    Reloaded,
    ReloadOutcome,
    WouldBeHit,
)


class ClientSide:
    """An Observer of exchanges, writes and operators."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "connect_sidecar_requests",
            "Client requests by resource, how they were answered, why so, and what they came to.",
            ["resource", "cache", "why", "result"],
            registry=registry,
        )
        self._durations = Histogram(
            "connect_sidecar_request_duration_seconds",
            "Time from a client's request to its answer's head.",
            ["cache"],
            buckets=DURATION_SECONDS,
            registry=registry,
        )
        self._not_stored = Counter(
            "connect_sidecar_not_stored",
            "Complete answers that were not stored, by reason.",
            ["reason"],
            registry=registry,
        )
        self._removed = Counter(
            "connect_sidecar_invalidated_responses",
            "Stored responses that went because of a write or a purge.",
            ["cause"],
            registry=registry,
        )
        self._would_be_hits = Counter(
            "connect_sidecar_would_be_hits",
            "Reads forwarded in mode observe that the store could have answered: with the same bytes, or others.",
            ["resource", "bytes"],
            registry=registry,
        )
        self._limited = Counter(
            "connect_sidecar_limited_requests",
            "Requests above their token's budget; refused only where that is enforced.",
            ["budget", "enforced"],
            registry=registry,
        )
        self._mode_changes = Counter(
            "connect_sidecar_mode_changes", "How often the mode was switched.", registry=registry
        )

        self._reloads = Counter(
            "connect_sidecar_reloads",
            "How often settings were read anew, and what became of them.",
            ["outcome"],
            registry=registry,
        )
        self._is_refused = Gauge(
            "connect_sidecar_reload_refused",
            "1 while the settings, as they were read last, are refused and older ones go on.",
            registry=registry,
        )

    def notify(self, event: Event) -> None:
        """Count one event, if it is one of these."""
        match event:
            case ExchangeFinished():
                self._exchange(event)
            case Invalidated():
                self._removed.labels(f"write_{event.outcome}").inc(event.removed)
            case Purged():
                self._removed.labels("purge").inc(event.removed)
            case WouldBeHit():
                self._would_be_hits.labels(event.resource, "wrong" if event.is_wrong else "right").inc()
            case Limited():
                self._limited.labels(event.budget, str(event.is_enforced).lower()).inc()
            case Reloaded():
                self._reload(event.outcome)
            case ModeChanged():
                self._mode_changes.inc()
            case _:
                pass

    def _reload(self, outcome: ReloadOutcome) -> None:
        self._reloads.labels(outcome).inc()
        self._is_refused.set(float(outcome is ReloadOutcome.REFUSED))

    def _exchange(self, event: ExchangeFinished) -> None:
        self._requests.labels(event.resource, event.cache, event.why, event.result).inc()
        self._durations.labels(event.cache).observe(event.duration_seconds)
        if event.not_stored is not None:
            self._not_stored.labels(event.not_stored).inc()
