"""Look-up: what is stored for a request, whether this token may have it now, and what RFC 9111 makes of it."""

from dataclasses import dataclass
from typing import Generic

from proxy.caching import decisions, selection, staleness
from proxy.caching.directives import request_directives
from proxy.caching.generations import Generations
from proxy.caching.profile import FindingT, Horizon, Profile, Servability, SubjectT
from proxy.caching.reasons import ForwardReason
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.errors import ErrorKind
from proxy.exchange.ports import ResponseStore
from proxy.semantics.message import Request

ROUNDING_SECONDS = 1e-6
"""So long before its lifetime ends nobody counts on a response any more: a sum and a difference of the same times may
differ by less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a look-up would find and decide right now. `stale_left_seconds` None: no error would be replaced."""

    variants: int
    stored: StoredResponse | None
    servability: Servability
    decision: decisions.RequestDecision
    stale_left_seconds: float | None


class Lookup(Generic[SubjectT, FindingT]):
    """The store as policy sees it."""

    def __init__(
        self, *, profile: Profile[SubjectT, FindingT], store: ResponseStore, generations: Generations
    ) -> None:
        self._profile = profile
        self._store = store
        self._generations = generations

    def on_request(self, subject: SubjectT, request: Request, now: Instant) -> decisions.RequestDecision:
        """Decide what to do with a request."""
        selected = selection.select(self._store.get(subject.key), request)
        stored = selected if isinstance(selected, StoredResponse) else None
        missing = ForwardReason.MISS if isinstance(selected, StoredResponse) else selected
        servability = self._servability(subject, stored, now)
        return decisions.on_request(request, stored, missing, servability, now)

    def repeatable(self, subject: SubjectT, request: Request, now: Instant) -> StoredResponse | None:
        """Return what answers a request, if it is the plain hit that the next one of its kind will be, too."""
        decision = self.on_request(subject, request, now)
        if not isinstance(decision, decisions.Reuse) or decision.refresh:
            return None
        stored = decision.stored
        is_only_one = len(self._store.peek(subject.key)) == 1
        return stored if is_only_one and _is_plain(stored) and stored.ttl_seconds(now) > 0 else None

    def holds_until(self, subject: SubjectT, stored: StoredResponse, now: Instant) -> Horizon | None:
        """Return until when a plain request gets a stored response while that is fresh, if nothing happens.

        None: it does not get it now.
        """
        servability = self._servability(subject, stored, now)
        if servability is not Servability.SERVABLE or stored.terms.must_validate or not _is_plain(stored):
            return None
        until = self._profile.stands_until(subject, now)
        is_fresh = stored.ttl_seconds(now) > ROUNDING_SECONDS
        holds = is_fresh and now.boot_seconds < until.boot_seconds and now.wall_seconds < until.wall_seconds
        return until if holds else None

    def foresee(self, subject: SubjectT, request: Request, now: Instant) -> Prospect:
        """Tell what would be found for a request whose fields nobody knows: the latest of several. Changes nothing."""
        variants = self._store.peek(subject.key)
        stored = next(iter(variants), None)
        servability = self._servability(subject, stored, now)
        decision = decisions.on_request(request, stored, ForwardReason.URI_MISS, servability, now)
        failure = ErrorKind.CONNECTION_REFUSED
        instead = decisions.on_failure(request, stored, servability, failure, subject.rules, now)
        left = None if instead is None else self.stale_left_seconds(subject, request, instead.stored, now)
        return Prospect(
            variants=len(variants),
            stored=stored,
            servability=servability,
            decision=decision,
            stale_left_seconds=left,
        )

    def on_failure(
        self, subject: SubjectT, request: Request, failure: ErrorKind | int, now: Instant
    ) -> decisions.ReuseOnError | None:
        """Decide whether something stored takes the place of an error, as things are now."""
        selected = selection.select(self._store.get(subject.key), request)
        stored = selected if isinstance(selected, StoredResponse) else None
        servability = self._servability(subject, stored, now)
        return decisions.on_failure(request, stored, servability, failure, subject.rules, now)

    def on_slowness(self, subject: SubjectT, request: Request, now: Instant) -> decisions.ReuseOnError | None:
        """Decide whether something stored is answered because the upstream is slow: only with a current lease."""
        selected = selection.select(self._store.get(subject.key), request)
        if not isinstance(selected, StoredResponse):
            return None
        servability = self._servability(subject, selected, now)
        if servability is not Servability.SERVABLE:
            return None
        late = ErrorKind.HTTP_RESPONSE_TIMEOUT
        return decisions.on_failure(request, selected, servability, late, subject.rules, now)

    def stale_left_seconds(
        self, subject: SubjectT, request: Request, stored: StoredResponse, now: Instant
    ) -> float:
        """Return for how long a stored response could still be served in an outage."""
        left_seconds = staleness.left_seconds(stored, request_directives(request.fields), subject.rules, now)
        until = subject.usable_until_wall_seconds
        return left_seconds if until is None else min(left_seconds, max(0.0, until - now.wall_seconds))

    def _servability(self, subject: SubjectT, stored: StoredResponse | None, now: Instant) -> Servability:
        if stored is None:
            return Servability.SERVABLE
        servability = self._profile.servability(subject, stored, now)
        if servability is not Servability.SERVABLE:
            return servability
        is_outdated = stored.generation != self._generations.current(subject.scopes)
        return Servability.MUST_VALIDATE if is_outdated else Servability.SERVABLE


def _is_plain(stored: StoredResponse) -> bool:
    """Tell whether every request for it that shapes nothing gets the same octets, whatever the time and its fields."""
    return stored.response.status == 200 and stored.variation is None and not stored.nominated
