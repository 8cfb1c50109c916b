"""Generations: which of the responses under way or stored predate a write, a purge or a refusal.

One counter only ever grows. Raising a scope gives it the next number; the generation of a response is the
highest number among its scopes when its request was sent. If that is no longer the highest, the response
must not be stored or used to freshen, and a stored one must be validated. The table is bounded: what it
forgets counts as raised, which is always safe.
"""

from collections.abc import Iterable

from proxy.caching.key import ROOT, Tag


class Generations:
    """The generation of every scope."""

    def __init__(self, *, capacity: int = 65_536) -> None:
        self._capacity = capacity
        self._counter = 0
        self._floor = 0
        self._raised: dict[Tag, int] = {}

    @property
    def latest(self) -> int:
        """The number that was given out last: a scope raised from now on gets a higher one."""
        return self._counter

    def current(self, scopes: Iterable[Tag]) -> int:
        """Return the generation of what depends on all of `scopes`."""
        raised, latest = self._raised, self._floor  # nothing in the table is below the floor
        if raised:
            for scope in scopes:
                latest = max(latest, raised.get(scope, latest))
        return latest

    def advance(self, scopes: Iterable[Tag]) -> None:
        """Outdate everything that depends on any of `scopes`."""
        self._counter += 1
        for scope in scopes:
            if scope == ROOT:
                self._raised.clear()
                self._floor = self._counter
                return
            self._raised.pop(scope, None)  # re-inserted last: the dict stays ordered by number
            self._raised[scope] = self._counter
        while len(self._raised) > self._capacity:
            oldest = next(iter(self._raised))
            self._floor = max(self._floor, self._raised.pop(oldest))
