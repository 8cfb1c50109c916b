"""By which octets a request head is known again: what is kept once for many heads, what is compared, what is not.

A head comes apart into its request line and its tail: all else, the same in everything that one client sends with one
token. Fields that change with every request (a trace's, a request id) may be cut out of the tail: only where no reading
of the head could take their line for anything else. Nothing here knows what a request means.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

_TRACEPARENT = b"traceparent"
_LONGEST_VALUE = 512
_VALUE = rb"[A-Za-z0-9=_;,:.-]+(?: +[A-Za-z0-9=_;,:.-]+)*"
_UNSAMPLED = rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00"
"""A traceparent (W3C) that says of its trace: not kept."""


_START = b"GET /"
_IN_LINES = bytes(octet for octet in range(256) if octet == 0x09 or (octet >= 0x20 and octet != 0x7F))
"""What a line of a head may be made of, as far as any is: everything but control characters."""


class Cut(NamedTuple):
    """One changing field in one spelling: what its line begins with, and the whole line with the value as a group."""

    mark: bytes
    line: re.Pattern[bytes]
    is_of_trace: bool


def line_end(octets: bytes) -> int:
    """Return where a head comes apart, always at the same place: where its request line ends, if it is a head."""
    return octets.find(b"\r")


def is_whole(octets: bytes) -> bool:
    """Tell whether octets are the head of one GET in origin-form, and nothing else."""
    return octets.startswith(_START) and octets.find(b"\r\n\r\n") == len(octets) - 4


def begins(octets: bytes) -> bool:
    """Tell whether octets may be the beginning of such a head, and no more than that."""
    return goes_on(b"", octets)


def goes_on(begun: bytes | bytearray, more: bytes) -> bool:
    """Tell whether more octets behind what `begins` a head leave it no more than begun. Looks at them alone.

    What has an octet in it that no head has is none: to wait for its end would keep from it a refusal that is due.
    """
    if len(begun) < len(_START) and not _START.startswith((begun + more)[: len(_START)]):
        return False
    if b"\r\n\r\n" in begun[-3:] + more or more.translate(None, _IN_LINES + b"\r\n"):
        return False
    octets = b"\r" + more if begun.endswith(b"\r") else more
    ends = octets.count(b"\r\n")
    return octets.count(b"\n") == ends and octets.removesuffix(b"\r").count(b"\r") == ends


class ChangingFields:
    """Fields whose values don't matter.

    `only_unsampled`: some traces are kept, and only W3C's `traceparent` says of one that it isn't.
    """

    def __init__(self, names: Iterable[str], *, only_unsampled: bool) -> None:
        wanted = {name.lower().encode("ascii") for name in names}
        if only_unsampled:
            wanted = {name for name in wanted if not name.startswith((b"b3", b"x-b3"))}
        self._only_unsampled = only_unsampled
        names_pattern = b"|".join(re.escape(name) for name in sorted(wanted))
        self._names = re.compile(rb"\r\n(" + names_pattern + rb"):", re.IGNORECASE) if wanted else None

    def cuts_of(self, tail: bytes) -> tuple[Cut, ...]:
        """Return what cuts the changing fields out of tails like this one, each in the spelling that it has here."""
        if self._names is None:
            return ()
        spelt = [match[1] for match in self._names.finditer(tail)]
        lower = [name.lower() for name in spelt]
        return tuple(self._cut(name) for name in spelt if lower.count(name.lower()) == 1)

    def may_be_kept(self, tail: bytes, cuts: Sequence[Cut]) -> bool:
        """Tell whether the trace of a request with this tail may be kept: then its answer is more than its octets."""
        return self._only_unsampled and not says_unsampled(tail, cuts)

    def _cut(self, name: bytes) -> Cut:
        is_of_trace = name.lower() == _TRACEPARENT
        value = _UNSAMPLED if is_of_trace and self._only_unsampled else _VALUE
        line = re.compile(rb"\r\n" + re.escape(name) + rb":[ \t]*(" + value + rb")[ \t]*\r\n(?![ \t])")
        return Cut(mark=b"\r\n" + name + b":", line=line, is_of_trace=is_of_trace)


def without(tail: bytes, cuts: Sequence[Cut]) -> bytes | None:
    """Return a tail without the values of changing fields; None if it has none that may be cut."""
    is_cut = False
    for mark, line, _ in cuts:
        at = tail.rfind(mark)  # near the end: clients add such fields last
        match = line.match(tail, at) if at >= 0 else None
        if match is not None:
            start, end = match.span(1)
            if end - start <= _LONGEST_VALUE:
                tail = tail[:start] + tail[end:]
                is_cut = True
    return tail if is_cut else None


def says_unsampled(tail: bytes, cuts: Sequence[Cut]) -> bool:
    """Tell whether a tail says of its trace that it is not kept."""
    return any(cut.is_of_trace and cut.line.search(tail) for cut in cuts)
