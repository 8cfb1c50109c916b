"""Time as a value.

Two clocks are read at once and never mixed: bounds, residence time and buckets count on `boot_seconds`
(CLOCK_BOOTTIME: monotonic, goes on during suspend), HTTP dates and token expiry on `wall_seconds` (Unix time).
Policy modules take an `Instant` as an argument; only the composition root owns a `Clock`.
"""

import time
from dataclasses import dataclass
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

    _BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

    def now(self) -> Instant:
        """Return the present moment."""
        return Instant(wall_seconds=time.time(), boot_seconds=time.clock_gettime(self._BOOT))
