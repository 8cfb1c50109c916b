"""Closed words for why a request went upstream and why an answer was not kept: fields, lines and labels."""

from enum import StrEnum


class ForwardReason(StrEnum):
    """Why a request goes upstream (RFC 9211 section 2.2)."""

    URI_MISS = "uri-miss"
    VARY_MISS = "vary-miss"
    MISS = "miss"
    REQUEST = "request"
    STALE = "stale"
    PARTIAL = "partial"
    BYPASS = "bypass"
    METHOD = "method"


class NotStoredReason(StrEnum):
    """Why a complete answer was not stored."""

    METHOD = "method"
    STATUS = "status"
    REQUEST_NO_STORE = "request_no_store"
    NO_STORE = "no_store"
    PRIVATE = "private"
    CREDENTIALS = "credentials"
    NO_FRESHNESS = "no_freshness"
    VARY_ALL = "vary_all"
    PARTIAL = "partial"
    TOO_LARGE = "too_large"
    STORE_FULL = "store_full"
    GENERATION = "generation"
    FENCE = "fence"
    VERSION_REGRESSED = "version_regressed"
    ONE_TIME_PASSWORD = "one_time_password"  # noqa: S105
    EMPTY_LIST = "empty_list"
    UNREADABLE = "unreadable"
    NOT_CACHEABLE = "not_cacheable"
    NOT_VALIDATED = "not_validated"  # a 304 about something other than what is stored


KEEPS_STORED = frozenset({NotStoredReason.GENERATION, NotStoredReason.VERSION_REGRESSED})
"""Reasons that say nothing against what is stored under the key already; every other removes it (rule 7)."""

UNSHARED = frozenset(
    {
        NotStoredReason.REQUEST_NO_STORE,
        NotStoredReason.NO_STORE,
        NotStoredReason.PRIVATE,
        NotStoredReason.CREDENTIALS,
    }
)
"""Reasons for which an answer is for the one client that caused it: no follower of its flight may have it."""
