"""Reads of one interval, added up: equal ones are one aggregate with a count.

An aggregate lives for one interval. Whoever holds one (an express lane, say) may note more reads on it for as long as
that is open, and asks the ledger again afterwards. One thread at a time: the event loop's. Nothing here looks at all
aggregates at once: there may be tens of thousands, and to touch each takes milliseconds.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple

from proxy.audit.records import Read, fitting, timestamp

MOST_AGGREGATES = 32_768
"""Different reads of one interval before they are written early: some 10 MiB, and only where there are so many.

More than a store of the usual size has responses. With 4,096, reads spread over 20,000 of them had nearly a line each.
"""


class Identity(NamedTuple):
    """What makes reads equal. A plain tuple of the same values finds the same aggregate: hits are looked up so."""

    token: str
    token_id: str
    peer: str
    resource: str
    about: tuple[tuple[str, str], ...]
    version: int | None
    how: str
    cause: str = ""
    outcome: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Interval:
    """Whether the aggregates of one interval are open: reads may be noted on them."""

    is_open: bool = True


@dataclass(slots=True, kw_only=True, eq=False)
class Aggregate:
    """Equal reads; wall-clock times of the first and the last. `failures` is how often it could not be written."""

    identity: Identity
    first_wall_seconds: float
    last_wall_seconds: float
    count: int
    interval: Interval
    failures: int = 0

    def note(self, wall_seconds: float) -> None:
        """Count one more read; only while it is open."""
        if not self.count:
            self.first_wall_seconds = wall_seconds
        self.count += 1
        self.last_wall_seconds = wall_seconds

    def content(self) -> Read:
        """Return it as a line says it."""
        identity = self.identity
        about = {word: fitting(identifier) for word, identifier in identity.about}
        # A clock put back would have the last read before the first.
        last = max(self.first_wall_seconds, self.last_wall_seconds)
        return Read(
            token=identity.token,
            jti=fitting(identity.token_id),
            peer=fitting(identity.peer),
            resource=identity.resource,
            vault=about.get("vault", ""),
            item=about.get("item", ""),
            file=about.get("file", ""),
            version=identity.version,
            how=identity.how,
            cause=identity.cause,
            outcome=identity.outcome,
            first=timestamp(self.first_wall_seconds),
            last=timestamp(last),
            count=self.count,
        )


Aggregates = OrderedDict[tuple[object, ...], Aggregate]
"""By identity, in the order in which they began."""


class Ledger:
    """The open aggregates, bounded."""

    def __init__(self, most: int = MOST_AGGREGATES) -> None:
        self._most = most
        self._interval = Interval()
        self.open: Aggregates = OrderedDict()

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another aggregate."""
        return len(self.open) >= self._most

    def begin(self, identity: Identity, wall_seconds: float, count: int) -> Aggregate:
        """Open an aggregate with so many reads; the caller has seen that there is none, and room."""
        aggregate = Aggregate(
            identity=identity,
            first_wall_seconds=wall_seconds,
            last_wall_seconds=wall_seconds,
            count=count,
            interval=self._interval,
        )
        self.open[identity] = aggregate
        return aggregate

    def drain(self) -> Aggregates:
        """Close all aggregates and return them; some may have no reads."""
        self._interval.is_open = False
        self._interval = Interval()
        drained, self.open = self.open, OrderedDict()
        return drained

    def take_back(self, aggregate: Aggregate) -> bool:
        """Open again what could not be written, together with equal reads since; False if there is no room."""
        since = self.open.get(aggregate.identity)
        if since is None:
            if self.is_full:
                return False
            aggregate.interval = self._interval
            self.open[aggregate.identity] = aggregate
            return True
        since.count += aggregate.count
        since.first_wall_seconds = aggregate.first_wall_seconds
        since.failures = aggregate.failures
        return True
