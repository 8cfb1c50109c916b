"""What an answer teaches: effects are carried out, proofs applied, and the answer goes into the store if it may.

Once a body has been read (in pieces, if it is a list of thousands) there is no await until it is in the store: nothing
can come between what was learnt and what is kept.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Generic

from proxy.caching import decisions, freshness, kept_fields, validation
from proxy.caching.decisions import NotStored
from proxy.caching.generations import Generations
from proxy.caching.profile import Effects, FindingT, Profile, Sent, SubjectT
from proxy.caching.reasons import KEEPS_STORED, NotStoredReason
from proxy.caching.receipt import Receipt
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock, Instant
from proxy.exchange.epoch import Epoch
from proxy.exchange.errand import Errand
from proxy.exchange.flights import Flight
from proxy.exchange.landing import Landed, Landing, Overflowing
from proxy.exchange.ports import ResponseStore, UpstreamResponse
from proxy.exchange.proofs import Proofs
from proxy.exchange.turns import Turns
from proxy.semantics.message import Response, ResponseHead


class Learner(Generic[SubjectT, FindingT]):
    """Learns and keeps. `entity_tag` makes our own tag of a body."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        store: ResponseStore,
        generations: Generations,
        clock: Clock,
        entity_tag: Callable[[bytes], str],
        epoch: Epoch,
        proofs: Proofs,
    ) -> None:
        self._profile = profile
        self._store = store
        self._generations = generations
        self._clock = clock
        self._entity_tag = entity_tag
        self._epoch = epoch
        self._proofs = proofs
        self._turns = Turns()

    def take_note(self, subject: SubjectT, head: ResponseHead, sent: Sent) -> None:
        """Learn from an answer whose body is not collected."""
        self.carry_out(self._profile.learn(subject, head, None, sent, self._clock.now()))

    def carry_out(self, effects: Effects) -> int:
        """Raise generations and remove stored responses; return how many went."""
        if not effects.keeps_decisions:
            self._epoch.move()
        if effects.advance:
            self._generations.advance(effects.advance)
        return sum(self._store.remove_tagged(tags) for tags in effects.remove)

    def overflow(
        self, errand: Errand[SubjectT], answer: UpstreamResponse, sent: Sent, reason: NotStoredReason
    ) -> Overflowing:
        """Learn from an answer whose body is not collected, and hand its stream on."""
        is_current = self._is_current(errand.subject, sent)
        self.take_note(errand.subject, answer.head, sent)
        if is_current and not self.is_passing(errand.subject, answer.head.status):
            self._store.remove(errand.subject.key)
        return Overflowing(answer, reason)

    async def land(
        self,
        errand: Errand[SubjectT],
        response: Response,
        flight: Flight[Landing],
        sent: Sent,
        received: Instant,
    ) -> Landed:
        """Learn from a complete answer and keep it, if it may be kept."""
        subject, request, status = errand.subject, errand.request, response.status
        shown, validated = response, None
        if status == 304 and errand.validating is not None:
            validated = errand.validating
            shown = kept_fields.whole(validated.response, validated.receipt.date)
        receipt = freshness.receipt(response, subject.rules, sent.at, received)
        same = self._said_again(subject, response, sent, receipt)
        if same is not None:
            return Landed(
                response=response, stored=same, not_stored=None, upstream_status=status, version=same.version
            )
        finding = await self._turns.take(self._profile.examine(subject, shown))
        is_current = self._is_current(subject, sent) and not flight.is_superseded
        now = self._clock.now()
        effects = self._profile.learn(subject, response, finding, sent, now)
        for proof in effects.proofs:
            self._proofs.apply(proof, response, sent, receipt)
        self.carry_out(effects)
        # What this very answer has just raised does not outdate it.
        generation = self._generations.current(subject.scopes)
        if generation != sent.generation:
            sent = replace(sent, generation=generation)
        rules = self._profile.storing_rules(subject, now)
        if validated is None:
            verdict = decisions.on_response(
                request, response, subject, rules, sent, receipt, finding, own_tag=self._entity_tag
            )
        else:
            verdict = decisions.on_not_modified(validated, response, rules, sent, receipt)
            if isinstance(verdict, StoredResponse):
                shown = kept_fields.whole(verdict.response, receipt.date)
        refusal = (
            self._profile.refuses_storing(subject, finding, sent, now)
            if is_current
            else NotStoredReason.GENERATION
        )
        if refusal is None and isinstance(verdict, StoredResponse):
            return self._keep(shown, verdict, status, finding)
        reason = verdict.reason if isinstance(verdict, NotStored) else refusal
        assert reason is not None
        is_gone = is_current and reason not in KEEPS_STORED and not self.is_passing(subject, status)
        if is_gone or self._has_older(subject, finding):
            self._store.remove(subject.key)
        return Landed(
            response=shown, stored=None, not_stored=reason, upstream_status=status, version=finding.version
        )

    def _said_again(
        self, subject: SubjectT, response: Response, sent: Sent, receipt: Receipt
    ) -> StoredResponse | None:
        """Take an answer that says what the stored one said for that one, renewed; None: it is to be examined.

        All that goes by the stored one's receipt is renewed with it, in one step. No decision that is kept ends by it:
        what was good is good for longer.
        """
        variants = self._store.peek(subject.key)
        known = variants[0] if len(variants) == 1 else None
        if (
            known is None
            or known.nominated
            or known.receipt.complete_as_of != self._generations.latest
            or known.receipt.request_sent_boot_seconds >= sent.at.boot_seconds
            or not validation.is_repeated(response, known.response)
            or not self._profile.learn_again(subject, sent, self._clock.now())
        ):
            return None
        known.receipt.renew(receipt)
        return known

    def _has_older(self, subject: SubjectT, finding: FindingT) -> bool:
        """Tell whether the store has less than a client is about to see: an outage must not bring it back (rule 5)."""
        version = finding.version
        if version is None:
            return False
        return any((stored.version or 0) < version for stored in self._store.get(subject.key))

    def _is_current(self, subject: SubjectT, sent: Sent) -> bool:
        return self._generations.current(subject.scopes) == sent.generation

    def is_passing(self, subject: SubjectT, status: int) -> bool:
        """Tell whether a status says nothing of the resource: what is stored stays (rule 7)."""
        return status == 429 or self._profile.is_outage(subject, status, self._clock.now())

    def _keep(
        self, shown: Response, stored: StoredResponse, upstream_status: int, finding: FindingT
    ) -> Landed:
        kept = self._store.put(stored)
        return Landed(
            response=shown,
            stored=stored if kept else None,
            not_stored=None if kept else NotStoredReason.STORE_FULL,
            upstream_status=upstream_status,
            version=finding.version,
        )
