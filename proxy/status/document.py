"""What `connect-sidecar status --json` says: flat, units in the names, words from the closed enums.

Every field has a default: a command and a sidecar of two versions still understand each other. docs/status.md explains
each; a test compares. Moments are Unix time, `recent_` figures are about the last five minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """What it comes to."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"
    STARTING = "starting"
    DRAINING = "draining"


class Reason(StrEnum):
    """Why it is not ok."""

    CLIENT_ERRORS = "client_errors"
    NOTHING_STORED = "nothing_stored"  # Connect is away, and there is nothing to answer with
    STALE_RAN_OUT = "stale_ran_out"  # the same, because it is too old
    FORWARDING = "forwarding"  # the same, because the mode answers nothing from memory
    SERVING_STALE = "serving_stale"  # Connect is away
    AUDIT_LOST = "audit_lost"
    RELOAD_REFUSED = "reload_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatus:
    """One upstream. `failure` is an error's kind or a status while attempts fail, else empty."""

    number: int = 0
    breaker: str = ""
    is_pinned: bool = False
    failure: str = ""
    failing_since_unix_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStatus:
    """One accepted token with a name of its own; `state` is verified, unverified or refused."""

    name: str = ""
    state: str = ""
    verified_age_seconds: float = 0.0
    expires_unix_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStatus:
    """One change of state: `event` as in the log, `detail` a word or a number that belongs to it."""

    at_unix_seconds: float = 0.0
    event: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The document."""

    state: State = State.OK
    reasons: Sequence[Reason] = ()
    version: str = ""
    phase: str = ""
    profile: str = ""
    mode: str = ""
    upstream: str = ""
    at_unix_seconds: float = 0.0
    uptime_seconds: float = 0.0

    connect_failure: str = ""
    connect_away_since_unix_seconds: float | None = None
    connect_away_seconds: float | None = None
    stale_left_seconds: float | None = None
    endpoints: Sequence[EndpointStatus] = ()

    recent_seconds: float = 0.0
    recent_requests: int = 0
    recent_errors: int = 0
    recent_ok_percent: float | None = None
    recent_from_memory_percent: float | None = None
    recent_p50_seconds: float | None = None
    recent_p99_seconds: float | None = None
    recent_direct_per_second: float = 0.0
    recent_to_connect_per_second: float = 0.0
    recent_limited: int = 0
    recent_would_limit: int = 0
    recent_answers: Mapping[str, int] = field(default_factory=dict)
    recent_error_answers: Mapping[str, int] = field(default_factory=dict)
    history_slot_seconds: int = 0
    history: Mapping[str, Sequence[int]] = field(default_factory=dict)

    tokens_verified: int = 0
    tokens_unverified: int = 0
    tokens_refused: int = 0
    tokens: Sequence[TokenStatus] = ()

    stored_responses: int = 0
    stored_bytes: int = 0
    store_limit_bytes: int = 0
    evictions: int = 0
    open_fences: int = 0
    oldest_fence_seconds: float | None = None

    requests_under_way: int = 0
    writes_waiting: int = 0
    client_connections: int = 0
    limit_mode: str = ""
    audit_lost: int = 0
    audit_refuses: bool = False
    reload_refused_unix_seconds: float | None = None
    reload_problems: Sequence[str] = ()
    changes: Sequence[ChangeStatus] = ()
