"""Time for the emulator: a wall clock in nanoseconds and a sleep that belongs to the same clock.

One clock serves everything that Connect derives from time (timestamps, token expiry, one-time passwords) and
everything the emulator delays. `ManualClock` moves only when a test says so.
"""

import asyncio
import heapq
import itertools
import time
from typing import Protocol

NANOSECONDS_PER_SECOND = 1_000_000_000


class Clock(Protocol):
    """Where the emulator takes its time from."""

    def now_nanoseconds(self) -> int:
        """Return Unix time in nanoseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class SystemClock:
    """The machine's wall clock and the event loop's timers."""

    def now_nanoseconds(self) -> int:
        """Return Unix time in nanoseconds."""
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that stands still until `advance` is called. `sleepers` counts who waits for it."""

    def __init__(self, *, start_seconds: float = 1_700_000_000.0) -> None:
        self._now = int(start_seconds * NANOSECONDS_PER_SECOND)
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._fell_asleep = asyncio.Event()

    @property
    def sleepers(self) -> int:
        """How many coroutines wait for this clock."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def now_nanoseconds(self) -> int:
        """Return Unix time in nanoseconds."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Return once `advance` has moved the clock by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + int(seconds * NANOSECONDS_PER_SECOND)
        heapq.heappush(self._sleepers, (due, next(self._order), future))
        self._fell_asleep.set()
        await future

    async def until_sleeping(self, count: int = 1) -> None:
        """Return once `count` coroutines wait for this clock, so that advancing it finds them."""
        while self.sleepers < count:
            self._fell_asleep.clear()
            await self._fell_asleep.wait()

    def advance(self, seconds: float) -> None:
        """Move the clock and wake everyone whose time has come, in order."""
        self._now += int(seconds * NANOSECONDS_PER_SECOND)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
