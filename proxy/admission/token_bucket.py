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


Left = tuple[int, int]
"""How many could be taken, and in how many whole seconds, rounded up, a bucket is full."""


class TokenBucket:
    """One bucket, full at first."""

    __slots__ = (
        "_burst",
        "_full",
        "_full_at",
        "_interval",
        "_most_missing",
        "_numerator",
        "_second",
        "limit",
    )

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._full_at = 0  # nanoseconds times the rate's numerator, as are the others
        self._burst = limit.burst
        self._full = (limit.burst, 0)
        self._numerator = limit.per_second.numerator
        self._second = _NANOSECONDS * self._numerator
        self._interval = _NANOSECONDS * limit.per_second.denominator
        self._most_missing = (limit.burst - 1) * self._interval

    def take(self, now: Instant) -> bool:
        """Take one token if there is one."""
        return self.take_at(now.boot_seconds) is not None

    def take_at(self, boot_seconds: float) -> Left | None:
        """Do the same at a moment that is told as a number; return what is left. None: there was none."""
        moment = int(boot_seconds * _NANOSECONDS) * self._numerator
        missing = self._full_at - moment
        if missing <= 0:
            missing = 0
        elif missing > self._most_missing:
            return None
        missing += self._interval
        self._full_at = moment + missing
        return self._left(missing)

    def take_beside(self, other: "TokenBucket", boot_seconds: float) -> tuple[int, int, int, int] | None:
        """Do the same; return what is left here and in another one, with one look at the time."""
        nanoseconds = int(boot_seconds * _NANOSECONDS)
        moment = nanoseconds * self._numerator
        missing = self._full_at - moment
        if missing > self._most_missing:
            return None
        missing = missing + self._interval if missing > 0 else self._interval
        self._full_at = moment + missing
        remaining = self._burst - -(-missing // self._interval)
        return (remaining, -(-missing // self._second), *other.left_at_nanosecond(nanoseconds))

    def left_at_nanosecond(self, nanoseconds: int) -> Left:
        """Return what is left at a moment of the boot clock."""
        missing = self._full_at - nanoseconds * self._numerator
        return self._full if missing <= 0 else self._left(missing)

    def left_at(self, boot_seconds: float) -> Left:
        """Return what is left at a moment."""
        return self.left_at_nanosecond(int(boot_seconds * _NANOSECONDS))

    def _left(self, missing: int) -> Left:
        remaining = self._burst - -(-missing // self._interval)
        return max(0, remaining), -(-missing // self._second)

    def charge(self, now: Instant) -> None:
        """Take one token even if there is none: time pays the debt."""
        moment = int(now.boot_seconds * _NANOSECONDS) * self._numerator
        self._full_at = max(self._full_at, moment) + self._interval

    def is_full(self, now: Instant) -> bool:
        """Tell whether nothing has been taken that time has not given back."""
        return not self._missing(now)

    def remaining(self, now: Instant) -> int:
        """Return how many could be taken right now."""
        return max(0, self._burst - -(-self._missing(now) // self._interval))

    def wait_seconds(self, now: Instant) -> float:
        """Return when the next one may be taken."""
        return self._seconds(self._missing(now) - self._most_missing)

    def reset_seconds(self, now: Instant) -> float:
        """Return when it is full."""
        return self._seconds(self._missing(now))

    def _missing(self, now: Instant) -> int:
        return max(0, self._full_at - int(now.boot_seconds * _NANOSECONDS) * self._numerator)

    def _seconds(self, missing: int) -> float:
        return -(-max(0, missing) // self._numerator) / _NANOSECONDS
