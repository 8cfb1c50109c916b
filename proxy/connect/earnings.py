"""What background requests may cost (design rule 11): never more of them than reads answered without Connect.

The count runs over the last ten minutes in slices of ten seconds; a slice that is only partly inside counts in full
for what was spent and not at all for what was earned, so the bound holds for the exact window, too.
"""

from collections import deque
from dataclasses import dataclass

from proxy.clock import Instant

WINDOW_SECONDS = 600.0
_SLICE_SECONDS = 10.0


@dataclass(slots=True)
class _Slice:
    number: int
    earned: int = 0
    spent: int = 0


class Earnings:
    """Reads answered without Connect against background requests, in a sliding window."""

    def __init__(self) -> None:
        self._slices: deque[_Slice] = deque()
        self._earned = 0
        self._spent = 0

    def earn(self, now: Instant, reads: int = 1) -> None:
        """Note reads that were answered without Connect."""
        self._current(now).earned += reads
        self._earned += reads

    def try_spend(self, now: Instant) -> bool:
        """Note a background request, if one is allowed now."""
        current = self._current(now)
        oldest = self._slices[0]
        began_before = oldest.number * _SLICE_SECONDS <= now.boot_seconds - WINDOW_SECONDS
        earned = self._earned - (oldest.earned if began_before else 0)
        if self._spent + 1 > earned:
            return False
        current.spent += 1
        self._spent += 1
        return True

    def _current(self, now: Instant) -> _Slice:
        number = int(now.boot_seconds // _SLICE_SECONDS)
        slices = self._slices
        if slices and slices[-1].number >= number:
            return slices[-1]
        ended = int((now.boot_seconds - WINDOW_SECONDS) // _SLICE_SECONDS)
        while slices and slices[0].number < ended:
            gone = slices.popleft()
            self._earned -= gone.earned
            self._spent -= gone.spent
        slices.append(_Slice(number))
        return slices[-1]
