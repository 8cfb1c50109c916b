"""Events and figures as Prometheus metrics (prometheus-client), in a registry of our own.

What happens often is counted in plain integers (`ledger`), what somebody else knows is asked for when scraped
(`figures`). Labels come from closed enums, but for the names of accepted tokens: never a path, an id, a title or a
token. `python -m proxy.adapters.metrics.reference` renders the catalogue as a page.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from proxy.adapters.metrics.cache import Cache
from proxy.adapters.metrics.clients import Clients
from proxy.adapters.metrics.figures import (
    AuditFigures,
    ConnectionFigures,
    EndpointFigures,
    ExchangeFigures,
    LaneFigures,
    LogFigures,
    LoopFigures,
    ProfileFigures,
    QueueFigures,
    SpanFigures,
    StoreFigures,
)
from proxy.adapters.metrics.itself import Itself
from proxy.adapters.metrics.ledger import Cell
from proxy.adapters.metrics.section import Section
from proxy.adapters.metrics.tokens import TokensAndLimits
from proxy.adapters.metrics.upstream import UpstreamSide
from proxy.clock import Clock
from proxy.config.container_memory import memory_limit_bytes
from proxy.exchange.events import Event, ExchangeFinished

__all__ = ["Metrics"]


class Metrics:
    """An Observer that counts, and the text that Prometheus scrapes. `upstream` is host and port of Connect."""

    def __init__(self, *, version: str, upstream: str, clock: Clock) -> None:
        self._clients = Clients(clock)
        self._tokens = TokensAndLimits(clock)
        self._cache = Cache(clock)
        self._upstream = UpstreamSide(upstream, clock)
        self._itself = Itself(version, memory_limit_bytes)
        sections: tuple[Section, ...] = (
            self._clients,
            self._tokens,
            self._cache,
            self._upstream,
            self._itself,
        )
        self._registry = CollectorRegistry(auto_describe=False)
        self._takers: dict[type[Event], tuple[Callable[[Any], None], ...]] = {}
        for section in sections:
            self._registry.register(_Collected(section))
            for event, take in section.hearing().items():
                self._takers[event] = (*self._takers.get(event, ()), take)

    def notify(self, event: Event) -> None:
        """Count one event."""
        for take in self._takers.get(type(event), ()):
            take(event)

    def cell(self, finished: ExchangeFinished) -> Cell:
        """Return where exchanges are counted that end like this one, for who has many of them."""
        return self._clients.cell(finished)

    def render(self, accept: str = "") -> tuple[bytes, str]:
        """Return the exposition text and its media type: OpenMetrics where `Accept` names it."""
        try:
            encode, media_type = choose_encoder(accept)
        except (TypeError, ValueError):  # a version that is no number
            encode, media_type = choose_encoder("")
        return encode(self._registry), media_type

    def watch(self, store: StoreFigures, exchange: ExchangeFigures) -> None:
        """Take the store and the exchange into every scrape."""
        self._cache.store = store
        self._cache.exchange = self._clients.exchange = exchange

    def watch_profile(self, profile: ProfileFigures) -> None:
        """Take tokens, fences and promised ages into every scrape."""
        self._clients.profile = self._tokens.profile = self._cache.profile = profile

    def watch_endpoints(self, known: Callable[[], Sequence[EndpointFigures]]) -> None:
        """Take the upstreams' states and budgets into every scrape."""
        self._upstream.endpoints = known

    def watch_queue(self, tokens: str, queue: QueueFigures) -> None:
        """Take a queue for the upstream into every scrape; `tokens` says whose it is."""
        self._upstream.queues[tokens] = queue

    def watch_connections(self, traffic: ConnectionFigures) -> None:
        """Take the traffic port's connections into every scrape."""
        self._clients.connections = traffic

    def watch_loop(self, loop: LoopFigures) -> None:
        """Take the event loop's lag into every scrape."""
        self._clients.loop = loop

    def watch_lane(self, lane: LaneFigures | None) -> None:
        """Take the express lane into every scrape; None: there is none."""
        self._clients.lane = lane

    def watch_audit(self, audit: AuditFigures) -> None:
        """Take the audit's figures into every scrape."""
        self._itself.audit = audit

    def watch_log(self, log: LogFigures) -> None:
        """Take the log's figures into every scrape."""
        self._itself.log = log

    def watch_spans(self, spans: SpanFigures) -> None:
        """Take the span exporter's figures into every scrape."""
        self._itself.spans = spans


class _Collected(Collector):
    """A section as the registry knows one."""

    def __init__(self, section: Section) -> None:
        self._section = section

    def collect(self) -> Iterable[Metric]:
        return self._section.collect()

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: the registry need not collect at registration."""
        return iter(())
