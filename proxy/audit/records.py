"""The lines of the audit as values, and back: one JSON object each, what is empty left out.

Every line begins with the same lead (when, what, whose, which number) and ends with its code in the chain (`chain`).
Nothing here names a token, a title or a filter: `token` is a bounded name, `jti` what the token calls itself.
"""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

_MOST = 2**53  # beyond it, JSON readers disagree
_LONGEST_TEXT = 256
_FRACTIONS = tuple(f".{milliseconds:03}Z" for milliseconds in range(1000))

Number = Annotated[int, Meta(ge=1, le=_MOST)]
Count = Annotated[int, Meta(ge=0, le=_MOST)]
Text = Annotated[str, Meta(max_length=_LONGEST_TEXT)]


class EventName(StrEnum):
    """What a line says."""

    OPENED = "audit.opened"
    READ = "audit.read"
    LOST = "audit.lost"
    ROTATED = "audit.rotated"
    CLOSED = "audit.closed"


class Lead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What every line begins with. `seq` counts the lines of one instance, from 1."""

    ts: Text
    event: Text
    instance: Text
    seq: Number
    pod: Text = ""
    namespace: Text = ""


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of some chain, by its number and code (64 hexadecimal digits)."""

    instance: Text
    seq: Number
    mac: Text


class Opened(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of an instance; `continues` is the record it found at the end of its file."""

    event: ClassVar[str] = EventName.OPENED.value
    version: Text
    interval_seconds: float
    mode: Text
    on_failure: Text
    keyed: bool
    continues: Link | None = None


class Read(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Equal reads, or background requests, of one interval."""

    event: ClassVar[str] = EventName.READ.value
    token: Text = ""
    jti: Text = ""
    peer: Text = ""
    resource: Text = ""
    vault: Text = ""
    item: Text = ""
    file: Text = ""
    version: int | None = None
    how: Text
    cause: Text = ""
    outcome: Text = ""
    first: Text
    last: Text
    count: Number


class Lost(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Records could not be written between `first` and `last`; so many reads have none. They may be none."""

    event: ClassVar[str] = EventName.LOST.value
    reads: Count
    first: Text
    last: Text


class Rotated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A new file begins; `dropped` is the last record of the file that went for it."""

    event: ClassVar[str] = EventName.ROTATED.value
    dropped: Link | None = None


class Closed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last line of an instance that ended in order: what its chain holds, and what was lost."""

    event: ClassVar[str] = EventName.CLOSED.value
    reads: dict[Text, Count]
    lost: Count


Content = Opened | Read | Lost | Rotated | Closed

_encoder = msgspec.json.Encoder()
_lead = msgspec.json.Decoder(Lead)
_contents: dict[str, msgspec.json.Decoder[Content]] = {
    kind.event: msgspec.json.Decoder(kind) for kind in (Opened, Read, Lost, Rotated, Closed)
}
_FAULTS = (msgspec.MsgspecError, ValueError, RecursionError)


def document_of(lead: Lead, content: Content) -> bytes:
    """Return a line's JSON object, without its code."""
    said = _encoder.encode(content)[1:-1]
    return _encoder.encode(lead)[:-1] + (b"," if said else b"") + said + b"}"


def read_document(document: bytes) -> tuple[Lead, Content | None] | None:
    """Return what a line's object says; None where it is no record, no content where it is of a later version."""
    try:
        lead = _lead.decode(document)
        decoder = _contents.get(lead.event)
        return lead, None if decoder is None else decoder.decode(document)
    except _FAULTS:
        return None


def timestamp(wall_seconds: float) -> str:
    """Return a moment in UTC, to the millisecond."""
    seconds, microseconds = divmod(round(wall_seconds * 1e6), 1_000_000)
    return _second(seconds) + _FRACTIONS[microseconds // 1000]


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """Return all but the fraction: of the many lines of an interval nearly all have it in common with others."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def fitting(text: str) -> str:
    """Return text that any line can carry: what is not ASCII escaped, what is too long cut."""
    if text.isascii() and text.isprintable():
        return text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT]
    return ascii(text)[1:-1][:_LONGEST_TEXT]
