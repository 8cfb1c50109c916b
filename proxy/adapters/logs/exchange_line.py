"""The canonical line of an exchange: what it says, how important it is, and whether it is written at all.

Errors, stale answers and writes always have one (the same error over and over only a few, see `line_bound`); reads that
Connect answered are sampled; hits and collapsed reads have none, the audit has them.
"""

import logging
from dataclasses import dataclass
from enum import StrEnum

from proxy.adapters.logs.line_bound import Kind
from proxy.adapters.logs.words import LogEvent
from proxy.exchange.events import Answered, ExchangeFinished, Result
from proxy.exchange.reasons import OwnReason

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_UNTROUBLED = frozenset({OwnReason.REVALIDATING, OwnReason.MAX_STALE})
QUIET = frozenset({Answered.HIT, Answered.COLLAPSED})


class Share(StrEnum):
    """How many lines of a kind are written, unless everything is."""

    ALL = "all"
    BOUNDED = "bounded"  # the first few of an interval; the others are counted
    SAMPLED = "sampled"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rank:
    """How important a line is (a level of `logging`), and how many of its kind are written."""

    level: int
    share: Share


_ERROR = Rank(level=logging.ERROR, share=Share.BOUNDED)
_TROUBLE = Rank(level=logging.WARNING, share=Share.BOUNDED)
_NOTABLE = Rank(level=logging.INFO, share=Share.BOUNDED)
_WRITE = Rank(level=logging.INFO, share=Share.ALL)
_FAILED_WRITE = Rank(level=logging.ERROR, share=Share.ALL)
_MISS = Rank(level=logging.INFO, share=Share.SAMPLED)
_HIT = Rank(level=logging.DEBUG, share=Share.NONE)


def rank_of(event: ExchangeFinished) -> Rank:
    """Return how important an exchange is.

    A write that was sent is never left out, whatever became of it; one that was not is an error like others.
    """
    result = event.result
    if event.method not in _SAFE and event.attempts:
        return _FAILED_WRITE if result is Result.ERROR else _WRITE
    if event.cache is Answered.LIMITED:
        return _TROUBLE
    if result is Result.ERROR:
        return _ERROR
    if event.cache is Answered.STALE:
        return _NOTABLE if event.why in _UNTROUBLED else _TROUBLE
    if result is Result.REFUSED:
        return _NOTABLE
    return _HIT if event.cache in QUIET else _MISS


def is_outage_answer(event: ExchangeFinished) -> bool:
    """Tell whether something stale was given because of trouble."""
    return event.cache is Answered.STALE and event.why not in _UNTROUBLED


def kind_of(event: ExchangeFinished) -> Kind:
    """Return what an exchange has in common with those that would have the same line."""
    return Kind(
        of=LogEvent.EXCHANGE,
        token=event.token,
        resource=event.resource,
        cache=event.cache,
        why=event.why,
    )


def fields_of(event: ExchangeFinished) -> dict[str, object]:
    """Return the fields of the line; None where it has nothing to say."""
    return {
        "trace_id": event.trace_id or None,
        "token": event.token,
        "peer": event.peer or None,
        "method": event.method,
        "resource": event.resource,
        **dict(event.about),
        "version": event.version,
        "status": event.status,
        "cache": event.cache,
        "why": event.why,
        "age_s": _whole(event.age_seconds),
        "stale_left_s": _whole(event.stale_left_seconds),
        "attempts": event.attempts or None,
        "upstream_ms": _milliseconds(event.upstream_seconds) if event.attempts else None,
        "total_ms": _milliseconds(event.duration_seconds),
    }


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
