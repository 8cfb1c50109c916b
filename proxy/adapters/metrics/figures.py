"""What others tell of themselves when scraped, as Protocols: they pay nothing for it in between.

The adapters among them (audit, log, traces) are as unaware of this one as it is of them.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from proxy.admission.circuit_breaker import BreakerState
from proxy.clock import Instant
from proxy.connect.figures import NamedToken
from proxy.connect.leases import TokenState
from proxy.connect.storing_rules import AgeBounds
from proxy.exchange.mode import Mode


class StoreFigures(Protocol):
    """A store."""

    @property
    def stored_responses(self) -> int: ...

    @property
    def stored_bytes(self) -> int: ...

    @property
    def limit_bytes(self) -> int: ...

    @property
    def evictions(self) -> int: ...


class ExchangeFigures(Protocol):
    """An exchange."""

    @property
    def mode(self) -> Mode: ...

    @property
    def requests_under_way(self) -> int: ...

    @property
    def buffered_bytes(self) -> int: ...

    @property
    def writes_waiting(self) -> int: ...


class ProfileFigures(Protocol):
    """A profile that knows tokens and fences."""

    def token_states(self, now: Instant) -> Mapping[TokenState, int]: ...

    def named_tokens(self, now: Instant) -> Sequence[NamedToken]: ...

    def refusals(self) -> Mapping[str, int]: ...

    def open_fences(self, now: Instant) -> int: ...

    def oldest_fence_seconds(self, now: Instant) -> float: ...

    def age_bounds(self) -> AgeBounds: ...


class ConnectionFigures(Protocol):
    """The traffic port."""

    @property
    def open_connections(self) -> int: ...

    @property
    def turned_away(self) -> int: ...


class LaneFigures(Protocol):
    """An express lane."""

    @property
    def is_open(self) -> bool: ...

    @property
    def answered(self) -> int: ...


class LoopFigures(Protocol):
    """An event loop that is watched."""

    @property
    def lag_seconds(self) -> float: ...


class QueueFigures(Protocol):
    """A queue for the upstream."""

    @property
    def in_use(self) -> int: ...

    @property
    def waiting(self) -> int: ...


class EndpointFigures(Protocol):
    """An upstream."""

    @property
    def number(self) -> int: ...

    def state(self) -> BreakerState: ...

    def retries_left(self) -> int: ...


class AuditFigures(Protocol):
    """An audit: records written, reads in them by how they were answered, reads that have no record.

    `sequence` is the number of the last record, `head` the first 52 bits of the chain's head: a float holds no more.
    """

    @property
    def records(self) -> int: ...

    @property
    def reads(self) -> Mapping[str, int]: ...

    @property
    def lost(self) -> int: ...

    @property
    def sequence(self) -> int: ...

    @property
    def head(self) -> int: ...


class LogFigures(Protocol):
    """A log."""

    @property
    def lines_lost(self) -> int: ...


class SpanFigures(Protocol):
    """An exporter of spans."""

    @property
    def exported(self) -> int: ...

    @property
    def lost(self) -> int: ...
