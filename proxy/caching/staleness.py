"""When a stale response may still be served (RFC 9111 section 4.2.4, RFC 5861).

Every bound is hard: it counts from when the response became stale, on boot_seconds; no failed retry moves it.
"""

from proxy.caching.directives import RequestDirectives
from proxy.caching.profile import CacheRules
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant


def staleness_seconds(stored: StoredResponse, now: Instant) -> float:
    """Return for how long a response has been stale; 0 while it is fresh."""
    return max(0.0, -stored.ttl_seconds(now))


def client_accepts(stored: StoredResponse, directives: RequestDirectives, now: Instant) -> bool:
    """Tell whether the request's max-stale allows a stale response (and the origin does not forbid it)."""
    most = directives.max_stale_seconds
    return most is not None and not stored.must_revalidate and staleness_seconds(stored, now) <= most


def may_refresh_behind(stored: StoredResponse, now: Instant) -> bool:
    """Tell whether stale-while-revalidate allows the response to be served while it is validated."""
    return (
        not stored.must_revalidate and staleness_seconds(stored, now) < stored.stale_while_revalidate_seconds
    )


def may_replace_error(
    stored: StoredResponse, directives: RequestDirectives, rules: CacheRules, now: Instant
) -> bool:
    """Tell whether the response may stand in for an error (stale-if-error)."""
    if stored.must_revalidate:
        return False
    most = stored.stale_if_error_seconds
    if directives.stale_if_error_seconds is not None:
        most = min(most, directives.stale_if_error_seconds) if most else directives.stale_if_error_seconds
    return staleness_seconds(stored, now) <= min(most, rules.stale_if_error_most_seconds)
