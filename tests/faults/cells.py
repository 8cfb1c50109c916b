"""The fault matrix as data: what a client gets when this goes wrong in front of that.

A row is a fault, a column is what the sidecar knows of the item when it strikes. Freshness is 60 s, staleness ends
600 s after it, a read that failed at once is sent twice, one that Connect refuses is asked again (rule 2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What goes wrong, from now on and for every request, unless it says otherwise."""

    REFUSE = "refuse"
    RESET = "reset"
    SLOW_HEAD = "slow head"
    SLOW_BODY = "slow body"
    TRUNCATED = "truncated"
    REQUEST_TIMEOUT = "408"
    TOO_MANY_REQUESTS = "429"
    INTERNAL_ERROR = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    REVOKED = "401"
    NOT_SYNCED = "401 while not synced"
    FORBIDDEN_ONCE = "403 once"
    FORBIDDEN = "403 stable"
    GARBAGE = "garbage"
    LAG = "replica lag"
    RESTART = "restart"  # once: what was under way is cut, then Connect syncs anew


class State(StrEnum):
    """What is known of the item; another of its vault was read a moment ago."""

    NOTHING = "nothing stored"
    FRESH = "fresh"
    STALE = "stale in bound"
    BEYOND = "stale beyond"
    WRITE = "write"  # it is stored, fresh, and the request is a PUT


class Body(StrEnum):
    """Whose bytes a client gets."""

    STORED = "the stored ones"
    CONNECTS = "the ones Connect sends at that moment"
    OLDER = "an older version that Connect sends"
    OURS = "an error of ours, in Connect's shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What must come of it.

    `cache_status` are parameters that must be there, `attempts` are the requests that reached Connect. `keeps` tells
    whether what is stored answers afterwards: in an outage after a stale read, else after a write; None: not asked.
    """

    status: int
    body: Body
    cache_status: tuple[str, ...]
    attempts: int
    keeps: bool | None


def hit() -> Cell:
    """The stored response, fresh, whatever goes on behind."""
    return Cell(status=200, body=Body.STORED, cache_status=("hit", "ttl=0+"), attempts=0, keeps=None)


def stale(detail: str, attempts: int) -> Cell:
    """The stored response, labelled."""
    labels = ("hit", "ttl=0-", f"detail={detail}")
    return Cell(status=200, body=Body.STORED, cache_status=labels, attempts=attempts, keeps=True)


def ours(status: int, detail: str, why: str, attempts: int, *, keeps: bool | None = None) -> Cell:
    """An error of ours."""
    labels = (f"fwd={why}", f"detail={detail}")
    return Cell(status=status, body=Body.OURS, cache_status=labels, attempts=attempts, keeps=keeps)


def connects(
    status: int, why: str, attempts: int, *, keeps: bool | None = None, body: Body = Body.CONNECTS
) -> Cell:
    """Connect's own answer."""
    labels = (f"fwd={why}", f"fwd-status={status}")
    return Cell(status=status, body=body, cache_status=labels, attempts=attempts, keeps=keeps)


def _transport(detail: str, status: int, attempts: int, written: int) -> dict[State, Cell]:
    """No complete answer: stale in its bound, else our error; a write may have been applied if it was received."""
    return {
        State.NOTHING: ours(status, detail, "uri-miss", attempts),
        State.FRESH: hit(),
        State.STALE: stale(detail, attempts),
        State.BEYOND: ours(status, detail, "stale", attempts),
        State.WRITE: ours(status, detail, "method", written, keeps=not written),
    }


def _outage(status: int, attempts: int) -> dict[State, Cell]:
    """An answer that means an outage: stale in its bound, else as it is; a write may have been applied."""
    return {
        State.NOTHING: connects(status, "uri-miss", attempts),
        State.FRESH: hit(),
        State.STALE: stale(str(status), attempts),
        State.BEYOND: connects(status, "stale", attempts),
        State.WRITE: connects(status, "method", 1, keeps=False),
    }


def _answer(status: int, attempts: int, *, keeps: bool) -> dict[State, Cell]:
    """Connect's word, which no stored response contradicts; a write it refuses changes nothing."""
    return {
        State.NOTHING: connects(status, "uri-miss", attempts),
        State.FRESH: hit(),
        State.STALE: connects(status, "stale", attempts, keeps=keeps),
        State.BEYOND: connects(status, "stale", attempts),
        State.WRITE: connects(status, "method", 1, keeps=True),
    }


TABLE: Mapping[Fault, Mapping[State, Cell]] = {
    Fault.REFUSE: _transport("connection_refused", 502, attempts=0, written=0),
    # One more than elsewhere: the loss of a connection that had been idle is repaired before it counts as a failure.
    Fault.RESET: _transport("connection_terminated", 502, attempts=3, written=1),
    Fault.SLOW_HEAD: _transport("http_response_timeout", 504, attempts=1, written=1),
    Fault.SLOW_BODY: _transport("connection_read_timeout", 504, attempts=1, written=1),
    Fault.TRUNCATED: _transport("http_response_incomplete", 502, attempts=1, written=1),
    Fault.GARBAGE: _transport("http_protocol_error", 502, attempts=2, written=1),
    Fault.REQUEST_TIMEOUT: _outage(408, attempts=2),
    Fault.INTERNAL_ERROR: _outage(500, attempts=1),
    Fault.BAD_GATEWAY: _outage(502, attempts=2),
    Fault.UNAVAILABLE: _outage(503, attempts=2),
    Fault.GATEWAY_TIMEOUT: _outage(504, attempts=2),
    Fault.TOO_MANY_REQUESTS: _answer(429, attempts=1, keeps=True),
    # The token has been accepted before: it is asked for again, after a look at /health.
    Fault.REVOKED: _answer(401, attempts=3, keeps=False),
    Fault.FORBIDDEN: _answer(403, attempts=2, keeps=False),
    Fault.NOT_SYNCED: {
        State.NOTHING: connects(401, "uri-miss", 3),
        State.FRESH: hit(),
        State.STALE: stale("destination_unavailable", 3),
        State.BEYOND: connects(401, "stale", 3),
        State.WRITE: connects(401, "method", 1, keeps=True),
    },
    Fault.FORBIDDEN_ONCE: {
        State.NOTHING: connects(200, "uri-miss", 2),
        State.FRESH: hit(),
        State.STALE: connects(200, "stale", 2, keeps=True),
        State.BEYOND: connects(200, "stale", 2),
        State.WRITE: connects(403, "method", 1, keeps=True),
    },
    Fault.LAG: {
        State.NOTHING: connects(200, "uri-miss", 1, body=Body.OLDER),
        State.FRESH: hit(),
        State.STALE: connects(200, "stale", 1, keeps=True, body=Body.OLDER),
        State.BEYOND: connects(200, "stale", 1, body=Body.OLDER),
        State.WRITE: connects(200, "method", 1, keeps=False),
    },
    Fault.RESTART: {
        State.NOTHING: connects(200, "uri-miss", 2),
        State.FRESH: hit(),
        State.STALE: connects(200, "stale", 2, keeps=True),
        State.BEYOND: connects(200, "stale", 2),
        State.WRITE: ours(502, "connection_terminated", "method", 1, keeps=False),
    },
}
