"""The greatest and the least of what was noted in the last so many seconds, at the cost of a comparison each.

Time is cut into slots, each of which keeps one number: what is told is of the whole window, and of up to one slot
before it. Counts on boot seconds, which are given: no clock in here.
"""

from collections import deque

_SLOTS = 10


class Greatest:
    """The greatest value of the last `window_seconds` (up to a tenth more)."""

    __slots__ = ("_earlier", "_present", "_slot", "_slot_seconds")

    def __init__(self, window_seconds: float) -> None:
        self._slot_seconds = window_seconds / _SLOTS
        self._slot = -1
        self._present = float("-inf")
        self._earlier: deque[tuple[int, float]] = deque(maxlen=_SLOTS)

    def note(self, value: float, boot_seconds: float) -> None:
        """Take note of a value."""
        slot = int(boot_seconds / self._slot_seconds)
        if slot != self._slot:
            self._earlier.append((self._slot, self._present))
            self._slot, self._present = slot, value
        elif value > self._present:
            self._present = value

    def read(self, boot_seconds: float) -> float | None:
        """Return the greatest value; None if nothing was noted lately."""
        oldest = int(boot_seconds / self._slot_seconds) - _SLOTS
        noted = (*self._earlier, (self._slot, self._present))
        return max((value for slot, value in noted if slot >= max(oldest, 0)), default=None)

    def clear(self) -> None:
        """Forget everything noted so far."""
        self._slot, self._present = -1, float("-inf")
        self._earlier.clear()


class Least:
    """The least value of the last `window_seconds` (up to a tenth more)."""

    __slots__ = ("_negated",)

    def __init__(self, window_seconds: float) -> None:
        self._negated = Greatest(window_seconds)

    def note(self, value: float, boot_seconds: float) -> None:
        """Take note of a value."""
        self._negated.note(-value, boot_seconds)

    def read(self, boot_seconds: float) -> float | None:
        """Return the least value; None if nothing was noted lately."""
        greatest = self._negated.read(boot_seconds)
        return None if greatest is None else -greatest

    def clear(self) -> None:
        """Forget everything noted so far."""
        self._negated.clear()
