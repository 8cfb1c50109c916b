"""May a response be stored (RFC 9111 section 3)? One rule a line, each with its reason."""

from proxy.caching.directives import RequestDirectives, ResponseDirectives
from proxy.caching.freshness import HEURISTIC_STATUSES
from proxy.caching.profile import CacheRules
from proxy.caching.reasons import NotStoredReason
from proxy.semantics.lists import elements
from proxy.semantics.message import Request, ResponseHead

_CACHEABLE_METHODS = frozenset({"GET", "HEAD"})
_UNDERSTOOD = frozenset(
    {
        200,
        203,
        204,
        300,
        301,
        302,
        303,
        307,
        308,
        400,
        401,
        403,
        404,
        405,
        410,
        414,
        451,
        500,
        501,
        502,
        503,
        504,
    }
)
"""Statuses whose caching requirements this cache implements (for must-understand)."""


def refusal(
    request: Request,
    request_directives: RequestDirectives,
    head: ResponseHead,
    directives: ResponseDirectives,
    rules: CacheRules,
) -> NotStoredReason | None:
    """Say why a response must not be stored; None if its head allows it."""
    return (
        _by_origin(head, directives, rules)  # first: it also says who else may have the answer
        or _by_method(request)
        or _by_status(head, directives, rules)
        or _by_request(request_directives)
        or _by_credentials(request, directives, rules)
        or _by_selection(head)
    )


def refusal_to_keep(
    head: ResponseHead, directives: ResponseDirectives, rules: CacheRules
) -> NotStoredReason | None:
    """Say why a stored response whose fields were updated must go; None if it may stay."""
    return _by_status(head, directives, rules) or _by_origin(head, directives, rules) or _by_selection(head)


def has_explicit_permission(head: ResponseHead, directives: ResponseDirectives, rules: CacheRules) -> bool:
    """Tell whether the origin says that the response may be stored, whatever its status."""
    return (
        directives.public
        or directives.max_age_seconds is not None
        or (rules.shared and directives.s_maxage_seconds is not None)
        or (directives.private and not rules.shared)
        or ("Expires" in head.fields and not directives.is_targeted)
    )


def _by_method(request: Request) -> NotStoredReason | None:
    return None if request.method in _CACHEABLE_METHODS else NotStoredReason.METHOD


def _by_status(
    head: ResponseHead, directives: ResponseDirectives, rules: CacheRules
) -> NotStoredReason | None:
    if head.status == 206 or "Content-Range" in head.fields:
        return NotStoredReason.PARTIAL
    if head.status == 304 or (directives.must_understand and head.status not in _UNDERSTOOD):
        return NotStoredReason.STATUS
    if rules.storable_statuses is not None:
        return None if head.status in rules.storable_statuses else NotStoredReason.STATUS
    if head.status in HEURISTIC_STATUSES or has_explicit_permission(head, directives, rules):
        return None
    return NotStoredReason.STATUS


def _by_request(directives: RequestDirectives) -> NotStoredReason | None:
    return NotStoredReason.REQUEST_NO_STORE if directives.no_store else None


def _by_origin(
    head: ResponseHead, directives: ResponseDirectives, rules: CacheRules
) -> NotStoredReason | None:
    if directives.no_store and not directives.must_understand:  # else the status decides (section 5.2.2.3)
        return NotStoredReason.NO_STORE
    if rules.shared and (directives.private or directives.private_fields):
        return (
            NotStoredReason.PRIVATE
        )  # the qualified form too: storing without some fields buys nothing here
    return None


def _by_credentials(
    request: Request, directives: ResponseDirectives, rules: CacheRules
) -> NotStoredReason | None:
    if not rules.shared or "Authorization" not in request.fields:
        return None
    allowed = directives.public or directives.must_revalidate or directives.s_maxage_seconds is not None
    return None if allowed else NotStoredReason.CREDENTIALS


def _by_selection(head: ResponseHead) -> NotStoredReason | None:
    return NotStoredReason.VARY_ALL if "*" in elements(head.fields, "Vary") else None
