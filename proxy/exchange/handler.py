"""The life of a request from its arrival to its answer: read, write, or pass on, as the mode has it; then report.

Everything that decides is below (`caching`, `connect`); everything that acts is behind a port.
"""

from dataclasses import replace
from typing import Any, Generic, assert_never

from proxy.caching.profile import FindingT, Handling, Profile, SubjectT
from proxy.caching.reasons import ForwardReason
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind
from proxy.exchange.answer import Answer
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.entry import Entry
from proxy.exchange.events import Cause
from proxy.exchange.forwarder import Forwarder
from proxy.exchange.mode import Mode
from proxy.exchange.ports import RequestBody
from proxy.exchange.prober import Prober
from proxy.exchange.rate_limits import RateLimits
from proxy.exchange.reader import Reader
from proxy.exchange.reasons import OwnReason
from proxy.exchange.rehearsal import Rehearsal
from proxy.exchange.relay import RelayedBody
from proxy.exchange.reporter import Reporter
from proxy.exchange.writer import Writer
from proxy.semantics.message import Request, Response


class ExchangeHandler(Generic[SubjectT, FindingT]):
    """Answers requests."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        forwarder: Forwarder[SubjectT, FindingT],
        reader: Reader[SubjectT, FindingT],
        rehearsal: Rehearsal[SubjectT, FindingT],
        writer: Writer[SubjectT, FindingT],
        prober: Prober[SubjectT, FindingT, Any] | None,
        limits: RateLimits[SubjectT, FindingT],
        entry: Entry,
        composer: Composer,
        clock: Clock,
        reporter: Reporter,
        mode: Mode,
    ) -> None:
        self._profile = profile
        self._forwarder = forwarder
        self._reader = reader
        self._rehearsal = rehearsal
        self._writer = writer
        self._prober = prober
        self._limits = limits
        self.entry = entry
        self._compose = composer
        self._clock = clock
        self._reporter = reporter
        self.mode = mode

    async def handle(self, request: Request, body: RequestBody | None) -> Answer:
        """Answer one request. Raises only RequestBodyError (the client's body failed) and cancellation."""
        arrived = self._clock.now()
        subject = self._profile.subject(request, arrived)
        with self._reporter.span(subject, request) as span:
            request = request if span.context is None else replace(request, trace=span.context)
            with self.entry.crowd:
                conclusion = await self._conclude(subject, request, body, arrived)
            ended = self._clock.now()
            conclusion = await self._reporter.report(subject, request, conclusion, span, arrived, ended)
        self._follow_up(subject, request, conclusion, ended)
        fields = self._limits.fields(subject, ended) if self.mode is Mode.CACHE else ()
        return self._compose.with_fields(conclusion.answer, fields) if fields else conclusion.answer

    async def close(self) -> None:
        """Finish the writes under way, give up the flights."""
        await self._writer.finish()
        await self._reader.close()

    async def _conclude(
        self, subject: SubjectT, request: Request, body: RequestBody | None, arrived: Instant
    ) -> Conclusion:
        may_hit = self.mode is Mode.CACHE and subject.handling is Handling.CACHE and body is None
        refusal = self.entry.refusal(request, subject.resource, may_hit=may_hit)
        if refusal is None and self.mode is Mode.CACHE:
            refusal = self._refusal(subject, request, body, arrived)
        if refusal is not None:
            return refusal
        if subject.handling is Handling.WRITE:
            return await self._write(subject, request, body)
        if subject.handling is Handling.PASS or body is not None:
            return await self._forwarder.forward(subject, request, body)
        match self.mode:
            case Mode.CACHE:
                read = await self._reader.read(subject, request, arrived)
                return read or await self._read_alone(subject, request)
            case Mode.OBSERVE:
                read = await self._rehearsal.read(subject, request)
                return read or await self._forwarder.forward(subject, request, body)
            case Mode.PASSTHROUGH:
                return await self._forwarder.forward(subject, request, body)
            case _:
                assert_never(self.mode)

    def _refusal(
        self, subject: SubjectT, request: Request, body: RequestBody | None, now: Instant
    ) -> Conclusion | None:
        """Refuse a token that Connect keeps refusing, and one that has used up its budget."""
        balance = self._limits.refuses_arrival(subject, now)
        if balance is not None:
            return Conclusion.of_limit(self._compose.limited(balance))
        refused = self._profile.refused_before(subject, now)
        if refused is not None:
            return Conclusion.of_refusal(
                self._compose.refused_again(request, refused), OwnReason.REFUSED_BEFORE
            )
        if subject.handling is Handling.CACHE and body is None:
            return None  # charged where it turns out to need the upstream
        return self._over_budget(subject, now)

    def _over_budget(self, subject: SubjectT, now: Instant) -> Conclusion | None:
        balance = self._limits.refuses_forwarding(subject, now)
        return None if balance is None else Conclusion.of_limit(self._compose.limited(balance))

    async def _write(self, subject: SubjectT, request: Request, body: RequestBody | None) -> Conclusion:
        upstream_request = self._compose.upstream_request(request, subject.key.partition, body, Cause.WRITE)
        written = await self._writer.write(subject, upstream_request, takes_turn=self.mode is Mode.CACHE)
        reason = ForwardReason.METHOD
        if written is None:
            return Conclusion.of_failure(self._compose.no_turn(), OwnReason.WRITE_QUEUE)
        effort = upstream_request.effort
        match written.answer:
            case ErrorKind() as error:
                return Conclusion.of_failure(self._compose.failed(error, reason), error, effort)
            case Response() as response:
                answer = self._compose.forwarded(response, response.body, reason)
            case stream:
                answer = self._compose.forwarded(stream.head, RelayedBody(stream), reason)
        return Conclusion.of_forwarding(answer, reason, effort)

    async def _read_alone(self, subject: SubjectT, request: Request) -> Conclusion:
        refusal = self._over_budget(subject, self._clock.now())
        if refusal is not None:
            return refusal
        conclusion = await self._forwarder.forward_in_turn(subject, request)
        if conclusion.error is None:
            return conclusion
        return self._reader.answers.instead_of(subject, request, conclusion.error) or conclusion

    def _follow_up(self, subject: SubjectT, request: Request, conclusion: Conclusion, now: Instant) -> None:
        if self.mode is not Mode.CACHE:
            return
        may_follow = self._profile.concluded(subject, request, conclusion.reused, now)
        if may_follow and self._prober is not None:
            self._prober.wake(request.trace)
