"""The bound on bodies being collected at one time: beyond it answers stream to one client each."""

from collections.abc import Iterator
from contextlib import contextmanager


class BufferBudget:
    """Bytes that may be held in bodies under collection, all flights and writes together."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._reserved_bytes = 0

    @property
    def reserved_bytes(self) -> int:
        """Bytes reserved right now."""
        return self._reserved_bytes

    @contextmanager
    def reserve(self, wanted_bytes: int) -> Iterator[bool]:
        """Hold `wanted_bytes` inside the block, if they are to be had; the block is told whether they were."""
        granted = self._reserved_bytes + wanted_bytes <= self._limit_bytes
        held = wanted_bytes if granted else 0
        self._reserved_bytes += held
        try:
            yield granted
        finally:
            self._reserved_bytes -= held
