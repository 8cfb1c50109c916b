"""One upstream behind its circuit breaker, with its few retries.

Retried is what can be repeated (a safe method without a body) and failed fast, after a short pause, within a budget and
within the deadline; the connection's own second try (RFC 9112 section 9.3.1) is the client adapter's and not counted
here. Every attempt is reported to the breaker: by the head where it fails, by the end of the body where it doesn't.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from multidict import CIMultiDictProxy

from proxy.admission.circuit_breaker import BreakerSettings, BreakerState, Pace, Ticket
from proxy.admission.retry_budget import RetryBudget, RetryBudgetSettings
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind, UpstreamError, forget_frames
from proxy.exchange import retry_pause
from proxy.exchange.announced_breaker import AnnouncedBreaker
from proxy.exchange.events import Cause, Retry, UpstreamAnswered, UpstreamRetried
from proxy.exchange.ports import Observer, Upstream, UpstreamRequest, UpstreamResponse
from proxy.exchange.spans import NO_TRACING, SpanKind, Tracing
from proxy.exchange.upstream_failures import Verdict, is_worth_a_retry, may_repeat, verdict_on
from proxy.exchange.watched_response import BodyEnd, WatchedResponse
from proxy.semantics import trace_context
from proxy.semantics.message import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSettings:
    """`retry_attempts` after the first; `total_seconds` from the start of `send` to the last attempt's answer."""

    retry_attempts: int = 1
    total_seconds: float = 15.0
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    budget: RetryBudgetSettings = field(default_factory=RetryBudgetSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAddress:
    """Where an upstream is, for spans."""

    host: str = ""
    port: int = 0


class ClosableUpstream(Upstream, Protocol):
    """An upstream whose connections can be closed."""

    async def close(self) -> None:
        """Close all connections."""
        ...


class GuardedUpstream:
    """An `Upstream` around another. `jitter` returns numbers from 0 to 1; `number` names it in events."""

    def __init__(
        self,
        upstream: ClosableUpstream,
        *,
        number: int,
        settings: GuardSettings,
        clock: Clock,
        observer: Observer,
        jitter: Callable[[], float],
        tracing: Tracing = NO_TRACING,
        address: UpstreamAddress = UpstreamAddress(),
    ) -> None:
        self._upstream = upstream
        self._tracing = tracing
        self._address = address
        self._settings = settings
        self._clock = clock
        self._observer = observer
        self._jitter = jitter
        self._breaker = AnnouncedBreaker(
            settings.breaker, number=number, clock=clock, observer=observer, jitter=jitter
        )
        self._budget = RetryBudget(settings.budget)
        self._under_way = 0
        self.number = number

    @property
    def under_way(self) -> int:
        """Requests that wait for their answer or whose answer is being read."""
        return self._under_way

    def state(self) -> BreakerState:
        """Return the breaker's state at this moment."""
        return self._breaker.state()

    def retries_left(self) -> int:
        """Return how many retries the budget has left at this moment."""
        return self._budget.left(self._clock.now())

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """Send a request, again if need be. Raises UpstreamError, with the outage's kind if nothing was sent."""
        return await self.send_before(request, self._boot_seconds() + self._settings.total_seconds)

    async def send_before(self, request: UpstreamRequest, deadline_boot_seconds: float) -> UpstreamResponse:
        """Do as `send` does, with a deadline that is given."""
        self._under_way += 1
        try:
            return await self._send(request, deadline_boot_seconds)
        finally:
            self._under_way -= 1

    async def close(self) -> None:
        """Close the upstream's connections."""
        await self._upstream.close()

    async def _send(self, request: UpstreamRequest, deadline_boot_seconds: float) -> UpstreamResponse:
        now = self._clock.now()
        self._budget.note_request(now)
        most_retries = self._settings.retry_attempts if may_repeat(request) else 0
        for retries in range(most_retries):
            result = await self._attempt(request, now, deadline_boot_seconds)
            if not await self._gets_another_chance(result, retries, deadline_boot_seconds):
                return _answer_of(result)
            request, now = replace(request, cause=Cause.RETRY), self._clock.now()
        return _answer_of(await self._attempt(request, now, deadline_boot_seconds))

    async def _attempt(
        self, request: UpstreamRequest, now: Instant, deadline_boot_seconds: float
    ) -> WatchedResponse | UpstreamError:
        """Send once. Returns a fault of the upstream; raises those of others, and if the breaker refuses."""
        ticket = self._breaker.admit(now, Pace.OURS if request.body is None else Pace.CLIENTS)
        began_boot_seconds = now.boot_seconds
        request.effort.attempts += 1
        try:
            response = await self._send_once(request)
        except UpstreamError as error:
            self._report(request, error.kind, began_boot_seconds)
            self._breaker.on_fault(ticket, error.kind)
            return error
        except BaseException as error:
            is_cancelled = isinstance(error, asyncio.CancelledError)
            if is_cancelled and request.body is None and self._boot_seconds() >= deadline_boot_seconds:
                # Nobody left: all the time there was has passed in silence.
                self._report(request, ErrorKind.HTTP_RESPONSE_TIMEOUT, began_boot_seconds)
                self._breaker.on_fault(ticket, ErrorKind.HTTP_RESPONSE_TIMEOUT)
            else:
                self._breaker.on_abandoned(ticket)
            raise
        self._report(request, response.head.status, began_boot_seconds)
        return self._watched(request, response, ticket)

    async def _send_once(self, request: UpstreamRequest) -> UpstreamResponse:
        """Send, inside a span that the upstream hears of if a trace is kept; it ends with the answer's head."""
        if request.trace is None:
            return await self._upstream.send(request)
        with self._tracing.child(request.method, request.trace, SpanKind.CLIENT) as span:
            if span.context is not None:
                fields = CIMultiDictProxy(trace_context.written(request.fields, span.context))
                request = replace(request, fields=fields)
                span.note(
                    {
                        "http.request.method": request.method,
                        "server.address": self._address.host,
                        "server.port": self._address.port,
                        "connect_sidecar.cause": request.cause,
                    }
                )
                if request.effort.attempts > 1:
                    span.note({"http.request.resend_count": request.effort.attempts - 1})
            try:
                response = await self._upstream.send(request)
            except UpstreamError as error:
                span.fail(error.kind)
                raise
            span.note({"http.response.status_code": response.head.status})
            if response.head.status >= 400:  # a client's span fails with these (HTTP semantic conventions)
                span.fail(str(response.head.status))
            return response

    def _watched(
        self, request: UpstreamRequest, response: UpstreamResponse, ticket: Ticket
    ) -> WatchedResponse:
        verdict = verdict_on(request, response.head.status)
        self._breaker.on_head(ticket, verdict, request.partition)
        self._under_way += 1

        def on_end(end: BodyEnd | ErrorKind) -> None:
            self._under_way -= 1
            if verdict is Verdict.WELL:
                self._breaker.on_body_end(ticket, end)

        return WatchedResponse(response, on_end)

    async def _gets_another_chance(
        self, result: WatchedResponse | UpstreamError, retries: int, deadline_boot_seconds: float
    ) -> bool:
        """Tell, after a pause, whether to send again; an answer is kept until that is sure, and then closed."""
        failure, fields = _failure_of(result)
        if not is_worth_a_retry(failure) or self.state() is not BreakerState.CLOSED:
            return False
        now = self._clock.now()
        pause_seconds = retry_pause.seconds(retries, fields, now=now, jitter=self._jitter())
        left_seconds = deadline_boot_seconds - now.boot_seconds
        if pause_seconds is None or pause_seconds + retry_pause.LEAST_FOR_ATTEMPT_SECONDS > left_seconds:
            return False
        if not self._budget.take(now):
            self._observer.notify(UpstreamRetried(endpoint_number=self.number, retry=Retry.NO_BUDGET))
            return False
        try:
            await asyncio.sleep(pause_seconds)
        except BaseException:
            _close(result)
            raise
        if self.state() is not BreakerState.CLOSED:  # others have failed meanwhile
            return False
        _close(result)
        self._observer.notify(UpstreamRetried(endpoint_number=self.number, retry=Retry.SENT))
        return True

    def _report(self, request: UpstreamRequest, result: int | ErrorKind, began_boot_seconds: float) -> None:
        duration_seconds = self._boot_seconds() - began_boot_seconds
        request.effort.seconds += duration_seconds
        self._observer.notify(
            UpstreamAnswered(
                method=request.method,
                cause=request.cause,
                attempt=request.effort.attempts,
                endpoint_number=self.number,
                status=None if isinstance(result, ErrorKind) else result,
                error=result if isinstance(result, ErrorKind) else None,
                duration_seconds=duration_seconds,
                trace_id="" if request.trace is None else request.trace.trace_id_digits,
            )
        )

    def _boot_seconds(self) -> float:
        return self._clock.now().boot_seconds


def _answer_of(result: WatchedResponse | UpstreamError) -> WatchedResponse:
    if isinstance(result, UpstreamError):
        raise result
    return result


def _failure_of(result: WatchedResponse | UpstreamError) -> tuple[ErrorKind | int, Fields | None]:
    if isinstance(result, UpstreamError):
        return result.kind, None
    return result.head.status, result.head.fields


def _close(result: WatchedResponse | UpstreamError) -> None:
    if isinstance(result, WatchedResponse):
        result.close()
    else:
        forget_frames(result)
