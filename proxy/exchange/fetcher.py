"""What a flight does: one request upstream, again where that is due, and one complete answer to learn from."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Generic, NamedTuple

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching import decisions
from proxy.caching.generations import Generations
from proxy.caching.profile import Doubt, FindingT, Profile, Sent, SubjectT
from proxy.caching.reasons import UNSHARED, NotStoredReason
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind, UpstreamError, forget_frames
from proxy.exchange.buffering import BodyCollector
from proxy.exchange.errand import Errand
from proxy.exchange.events import Cause
from proxy.exchange.flights import Flight
from proxy.exchange.landing import Landed, Landing, Lost, Overflowing
from proxy.exchange.learner import Learner
from proxy.exchange.ports import Upstream, UpstreamRequest, UpstreamResponse
from proxy.exchange.spans import Span, Tracing
from proxy.semantics import forwarding
from proxy.semantics.message import Fields, Response
from proxy.semantics.trace_context import TraceContext

_NO_FIELDS: Fields = CIMultiDictProxy(CIMultiDict())

_HEALTH_SECONDS = 2.0

_FIRST_HOLD_SECONDS = 0.1
_LONGEST_HOLD_SECONDS = 0.8


class _Fetched(NamedTuple):
    """A complete answer, with when it was asked for and when it came."""

    response: Response
    sent: Sent
    received: Instant


class Fetcher(Generic[SubjectT, FindingT]):
    """Performs errands, each within `total_seconds` from departure to the last collected octet."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        upstream: Upstream,
        generations: Generations,
        learner: Learner[SubjectT, FindingT],
        collector: BodyCollector,
        clock: Clock,
        tracing: Tracing,
        total_seconds: float,
    ) -> None:
        self._profile = profile
        self._upstream = upstream
        self._generations = generations
        self._learner = learner
        self._collector = collector
        self._clock = clock
        self._tracing = tracing
        self._total_seconds = total_seconds

    async def fly(self, errand: Errand[SubjectT], flight: Flight[Landing]) -> Landing:
        """Perform an errand. Faults of the upstream are landings, not exceptions."""
        asked = self._clock.now()
        with self._span(errand) as span:
            flight.trace = span.context
            errand = _inside(span, errand)
            landing = await self._fly(errand, flight, asked)
            landing = await self._held_back(errand, flight, landing, asked)
            _tell(span, landing)
        return landing

    async def fly_once(self, errand: Errand[SubjectT], flight: Flight[Landing]) -> Landing:
        """Perform an errand and take what comes, whether or not it shows what was written."""
        with self._span(errand) as span:
            flight.trace = span.context
            landing = await self._fly(_inside(span, errand), flight, self._clock.now())
            _tell(span, landing)
        return landing

    def _span(self, errand: Errand[SubjectT]) -> Span:
        if errand.caused_by is not None:
            return self._tracing.follow_up(errand.span_name, errand.caused_by)
        return self._tracing.child(errand.span_name, errand.upstream_request.trace)

    async def _fly(self, errand: Errand[SubjectT], flight: Flight[Landing], asked: Instant) -> Landing:
        sent = Sent(at=asked, generation=flight.generation, latest=self._generations.latest)
        return await self._attempt(errand, flight, sent, self._total_seconds)

    async def _held_back(
        self, errand: Errand[SubjectT], flight: Flight[Landing], landing: Landing, asked: Instant
    ) -> Landing:
        """Ask again until an answer shows what was written, or has been held back for long enough."""
        subject, pause_seconds = errand.subject, _FIRST_HOLD_SECONDS
        while isinstance(landing, Landed):
            left_seconds = self._profile.hold_seconds(subject, asked, self._clock.now())
            if left_seconds <= 0:
                break
            if errand.upstream_request.cause is not Cause.HOLD:
                errand = replace(errand, upstream_request=replace(errand.upstream_request, cause=Cause.HOLD))
            await asyncio.sleep(min(pause_seconds, left_seconds))
            pause_seconds = min(2 * pause_seconds, _LONGEST_HOLD_SECONDS)
            later = await self._attempt(errand, flight, self._sent_now(subject), left_seconds)
            if not isinstance(later, Landed) or self._learner.is_passing(subject, later.upstream_status):
                later.abandon()
                break
            landing = later
        return landing

    def _sent_now(self, subject: SubjectT) -> Sent:
        generations = self._generations
        return Sent(
            at=self._clock.now(),
            generation=generations.current(subject.scopes),
            latest=generations.latest,
        )

    async def _attempt(
        self, errand: Errand[SubjectT], flight: Flight[Landing], sent: Sent, limit_seconds: float
    ) -> Landing:
        try:
            async with asyncio.timeout(limit_seconds):
                fetched = await self._fetch(errand, flight, sent)
        except UpstreamError as error:
            forget_frames(error)
            return Lost(error=error.kind)
        except TimeoutError:
            return Lost(error=ErrorKind.HTTP_RESPONSE_TIMEOUT)
        if isinstance(fetched, Overflowing):
            return fetched
        # What it takes us to read it is not the upstream's time.
        return await self._learner.land(errand, fetched.response, flight, fetched.sent, fetched.received)

    async def _fetch(
        self, errand: Errand[SubjectT], flight: Flight[Landing], sent: Sent
    ) -> _Fetched | Overflowing:
        answer = await self._upstream.send(errand.upstream_request)
        received = self._clock.now()
        doubt = self._profile.doubts(errand.subject, answer.head.status, received)
        if doubt is not None:
            answer, sent = await self._ask_again(errand, sent, answer, doubt)
            received = self._clock.now()
        flight.head_seen = True
        refused = decisions.on_response_head(errand.request, answer.head, errand.subject.rules)
        if refused is not None:
            flight.close()
            if refused.reason in UNSHARED:
                return self._learner.overflow(errand, answer, sent, refused.reason)
        body = await self._collector.collect(answer)
        if body is None:
            flight.close()
            return self._learner.overflow(errand, answer, sent, NotStoredReason.TOO_LARGE)
        head = answer.head
        fields = CIMultiDictProxy(forwarding.forwarded(head.fields))
        response = Response(status=head.status, reason=head.reason, fields=fields, body=body)
        return _Fetched(response, sent, received)

    async def _ask_again(
        self, errand: Errand[SubjectT], sent: Sent, answer: UpstreamResponse, doubt: Doubt
    ) -> tuple[UpstreamResponse, Sent]:
        """Ask once more for what may have been refused by mistake, before anybody hears of it (rule 2)."""
        answer.close()
        if doubt.is_noted:
            self._learner.take_note(errand.subject, answer.head, sent)
        if doubt.health_target is not None:
            await self._ask_for_health(doubt.health_target, errand.upstream_request.trace)
        await asyncio.sleep(doubt.pause_seconds)
        sent = replace(sent, at=self._clock.now())
        again = replace(errand.upstream_request, cause=Cause.SECOND_LOOK)
        return await self._upstream.send(again), sent

    async def _ask_for_health(self, target: str, trace: TraceContext | None) -> None:
        """Hear the witness, if it answers soon: a client waits meanwhile."""
        request = UpstreamRequest(
            method="GET", target=target, fields=_NO_FIELDS, cause=Cause.HEALTH, trace=trace
        )
        with suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(_HEALTH_SECONDS):
                answer = await self._upstream.send(request)
                body = await self._collector.collect(answer)
            if body is None:
                answer.close()
                return
            head = answer.head
            told = Response(status=head.status, reason=head.reason, fields=head.fields, body=body)
            self._profile.health_told(told, self._clock.now())


def _inside(span: Span, errand: Errand[SubjectT]) -> Errand[SubjectT]:
    if span.context is None:
        return errand
    return replace(errand, upstream_request=replace(errand.upstream_request, trace=span.context))


def _tell(span: Span, landing: Landing) -> None:
    match landing:
        case Landed():
            kept = "stored" if landing.stored is not None else landing.not_stored or ""
            span.note({"connect_sidecar.kept": kept})
        case Overflowing():
            span.note({"connect_sidecar.kept": landing.reason})
        case Lost():
            span.fail(landing.error)
