"""Ranges of settings: what can never be meant is refused. A reason says why the default is what it is."""

from msgspec import Meta

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
_YEAR_SECONDS = 366 * 86_400
_MOST_BYTES = 2**40


def above_zero(reason: str) -> Meta:
    """Return the range of a time or a number that can't be nothing."""
    return Meta(gt=0, le=_YEAR_SECONDS, description=reason)


def from_zero(reason: str) -> Meta:
    """Return the range of a time or a number that may be nothing."""
    return Meta(ge=0, le=_YEAR_SECONDS, description=reason)


def size_bytes(reason: str, *, least: int = 1) -> Meta:
    """Return the range of a size."""
    return Meta(ge=least, le=_MOST_BYTES, description=reason)


def per_second(reason: str) -> Meta:
    """Return the range of a rate: from one in a quarter of an hour to more than anybody can serve."""
    return Meta(ge=0.001, le=1_000_000, description=reason)
