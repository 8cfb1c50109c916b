"""Events as Prometheus metrics (prometheus-client), in a registry of our own.

Labels come from closed enums only: never a path, an id, a title or a token. Every name starts with
`connect_sidecar_`, since application pods carry their own http_* series.
"""

from collections.abc import Callable, Sequence

from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from proxy.adapters.metrics.client_side import ClientSide
from proxy.adapters.metrics.figures import (
    ConnectionFigures,
    ConnectionsCollector,
    EndpointFigures,
    EndpointsCollector,
    ExchangeFigures,
    FiguresCollector,
    QueueFigures,
    QueuesCollector,
    StoreFigures,
)
from proxy.adapters.metrics.upstream_side import UpstreamSide
from proxy.exchange.events import Event

__all__ = ["Metrics"]


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
        self._queues = QueuesCollector()
        self._registry.register(self._queues)
        self._sides = (ClientSide(self._registry), UpstreamSide(self._registry))

    def watch_endpoints(self, known: Callable[[], Sequence[EndpointFigures]]) -> None:
        """Take the upstreams' states into every scrape."""
        self._registry.register(EndpointsCollector(known))

    def watch_connections(self, traffic: ConnectionFigures) -> None:
        """Take the traffic port's connections into every scrape."""
        self._registry.register(ConnectionsCollector(traffic))

    def watch_queue(self, tokens: str, queue: QueueFigures) -> None:
        """Take a queue for the upstream into every scrape; `tokens` says whose it is."""
        self._queues.add(tokens, queue)

    def watch(self, store: StoreFigures, exchange: ExchangeFigures) -> None:
        """Take these figures into every scrape."""
        self._registry.register(FiguresCollector(store, exchange))

    def notify(self, event: Event) -> None:
        """Count one event."""
        for side in self._sides:
            side.notify(event)

    def render(self) -> tuple[bytes, str]:
        """Return the exposition text and its media type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
