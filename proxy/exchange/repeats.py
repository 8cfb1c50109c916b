"""Hits that repeat others are counted in plain integers and told in sums: once a second, and to whoever asks.

A repeat is like an exchange that was told before but for its time and age, so nothing is lost by adding up. The audit
is not told here: it has every read at once.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol
from weakref import WeakValueDictionary

from proxy.caching.profile import FindingT, Profile, SubjectT
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Clock
from proxy.exchange.events import HitsRepeated
from proxy.exchange.ports import Observer
from proxy.exchange.prober import Prober

_TELL_SECONDS = 1.0
_AT_ONCE = 256
"""Of so many tallies the profile hears in one turn of the loop: below a millisecond."""


Hits = tuple[SubjectT, tuple[StoredResponse, ...], int]
"""What the profile has to hear: what one of them was about, some of what was reused, and how many they were."""


class Reuse(Protocol):
    """Who has what was reused."""

    stored: StoredResponse


class Tally(Generic[SubjectT]):
    """Hits since they were last told that mean the same to the profile; who counts one adds to these.

    It begins anew with the next hit after it was told. `first` and `last` say what was reused then and now.
    """

    __slots__ = (
        "__weakref__",
        "_on_begun",
        "count",
        "first",
        "greatest_age_seconds",
        "last",
        "seconds",
        "subject",
    )

    def __init__(self, subject: SubjectT, on_begun: Callable[["Tally[SubjectT]"], None]) -> None:
        self.subject = subject
        """One of those that are counted here."""
        self._on_begun = on_begun
        self.first: Reuse | None = None
        self.last: Reuse | None = None
        self._clear()

    def begin(self, reuse: Reuse) -> None:
        """Have it told soon: its first hit comes now."""
        self.first = self.last = reuse
        self._on_begun(self)

    def end(self) -> Hits[SubjectT]:
        """Return what was counted since it began; count nothing any more, and keep nothing that was reused."""
        reused = tuple(reuse.stored for reuse in (self.first, self.last) if reuse is not None)
        hits = (self.subject, reused, self.count)
        self._clear()
        return hits

    def _clear(self) -> None:
        self.count = 0
        self.seconds = 0.0
        """How long all of them took together."""
        self.greatest_age_seconds = 0.0
        self.first = self.last = None


class Repeats(Generic[SubjectT, FindingT]):
    """Hands out tallies, and tells of those that count something. A quiet sidecar has no timer."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        prober: Prober[SubjectT, FindingT, Any] | None,
        observer: Observer,
        clock: Clock,
    ) -> None:
        self._profile = profile
        self._prober = prober
        self._observer = observer
        self._clock = clock
        self._tallies: WeakValueDictionary[Hashable, Tally[SubjectT]] = WeakValueDictionary()
        self._begun: list[Tally[SubjectT]] = []
        self._unheard: list[Hits[SubjectT]] = []
        self._timer: asyncio.Handle | None = None

    def tally(self, subject: SubjectT) -> Tally[SubjectT]:
        """Return where hits about a subject are counted."""
        kind = (subject.resource, subject.partition_label, self._profile.counts_with(subject))
        known = self._tallies.get(kind)
        if known is None:
            known = self._tallies[kind] = Tally(subject, self._has_begun)
        return known

    def tell(self) -> int:
        """Tell what was counted since the last time; return how many hits that were. The profile hears it soon."""
        begun, self._begun = self._begun, []
        kinds: dict[tuple[str, str], list[Tally[SubjectT]]] = {}
        for tally in begun:
            kinds.setdefault((tally.subject.resource, tally.subject.partition_label), []).append(tally)
        now = self._clock.now()
        for (resource, token), tallies in kinds.items():
            self._observer.notify(
                HitsRepeated(
                    resource=resource,
                    token=token,
                    count=sum(tally.count for tally in tallies),
                    total_seconds=sum(tally.seconds for tally in tallies),
                    greatest_age_seconds=max(tally.greatest_age_seconds for tally in tallies),
                    at=now,
                )
            )
        told = sum(tally.count for tally in begun)
        self._unheard += [tally.end() for tally in begun]
        return told

    def close(self) -> None:
        """Tell the last ones."""
        self.tell()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _has_begun(self, tally: Tally[SubjectT]) -> None:
        self._begun.append(tally)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TELL_SECONDS, self._tick)

    def _tick(self) -> None:
        self.tell()
        self._have_heard()

    def _have_heard(self) -> None:
        """Have the profile hear, a piece in a turn of the loop."""
        piece, now, is_watched = self._unheard[-_AT_ONCE:], self._clock.now(), False
        del self._unheard[-_AT_ONCE:]
        for subject, reused, count in piece:
            is_watched |= self._profile.repeated(subject, reused, count, now)
        if is_watched and self._prober is not None:
            self._prober.wake()
        loop = asyncio.get_running_loop()
        if self._unheard:
            self._timer = loop.call_soon(self._have_heard)
        else:
            self._timer = loop.call_later(_TELL_SECONDS, self._tick) if self._begun else None
