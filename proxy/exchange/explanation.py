"""What the cache would do with a request now, and everything it goes by: a value, for people who ask.

Ids are said, a target never is: its query may quote a title. Seconds are left or passed as of now.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """What would become of the request."""

    FRESH = "fresh"  # answered from memory
    REVALIDATING = "revalidating"  # answered from memory, stale, and validated behind it
    STALE = "stale"  # answered from memory in place of an error
    STALE_INSTEAD_OF_429 = "stale_instead_of_429"
    SHARED = "shared"  # answered by a request that is under way already
    ASKED = "asked"  # the upstream is asked
    FAILED = "failed"  # the upstream is away, and nothing may take its place
    LIMITED = "limited"
    REFUSED_BEFORE = "refused_before"
    ROUTE_DENIED = "route_denied"
    BUSY = "busy"


class Because(StrEnum):
    """Why the upstream would have to be asked."""

    NOT_STORED = "not_stored"
    NEVER_STORED = "never_stored"
    METHOD = "method"  # only GET is answered from memory
    WRITE = "write"
    MODE = "mode"
    NOT_FRESH = "not_fresh"
    UNVERIFIED = "unverified"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    OUTSIDE_GRANTS = "outside_grants"
    FENCE = "fence"
    ABSENT = "absent"
    NEWER_VERSION = "newer_version"
    OUTDATED = "outdated"
    ORIGIN = "origin"  # it wants to be asked every time


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitState:
    """One budget of the token: requests left now, of so many; when the next one would pass."""

    budget: str
    remaining: int
    burst: int
    retry_after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """What is stored for the request, the latest of `variants`. `stale_left_seconds` None: not even in an outage."""

    variants: int
    age_seconds: float
    fresh_left_seconds: float
    stale_left_seconds: float | None
    version: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceState:
    """The caution after a write, as in `caching.inspection`."""

    waits_for: str
    version: int | None
    age_seconds: float
    left_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The verdict first, then what is known. What there is none of is None."""

    verdict: Verdict
    because: Because | None
    method: str
    resource: str
    token: str
    mode: str
    handling: str
    about: dict[str, str] = field(default_factory=dict)
    filtered: bool = False
    route_permitted: bool = True
    stored: StoredState | None = None
    highest_version: int | None = None
    token_is_refused: bool = False
    access_age_seconds: float | None = None
    access_left_seconds: float | None = None
    token_left_seconds: float | None = None
    fence: FenceState | None = None
    limit_mode: str = "off"
    limits: tuple[LimitState, ...] = ()
    refused_again_seconds: float = 0.0
    breakers: tuple[str, ...] = ()
