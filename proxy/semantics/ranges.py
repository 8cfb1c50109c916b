"""Byte ranges (RFC 9110 section 14): which part of a complete representation a Range field asks for.

One range is served as 206; several, or nonsense, as the whole, which section 14.2 allows.
"""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.IGNORECASE | re.ASCII)
_MOST_DIGITS = 18
_BEYOND = 10**_MOST_DIGITS
"""Stands for every number too long to be a position: Python refuses to read thousands of digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """Octets from `first` to `last`, both included."""

    first: int
    last: int

    def content_range(self, length: int) -> str:
        """Return the Content-Range value for a representation of `length` octets."""
        return f"bytes {self.first}-{self.last}/{length}"


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """A well-formed range of which the representation has nothing: 416."""


def requested_range(value: str | None, length: int) -> ByteRange | Unsatisfiable | None:
    """Return what a Range field asks of `length` octets; None: everything."""
    match = _RANGE.fullmatch(value) if value is not None else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        return _suffix(_position(match[2]), length)
    first = _position(match[1])
    last = _position(match[2]) if match[2] else _BEYOND
    if last < first:
        return None
    return ByteRange(first=first, last=min(last, length - 1)) if first < length else Unsatisfiable()


def _suffix(wanted: int, length: int) -> ByteRange | Unsatisfiable | None:
    if wanted == 0:
        return Unsatisfiable()
    return ByteRange(first=max(0, length - wanted), last=length - 1) if length else None


def _position(digits: str) -> int:
    significant = digits.lstrip("0")
    return _BEYOND if len(significant) > _MOST_DIGITS else int(significant or "0")
