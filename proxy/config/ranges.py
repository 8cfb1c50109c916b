"""Ranges that many settings share, each with the setting's reason: what lies outside can never be meant.

Kept apart from the tree so that a section may have a module of its own.
"""

from msgspec import Meta

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE
_YEAR_SECONDS = 366 * 86_400
_MOST_BYTES = 2**40


def above_zero(reason: str) -> Meta:
    """Return the range of a time that can't be 0, in seconds."""
    return Meta(gt=0, le=_YEAR_SECONDS, description=reason)


def from_zero(reason: str) -> Meta:
    """Return the range of a time, in seconds; 0 means never or at once."""
    return Meta(ge=0, le=_YEAR_SECONDS, description=reason)


def in_bytes(reason: str, *, least: int = 1) -> Meta:
    """Return the range of a size."""
    return Meta(ge=least, le=_MOST_BYTES, description=reason)
