"""What would be done with a request, worked out as the handler would do it, and done to nobody.

Nothing moves: no budget is charged, nothing becomes more recently used, nothing is counted, nobody is asked. The order
of the questions is the handler's; where it changes there, it changes here (the tests play both).
"""

from collections.abc import Callable, Sequence
from typing import Generic, assert_never

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Balance, Budget
from proxy.caching.decisions import Reuse
from proxy.caching.inspection import Circumstances, Inspection
from proxy.caching.profile import FindingT, Handling, Servability, SubjectT
from proxy.clock import Clock, Instant
from proxy.exchange.entry import Entry
from proxy.exchange.explanation import (
    Because,
    Explanation,
    FenceState,
    LimitState,
    StoredState,
    Verdict,
)
from proxy.exchange.lookup import Lookup, Prospect
from proxy.exchange.mode import Mode
from proxy.exchange.rate_limits import BudgetOutlook, RateLimits
from proxy.semantics.message import Fields, Request

_NO_FIELDS: Fields = CIMultiDictProxy(CIMultiDict())


class Explainer(Generic[SubjectT, FindingT]):
    """Explains."""

    def __init__(
        self,
        *,
        inspection: Inspection[SubjectT],
        lookup: Lookup[SubjectT, FindingT],
        limits: RateLimits[SubjectT, FindingT],
        entry: Entry,
        is_under_way: Callable[[SubjectT], bool],
        mode: Callable[[], Mode],
        clock: Clock,
    ) -> None:
        self._inspection = inspection
        self._lookup = lookup
        self._limits = limits
        self._entry = entry
        self._is_under_way = is_under_way
        self._mode = mode
        self._clock = clock

    def names(self) -> tuple[str, ...]:
        """Return the names of tokens that can be explained for."""
        return self._inspection.names()

    def explain(
        self, method: str, target: str, token: str, breakers: Sequence[BreakerState]
    ) -> Explanation | None:
        """Explain what a token's request would come to; None if no token has that name."""
        now = self._clock.now()
        subject = self._inspection.subject_of(token, method, target)
        if subject is None:
            return None
        request = Request(method=method, target=target, fields=_NO_FIELDS)
        known = self._inspection.circumstances(subject, now)
        is_cached = subject.handling is Handling.CACHE
        found = self._lookup.foresee(subject, request, now) if is_cached else None
        budgets = self._limits.foresee(subject, now)
        verdict, because = self._judged(subject, request, known, found, budgets, breakers)
        fence = known.fence
        return Explanation(
            verdict=verdict,
            because=because,
            method=method,
            resource=subject.resource,
            token=token,
            mode=self._mode().value,
            handling=subject.handling.value,
            about=dict(subject.about),
            filtered=known.is_filtered,
            route_permitted=self._entry.routes.permits(method, subject.resource),
            stored=None if found is None else _stored(found, now),
            highest_version=known.highest_version,
            token_is_refused=known.is_refused,
            access_age_seconds=known.access_age_seconds,
            access_left_seconds=known.access_left_seconds,
            token_left_seconds=known.token_left_seconds,
            fence=None
            if fence is None
            else FenceState(
                waits_for=fence.waits_for.value,
                version=fence.version,
                age_seconds=fence.age_seconds,
                left_seconds=fence.left_seconds,
            ),
            limit_mode=budgets.mode.value,
            limits=tuple(_limit(balance) for balance in budgets.balances),
            refused_again_seconds=known.refused_again_seconds,
            breakers=tuple(state.value for state in breakers),
        )

    def _judged(
        self,
        subject: SubjectT,
        request: Request,
        known: Circumstances,
        found: Prospect | None,
        budgets: BudgetOutlook,
        breakers: Sequence[BreakerState],
    ) -> tuple[Verdict, Because | None]:
        turned_away = self._turned_away(subject, request, known, found, budgets)
        if turned_away is not None:
            return turned_away, None
        because = _because(self._mode(), subject.handling, request.method, known, found)
        if because is None:
            is_refreshed = found is not None and isinstance(found.decision, Reuse) and found.decision.refresh
            return Verdict.REVALIDATING if is_refreshed else Verdict.FRESH, None
        return self._forwarded(subject, found, budgets, breakers), because

    def _forwarded(
        self,
        subject: SubjectT,
        found: Prospect | None,
        budgets: BudgetOutlook,
        breakers: Sequence[BreakerState],
    ) -> Verdict:
        """Tell what becomes of a request that the upstream must answer."""
        is_caching = self._mode() is Mode.CACHE
        cached = found if is_caching else None  # in other modes nothing is shared or served stale
        if cached is not None and self._is_under_way(subject):
            return Verdict.SHARED
        has_stale = cached is not None and cached.stale_left_seconds is not None
        if is_caching and budgets.refuses(Budget.UPSTREAM) is not None:
            is_verified = cached is not None and cached.servability is Servability.SERVABLE
            takes_stale = self._limits.serves_stale and has_stale and is_verified
            return Verdict.STALE_INSTEAD_OF_429 if takes_stale else Verdict.LIMITED
        if breakers and all(state is BreakerState.OPEN for state in breakers):
            return Verdict.STALE if has_stale else Verdict.FAILED
        return Verdict.ASKED

    def _turned_away(
        self,
        subject: SubjectT,
        request: Request,
        known: Circumstances,
        found: Prospect | None,
        budgets: BudgetOutlook,
    ) -> Verdict | None:
        """Tell why a request would get no further than the entry."""
        if not self._entry.routes.permits(request.method, subject.resource):
            return Verdict.ROUTE_DENIED
        is_caching = self._mode() is Mode.CACHE
        is_hit = is_caching and found is not None and isinstance(found.decision, Reuse)
        if self._entry.crowd.is_full and not is_hit:
            return Verdict.BUSY
        if not is_caching:
            return None
        if budgets.refuses(Budget.REQUESTS) is not None:
            return Verdict.LIMITED
        return Verdict.REFUSED_BEFORE if known.refused_again_seconds else None


def _because(
    mode: Mode, handling: Handling, method: str, known: Circumstances, found: Prospect | None
) -> Because | None:
    """Tell why the upstream must be asked; None if it need not be."""
    if handling is Handling.WRITE:
        return Because.WRITE
    if handling is Handling.PASS or found is None:
        return Because.NEVER_STORED if method == "GET" else Because.METHOD
    if mode is not Mode.CACHE:
        return Because.MODE
    if isinstance(found.decision, Reuse):
        return None
    return _because_nothing_is_stored(known) if found.stored is None else _because_not_usable(known, found)


def _because_nothing_is_stored(known: Circumstances) -> Because:
    """Say what keeps anything from being stored, if something does."""
    refusal = _refusal(known)
    if refusal is not None:
        return refusal
    return Because.NOT_STORED if known.fence is None else Because.FENCE


def _because_not_usable(known: Circumstances, found: Prospect) -> Because:
    match found.servability:
        case Servability.REFUSED:
            return _refusal(known) or Because.UNVERIFIED
        case Servability.FENCED:
            return Because.ABSENT if known.is_absent and known.fence is None else Because.FENCE
        case Servability.UNVERIFIED:
            return Because.UNVERIFIED
        case Servability.MUST_VALIDATE:
            shown = None if found.stored is None else found.stored.version
            is_older = shown is not None and shown < (known.highest_version or 0)
            return Because.NEWER_VERSION if is_older else Because.OUTDATED
        case Servability.SERVABLE:
            is_stale = found.stored is not None and not found.stored.terms.must_validate
            return Because.NOT_FRESH if is_stale else Because.ORIGIN
        case _:
            assert_never(found.servability)


def _refusal(known: Circumstances) -> Because | None:
    if known.token_left_seconds is not None and known.token_left_seconds <= 0:
        return Because.EXPIRED
    if known.is_outside_grants:
        return Because.OUTSIDE_GRANTS
    return Because.SUSPENDED if known.is_refused else None


def _stored(found: Prospect, now: Instant) -> StoredState | None:
    stored = found.stored
    if stored is None:
        return None
    return StoredState(
        variants=found.variants,
        age_seconds=stored.current_age_seconds(now),
        fresh_left_seconds=max(0.0, stored.ttl_seconds(now)),
        stale_left_seconds=found.stale_left_seconds,
        version=stored.version,
    )


def _limit(balance: Balance) -> LimitState:
    return LimitState(
        budget=balance.budget.value,
        remaining=balance.remaining,
        burst=balance.limit.burst,
        retry_after_seconds=balance.retry_after_seconds,
    )
