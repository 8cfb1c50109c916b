"""The bound on bodies being collected at one time: beyond it answers stream to one client each."""

from collections.abc import Iterator
from contextlib import contextmanager

from proxy.exchange.ports import UpstreamResponse


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


class BodyCollector:
    """Collects complete bodies of at most `limit_bytes` each."""

    def __init__(self, budget: BufferBudget, *, limit_bytes: int) -> None:
        self._budget = budget
        self._limit_bytes = limit_bytes

    async def collect(self, answer: UpstreamResponse) -> bytes | None:
        """Return a complete body; None if it is too large to be held. Closes the answer on any failure."""
        limit = self._limit_bytes
        known = answer.content_length_bytes
        if known is not None and known > limit:
            return None
        try:
            with self._budget.reserve(limit if known is None else known) as granted:
                return await answer.read_complete(limit) if granted else None
        except BaseException:
            answer.close()
            raise
