"""Budgets per access token: one for all its requests, one for those that reach Connect.

Only tokens that Connect has accepted have budgets, so that anybody's made-up ones can't push them out. The table is
bounded; whose budgets are full is forgotten first, because for it that changes nothing. A token that must be verified
always has one request that passes, outside its budget, once in a while: else a used-up budget would hide a revocation.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from proxy.admission.token_bucket import Limit, TokenBucket
from proxy.clock import Instant
from proxy.semantics import rate_limit_fields
from proxy.semantics.rate_limit_fields import POLICY_FIELD, STATE_FIELD

_LOOKED_AT = 16
"""How many of the longest unused are looked at for one with full budgets."""


class Budget(StrEnum):
    """What a request is charged to."""

    REQUESTS = "requests"
    UPSTREAM = "upstream"


Limits = Mapping[Budget, Limit]

DEFAULT_LIMITS: Limits = {
    Budget.REQUESTS: Limit(per_second=Fraction(100), burst=2000),
    Budget.UPSTREAM: Limit(per_second=Fraction(20), burst=500),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """How a budget stands: what is left now, when it is full again, when the next request would pass (seconds)."""

    budget: Budget
    limit: Limit
    remaining: int
    reset_seconds: float
    retry_after_seconds: float


class Account:
    """The budgets of one token. Who keeps one asks the limiter for another as soon as it is no longer current."""

    __slots__ = ("_named", "_policy", "buckets", "is_current", "limits", "verified")

    def __init__(self, limits: Limits, verified: float = float("-inf")) -> None:
        self.limits = limits
        self.verified = verified
        """When a request last passed outside the budgets (boot_seconds)."""
        self.is_current = True
        self.buckets = {budget: TokenBucket(limits[budget]) for budget in Budget}
        self._named = tuple((budget.value, bucket) for budget, bucket in self.buckets.items())
        self._policy = rate_limit_fields.policy(
            (name, bucket.limit.burst, bucket.limit.window_seconds) for name, bucket in self._named
        )

    def fields(self, now: Instant) -> tuple[tuple[str, str], ...]:
        """Return the fields of an answer that tell a client how they stand."""
        boot_seconds = now.boot_seconds
        members = [
            rate_limit_fields.state(name, *bucket.left_at(boot_seconds)) for name, bucket in self._named
        ]
        return (POLICY_FIELD, self._policy), (STATE_FIELD, ", ".join(members))

    def balances(self, now: Instant) -> tuple[Balance, ...]:
        """Return how they stand."""
        return tuple(
            Balance(
                budget=budget,
                limit=bucket.limit,
                remaining=bucket.remaining(now),
                reset_seconds=bucket.reset_seconds(now),
                retry_after_seconds=bucket.wait_seconds(now),
            )
            for budget, bucket in self.buckets.items()
        )

    def is_untouched(self, now: Instant) -> bool:
        """Whether all of them are full."""
        return all(bucket.is_full(now) for bucket in self.buckets.values())


class RateLimiter:
    """All budgets. `named` are limits of tokens by their names, `verification_seconds` the time between slots."""

    def __init__(
        self,
        *,
        limits: Limits = DEFAULT_LIMITS,
        named: Mapping[str, Limits] | None = None,
        verification_seconds: float = 60.0,
        capacity: int = 4096,
    ) -> None:
        self._limits = limits
        self._named = named or {}
        self._verification_seconds = verification_seconds
        self._capacity = capacity
        self._accounts: OrderedDict[bytes, Account] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accounts)

    def adopt(self, limits: Limits, named: Mapping[str, Limits]) -> None:
        """Go by other limits from now on; budgets whose limits change are full again."""
        self._limits = limits if limits != self._limits else self._limits
        self._named = {
            name: self._named[name] if self._named.get(name) == own else own for name, own in named.items()
        }

    def charge(self, budget: Budget, token: bytes, name: str, now: Instant) -> bool:
        """Charge a request to one of a token's budgets; False if it is used up, which costs nothing."""
        return self.account(token, name, now).buckets[budget].take(now)

    def take_verification(self, token: bytes, name: str, now: Instant) -> bool:
        """Let a token that must be verified pass outside its budget, once in a while."""
        account = self.account(token, name, now)
        if not self.verification_is_due(token, now):
            return False
        account.verified = now.boot_seconds
        return True

    def balances(self, token: bytes, name: str, now: Instant) -> tuple[Balance, ...]:
        """Return how a token's budgets stand."""
        return self.account(token, name, now).balances(now)

    def fields(self, token: bytes, name: str, now: Instant) -> tuple[tuple[str, str], ...]:
        """Return the fields of an answer that say the same to a client."""
        return self.account(token, name, now).fields(now)

    def peek(self, token: bytes, name: str, now: Instant) -> tuple[Balance, ...]:
        """Return the same, without making an account or a more recent use of one."""
        account, limits = self._accounts.get(token), self._named.get(name, self._limits)
        if account is None or account.limits is not limits:
            account = Account(limits)
        return account.balances(now)

    def verification_is_due(self, token: bytes, now: Instant) -> bool:
        """Tell whether a token that must be verified would pass outside its budget."""
        account = self._accounts.get(token)
        return account is None or now.boot_seconds - account.verified >= self._verification_seconds

    def account(self, token: bytes, name: str, now: Instant) -> Account:
        """Return the budgets of a token, which becomes the one used last."""
        account = self._accounts.get(token)
        limits = self._named.get(name, self._limits) if self._named else self._limits
        if account is None:
            self._make_room(now)
            account = self._accounts[token] = Account(limits)
        elif account.limits is not limits:  # it has got its name, or there are other limits since
            account.is_current = False
            account = self._accounts[token] = Account(limits, account.verified)
        self._accounts.move_to_end(token)
        return account

    def _make_room(self, now: Instant) -> None:
        if len(self._accounts) < self._capacity:
            return
        oldest = [token for token, _ in zip(self._accounts, range(_LOOKED_AT), strict=False)]
        full = [token for token in oldest if self._accounts[token].is_untouched(now)]
        self._accounts.pop((full or oldest)[0]).is_current = False
