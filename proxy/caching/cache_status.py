"""Our member of Cache-Status (RFC 9211)."""

from dataclasses import dataclass

from proxy.caching.reasons import ForwardReason
from proxy.semantics.structured_fields import serialize_string

CACHE_NAME = "connect-sidecar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarded:
    """How a request that went upstream was handled. `detail` is one of our closed words."""

    reason: ForwardReason
    status: int | None = None
    is_stored: bool = False
    is_collapsed: bool = False
    detail: str | None = None


def hit(ttl_seconds: float, detail: str | None = None) -> str:
    """Return the member for an answer from the store; a negative ttl says how stale it is."""
    member = f"{CACHE_NAME}; hit; ttl={int(ttl_seconds // 1)}"
    return member if detail is None else f"{member}; detail={serialize_string(detail)}"


def forwarded(handling: Forwarded) -> str:
    """Return the member for an answer from upstream."""
    parts = [CACHE_NAME, f"fwd={handling.reason}"]
    if handling.status is not None:
        parts.append(f"fwd-status={handling.status}")
    if handling.is_stored:
        parts.append("stored")
    if handling.is_collapsed:
        parts.append("collapsed")
    if handling.detail is not None:
        parts.append(f"detail={serialize_string(handling.detail)}")
    return "; ".join(parts)
