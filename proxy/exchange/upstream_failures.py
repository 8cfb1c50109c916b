"""What an attempt says about the upstream, and whether another one may follow.

Statuses that only an outage explains (502, 503, 504) fail at once; 500 and 408 may be one client's own affair, unless
the health check answers so. Faults that are ours or the client's say nothing. 429 is an answer, not an outage. Must
not know breakers, budgets or clocks.
"""

from enum import StrEnum

from proxy.errors import OURS, ErrorKind
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.message import SAFE_METHODS

OUTAGE_STATUSES = frozenset({502, 503, 504})
_DUBIOUS_STATUSES = frozenset({408, 500})
_RETRIED_STATUSES = OUTAGE_STATUSES | {408}
_TOOK_TOO_LONG = frozenset({ErrorKind.HTTP_RESPONSE_TIMEOUT})
_HEALTH_CHECKS = frozenset({"/health", "/heartbeat"})


class Verdict(StrEnum):
    """What the head of an answer says about the upstream."""

    WELL = "well"
    DUBIOUS = "dubious"
    FAILED = "failed"


def verdict_on(request: UpstreamRequest, status: int) -> Verdict:
    """Judge the upstream by the status of its answer to a request."""
    if status in OUTAGE_STATUSES:
        return Verdict.FAILED
    if status in _DUBIOUS_STATUSES:
        is_health_check = request.target.partition("?")[0] in _HEALTH_CHECKS
        return Verdict.FAILED if is_health_check else Verdict.DUBIOUS
    return Verdict.WELL


def may_repeat(request: UpstreamRequest) -> bool:
    """Tell whether a request can be sent again whatever became of it: safe, and without a body that was read."""
    return request.method in SAFE_METHODS and request.body is None


def is_worth_a_retry(failure: ErrorKind | int) -> bool:
    """Tell whether the same request may fare better in a moment."""
    if isinstance(failure, ErrorKind):
        return failure not in OURS and failure not in _TOOK_TOO_LONG
    return failure in _RETRIED_STATUSES
