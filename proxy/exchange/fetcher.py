"""What a flight does: one request upstream, one complete answer, what it teaches, and into the store with it.

From the arrival of the last octet to the store there is no await: nothing can come between what was learnt and
what is kept.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching import decisions
from proxy.caching.decisions import NotStored
from proxy.caching.generations import Generations
from proxy.caching.profile import Effects, FindingT, Profile, Proof, Sent, SubjectT
from proxy.caching.reasons import KEEPS_STORED, UNSHARED, NotStoredReason
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.buffering import BufferBudget
from proxy.exchange.events import Cause
from proxy.exchange.flights import Flight
from proxy.exchange.landing import Landed, Landing, Lost, Overflowing
from proxy.exchange.ports import ResponseStore, Upstream, UpstreamRequest, UpstreamResponse
from proxy.semantics import forwarding
from proxy.semantics.message import Fields, Request, Response, ResponseHead

_NO_FIELDS: Fields = CIMultiDictProxy(CIMultiDict())

_HEALTH_SECONDS = 2.0

_FIRST_HOLD_SECONDS = 0.1
_LONGEST_HOLD_SECONDS = 0.8


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
    """Performs errands: asks the upstream, learns, keeps. `entity_tag` makes our own tag of a body."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        store: ResponseStore,
        upstream: Upstream,
        generations: Generations,
        buffers: BufferBudget,
        clock: Clock,
        entity_tag: Callable[[bytes], str],
        limits: FetchLimits,
    ) -> None:
        self._profile = profile
        self._store = store
        self._upstream = upstream
        self._generations = generations
        self._buffers = buffers
        self._clock = clock
        self._entity_tag = entity_tag
        self._limits = limits

    async def fly(self, errand: Errand[SubjectT], flight: Flight[Landing]) -> Landing:
        """Perform an errand. Faults of the upstream are landings, not exceptions."""
        asked = self._clock.now()
        landing = await self.fly_once(errand, flight)
        return await self._held_back(errand, flight, landing, asked)

    async def fly_once(self, errand: Errand[SubjectT], flight: Flight[Landing]) -> Landing:
        """Perform an errand and take what comes, whether or not it shows what was written."""
        sent = Sent(at=self._clock.now(), generation=flight.generation, latest=self._generations.latest)
        return await self._attempt(errand, flight, sent, self._limits.total_seconds)

    async def _held_back(
        self, errand: Errand[SubjectT], flight: Flight[Landing], landing: Landing, asked: Instant
    ) -> Landing:
        """Ask again until an answer shows what was written, or has been held back for long enough."""
        subject, pause_seconds = errand.subject, _FIRST_HOLD_SECONDS
        errand = replace(errand, upstream_request=replace(errand.upstream_request, cause=Cause.HOLD))
        while isinstance(landing, Landed):
            left_seconds = self._profile.hold_seconds(subject, asked, self._clock.now())
            if left_seconds <= 0:
                break
            await asyncio.sleep(min(pause_seconds, left_seconds))
            pause_seconds = min(2 * pause_seconds, _LONGEST_HOLD_SECONDS)
            later = await self._attempt(errand, flight, self._sent_now(subject), left_seconds)
            if not isinstance(later, Landed) or self._is_passing(subject, later.upstream_status):
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
                return await self._fetch(errand, flight, sent)
        except UpstreamError as error:
            return Lost(error=error.kind)
        except TimeoutError:
            return Lost(error=ErrorKind.HTTP_RESPONSE_TIMEOUT)

    async def collect(self, answer: UpstreamResponse) -> bytes | None:
        """Return a complete body; None if it is too large to be held. Closes the answer on any failure."""
        limit = self._limits.response_bytes
        known = answer.content_length_bytes
        if known is not None and known > limit:
            return None
        try:
            with self._buffers.reserve(limit if known is None else known) as granted:
                return await answer.read_complete(limit) if granted else None
        except BaseException:
            answer.close()
            raise

    def take_note(self, subject: SubjectT, head: ResponseHead, sent: Sent) -> None:
        """Learn from an answer whose body is not collected."""
        self.carry_out(self._profile.learn(subject, head, None, sent, self._clock.now()))

    def carry_out(self, effects: Effects) -> int:
        """Raise generations and remove stored responses; return how many went."""
        if effects.advance:
            self._generations.advance(effects.advance)
        return sum(self._store.remove_tagged(tags) for tags in effects.remove)

    async def _fetch(self, errand: Errand[SubjectT], flight: Flight[Landing], sent: Sent) -> Landing:
        answer, sent = await self._ask(errand, sent)
        received = self._clock.now()
        flight.head_seen = True
        refused = decisions.on_response_head(errand.request, answer.head, errand.subject.rules)
        if refused is not None:
            flight.close()
            if refused.reason in UNSHARED:
                return self._overflow(errand, answer, sent, refused.reason)
        body = await self.collect(answer)
        if body is None:
            flight.close()
            return self._overflow(errand, answer, sent, NotStoredReason.TOO_LARGE)
        head = answer.head
        fields = CIMultiDictProxy(forwarding.forwarded(head.fields))
        response = Response(status=head.status, reason=head.reason, fields=fields, body=body)
        return self._land(errand, response, flight, sent, received)

    async def _ask(self, errand: Errand[SubjectT], sent: Sent) -> tuple[UpstreamResponse, Sent]:
        """Send the request; a refusal that may be a mistake is asked once more before anybody hears of it (rule 2)."""
        answer = await self._upstream.send(errand.upstream_request)
        doubt = self._profile.doubts(errand.subject, answer.head.status, self._clock.now())
        if doubt is None:
            return answer, sent
        answer.close()
        if doubt.is_noted:
            self.take_note(errand.subject, answer.head, sent)
        if doubt.health_target is not None:
            await self._ask_for_health(doubt.health_target)
        await asyncio.sleep(doubt.pause_seconds)
        sent = replace(sent, at=self._clock.now())
        again = replace(errand.upstream_request, cause=Cause.SECOND_LOOK)
        return await self._upstream.send(again), sent

    async def _ask_for_health(self, target: str) -> None:
        """Hear the witness, if it answers soon: a client waits meanwhile."""
        request = UpstreamRequest(method="GET", target=target, fields=_NO_FIELDS, cause=Cause.HEALTH)
        with suppress(UpstreamError, TimeoutError):
            async with asyncio.timeout(_HEALTH_SECONDS):
                answer = await self._upstream.send(request)
                body = await self.collect(answer)
            if body is None:
                answer.close()
                return
            head = answer.head
            told = Response(status=head.status, reason=head.reason, fields=head.fields, body=body)
            self._profile.health_told(told, self._clock.now())

    def _overflow(
        self, errand: Errand[SubjectT], answer: UpstreamResponse, sent: Sent, reason: NotStoredReason
    ) -> Overflowing:
        is_current = self._is_current(errand.subject, sent)
        self.take_note(errand.subject, answer.head, sent)
        if is_current and not self._is_passing(errand.subject, answer.head.status):
            self._store.remove(errand.subject.key)
        return Overflowing(answer, reason)

    def _land(
        self,
        errand: Errand[SubjectT],
        response: Response,
        flight: Flight[Landing],
        sent: Sent,
        received: Instant,
    ) -> Landed:
        subject, request, status = errand.subject, errand.request, response.status
        shown, validated = response, None
        if status == 304 and errand.validating is not None:
            validated = errand.validating
            shown = validated.response
        finding = self._profile.examine(subject, shown)
        is_current = self._is_current(subject, sent) and not flight.is_superseded
        now = self._clock.now()
        effects = self._profile.learn(subject, response, finding, sent, now)
        for proof in effects.proofs:
            self._apply(proof, response, sent, received)
        self.carry_out(effects)
        # What this very answer has just raised does not outdate it.
        sent = replace(sent, generation=self._generations.current(subject.scopes))
        rules = self._profile.storing_rules(subject, now)
        if validated is None:
            verdict = decisions.on_response(request, response, subject, rules, sent, received, finding)
        else:
            verdict = decisions.on_not_modified(validated, response, rules, sent, received)
            shown = verdict.response if isinstance(verdict, StoredResponse) else shown
        refusal = self._refuses(subject, finding, sent, is_current=is_current)
        if refusal is None and isinstance(verdict, StoredResponse):
            return self._keep(shown, verdict, status, finding)
        reason = verdict.reason if isinstance(verdict, NotStored) else refusal
        assert reason is not None
        is_gone = is_current and reason not in KEEPS_STORED and not self._is_passing(subject, status)
        if is_gone or self._has_older(subject, finding):
            self._store.remove(subject.key)
        return Landed(
            response=shown, stored=None, not_stored=reason, upstream_status=status, version=finding.version
        )

    def _has_older(self, subject: SubjectT, finding: FindingT) -> bool:
        """Tell whether the store has less than a client is about to see: an outage must not bring it back (rule 5)."""
        version = finding.version
        if version is None:
            return False
        return any((stored.version or 0) < version for stored in self._store.get(subject.key))

    def _apply(self, proof: Proof, head: ResponseHead, sent: Sent, received: Instant) -> None:
        """Freshen what an answer shows to be unchanged, unless it was outdated after the request was sent."""
        for stored in self._store.tagged(proof.about):
            if proof.outdates(stored):
                self._store.remove(stored.key)
                continue
            rules = proof.confirms(stored)
            generation = self._generations.current(stored.scopes)
            if rules is None or generation > sent.latest:
                continue
            renewed = decisions.on_confirmed(
                stored, head, rules, replace(sent, generation=generation), received
            )
            if renewed is not None:
                self._store.renew(renewed)

    def _refuses(
        self, subject: SubjectT, finding: FindingT, sent: Sent, *, is_current: bool
    ) -> NotStoredReason | None:
        if not is_current:
            return NotStoredReason.GENERATION
        return self._profile.refuses_storing(subject, finding, sent, self._clock.now())

    def _is_current(self, subject: SubjectT, sent: Sent) -> bool:
        return self._generations.current(subject.scopes) == sent.generation

    def _is_passing(self, subject: SubjectT, status: int) -> bool:
        """Tell whether a status says nothing of the resource: what is stored stays (rule 7)."""
        return status == 429 or self._profile.is_outage(subject, status, self._clock.now())

    def _keep(
        self, shown: Response, stored: StoredResponse, upstream_status: int, finding: FindingT
    ) -> Landed:
        if stored.entity_tag is None and stored.variation is None:  # a tag is of one body only
            stored = replace(stored, entity_tag=self._entity_tag(stored.response.body))
        kept = self._store.put(stored)
        return Landed(
            response=shown,
            stored=stored if kept else None,
            not_stored=None if kept else NotStoredReason.STORE_FULL,
            upstream_status=upstream_status,
            version=finding.version,
        )
