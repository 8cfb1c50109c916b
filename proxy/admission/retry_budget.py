"""How many retries an upstream may be burdened with (the idea of Finagle's and Envoy's retry budgets).

In any ten seconds at most ten retries, or a fifth of the requests of the last ten seconds where that is more: a
single fault is retried at once, an outage never doubles the load. Counts by whole seconds and errs on the side of
fewer retries. Must not know what a retry is for.
"""

from collections import deque
from dataclasses import dataclass
from math import floor

from proxy.clock import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudgetSettings:
    """`least` retries in `window_seconds`, or `share` of the requests in it if that is more."""

    window_seconds: int = 10
    least: int = 10
    share: float = 0.2


@dataclass(slots=True, kw_only=True)
class _Second:
    """What happened in one second of the boot clock."""

    number: int
    requests: int = 0
    retries: int = 0


class RetryBudget:
    """One upstream's budget. Holds a dozen numbers, however much is asked."""

    def __init__(self, settings: RetryBudgetSettings) -> None:
        self._settings = settings
        self._seconds: deque[_Second] = deque()

    def note_request(self, now: Instant) -> None:
        """Count a request (its first attempt)."""
        self._present(now).requests += 1

    def take(self, now: Instant) -> bool:
        """Spend one retry if there is one left."""
        if not self.left(now):
            return False
        self._present(now).retries += 1
        return True

    def left(self, now: Instant) -> int:
        """Return how many retries are left at this moment."""
        # The oldest second is partly out of the window: its retries still count, its requests no longer do.
        oldest = floor(now.boot_seconds) - self._settings.window_seconds
        requests = sum(second.requests for second in self._seconds if second.number > oldest)
        retries = sum(second.retries for second in self._seconds if second.number >= oldest)
        return max(0, self._allowed(requests) - retries)

    def _allowed(self, requests: int) -> int:
        return max(self._settings.least, floor(requests * self._settings.share))

    def _present(self, now: Instant) -> _Second:
        number = floor(now.boot_seconds)
        while self._seconds and self._seconds[0].number < number - self._settings.window_seconds:
            self._seconds.popleft()
        if not self._seconds or self._seconds[-1].number != number:
            self._seconds.append(_Second(number=number))
        return self._seconds[-1]
