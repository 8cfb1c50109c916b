"""How often the same may be said: in an outage with thousands of clients the first lines tell all there is to tell.

Of lines that agree in everything but ids and times, the first few of an interval are written; the others are counted,
and one line at the end of the interval says how many there were.
"""

import threading
from dataclasses import dataclass, field

from proxy.adapters.logs.words import LogEvent

MOST_LINES = 10
INTERVAL_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What lines that are counted together have in common, in words of bounded number."""

    of: LogEvent
    token: str | None = None
    resource: str | None = None
    cache: str | None = None
    why: str | None = None
    library: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many lines of a kind were not written."""

    kind: Kind
    count: int


@dataclass(slots=True)
class LineBound:
    """Counts lines of the running interval, which begins with the first. Libraries ask from their own threads."""

    most_lines: int = MOST_LINES
    interval_seconds: float = INTERVAL_SECONDS
    _counts: dict[Kind, int] = field(default_factory=dict, repr=False)
    _ends_seconds: float = field(default=0.0, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def admits(self, kind: Kind, now_seconds: float) -> bool:
        """Count one more line; tell whether it is to be written."""
        with self._lock:
            if not self._counts:
                self._ends_seconds = now_seconds + self.interval_seconds
            count = self._counts[kind] = self._counts.get(kind, 0) + 1
            return count <= self.most_lines

    def left_out(self, now_seconds: float) -> list[LeftOut]:
        """Return what was left out in an interval that is over, and forget it; nothing before."""
        with self._lock:
            if not self._counts or now_seconds < self._ends_seconds:
                return []
            counts, self._counts = self._counts, {}
        excess = ((kind, count - self.most_lines) for kind, count in counts.items())
        return [LeftOut(kind=kind, count=count) for kind, count in excess if count > 0]
