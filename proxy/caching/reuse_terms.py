"""How long a response is fresh, and how stale it may become: decided once, when it arrives.

RFC 9111 sections 4.2 and 5.2.2, and RFC 5861, put together into what a stored response keeps of them.
"""

from functools import lru_cache

from proxy.caching import freshness, validation
from proxy.caching.directives import ResponseDirectives
from proxy.caching.profile import CacheRules
from proxy.caching.stored_response import ReuseTerms
from proxy.semantics.lists import elements
from proxy.semantics.message import ResponseHead


def reuse_terms(
    head: ResponseHead, directives: ResponseDirectives, rules: CacheRules, received_wall_seconds: float
) -> ReuseTerms | None:
    """Return the terms of a response; None if it could never be reused."""
    lifetime = freshness.lifetime_seconds(head, directives, rules, received_wall_seconds)
    if lifetime is None and not validation.has_origin_validators(head):
        return None
    stale_if_error = directives.stale_if_error_seconds
    return _shared(
        ReuseTerms(
            freshness_lifetime_seconds=0.0 if lifetime is None else lifetime,
            stale_while_revalidate_seconds=float(directives.stale_while_revalidate_seconds or 0),
            stale_if_error_seconds=None if stale_if_error is None else float(stale_if_error),
            must_validate=directives.no_cache or bool(directives.no_cache_fields),
            must_revalidate=_forbids_stale(head, directives, rules),
        )
    )


@lru_cache(maxsize=256)
def _shared(terms: ReuseTerms) -> ReuseTerms:
    """Return terms shared by all responses lately that have the same: hardly any two differ."""
    return terms


def assigned_terms(rules: CacheRules) -> ReuseTerms | None:
    """Return the same of any response that says nothing of its age and reuse; None if the rules want a look at it."""
    assigned = rules.assigned_freshness_seconds
    if assigned is None or rules.ages_by_date:
        return None
    return _silent(assigned)


@lru_cache(maxsize=16)
def _silent(lifetime_seconds: float) -> ReuseTerms:
    return ReuseTerms(
        freshness_lifetime_seconds=lifetime_seconds,
        stale_while_revalidate_seconds=0.0,
        stale_if_error_seconds=None,
        must_validate=False,
        must_revalidate=False,
    )


def _forbids_stale(head: ResponseHead, directives: ResponseDirectives, rules: CacheRules) -> bool:
    if directives.must_revalidate:
        return True
    if rules.shared and (directives.proxy_revalidate or directives.s_maxage_seconds is not None):
        return True
    has_pragma = "Cache-Control" not in head.fields and "Pragma" in head.fields
    return has_pragma and "no-cache" in {element.lower() for element in elements(head.fields, "Pragma")}
