"""One upstream's circuit breaker, told the time, the results as HTTP has them, and heard by an observer.

Every change of state leaves once, as an event. A status that opens the breaker has no error kind of its own; those who
are refused meanwhile hear `destination_unavailable`.
"""

from collections.abc import Callable
from typing import assert_never

from proxy.admission.circuit_breaker import (
    BreakerSettings,
    BreakerState,
    CircuitBreaker,
    Pace,
    StateChange,
    Ticket,
)
from proxy.clock import Clock, Instant
from proxy.errors import OURS, ErrorKind, UpstreamError
from proxy.exchange.events import UpstreamStateChanged
from proxy.exchange.ports import Observer
from proxy.exchange.upstream_failures import Verdict
from proxy.exchange.watched_response import BodyEnd

_STATUS_CAUSE = ErrorKind.DESTINATION_UNAVAILABLE


class AnnouncedBreaker:
    """A breaker whose ticket holders report a verdict on the head, then the body's end if the head was well."""

    def __init__(
        self,
        settings: BreakerSettings,
        *,
        number: int,
        clock: Clock,
        observer: Observer,
        jitter: Callable[[], float],
    ) -> None:
        self._breaker = CircuitBreaker(settings)
        self._number = number
        self._clock = clock
        self._observer = observer
        self._jitter = jitter
        self._announced = BreakerState.CLOSED

    def state(self) -> BreakerState:
        """Return the state at this moment."""
        return self._breaker.state(self._clock.now())

    def admit(self, now: Instant, pace: Pace) -> Ticket:
        """Let a request pass. Raises UpstreamError of the kind that opened the breaker."""
        ticket = self._breaker.admit(now, pace)
        cause = self._breaker.cause or _STATUS_CAUSE
        if ticket is None:
            raise UpstreamError(cause, sent=False)
        if ticket.is_probe and self._announced is not BreakerState.HALF_OPEN:
            self._announce(
                StateChange(
                    before=self._announced,
                    after=BreakerState.HALF_OPEN,
                    cause=cause,
                    failures=self._breaker.failures,
                    outage_seconds=self._breaker.since_seconds(now) or 0.0,
                )
            )
        return ticket

    def on_head(self, ticket: Ticket, verdict: Verdict, partition: bytes) -> None:
        """Take the verdict on an answer's head."""
        match verdict:
            case Verdict.FAILED:
                self.on_fault(ticket, _STATUS_CAUSE)
            case Verdict.DUBIOUS:
                self._announce(
                    self._breaker.suspect(
                        ticket,
                        _STATUS_CAUSE,
                        partition=partition,
                        now=self._clock.now(),
                        jitter=self._jitter(),
                    )
                )
            case Verdict.WELL:
                if ticket.is_probe:  # others wait for it: not until a slow client has read its body
                    self._announce(self._breaker.succeeded(ticket, self._clock.now()))
            case _:
                assert_never(verdict)

    def on_body_end(self, ticket: Ticket, end: BodyEnd | ErrorKind) -> None:
        """Take the end of a body whose head was well."""
        match end:
            case BodyEnd.WHOLE:
                self._announce(self._breaker.succeeded(ticket, self._clock.now()))
            case BodyEnd.GIVEN_UP:
                self._breaker.abandoned(ticket)
            case ErrorKind():
                self.on_fault(ticket, end)
            case _:
                assert_never(end)

    def on_fault(self, ticket: Ticket, kind: ErrorKind) -> None:
        """Take an attempt's fault; our own say nothing about the upstream."""
        if kind in OURS:
            self._breaker.abandoned(ticket)
        else:
            now = self._clock.now()
            self._announce(self._breaker.failed(ticket, kind, now=now, jitter=self._jitter()))

    def on_abandoned(self, ticket: Ticket) -> None:
        """Take note that nobody waits for the result any more."""
        self._breaker.abandoned(ticket)

    def _announce(self, change: StateChange | None) -> None:
        if change is None:
            return
        before, self._announced = self._announced, change.after
        self._observer.notify(
            UpstreamStateChanged(
                endpoint_number=self._number,
                before=before,
                state=change.after,
                cause=change.cause,
                failures=change.failures,
                outage_seconds=change.outage_seconds,
            )
        )
