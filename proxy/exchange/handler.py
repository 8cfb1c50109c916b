"""The life of a request from its arrival to its answer: read, write, or pass on; then report.

Everything that decides is below (`caching`, `connect`); everything that acts is behind a port.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Generic

from proxy.caching.generations import Generations
from proxy.caching.profile import FindingT, Handling, Profile, Sent, SubjectT
from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.answer import Answer
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.events import Answered, ExchangeFinished
from proxy.exchange.fetcher import Fetcher
from proxy.exchange.ports import Observer, RequestBody, Upstream, UpstreamRequest, UpstreamResponse
from proxy.exchange.prober import Prober
from proxy.exchange.reader import Reader
from proxy.exchange.relay import LargeResponses, RelayedBody
from proxy.exchange.writer import Writer
from proxy.semantics.message import Request, Response


class ExchangeHandler(Generic[SubjectT, FindingT]):
    """Answers requests."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        upstream: Upstream,
        generations: Generations,
        fetcher: Fetcher[SubjectT, FindingT],
        reader: Reader[SubjectT, FindingT],
        writer: Writer[SubjectT, FindingT],
        prober: Prober[SubjectT, FindingT, Any] | None,
        large_responses: LargeResponses,
        composer: Composer,
        clock: Clock,
        observer: Observer,
        total_seconds: float,
    ) -> None:
        self._profile = profile
        self._upstream = upstream
        self._generations = generations
        self._fetcher = fetcher
        self._reader = reader
        self._writer = writer
        self._prober = prober
        self._large_responses = large_responses
        self._compose = composer
        self._clock = clock
        self._observer = observer
        self._total_seconds = total_seconds
        self.under_way = 0

    async def handle(self, request: Request, body: RequestBody | None) -> Answer:
        """Answer one request. Raises only RequestBodyError (the client's body failed) and cancellation."""
        arrived = self._clock.now()
        subject = self._profile.subject(request, arrived)
        self.under_way += 1
        try:
            conclusion = await self._conclude(subject, request, body)
        finally:
            self.under_way -= 1
        self._follow_up(subject, request, conclusion)
        self._report(subject, request, conclusion, arrived)
        return conclusion.answer

    async def close(self) -> None:
        """Finish the writes under way, give up the flights."""
        await self._writer.finish()
        await self._reader.close()

    async def _conclude(self, subject: SubjectT, request: Request, body: RequestBody | None) -> Conclusion:
        if self._compose.is_loop(request):
            answer = self._compose.loop()
            return Conclusion(answer=answer, answered=Answered.REFUSED, error=ErrorKind.PROXY_LOOP_DETECTED)
        if subject.handling is Handling.WRITE:
            return await self._write(subject, request, body)
        if subject.handling is Handling.PASS or body is not None:
            return await self._pass(subject, request, body, ForwardReason.BYPASS)
        conclusion = await self._reader.read(subject, request)
        if conclusion is None:
            return await self._pass_in_turn(subject, request)
        return conclusion

    async def _write(self, subject: SubjectT, request: Request, body: RequestBody | None) -> Conclusion:
        written = await self._writer.write(subject, self._as_it_is(subject, request, body))
        reason = ForwardReason.METHOD
        if written is None:
            answer = self._compose.no_turn()
            return Conclusion(answer=answer, answered=Answered.FAILED, forward_reason=reason)
        match written.answer:
            case ErrorKind() as error:
                answer = self._compose.failed(error, reason)
                return Conclusion(answer=answer, answered=Answered.FAILED, forward_reason=reason, error=error)
            case Response() as response:
                answer = self._compose.forwarded(response, response.body, reason)
            case stream:
                answer = self._compose.forwarded(stream.head, RelayedBody(stream), reason)
        return Conclusion(answer=answer, answered=Answered.FORWARDED, forward_reason=reason)

    async def _pass_in_turn(self, subject: SubjectT, request: Request) -> Conclusion:
        """Forward a read that nobody can share, a few of one key at a time."""
        try:
            async with asyncio.timeout(self._total_seconds):
                release = await self._large_responses.acquire(subject.key)
        except TimeoutError:
            answer = self._compose.busy(ForwardReason.MISS)
            return Conclusion(answer=answer, answered=Answered.FAILED, forward_reason=ForwardReason.MISS)
        return await self._pass(subject, request, None, ForwardReason.MISS, release)

    async def _pass(
        self,
        subject: SubjectT,
        request: Request,
        body: RequestBody | None,
        reason: ForwardReason,
        on_end: Callable[[], None] = lambda: None,
    ) -> Conclusion:
        generations = self._generations
        sent = Sent(
            at=self._clock.now(),
            generation=generations.current(subject.scopes),
            latest=generations.latest,
        )
        answer: UpstreamResponse | None = None
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._upstream.send(self._as_it_is(subject, request, body))
        except UpstreamError as error:
            return self._reader.fail(subject, request, error.kind, reason)
        except TimeoutError:
            return self._reader.fail(subject, request, ErrorKind.HTTP_RESPONSE_TIMEOUT, reason)
        finally:
            if answer is None:
                on_end()
        self._fetcher.take_note(subject, answer.head, sent)
        return Conclusion(
            answer=self._compose.forwarded(answer.head, RelayedBody(answer, on_end), reason),
            answered=Answered.FORWARDED,
            forward_reason=reason,
            not_stored=NotStoredReason.NOT_CACHEABLE,
        )

    def _as_it_is(self, subject: SubjectT, request: Request, body: RequestBody | None) -> UpstreamRequest:
        fields = self._compose.upstream_fields(request)
        return UpstreamRequest(
            method=request.method,
            target=request.target,
            fields=fields,
            body=body,
            partition=subject.key.partition,
        )

    def _follow_up(self, subject: SubjectT, request: Request, conclusion: Conclusion) -> None:
        may_follow = self._profile.concluded(subject, request, conclusion.reused, self._clock.now())
        if may_follow and self._prober is not None:
            self._prober.wake()
            if subject.handling is Handling.WRITE:
                self._prober.hurry()

    def _report(self, subject: SubjectT, request: Request, conclusion: Conclusion, arrived: Instant) -> None:
        self._observer.notify(
            ExchangeFinished(
                method=request.method,
                resource=subject.resource,
                token=subject.partition_label,
                status=conclusion.answer.status,
                answered=conclusion.answered,
                forward_reason=conclusion.forward_reason,
                not_stored=conclusion.not_stored,
                error=conclusion.error,
                age_seconds=conclusion.age_seconds,
                duration_seconds=self._clock.now().boot_seconds - arrived.boot_seconds,
            )
        )
