"""Durations in buckets that grow by a fifth: a quantile is read to within 19 %, whatever its size.

Four buckets to every doubling, from a tenth of a millisecond to 52 seconds. What is shown is a bucket's upper bound:
never less than what it was.
"""

from bisect import bisect_left
from collections.abc import Sequence

_PER_DOUBLING = 4
_SHORTEST_SECONDS = 0.000_1
_DOUBLINGS = 19

BOUNDS_SECONDS: tuple[float, ...] = tuple(
    _SHORTEST_SECONDS * 2.0 ** (number / _PER_DOUBLING) for number in range(_DOUBLINGS * _PER_DOUBLING + 1)
)
BUCKETS = len(BOUNDS_SECONDS) + 1
"""One more than bounds: for what took longer than all of them."""


def bucket_of(seconds: float) -> int:
    """Return the number of the bucket that a duration falls into."""
    return bisect_left(BOUNDS_SECONDS, seconds)


def quantile_seconds(counts: Sequence[int], share: float) -> float | None:
    """Return the duration that this share of all stays below; None if there are none."""
    wanted = share * sum(counts)
    if not wanted:
        return None
    reached = 0
    for number, count in enumerate(counts):
        reached += count
        if count and reached >= wanted:
            return BOUNDS_SECONDS[min(number, len(BOUNDS_SECONDS) - 1)]
    return BOUNDS_SECONDS[-1]
