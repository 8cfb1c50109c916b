"""Answers out of the store, fresh or stale, and why they were given in place of the upstream's."""

from typing import Generic

from proxy.caching.decisions import Reuse
from proxy.caching.profile import FindingT, SubjectT
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock, Instant
from proxy.errors import ErrorKind
from proxy.exchange.composer import Composer
from proxy.exchange.conclusion import Conclusion
from proxy.exchange.events import Answered
from proxy.exchange.lookup import Lookup
from proxy.exchange.reasons import OwnReason, Why
from proxy.semantics.message import Request


class StoredAnswers(Generic[SubjectT, FindingT]):
    """Concludes exchanges with what is stored."""

    def __init__(self, *, lookup: Lookup[SubjectT, FindingT], composer: Composer, clock: Clock) -> None:
        self._lookup = lookup
        self._compose = composer
        self._clock = clock

    def reused(self, subject: SubjectT, request: Request, decision: Reuse, now: Instant) -> Conclusion:
        """Answer as the look-up has decided."""
        stored = decision.stored
        age_seconds = stored.current_age_seconds(now)
        if stored.terms.freshness_lifetime_seconds > age_seconds:
            return Conclusion(
                answer=self._compose.hit(request, stored, now),
                cache=Answered.HIT,
                why=OwnReason.FRESH,
                age_seconds=age_seconds,
                reused=stored,
                version=stored.version,
            )
        why = OwnReason.REVALIDATING if decision.refresh else OwnReason.MAX_STALE
        return self._stale(subject, request, stored, why, detail=None)

    def instead_of(self, subject: SubjectT, request: Request, failure: ErrorKind | int) -> Conclusion | None:
        """Answer what the upstream failed, inside its bound; None if there is nothing."""
        decision = self._lookup.on_failure(subject, request, failure, self._clock.now())
        if decision is None:
            return None
        why = failure if isinstance(failure, ErrorKind) else OwnReason.UPSTREAM_STATUS
        return self._stale(subject, request, decision.stored, why, detail=str(failure))

    def while_waiting(self, subject: SubjectT, request: Request, why: OwnReason) -> Conclusion | None:
        """Answer what the upstream has not failed, with something that this token may have at any time."""
        decision = self._lookup.on_slowness(subject, request, self._clock.now())
        return None if decision is None else self._stale(subject, request, decision.stored, why, detail=why)

    def _stale(
        self, subject: SubjectT, request: Request, stored: StoredResponse, why: Why, *, detail: str | None
    ) -> Conclusion:
        now = self._clock.now()
        return Conclusion(
            answer=self._compose.hit(request, stored, now, detail=detail),
            cache=Answered.STALE,
            why=why,
            age_seconds=stored.current_age_seconds(now),
            stale_left_seconds=self._lookup.stale_left_seconds(subject, request, stored, now),
            reused=stored,
            version=stored.version,
        )
