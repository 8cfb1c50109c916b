"""Hits that repeat others are counted in plain integers and told in sums: once a second, and to whoever asks.

A repeat is like an exchange that was told before but for its time and age, so nothing is lost by adding up. The audit
is not told here: it has every read at once.
"""

import asyncio

from proxy.clock import Clock
from proxy.exchange.events import HitsRepeated
from proxy.exchange.ports import Observer

_TELL_SECONDS = 1.0
_QUIET_TICKS = 7
"""After so many in which nothing was counted the timer rests. Longer than a ticket goes unnoticed (tickets.py)."""


class Tally:
    """Hits of one kind since they were last told; who counts one adds to these."""

    __slots__ = ("count", "greatest_age_seconds", "resource", "seconds", "token")

    def __init__(self, resource: str, token: str) -> None:
        self.resource = resource
        self.token = token
        self.count = 0
        self.seconds = 0.0
        """How long all of them took together."""
        self.greatest_age_seconds = 0.0


class Repeats:
    """All tallies: as many as there are names of tokens and kinds of resources."""

    def __init__(self, *, observer: Observer, clock: Clock) -> None:
        self._observer = observer
        self._clock = clock
        self._tallies: dict[tuple[str, str], Tally] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_ticks = 0

    def tally(self, resource: str, token: str) -> Tally:
        """Return where hits are counted that are about such a resource, in the name of such a token."""
        known = self._tallies.get((resource, token))
        if known is None:
            known = self._tallies[resource, token] = Tally(resource, token)
        return known

    def watch(self) -> None:
        """See to it that what is counted from now on is told soon."""
        self._quiet_ticks = 0
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TELL_SECONDS, self._tick)

    def tell(self) -> int:
        """Tell what was counted since the last time; return how many hits that were."""
        told = 0
        for tally in self._tallies.values():
            if tally.count:
                told += tally.count
                self._observer.notify(
                    HitsRepeated(
                        resource=tally.resource,
                        token=tally.token,
                        count=tally.count,
                        total_seconds=tally.seconds,
                        greatest_age_seconds=tally.greatest_age_seconds,
                        at=self._clock.now(),
                    )
                )
                tally.count, tally.seconds, tally.greatest_age_seconds = 0, 0.0, 0.0
        return told

    def close(self) -> None:
        """Tell the last ones."""
        self.tell()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        self._quiet_ticks = 0 if self.tell() else self._quiet_ticks + 1
        if self._quiet_ticks < _QUIET_TICKS:
            self._timer = asyncio.get_running_loop().call_later(_TELL_SECONDS, self._tick)
