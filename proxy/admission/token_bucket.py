"""A token bucket by its theoretical arrival time (GCRA, ITU-T I.371), in exact integer arithmetic.

Over any interval no more than `burst` + rate x interval requests are admitted, whatever their times; a refused one
costs nothing. Time is the boot clock in whole nanoseconds, times the rate's numerator: nothing is ever rounded in
favour of anybody. One number of state per bucket.
"""

from dataclasses import dataclass
from fractions import Fraction

from proxy.clock import Instant

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """`burst` requests at once (at least 1), refilled with `per_second` (more than 0)."""

    per_second: Fraction
    burst: int

    @classmethod
    def of(cls, per_second: float, burst: int) -> "Limit":
        """Return the limit that a setting states in decimal digits, exactly."""
        return cls(per_second=Fraction(str(per_second)), burst=burst)

    @property
    def window_seconds(self) -> int:
        """How long an empty bucket takes to fill, rounded up."""
        return -(-self.burst * self.per_second.denominator // self.per_second.numerator)


class TokenBucket:
    """One bucket, full at first."""

    __slots__ = ("_full_at", "limit")

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._full_at = 0  # nanoseconds times the rate's numerator

    def take(self, now: Instant) -> bool:
        """Take one token if there is one."""
        moment, interval = self._moment(now), self._interval
        full_at = max(self._full_at, moment)
        if full_at - moment > (self.limit.burst - 1) * interval:
            return False
        self._full_at = full_at + interval
        return True

    def charge(self, now: Instant) -> None:
        """Take one token even if there is none: time pays the debt."""
        self._full_at = max(self._full_at, self._moment(now)) + self._interval

    def is_full(self, now: Instant) -> bool:
        """Tell whether nothing has been taken that time has not given back."""
        return not self._missing(now)

    def remaining(self, now: Instant) -> int:
        """Return how many could be taken right now."""
        return max(0, self.limit.burst - -(-self._missing(now) // self._interval))

    def wait_seconds(self, now: Instant) -> float:
        """Return when the next one may be taken."""
        return self._seconds(self._missing(now) - (self.limit.burst - 1) * self._interval)

    def reset_seconds(self, now: Instant) -> float:
        """Return when it is full."""
        return self._seconds(self._missing(now))

    @property
    def _interval(self) -> int:
        return _NANOSECONDS * self.limit.per_second.denominator

    def _moment(self, now: Instant) -> int:
        return int(now.boot_seconds * _NANOSECONDS) * self.limit.per_second.numerator

    def _missing(self, now: Instant) -> int:
        return max(0, self._full_at - self._moment(now))

    def _seconds(self, missing: int) -> float:
        return -(-max(0, missing) // self.limit.per_second.numerator) / _NANOSECONDS
