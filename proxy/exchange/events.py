"""Frozen facts that leave an exchange. Backends (metrics, logs, audit, traces) read them; nothing reads back.

No event carries a token, a body, a filter or a title. Words are the closed enums of the layers below, so that a
field, a log line and a metric label always say the same.
"""

from dataclasses import dataclass
from enum import StrEnum

from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget
from proxy.caching.profile import WriteOutcome
from proxy.caching.reasons import ForwardReason, NotStoredReason
from proxy.errors import ErrorKind
from proxy.exchange.mode import Mode


class Answered(StrEnum):
    """How a client's request was answered."""

    HIT = "hit"  # from the store, fresh
    STALE = "stale"  # from the store, stale
    COLLAPSED = "collapsed"  # by a request another client caused
    FORWARDED = "forwarded"  # by the upstream's answer to this request
    REFUSED = "refused"  # by us: the request was at fault
    LIMITED = "limited"  # by us: the token's budget is used up
    FAILED = "failed"  # by us: the upstream gave no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFinished:
    """One client request has its answer (its head was handed to the server; a body may still stream)."""

    method: str
    resource: str
    token: str
    status: int
    answered: Answered
    forward_reason: ForwardReason | None
    not_stored: NotStoredReason | None
    error: ErrorKind | None
    age_seconds: float | None
    duration_seconds: float
    peer: str = ""
    """Who sent it, by the transport's word (`semantics.peer`): a token may be lent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAnswered:
    """One attempt at a request to an upstream ended with a head (status) or without (error)."""

    method: str
    endpoint_number: int
    status: int | None
    error: ErrorKind | None
    duration_seconds: float


class Retry(StrEnum):
    """What became of the wish to ask once more."""

    SENT = "sent"
    NO_BUDGET = "no_budget"  # too many retries lately


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRetried:
    """A safe request that an upstream failed was worth asking again."""

    endpoint_number: int
    retry: Retry


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamStateChanged:
    """An upstream's circuit breaker has moved.

    `failures` are the requests that have failed or were refused since the last success, `outage_seconds` how long
    ago the breaker left the closed state.
    """

    endpoint_number: int
    before: BreakerState
    state: BreakerState
    cause: ErrorKind
    failures: int
    outage_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PinMoved:
    """Requests go to another of several upstreams from now on."""

    endpoint_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalidated:
    """Stored responses went because of a write."""

    resource: str
    outcome: WriteOutcome
    removed: int


class BackgroundOutcome(StrEnum):
    """How a request ended that no client waited for."""

    DONE = "done"
    REFUSED = "refused"  # an answer that shows nothing
    TOO_LARGE = "too_large"
    FAILED = "failed"  # no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class BackgroundFinished:
    """A request that no client waited for is over; `cause` is a closed word of the profile."""

    cause: str
    outcome: BackgroundOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """A request was above its token's budget; where `is_enforced` is false it passed all the same."""

    budget: Budget
    token: str
    is_enforced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChanged:
    """An operator has switched the mode."""

    before: Mode
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class WouldBeHit:
    """A read that was forwarded although the store had an answer; `is_wrong` if the upstream gave another one."""

    resource: str
    is_wrong: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """Stored responses went because an operator said so."""

    removed: int


class ReloadOutcome(StrEnum):
    """What became of the settings as they are now."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    REFUSED = "refused"  # they are wrong: the old ones go on


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """Somebody wanted the settings read anew, or their files had changed.

    `problems` is why they were refused; `changed` and `pending` are paths of settings that are live, or wait for a
    restart; `ignored` are lines about names that are no settings.
    """

    outcome: ReloadOutcome
    problems: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


Event = (
    ExchangeFinished
    | UpstreamAnswered
    | UpstreamRetried
    | UpstreamStateChanged
    | PinMoved
    | Invalidated
    | Purged
    | BackgroundFinished
    | Limited
    | ModeChanged
    | WouldBeHit
    | Reloaded
)
