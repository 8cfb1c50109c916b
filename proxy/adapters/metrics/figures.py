"""Figures that are read when scraped: whoever they are about pays nothing for them in between."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from proxy.admission.circuit_breaker import BreakerState
from proxy.exchange.mode import Mode


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
    def mode(self) -> Mode: ...

    @property
    def requests_under_way(self) -> int: ...

    @property
    def buffered_bytes(self) -> int: ...

    @property
    def writes_waiting(self) -> int: ...


class QueueFigures(Protocol):
    """What a queue for the upstream tells of itself when scraped."""

    @property
    def in_use(self) -> int: ...

    @property
    def waiting(self) -> int: ...


class EndpointFigures(Protocol):
    """What an upstream tells of itself when scraped."""

    @property
    def number(self) -> int: ...

    def state(self) -> BreakerState: ...


class EndpointsCollector(Collector):
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


class ConnectionFigures(Protocol):
    """What the traffic port tells of itself when scraped."""

    @property
    def open_connections(self) -> int: ...

    @property
    def turned_away(self) -> int: ...


class ConnectionsCollector(Collector):
    """Reads the traffic port's connections when scraped."""

    def __init__(self, traffic: ConnectionFigures) -> None:
        self._traffic = traffic

    def collect(self) -> Iterable[Metric]:
        """Return the figures as they are now."""
        yield GaugeMetricFamily(
            "connect_sidecar_client_connections",
            "Client connections that are open.",
            value=self._traffic.open_connections,
        )
        yield CounterMetricFamily(
            "connect_sidecar_client_connections_turned_away",
            "Client connections that were refused because there were too many.",
            value=self._traffic.turned_away,
        )

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: the registry need not collect at registration."""
        return iter(())


class QueuesCollector(Collector):
    """Reads the queues for the upstream when scraped."""

    def __init__(self) -> None:
        self._queues: dict[str, QueueFigures] = {}

    def add(self, tokens: str, queue: QueueFigures) -> None:
        """Take one more queue in."""
        self._queues[tokens] = queue

    def collect(self) -> Iterable[Metric]:
        """Return the figures as they are now."""
        in_use = GaugeMetricFamily(
            "connect_sidecar_upstream_requests_under_way",
            "Requests that Connect is answering, by whether it has accepted their tokens before.",
            labels=["tokens"],
        )
        waiting = GaugeMetricFamily(
            "connect_sidecar_upstream_requests_waiting",
            "Requests that wait for their turn to be sent to Connect.",
            labels=["tokens"],
        )
        for tokens, queue in self._queues.items():
            in_use.add_metric([tokens], queue.in_use)
            waiting.add_metric([tokens], queue.waiting)
        yield in_use
        yield waiting

    def describe(self) -> Iterator[Metric]:
        """Describe nothing: the registry need not collect at registration."""
        return iter(())


class FiguresCollector(Collector):
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

        modes = GaugeMetricFamily(
            "connect_sidecar_mode", "1 for the mode the sidecar is in.", labels=["mode"]
        )
        for mode in Mode:
            modes.add_metric([mode], float(mode is self._exchange.mode))
        yield modes
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
