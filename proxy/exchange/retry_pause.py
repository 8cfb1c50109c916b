"""How long to wait before a request is sent again: short and jittered, or what the answer's Retry-After asks for.

Connect is near and restarts fast: 25 to 75 ms, doubled from retry to retry. A client waits meanwhile, so a wish for
more than two seconds (RFC 9110 section 10.2.3) is the client's to grant, not ours. Pure.
"""

from proxy.clock import Instant
from proxy.semantics.dates import parse_date
from proxy.semantics.message import Fields

LEAST_FOR_ATTEMPT_SECONDS = 0.1
"""With less than this left after the pause, the attempt would hardly be answered in time."""

_LEAST_SECONDS = 0.025
_MOST_SECONDS = 0.075
_LONGEST_WISH_SECONDS = 2.0


def seconds(retries: int, fields: Fields | None, *, now: Instant, jitter: float) -> float | None:
    """Return the pause after so many retries; None if the answer asks for a longer one than a client should wait.

    `fields` are those of the answer, if there was one; `jitter` is from 0 to 1.
    """
    pause = (_LEAST_SECONDS + (_MOST_SECONDS - _LEAST_SECONDS) * jitter) * 2.0**retries
    wish = None if fields is None else _wish_seconds(fields, now)
    if wish is None:
        return pause
    return None if wish > _LONGEST_WISH_SECONDS else max(pause, wish)


def _wish_seconds(fields: Fields, now: Instant) -> float | None:
    text = fields.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    date = parse_date(text, now.wall_seconds)
    return None if date is None else max(0.0, date - now.wall_seconds)
