"""Frozen facts that leave an exchange. Backends (metrics, logs, audit, traces) read them; nothing reads back.

No event carries a token, a body, a filter or a title. Words are the closed enums of the layers below, so that a
field, a log line and a metric label always say the same.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget
from proxy.caching.profile import About, WriteOutcome
from proxy.caching.reasons import NotStoredReason
from proxy.clock import Instant
from proxy.errors import ErrorKind
from proxy.exchange.mode import Mode
from proxy.exchange.reasons import Why
from proxy.exchange.spans import SpanEnded


class Answered(StrEnum):
    """How a client's request was answered: the word that panels and lines call `cache`."""

    HIT = "hit"  # from the store, fresh
    STALE = "stale"  # from the store, stale
    COLLAPSED = "collapsed"  # by a request another client caused
    FORWARDED = "forwarded"  # by the upstream's answer to this request
    REFUSED = "refused"  # by us: the request was at fault
    LIMITED = "limited"  # by us: the token's budget is used up
    FAILED = "failed"  # by us: the upstream gave no answer


WITHOUT_ORIGIN = frozenset({Answered.HIT, Answered.STALE, Answered.COLLAPSED})
"""Answers that the origin has no record of: nobody asked it for them."""


class Result(StrEnum):
    """What a client's request came to."""

    OK = "ok"
    REFUSED = "refused"  # the request was at fault: 4xx
    ERROR = "error"  # it wasn't: 5xx, 408, 429


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFinished:
    """One client request has its answer (its head was handed to the server; a body may still stream).

    `token` is the bounded name of its token, `token_id` what the token calls itself (`jti`; for the audit alone),
    `peer` who sent it, by the transport's word: a token may be lent. `about` are ids (vault, item, file) that may be
    said, `version` is the item's that was shown. `stale_left_seconds` is for how long that answer could still be
    given. `attempts` and `upstream_seconds` are what this request itself has cost the upstream. `at` is now.
    """

    method: str
    resource: str
    token: str
    status: int
    cache: Answered
    why: Why
    duration_seconds: float
    at: Instant
    token_id: str = field(default="", repr=False)
    peer: str = ""
    about: About = ()
    version: int | None = None
    not_stored: NotStoredReason | None = None
    age_seconds: float | None = None
    stale_left_seconds: float | None = None
    attempts: int = 0
    upstream_seconds: float = 0.0
    trace_id: str = ""
    """32 hexadecimal digits where the exchange is part of a sampled trace, else empty."""

    @property
    def result(self) -> Result:
        """What the client's request came to."""
        if self.status < 400:
            return Result.OK
        return Result.ERROR if self.status >= 500 or self.status in {408, 429} else Result.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class HitsRepeated:
    """Client requests that the store answered, fresh, like others before them: told in one sum, not one by one.

    `total_seconds` is how long they took together, `greatest_age_seconds` the age of the oldest that was shown.
    """

    resource: str
    token: str
    count: int
    total_seconds: float
    greatest_age_seconds: float
    at: Instant


class ExpressLaneClosed(StrEnum):
    """Why the express lane is off for as long as this process lives, although settings want it."""

    MISMATCH = "mismatch"  # it would have answered otherwise than the full path
    UNKNOWN_AIOHTTP = "unknown_aiohttp"  # what it relies on is not there
    FAULT = "fault"  # an error of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressLaneLeft:
    """The express lane has turned itself off; all requests take the full path."""

    why: ExpressLaneClosed


class Cause(StrEnum):
    """Why a request was sent to an upstream."""

    READ = "read"  # a client's, that others may share
    REFRESH = "refresh"  # to validate what has just been served stale
    WRITE = "write"
    PASS = "pass"  # noqa: S105 - a client's that is never shared or stored
    CHANGE_CHECK = "change_check"  # a list that no client waits for
    SECOND_LOOK = "second_look"  # a refusal asked about once more
    HEALTH = "health"  # the witness of a refusal
    HOLD = "hold"  # a read that did not show what was just written, once more
    RETRY = "retry"  # any of these, after a fault


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamAnswered:
    """One attempt at a request to an upstream ended with a head (status) or without (error).

    `attempt` counts what one request upstream took, from 1.
    """

    method: str
    cause: Cause
    endpoint_number: int
    attempt: int
    status: int | None
    error: ErrorKind | None
    duration_seconds: float
    trace_id: str = ""


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
    """A request that no client waited for is over; `cause` is a closed word of the profile.

    It was sent in the name of a token, about something: `token`, `token_id` and `about` as in `ExchangeFinished`.
    """

    cause: str
    outcome: BackgroundOutcome
    resource: str
    token: str
    at: Instant
    token_id: str = field(default="", repr=False)
    about: About = ()


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
    | HitsRepeated
    | ExpressLaneLeft
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
    | SpanEnded
)
