"""Time as a value.

Two clocks are read at once and never mixed: bounds, residence time and buckets count on `boot_seconds`
(CLOCK_BOOTTIME: monotonic, goes on during suspend), HTTP dates and token expiry on `wall_seconds` (Unix time).
Policy modules take an `Instant` as an argument; only the composition root owns a `Clock`.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Instant:
    """One moment on both clocks, in seconds."""

    wall_seconds: float
    boot_seconds: float


class Clock(Protocol):
    """Where `now` comes from."""

    def now(self) -> Instant:
        """Return the present moment."""
        ...


class SystemClock:
    """The machine's clocks. Where the kernel has no CLOCK_BOOTTIME, CLOCK_MONOTONIC takes its place."""

    BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now(self) -> Instant:
        """Return the present moment."""
        return Instant(wall_seconds=time.time(), boot_seconds=time.clock_gettime(self.BOOT))


Reading = Callable[[], float]


def readings(clock: Clock) -> tuple[Reading, Reading]:
    """Return what reads a clock's boot and wall seconds alone, for who has no time to make values of them."""
    if isinstance(clock, SystemClock):
        return partial(time.clock_gettime, clock.BOOT), time.time
    return lambda: clock.now().boot_seconds, lambda: clock.now().wall_seconds
