"""Why a client was answered as it was, in closed words: RFC 9211's, RFC 9209's, and here our own.

Field, log line, span and metric label say the same word.
"""

from enum import StrEnum

from proxy.caching.reasons import ForwardReason
from proxy.errors import ErrorKind


class OwnReason(StrEnum):
    """What neither RFC has a word for."""

    FRESH = "fresh"
    REVALIDATING = "revalidating"  # stale, while it is validated behind the client's back
    MAX_STALE = "max_stale"  # stale, as the client allowed
    UPSTREAM_STATUS = "upstream_status"  # stale, in place of an error of the upstream
    SLOW = "slow"  # stale, because the upstream takes long
    RATE_LIMITED = "rate_limited"
    REFUSED_BEFORE = "refused_before"  # the upstream's last refusal, once more
    ROUTE_DENIED = "route_denied"
    ONLY_IF_CACHED = "only_if_cached"
    BUSY = "busy"
    WRITE_QUEUE = "write_queue"
    NOT_AUDITED = "not_audited"  # the audit could not be written


Why = OwnReason | ForwardReason | ErrorKind
