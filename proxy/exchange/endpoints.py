"""Several upstreams that hold the same: one is asked, the others stand by.

Each Connect replica has a database of its own, so hopping would make versions jump: requests stay with the pinned one
until it fails them, and with the one that answered instead from then on. A request goes on to the next endpoint within
its deadline if it may be repeated, or if provably nothing of it has left. Which endpoints there are is the roster's
affair; whether one may be asked is its breaker's.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from proxy.admission.circuit_breaker import BreakerState
from proxy.clock import Clock
from proxy.errors import OURS, ErrorKind, UpstreamError, forget_frames
from proxy.exchange.events import Cause, PinMoved
from proxy.exchange.ports import Observer, UpstreamRequest, UpstreamResponse
from proxy.exchange.retry_pause import LEAST_FOR_ATTEMPT_SECONDS
from proxy.exchange.upstream_failures import may_repeat


class Endpoint(Protocol):
    """One upstream behind its breaker."""

    @property
    def number(self) -> int: ...

    @property
    def under_way(self) -> int: ...

    def state(self) -> BreakerState: ...

    def retries_left(self) -> int: ...

    async def send_before(
        self, request: UpstreamRequest, deadline_boot_seconds: float
    ) -> UpstreamResponse: ...

    async def close(self) -> None: ...


class Roster(Protocol):
    """Which endpoints there are."""

    def known(self) -> Sequence[Endpoint]:
        """Return the endpoints in the order in which they are tried."""
        ...

    async def renew(self) -> None:
        """Find out anew, if that can change anything. Raises UpstreamError if there is still none."""
        ...

    async def close(self) -> None:
        """Close every endpoint."""
        ...


class FixedRoster:
    """Endpoints that the settings name."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = tuple(endpoints)

    def known(self) -> Sequence[Endpoint]:
        """Return them all."""
        return self._endpoints

    async def renew(self) -> None:
        """Leave it at that."""

    async def close(self) -> None:
        """Close every endpoint."""
        for endpoint in self._endpoints:
            await endpoint.close()


class Endpoints:
    """An `Upstream` over a roster."""

    def __init__(self, roster: Roster, *, total_seconds: float, clock: Clock, observer: Observer) -> None:
        self._roster = roster
        self._total_seconds = total_seconds
        self._clock = clock
        self._observer = observer
        self._pinned: Endpoint | None = None

    @property
    def pinned(self) -> Endpoint | None:
        """The endpoint that is asked first; None before there is any."""
        known = self._roster.known()
        return self._pinned if self._pinned in known else next(iter(known), None)

    def known(self) -> Sequence[Endpoint]:
        """Return all endpoints there are."""
        return self._roster.known()

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """Ask the pinned endpoint, then the others as far as that is safe. Raises the last one's UpstreamError."""
        deadline_boot_seconds = self._clock.now().boot_seconds + self._total_seconds
        if not self._roster.known():
            await self._roster.renew()
        pin_before, first = self._pinned, self.pinned
        tried: list[Endpoint] = []
        failure: UpstreamError | None = None
        endpoint = first
        while endpoint is not None:
            if tried:
                request = replace(request, cause=Cause.RETRY)
            tried.append(endpoint)
            try:
                response = await endpoint.send_before(request, deadline_boot_seconds)
            except UpstreamError as error:
                if not self._may_go_on(request, error, deadline_boot_seconds):
                    raise
                forget_frames(error)
                failure = error
            else:
                if (
                    endpoint is not pin_before and self._pinned is pin_before
                ):  # else others moved it meanwhile
                    self._pinned = endpoint
                    if pin_before is not None or endpoint is not first:
                        self._observer.notify(PinMoved(endpoint_number=endpoint.number))
                return response
            if endpoint is first:
                await self._roster.renew()
            endpoint = self._next(tried)
        raise failure or UpstreamError(ErrorKind.DNS_ERROR, sent=False)

    async def close(self) -> None:
        """Close every endpoint."""
        await self._roster.close()

    def _next(self, tried: Sequence[Endpoint]) -> Endpoint | None:
        """Return the first endpoint not tried yet, beginning with the pinned one and going round."""
        known, pinned = self._roster.known(), self.pinned
        first = 0 if pinned is None else known.index(pinned)
        round_trip = (*known[first:], *known[:first])
        return next((endpoint for endpoint in round_trip if endpoint not in tried), None)

    def _may_go_on(
        self, request: UpstreamRequest, error: UpstreamError, deadline_boot_seconds: float
    ) -> bool:
        """Tell whether another endpoint may be asked: it would fare better, and never gets a write twice."""
        if error.kind in OURS:
            return False
        left_seconds = deadline_boot_seconds - self._clock.now().boot_seconds
        return left_seconds >= LEAST_FOR_ATTEMPT_SECONDS and (may_repeat(request) or not error.sent)
