"""Reads in mode `observe`: every one is forwarded by itself, and the cache is rehearsed beside it.

What would have been a hit is compared with what the upstream says, octet for octet, and leaves the store as it is: the
cache would not have asked, so it would not have learnt. Everything else is kept as a cache would keep it. No client
ever gets a stored response from here.
"""

import asyncio
from typing import Generic

from proxy.caching import validation
from proxy.caching.decisions import Forward, Reuse
from proxy.caching.profile import FindingT, Profile, SubjectT
from proxy.caching.reasons import ForwardReason
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind, UpstreamError, forget_frames
from proxy.exchange.buffering import BodyCollector
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.events import WouldBeHit
from proxy.exchange.lookup import Lookup
from proxy.exchange.ports import Effort, Observer, Upstream
from proxy.exchange.reader import Reader
from proxy.exchange.relay import RelayedBody
from proxy.semantics.message import Request


class Rehearsal(Generic[SubjectT, FindingT]):
    """Forwards reads and counts what the cache would have answered."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        lookup: Lookup[SubjectT, FindingT],
        reader: Reader[SubjectT, FindingT],
        collector: BodyCollector,
        upstream: Upstream,
        composer: Composer,
        clock: Clock,
        observer: Observer,
        total_seconds: float,
    ) -> None:
        self._profile = profile
        self._lookup = lookup
        self._reader = reader
        self._collector = collector
        self._upstream = upstream
        self._compose = composer
        self._clock = clock
        self._observer = observer
        self._total_seconds = total_seconds

    async def read(self, subject: SubjectT, request: Request) -> Conclusion | None:
        """Answer a read; None if it must be forwarded untouched."""
        if validation.shapes_answer(request):
            return None
        match self._lookup.on_request(subject, request, self._clock.now()):
            case Reuse() as hit:
                return await self._compare(subject, request, hit.stored)
            case Forward() as forward:
                return await self._reader.read_alone(subject, request, forward)
            case _:
                return None

    async def _compare(self, subject: SubjectT, request: Request, stored: StoredResponse) -> Conclusion:
        asked = self._clock.now()
        forwarded = self._compose.upstream_request(request, subject.key.partition)
        effort = forwarded.effort
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._upstream.send(forwarded)
                body = await self._collector.collect(answer)
        except UpstreamError as error:
            forget_frames(error)
            return self._failed(error.kind, effort)
        except TimeoutError:
            return self._failed(ErrorKind.HTTP_RESPONSE_TIMEOUT, effort)
        if body is not None:
            self._judge(subject, stored, (answer.head.status, body), asked)
        streamed = RelayedBody(answer) if body is None else body
        relayed = self._compose.forwarded(answer.head, streamed, ForwardReason.BYPASS)
        return Conclusion.of_forwarding(relayed, ForwardReason.BYPASS, effort)

    def _judge(
        self, subject: SubjectT, stored: StoredResponse, answer: tuple[int, bytes], asked: Instant
    ) -> None:
        now, status = self._clock.now(), answer[0]
        if self._profile.is_outage(subject, status, now) or status == 429:
            return  # nothing to compare with
        # What follows the time of day may have moved on between request and answer.
        would_be = [stored.at(moment).response for moment in (asked, now)]
        is_wrong = answer not in [(response.status, response.body) for response in would_be]
        self._observer.notify(WouldBeHit(resource=subject.resource, is_wrong=is_wrong))

    def _failed(self, error: ErrorKind, effort: Effort) -> Conclusion:
        answer = self._compose.failed(error, ForwardReason.BYPASS)
        return Conclusion.of_failure(answer, error, effort)
