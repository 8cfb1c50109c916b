"""Cached reads: from the store, by joining a flight, or from the stream of what is too large to keep.

The order of look-up, flight and answer stands here; there is no await between look-up and join.
"""

import asyncio
from dataclasses import replace
from functools import partial
from typing import Generic, assert_never

from proxy.admission.rate_limiter import Balance
from proxy.caching import decisions, selection, validation
from proxy.caching.decisions import Forward, RequestDecision, Reuse, Unsatisfiable
from proxy.caching.generations import Generations
from proxy.caching.profile import FindingT, Profile, SubjectT
from proxy.caching.reasons import ForwardReason
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.crowd import Crowd
from proxy.exchange.errand import Errand
from proxy.exchange.events import Answered, Cause
from proxy.exchange.fetcher import Fetcher
from proxy.exchange.flights import Boarding, Flights
from proxy.exchange.landing import Landed, Landing, Lost, Overflowing
from proxy.exchange.lookup import Lookup
from proxy.exchange.ports import Effort, UpstreamRequest
from proxy.exchange.rate_limits import RateLimits
from proxy.exchange.reasons import OwnReason
from proxy.exchange.relay import LargeResponses, RelayedBody
from proxy.exchange.spans import NO_SPAN, Span, SpanName, Tracing
from proxy.exchange.stored_answers import StoredAnswers
from proxy.semantics.message import Request

_MOST_BOARDINGS = 3
"""How often a request waits for flights that turn out not to be for it before it goes alone."""

_TOO_LATE = Lost(error=ErrorKind.HTTP_RESPONSE_TIMEOUT)


class Reader(Generic[SubjectT, FindingT]):
    """Answers requests whose answers may be reused."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        lookup: Lookup[SubjectT, FindingT],
        answers: StoredAnswers[SubjectT, FindingT],
        generations: Generations,
        fetcher: Fetcher[SubjectT, FindingT],
        large_responses: LargeResponses,
        composer: Composer,
        limits: RateLimits[SubjectT, FindingT],
        crowd: Crowd,
        tracing: Tracing,
        clock: Clock,
        total_seconds: float,
    ) -> None:
        self._profile = profile
        self._lookup = lookup
        self.answers = answers
        self._generations = generations
        self._fetcher = fetcher
        self._large_responses = large_responses
        self._compose = composer
        self._limits = limits
        self._crowd = crowd
        self._tracing = tracing
        self._clock = clock
        self._total_seconds = total_seconds
        self._flights: Flights[Landing] = Flights()

    async def close(self) -> None:
        """Give up all flights."""
        await self._flights.cancel_all()

    async def read(self, subject: SubjectT, request: Request, now: Instant) -> Conclusion | None:
        """Answer a read; None if it must be forwarded by itself, uncollected."""
        deadline = 0.0  # on the loop's clock, once there is something to wait for
        for _ in range(_MOST_BOARDINGS):
            decision = self._look_up(subject, request, now)
            match decision:
                case Reuse():
                    if decision.refresh:
                        self._refresh(subject, request, decision.stored)
                    return self.answers.reused(subject, request, decision, now)
                case Unsatisfiable():
                    return Conclusion.of_failure(self._compose.unsatisfiable(), OwnReason.ONLY_IF_CACHED)
                case Forward():
                    if self._large_responses.is_busy(subject.key):
                        return None  # collapsing would be in vain
                    deadline = deadline or asyncio.get_running_loop().time() + self._total_seconds
                    conclusion = await self._fly(subject, request, decision, deadline)
                    if conclusion is not None:
                        return conclusion
                    now = self._clock.now()
                case _:
                    assert_never(decision)
        return None

    def _look_up(self, subject: SubjectT, request: Request, now: Instant) -> RequestDecision:
        if request.trace is None:
            return self._lookup.on_request(subject, request, now)
        with self._tracing.child(SpanName.LOOK_UP, request.trace) as span:
            decision = self._lookup.on_request(subject, request, now)
            span.note({"connect_sidecar.decision": type(decision).__name__.lower()})
        return decision

    async def read_alone(self, subject: SubjectT, request: Request, decision: Forward) -> Conclusion | None:
        """Answer with what the upstream says to this very request, never with anything stored; keep it as always."""
        generation = self._generations.current(subject.scopes)
        errand = self._errand(subject, request, None, Cause.READ)
        effort = errand.upstream_request.effort
        fly = partial(self._fetcher.fly_once, errand)
        deadline = asyncio.get_running_loop().time() + self._total_seconds
        decision = replace(decision, reason=ForwardReason.BYPASS)
        with self._flights.lead_alone(subject.key, generation, fly) as boarding:
            landing = await self._landing(boarding, deadline, None) or _TOO_LATE
            match landing:
                case Landed():
                    return self._landed(request, decision, boarding, landing, effort)
                case Overflowing():
                    return self._take_over(subject, request, decision, landing, effort)
                case Lost():
                    return self._failed(landing.error, decision.reason, effort)
                case _:
                    assert_never(landing)

    async def fetch(self, subject: SubjectT, request: Request) -> Landing:
        """Ask upstream for no client in particular; whoever wants the same meanwhile may have it, too."""
        generation = self._generations.current(subject.scopes)
        fly = partial(self._fetcher.fly, self._errand(subject, request, None, Cause.CHANGE_CHECK))
        with self._flights.join(subject.key, generation, fly) as boarding:
            return await boarding.landing()

    def is_under_way(self, subject: SubjectT) -> bool:
        """Tell whether a request about the same could be joined."""
        return self._flights.is_under_way(subject.key, self._generations.current(subject.scopes))

    def _failed(self, error: ErrorKind, reason: ForwardReason, effort: Effort) -> Conclusion:
        return Conclusion.of_failure(self._compose.failed(error, reason), error, effort)

    def _refresh(self, subject: SubjectT, request: Request, stored: StoredResponse) -> None:
        generation = self._generations.current(subject.scopes)
        if not self._flights.is_under_way(subject.key, generation):
            errand = self._errand(subject, request, stored, Cause.REFRESH)
            self._flights.join(subject.key, generation, partial(self._fetcher.fly, errand))

    async def _fly(
        self, subject: SubjectT, request: Request, decision: Forward, deadline: float
    ) -> Conclusion | None:
        """Board a flight; None if what landed is not for this request."""
        if self._crowd.is_too_large:
            return Conclusion.of_failure(self._compose.busy(decision.reason), OwnReason.BUSY)
        generation = self._generations.current(subject.scopes)
        if not (decision.collapse and self._flights.is_under_way(subject.key, generation)):
            balance = self._limits.refuses_forwarding(subject, self._clock.now())
            if balance is not None:
                return self._limited(subject, request, balance)
        errand = self._errand(subject, request, decision.stored, Cause.READ)
        effort = errand.upstream_request.effort
        fly = partial(self._fetcher.fly, errand)
        board = self._flights.join if decision.collapse else self._flights.lead_alone
        with board(subject.key, generation, fly) as boarding, self._wait_span(boarding, request) as span:
            landing = await self._landing(boarding, deadline, subject.rules.answer_stale_after_seconds)
            span.link(boarding.trace)
            if landing is None:
                stale = self.answers.while_waiting(subject, request, OwnReason.SLOW)
                if stale is not None:
                    return stale
                landing = await self._landing(boarding, deadline, None) or _TOO_LATE
            match landing:
                case Landed():
                    return self._disembark(subject, request, decision, boarding, landing, effort)
                case Overflowing():
                    return self._take_over(subject, request, decision, landing, effort)
                case Lost():
                    stale = self.answers.instead_of(subject, request, landing.error)
                    return stale or self._failed(landing.error, decision.reason, effort)
                case _:
                    assert_never(landing)

    def _wait_span(self, boarding: Boarding[Landing], request: Request) -> Span:
        if boarding.is_leader:  # the flight's own span says it
            return NO_SPAN
        return self._tracing.child(SpanName.WAIT, request.trace)

    def _limited(self, subject: SubjectT, request: Request, balance: Balance) -> Conclusion:
        """Answer a read above its token's budget: never with anything that this token may not have right now."""
        stale = None
        if self._limits.serves_stale:
            stale = self.answers.while_waiting(subject, request, OwnReason.RATE_LIMITED)
        return stale or Conclusion.of_limit(self._compose.limited(balance))

    async def _landing(
        self, boarding: Boarding[Landing], deadline: float, patience_seconds: float | None
    ) -> Landing | None:
        """Wait for a flight; None if patience ends first, Lost if the deadline does."""
        ends = deadline
        if patience_seconds is not None:
            ends = min(deadline, asyncio.get_running_loop().time() + patience_seconds)
        landing = await boarding.landing_before(ends)
        if landing is None and ends == deadline:
            return _TOO_LATE
        return landing

    def _disembark(
        self,
        subject: SubjectT,
        request: Request,
        decision: Forward,
        boarding: Boarding[Landing],
        landed: Landed,
        effort: Effort,
    ) -> Conclusion | None:
        status = landed.response.status
        if self._profile.is_outage(subject, status, self._clock.now()):
            failure = status if decisions.is_failure(status) else ErrorKind.DESTINATION_UNAVAILABLE
            stale = self.answers.instead_of(subject, request, failure)
            if stale is not None:
                return stale
        if not boarding.is_leader and not _may_share(request, boarding, landed):
            return None
        return self._landed(request, decision, boarding, landed, effort)

    def _landed(
        self,
        request: Request,
        decision: Forward,
        boarding: Boarding[Landing],
        landed: Landed,
        effort: Effort,
    ) -> Conclusion:
        collapsed = not boarding.is_leader
        answer = self._compose.landed(
            request, landed, decision.reason, self._clock.now(), is_collapsed=collapsed
        )
        return Conclusion(
            answer=answer,
            cache=Answered.COLLAPSED if collapsed else Answered.FORWARDED,
            why=decision.reason,
            not_stored=landed.not_stored,
            version=landed.version,
            effort=effort,
        )

    def _take_over(
        self,
        subject: SubjectT,
        request: Request,
        decision: Forward,
        landing: Overflowing,
        effort: Effort,
    ) -> Conclusion | None:
        """Stream what was too much to collect, if it is what a direct request would have got."""
        if validation.shapes_answer(request):
            return None
        answer = landing.claim()
        if answer is None:
            return None
        release = self._large_responses.occupy(subject.key)
        relayed = self._compose.forwarded(answer.head, RelayedBody(answer, release), decision.reason)
        return Conclusion.of_forwarding(relayed, decision.reason, effort, landing.reason)

    def _errand(
        self, subject: SubjectT, request: Request, stored: StoredResponse | None, cause: Cause
    ) -> Errand[SubjectT]:
        fields = validation.upstream_fields(self._compose.upstream_fields(request))
        validating = (
            stored if stored is not None and validation.has_origin_validators(stored.response) else None
        )
        if validating is not None:
            fields = validation.conditional_fields(fields, validating.response)
        upstream_request = UpstreamRequest(
            method=subject.key.method,
            target=request.target,
            fields=fields,
            partition=subject.key.partition,
            peer=request.peer.party,
            cause=cause,
            trace=request.trace,
        )
        return Errand(
            subject=subject,
            request=request,
            upstream_request=upstream_request,
            validating=validating,
            span_name=SpanName.FETCH if stored is None else SpanName.VALIDATE,
            caused_by=request.trace if cause is Cause.REFRESH else None,
        )


def _may_share(request: Request, boarding: Boarding[Landing], landed: Landed) -> bool:
    if landed.stored is not None:
        return selection.matches(landed.stored, request)
    return boarding.is_early and selection.suits_all(landed.response, request)
