"""Requests that go upstream as they are, each by itself: nothing is looked up, shared or stored.

What an answer says about the token is learnt all the same. A body streams to the client as it comes.
"""

import asyncio
from collections.abc import Callable
from typing import Generic

from proxy.caching.generations import Generations
from proxy.caching.profile import FindingT, Sent, SubjectT
from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.clock import Clock
from proxy.errors import ErrorKind, UpstreamError, forget_frames
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.learner import Learner
from proxy.exchange.ports import Effort, RequestBody, Upstream, UpstreamResponse
from proxy.exchange.reasons import OwnReason
from proxy.exchange.relay import LargeResponses, RelayedBody
from proxy.semantics.message import Request


class Forwarder(Generic[SubjectT, FindingT]):
    """Passes requests on."""

    def __init__(
        self,
        *,
        upstream: Upstream,
        generations: Generations,
        learner: Learner[SubjectT, FindingT],
        large_responses: LargeResponses,
        composer: Composer,
        clock: Clock,
        total_seconds: float,
    ) -> None:
        self._upstream = upstream
        self._generations = generations
        self._learner = learner
        self._large_responses = large_responses
        self._compose = composer
        self._clock = clock
        self._total_seconds = total_seconds

    async def forward(self, subject: SubjectT, request: Request, body: RequestBody | None) -> Conclusion:
        """Pass a request on at once."""
        return await self._forward(subject, request, body, ForwardReason.BYPASS)

    async def forward_in_turn(self, subject: SubjectT, request: Request) -> Conclusion:
        """Pass on a read that nobody can share, a few of one key at a time."""
        try:
            async with asyncio.timeout(self._total_seconds):
                release = await self._large_responses.acquire(subject.key)
        except TimeoutError:
            answer = self._compose.busy(ForwardReason.MISS)
            return Conclusion.of_failure(answer, OwnReason.BUSY)
        return await self._forward(subject, request, None, ForwardReason.MISS, release)

    async def _forward(
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
        upstream_request = self._compose.upstream_request(request, subject.key.partition, body)
        effort = upstream_request.effort
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._upstream.send(upstream_request)
        except UpstreamError as error:
            forget_frames(error)
            return self._failed(error.kind, reason, effort)
        except TimeoutError:
            return self._failed(ErrorKind.HTTP_RESPONSE_TIMEOUT, reason, effort)
        finally:
            if answer is None:
                on_end()
        self._learner.take_note(subject, answer.head, sent)
        relayed = self._compose.forwarded(answer.head, RelayedBody(answer, on_end), reason)
        return Conclusion.of_forwarding(relayed, reason, effort, NotStoredReason.NOT_CACHEABLE)

    def _failed(self, error: ErrorKind, reason: ForwardReason, effort: Effort) -> Conclusion:
        return Conclusion.of_failure(self._compose.failed(error, reason), error, effort)
