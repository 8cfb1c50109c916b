"""When an upstream is left alone because it fails, and when it is asked again.

Closed until so many failures in a row; then open for a while that doubles from outage to outage up to a limit,
with equal jitter; then half open: one request at a time may try, and its result closes or opens it. Every ticket
carries a number (sony/gobreaker's generation): a result that arrives after the state has moved on is discarded.
A status that may be one client's own doing (500, 408) counts only once two partitions have seen it. Must not know
what HTTP is, nor sleep, nor draw random numbers.
"""

from dataclasses import dataclass
from enum import StrEnum

from proxy.clock import Instant
from proxy.errors import ErrorKind


class BreakerState(StrEnum):
    """Whether requests pass."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Pace(StrEnum):
    """Who decides how long a request takes to leave."""

    OURS = "ours"
    CLIENTS = "clients"  # it has a body, which may drip


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSettings:
    """`failures` in a row open it, for `open_seconds` at first and at most `open_limit_seconds`."""

    failures: int = 5
    open_seconds: float = 1.0
    open_limit_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """Leave to send one request; its holder reports exactly one result, or abandons it."""

    generation: int
    is_probe: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StateChange:
    """The breaker has moved: from where to where, why, and what the outage has cost so far."""

    before: BreakerState
    after: BreakerState
    cause: ErrorKind
    failures: int  # requests, refused ones included, since the last success before the outage
    outage_seconds: float


@dataclass(slots=True, kw_only=True)
class _Outage:
    """What is remembered while not closed."""

    cause: ErrorKind
    began_boot_seconds: float
    ends_boot_seconds: float
    times_opened: int
    probe: Pace | None = None


class CircuitBreaker:
    """One upstream's breaker. Not for use from several threads."""

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self._generation = 0
        self._outage: _Outage | None = None
        self._failures = 0
        self._suspecting: frozenset[bytes] = frozenset()
        self._changed_boot_seconds: float | None = None

    def state(self, now: Instant) -> BreakerState:
        """Return the state; an open one whose time is over is half open."""
        if self._outage is None:
            return BreakerState.CLOSED
        if now.boot_seconds < self._outage.ends_boot_seconds:
            return BreakerState.OPEN
        return BreakerState.HALF_OPEN

    @property
    def cause(self) -> ErrorKind | None:
        """What opened it last; None while closed."""
        return None if self._outage is None else self._outage.cause

    @property
    def failures(self) -> int:
        """How many requests have failed or were refused since the last success."""
        return self._failures

    def since_seconds(self, now: Instant) -> float | None:
        """Return how long ago it last closed, or the present outage began; None if it was never open."""
        if self._changed_boot_seconds is None:
            return None
        return now.boot_seconds - self._changed_boot_seconds

    def retry_after_seconds(self, now: Instant) -> float:
        """Return how long it will certainly refuse; 0 unless open."""
        return 0.0 if self._outage is None else max(0.0, self._outage.ends_boot_seconds - now.boot_seconds)

    def admit(self, now: Instant, pace: Pace = Pace.OURS) -> Ticket | None:
        """Let a request pass, or refuse it. Half open, one passes at a time.

        One that leaves at our pace takes the place of one that a client may drag out: its result then is late.
        """
        if self._outage is None:
            return Ticket(generation=self._generation, is_probe=False)
        is_taken = self._outage.probe is Pace.OURS or self._outage.probe is pace
        if is_taken or self.state(now) is BreakerState.OPEN:
            self._failures += 1
            return None
        if self._outage.probe is not None:
            self._generation += 1
        self._outage.probe = pace
        return Ticket(generation=self._generation, is_probe=True)

    def succeeded(self, ticket: Ticket, now: Instant) -> StateChange | None:
        """Count an answer that shows the upstream well: it ends an outage and every suspicion."""
        if ticket.generation != self._generation:
            return None
        self._suspecting = frozenset()
        return self._answered(now)

    def failed(self, ticket: Ticket, cause: ErrorKind, *, now: Instant, jitter: float) -> StateChange | None:
        """Count a failure. `jitter`, from 0 to 1, places the next attempt in the second half of the wait."""
        if ticket.generation != self._generation:
            return None
        self._failures += 1
        if self._outage is None and self._failures < self._settings.failures:
            return None
        return self._open(cause, now=now, jitter=jitter)

    def suspect(
        self, ticket: Ticket, cause: ErrorKind, *, partition: bytes, now: Instant, jitter: float
    ) -> StateChange | None:
        """Note an answer that is a failure if others get it, too, and else this client's own affair.

        The first partition's count nothing, however many; half open they close it, because somebody answered.
        """
        if ticket.generation != self._generation:
            return None
        if len(self._suspecting) < 2:
            self._suspecting |= {partition}
        if len(self._suspecting) >= 2:
            return self.failed(ticket, cause, now=now, jitter=jitter)
        return self._answered(now) if ticket.is_probe else None

    def abandoned(self, ticket: Ticket) -> None:
        """Count nothing (the client went away, or the fault was ours); a probe's place is free again."""
        if self._outage is not None and ticket.is_probe and ticket.generation == self._generation:
            self._outage.probe = None
            self._generation += 1  # should its result come after all, it is late

    def _answered(self, now: Instant) -> StateChange | None:
        failures, self._failures = self._failures, 0
        if self._outage is None:
            return None
        outage, self._outage = self._outage, None
        self._generation += 1
        self._changed_boot_seconds = now.boot_seconds
        return StateChange(
            before=BreakerState.HALF_OPEN,
            after=BreakerState.CLOSED,
            cause=outage.cause,
            failures=failures,
            outage_seconds=now.boot_seconds - outage.began_boot_seconds,
        )

    def _open(self, cause: ErrorKind, *, now: Instant, jitter: float) -> StateChange:
        before, earlier = self.state(now), self._outage
        times_opened = 1 if earlier is None else earlier.times_opened + 1
        began = now.boot_seconds if earlier is None else earlier.began_boot_seconds
        self._outage = _Outage(
            cause=cause,
            began_boot_seconds=began,
            ends_boot_seconds=now.boot_seconds + self._wait_seconds(times_opened, jitter),
            times_opened=times_opened,
        )
        self._generation += 1
        self._changed_boot_seconds = began
        return StateChange(
            before=before,
            after=BreakerState.OPEN,
            cause=cause,
            failures=self._failures,
            outage_seconds=now.boot_seconds - began,
        )

    def _wait_seconds(self, times_opened: int, jitter: float) -> float:
        doublings = min(times_opened - 1, 30)  # keeps the power small; the limit is reached long before
        whole = min(self._settings.open_limit_seconds, self._settings.open_seconds * 2.0**doublings)
        return whole / 2 + jitter * whole / 2
