"""The driver of RFC 9111: what to do with a request, an answer and a failure, as closed unions of decisions."""

from dataclasses import dataclass
from enum import StrEnum

from proxy.caching.profile import NotStoredReason
from proxy.caching.stored_response import StoredResponse


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reuse:
    """Answer from the store. `refresh` asks for a request in the background (stale-while-revalidate)."""

    stored: StoredResponse
    refresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """Ask upstream. `stored` is what may be validated or serve in an outage; `collapse` allows joining a flight."""

    reason: ForwardReason
    stored: StoredResponse | None
    collapse: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsatisfiable:
    """only-if-cached, and nothing stored will do: 504 (RFC 9111 section 5.2.1.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotStored:
    """A complete answer that is not kept, and why."""

    reason: NotStoredReason
