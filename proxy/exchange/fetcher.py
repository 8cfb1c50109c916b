"""What a flight does: one request upstream, one complete answer, what it teaches, and into the store with it.

From the arrival of the last octet to the store there is no await: nothing can come between what was learnt and
what is kept.
"""

import asyncio
from dataclasses import dataclass
from typing import Generic

from proxy.caching import decisions, validation
from proxy.caching.decisions import NotStored
from proxy.caching.generations import Generations
from proxy.caching.profile import (
    KEEPS_STORED,
    Effects,
    FindingT,
    NotStoredReason,
    Profile,
    Sent,
    SubjectT,
)
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.flights import Flight
from proxy.exchange.landing import Landed, Landing, Lost, Overflowing
from proxy.exchange.ports import ResponseStore, Upstream, UpstreamRequest, UpstreamResponse
from proxy.semantics.message import Request, Response, ResponseHead
from proxy.exchange.buffering import BufferBudget


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchLimits:
    """Bounds of one upstream request: `total_seconds` from departure to the last collected octet."""

    total_seconds: float
    response_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Generic[SubjectT]):
    """What a flight is sent for: built from the target; `validating` adds the origin's own validators."""

    subject: SubjectT
    request: Request
    upstream_request: UpstreamRequest
    validating: StoredResponse | None


class Fetcher(Generic[SubjectT, FindingT]):
    """Performs errands: asks the upstream, learns, keeps."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        store: ResponseStore,
        upstream: Upstream,
        generations: Generations,
        buffers: BufferBudget,
        clock: Clock,
        limits: FetchLimits,
    ) -> None:
        self._profile = profile
        self._store = store
        self._upstream = upstream
        self._generations = generations
        self._buffers = buffers
        self._clock = clock
        self._limits = limits

    async def fly(self, errand: Errand[SubjectT], flight: Flight[Landing]) -> Landing:
        """Perform an errand. Faults of the upstream are landings, not exceptions."""
        try:
            async with asyncio.timeout(self._limits.total_seconds):
                return await self._fetch(errand, flight)
        except UpstreamError as error:
            return Lost(error=error.kind)
        except TimeoutError:
            return Lost(error=ErrorKind.HTTP_RESPONSE_TIMEOUT)

    async def _fetch(self, errand: Errand[SubjectT], flight: Flight[Landing]) -> Landing:
        sent = Sent(at=self._clock.now(), generation=flight.generation)
        answer = await self._upstream.send(errand.upstream_request)
        received = self._clock.now()
        flight.head_seen = True
        verdict = decisions.on_response_head(errand.request, answer.head, errand.subject.rules)
        if verdict is not None:
            flight.close()
        if verdict is not None and verdict.reason is NotStoredReason.NO_STORE:
            return self._overflow(errand, answer, sent, NotStoredReason.NO_STORE)
        body = await self._collect(answer)
        if body is None:
            flight.close()
            return self._overflow(errand, answer, sent, NotStoredReason.TOO_LARGE)
        head = answer.head
        response = Response(status=head.status, reason=head.reason, fields=head.fields, body=body)
        return self._land(errand, response, sent, received)

    async def _collect(self, answer: UpstreamResponse) -> bytes | None:
        limit = self._limits.response_bytes
        known = answer.content_length_bytes
        if known is not None and known > limit:
            return None
        with self._buffers.reserve(limit if known is None else known) as granted:
            return await answer.read_complete(limit) if granted else None

    def _overflow(
        self, errand: Errand[SubjectT], answer: UpstreamResponse, sent: Sent, reason: NotStoredReason
    ) -> Overflowing:
        self.take_note(errand.subject, answer.head, sent)
        if self._is_current(errand.subject, sent):
            self._store.remove(errand.subject.key)
        return Overflowing(answer, reason)

    def take_note(self, subject: SubjectT, head: ResponseHead, sent: Sent) -> None:
        """Learn from an answer whose body is not collected."""
        self.carry_out(self._profile.learn(subject, head, None, sent, self._clock.now()))

    def carry_out(self, effects: Effects) -> int:
        """Raise generations and remove stored responses; return how many went."""
        self._generations.advance(effects.advance)
        return sum(self._store.remove_tagged(tags) for tags in effects.remove)

    def _land(self, errand: Errand[SubjectT], response: Response, sent: Sent, received: Instant) -> Landed:
        subject = errand.subject
        now = self._clock.now()
        validated = errand.validating if response.status == 304 else None
        if validated is not None:
            return self._freshen(errand, validated, response, sent, received)
        finding = self._profile.examine(subject, response)
        sent = self._learn(subject, response, finding, sent)
        verdict = decisions.on_response(errand.request, response, subject, sent, received, finding)
        refusal = self._refuses(subject, finding, sent, now)
        if isinstance(verdict, NotStored):
            return self._not_stored(subject, response, verdict.reason, sent)
        if refusal is not None:
            return self._not_stored(subject, response, refusal, sent)
        return self._keep(response, verdict, response.status)

    def _freshen(
        self,
        errand: Errand[SubjectT],
        stored: StoredResponse,
        head: Response,
        sent: Sent,
        received: Instant,
    ) -> Landed:
        """A 304: the stored body is the answer; it is kept on, freshened, if nothing has outdated it meanwhile."""
        subject = errand.subject
        finding = self._profile.examine(subject, stored.response)
        self.carry_out(self._profile.learn(subject, head, finding, sent, self._clock.now()))
        freshened = decisions.on_not_modified(stored, head, subject, sent, received)
        refusal = self._refuses(subject, finding, sent, self._clock.now())
        if refusal is not None:
            return Landed(
                response=freshened.response, stored=None, not_stored=refusal, upstream_status=head.status
            )
        return self._keep(freshened.response, freshened, head.status)

    def _refuses(
        self, subject: SubjectT, finding: FindingT, sent: Sent, now: Instant
    ) -> NotStoredReason | None:
        if not self._is_current(subject, sent):
            return NotStoredReason.GENERATION
        if self._generations.is_being_written(subject.scopes):
            return NotStoredReason.WRITE_IN_FLIGHT
        return self._profile.refuses_storing(subject, finding, sent, now)

    def _is_current(self, subject: SubjectT, sent: Sent) -> bool:
        return self._generations.current(subject.scopes) == sent.generation

    def _keep(self, response: Response, stored: StoredResponse, upstream_status: int) -> Landed:
        kept = self._store.put(stored)
        return Landed(
            response=response,
            stored=stored if kept else None,
            not_stored=None if kept else NotStoredReason.STORE_FULL,
            upstream_status=upstream_status,
        )

    def _not_stored(
        self, subject: SubjectT, response: Response, reason: NotStoredReason, sent: Sent
    ) -> Landed:
        # Rule 7: a complete current answer that isn't stored outdates what was; failures and late answers don't.
        passing = response.status in {408, 429} or response.status >= 500
        if reason not in KEEPS_STORED and not passing and self._is_current(subject, sent):
            self._store.remove(subject.key)
        return Landed(response=response, stored=None, not_stored=reason, upstream_status=response.status)
