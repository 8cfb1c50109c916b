"""Since when an upstream has failed, and how: from its first failed attempt until one does not fail.

The breaker opens only after several failures; somebody who asks wants to know of the first. A failure is no answer, 408
or 5xx, as for the metric `connect_sidecar_upstream_up`.
"""

from dataclasses import dataclass

from proxy.admission.circuit_breaker import BreakerState
from proxy.caching.decisions import is_failure
from proxy.clock import Instant
from proxy.errors import OURS, ErrorKind
from proxy.exchange.events import Event, UpstreamAnswered, UpstreamStateChanged

_MOST = 64
"""Endpoints of a headless Service come and go; whose number is gone can't succeed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """`why` is the latest failure: a kind, or the status of an answer."""

    since: Instant
    why: ErrorKind | int


class Outages:
    """The endpoints that fail, by number."""

    def __init__(self) -> None:
        self._failing: dict[int, Outage] = {}

    def of(self, endpoint_number: int) -> Outage | None:
        """Return the outage of an endpoint; None while it answers."""
        return self._failing.get(endpoint_number)

    def attempted(self, event: UpstreamAnswered, now: Instant) -> None:
        """Take the result of an attempt."""
        why = event.error if event.error is not None else event.status
        if why is None or why in OURS:
            return
        if isinstance(why, ErrorKind) or is_failure(why):
            began = Instant(
                wall_seconds=now.wall_seconds - event.duration_seconds,
                boot_seconds=now.boot_seconds - event.duration_seconds,
            )
            self._fails(event.endpoint_number, began, why)
        else:
            self._failing.pop(event.endpoint_number, None)

    def notify(self, event: Event, now: Instant) -> None:
        """Take a breaker's change of state: bodies that break off open it, too."""
        if not isinstance(event, UpstreamStateChanged):
            return
        if event.state is BreakerState.CLOSED:
            self._failing.pop(event.endpoint_number, None)
        elif event.endpoint_number not in self._failing:
            began = Instant(
                wall_seconds=now.wall_seconds - event.outage_seconds,
                boot_seconds=now.boot_seconds - event.outage_seconds,
            )
            self._fails(event.endpoint_number, began, event.cause)

    def _fails(self, number: int, began: Instant, why: ErrorKind | int) -> None:
        before = self._failing.get(number)
        self._failing[number] = Outage(since=began if before is None else before.since, why=why)
        if len(self._failing) > _MOST:
            del self._failing[next(iter(self._failing))]
