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
    return most is not None and not stored.terms.must_revalidate and staleness_seconds(stored, now) <= most


def may_refresh_behind(stored: StoredResponse, directives: RequestDirectives, now: Instant) -> bool:
    """Tell whether stale-while-revalidate allows the response to be served while it is validated.

    A request with max-age wants nothing stale, unless it says max-stale (RFC 9111 section 5.2.1.1).
    """
    if stored.terms.must_revalidate or directives.max_age_seconds is not None:
        return False
    return staleness_seconds(stored, now) < stored.terms.stale_while_revalidate_seconds


def may_replace_error(
    stored: StoredResponse, directives: RequestDirectives, rules: CacheRules, now: Instant
) -> bool:
    """Tell whether the response may stand in for an error (stale-if-error)."""
    if stored.terms.must_revalidate or stored.terms.must_validate:
        return False
    return staleness_seconds(stored, now) <= _most_in_outage(stored, directives, rules)


def left_seconds(
    stored: StoredResponse, directives: RequestDirectives, rules: CacheRules, now: Instant
) -> float:
    """Return for how long the response may still stand in for an error; 0 once it may not."""
    return max(0.0, _most_in_outage(stored, directives, rules) - staleness_seconds(stored, now))


def _most_in_outage(stored: StoredResponse, directives: RequestDirectives, rules: CacheRules) -> float:
    """Return the bound: the narrower of the origin's and the request's word, else the rules'."""
    words = (stored.terms.stale_if_error_seconds, directives.stale_if_error_seconds)
    stated = [float(word) for word in words if word is not None] or [rules.stale_if_error_seconds]
    return min(*stated, rules.stale_if_error_most_seconds)
