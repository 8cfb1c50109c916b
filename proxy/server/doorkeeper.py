"""What has been seen before, in 64 KiB: a filter that may take something new for known, never the other way round.

What comes once is not worth remembering; a doorkeeper in front of a memory keeps it out (TinyLFU's word).
"""

_BITS = 1 << 19
_MOST = _BITS // 8
"""Seen so many different, it forgets all: the fuller, the more often it errs. One in eight at the worst."""


class Doorkeeper:
    """Remembers numbers."""

    __slots__ = ("_bits", "_count")

    def __init__(self) -> None:
        self._bits = bytearray(_BITS // 8)
        self._count = 0

    def has_seen(self, number: int) -> bool:
        """Tell whether a number was asked about before; from now on it was."""
        place, bit = divmod(number % _BITS, 8)
        if self._bits[place] & (1 << bit):
            return True
        if self._count >= _MOST:
            self._bits = bytearray(_BITS // 8)
            self._count = 0
        self._bits[place] |= 1 << bit
        self._count += 1
        return False
