"""Byte ranges (RFC 9110 section 14): which part of a complete representation a Range field asks for.

One range is served as 206; several, or nonsense, as the whole, which section 14.2 allows.
"""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.IGNORECASE | re.ASCII)
_MOST_DIGITS = 19


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
    if match is None:
        return None
    first_text, last_text = match[1], match[2]
    if max(len(first_text), len(last_text)) > _MOST_DIGITS or not (first_text or last_text):
        return None
    if not first_text:
        suffix = int(last_text)
        return (
            ByteRange(first=max(0, length - suffix), last=length - 1)
            if suffix and length
            else Unsatisfiable()
        )
    first = int(first_text)
    last = int(last_text) if last_text else length - 1
    if last_text and last < first:
        return None
    return ByteRange(first=first, last=min(last, length - 1)) if first < length else Unsatisfiable()
