"""Hears when an upstream is back, and says so: after a restart it may wait for a request (design rule 14)."""

from collections.abc import Callable

from proxy.admission.circuit_breaker import BreakerState
from proxy.exchange.events import Event, UpstreamStateChanged


class OnRecovery:
    """An `Observer` that calls `then` whenever a breaker closes."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then

    def notify(self, event: Event) -> None:
        """Look for the one event that matters here."""
        if isinstance(event, UpstreamStateChanged) and event.state is BreakerState.CLOSED:
            self._then()
