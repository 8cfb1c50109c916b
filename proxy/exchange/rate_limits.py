"""Where a token's budgets are asked: on arrival, and again where a request turns out to need the upstream.

In shadow mode everything is counted and nobody refused. What a token never loses to its own budget is the one request
that verifies it; what it never gains by it is an answer that it may not have.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic

from proxy.admission.rate_limiter import Account, Balance, Budget, RateLimiter
from proxy.caching.profile import FindingT, Profile, Standing, SubjectT
from proxy.clock import Instant
from proxy.exchange.events import Limited
from proxy.exchange.ports import Observer


class LimitMode(StrEnum):
    """What becomes of a request above its budget."""

    OFF = "off"
    SHADOW = "shadow"  # it is counted
    ENFORCE = "enforce"  # it is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetOutlook:
    """How a token's budgets stand; none where there are none."""

    mode: LimitMode
    balances: tuple[Balance, ...] = ()
    is_exempt: bool = False
    """Whether the next request passes whatever is left, because it verifies the token."""

    def refuses(self, budget: Budget) -> Balance | None:
        """Return the balance of a budget that would refuse the next request."""
        if self.mode is not LimitMode.ENFORCE or self.is_exempt:
            return None
        return next((each for each in self.balances if each.budget is budget and not each.remaining), None)


class RateLimits(Generic[SubjectT, FindingT]):
    """The budgets as the exchange asks them."""

    def __init__(
        self,
        *,
        limiter: RateLimiter,
        mode: LimitMode,
        serves_stale: bool,
        profile: Profile[SubjectT, FindingT],
        observer: Observer,
    ) -> None:
        self._limiter = limiter
        self._mode = mode
        self._profile = profile
        self._observer = observer
        self.serves_stale = serves_stale
        """Whether a read above its budget gets something stale instead, where there is a current lease."""

    def adopt(self, mode: LimitMode, *, serves_stale: bool) -> None:
        """Go by another mode from now on."""
        self._mode = mode
        self.serves_stale = serves_stale

    def refuses_arrival(self, subject: SubjectT, now: Instant) -> Balance | None:
        """Charge a request; return the budget that refuses it."""
        return self._charge(Budget.REQUESTS, subject, now)

    def refuses_forwarding(self, subject: SubjectT, now: Instant) -> Balance | None:
        """Charge a request that is about to go upstream; return the budget that refuses it."""
        return self._charge(Budget.UPSTREAM, subject, now)

    def fields(self, subject: SubjectT, now: Instant) -> tuple[tuple[str, str], ...]:
        """Return the fields that tell a client how its budgets stand; none where nobody is refused."""
        if self._mode is not LimitMode.ENFORCE or self._profile.standing(subject, now) is Standing.STRANGER:
            return ()
        return self._limiter.fields(subject.key.partition, subject.partition_label, now)

    @property
    def are_shown(self) -> bool:
        """Whether answers tell how budgets stand."""
        return self._mode is LimitMode.ENFORCE

    def account(self, subject: SubjectT, now: Instant) -> Account | None:
        """Return what a request of a known token is charged to; None if it is charged to nothing."""
        if self._mode is LimitMode.OFF or self._profile.standing(subject, now) is Standing.STRANGER:
            return None
        return self._limiter.account(subject.key.partition, subject.partition_label, now)

    def foresee(self, subject: SubjectT, now: Instant) -> BudgetOutlook:
        """Tell how the next request would fare. Charges nothing."""
        standing = self._profile.standing(subject, now)
        if self._mode is LimitMode.OFF or standing is Standing.STRANGER:
            return BudgetOutlook(mode=self._mode)
        token = subject.key.partition
        is_exempt = standing is Standing.UNVERIFIED and self._limiter.verification_is_due(token, now)
        return BudgetOutlook(
            mode=self._mode,
            balances=self._limiter.peek(token, subject.partition_label, now),
            is_exempt=is_exempt,
        )

    def _charge(self, budget: Budget, subject: SubjectT, now: Instant) -> Balance | None:
        if self._mode is LimitMode.OFF:
            return None
        standing = self._profile.standing(subject, now)
        if standing is Standing.STRANGER:
            return None
        token, name = subject.key.partition, subject.partition_label
        if self._limiter.charge(budget, token, name, now):
            return None
        if standing is Standing.UNVERIFIED and self._limiter.take_verification(token, name, now):
            return None
        is_enforced = self._mode is LimitMode.ENFORCE
        self._observer.notify(Limited(budget=budget, token=name, is_enforced=is_enforced))
        balances = self._limiter.balances(token, name, now)
        return next(balance for balance in balances if balance.budget is budget) if is_enforced else None
