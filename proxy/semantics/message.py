"""Requests and responses as values (RFC 9110 section 6).

Field values are text decoded as UTF-8 with surrogateescape, so that every octet survives a round trip;
names keep their spelling and compare without case; order and repeats are kept. Bodies travel apart from
heads, so that a large one need never be held.
"""

from dataclasses import dataclass, field

from multidict import CIMultiDictProxy

from proxy.semantics.peer import NOBODY, Peer
from proxy.semantics.trace_context import TraceContext

Fields = CIMultiDictProxy[str]

REPEATING_FIELDS = frozenset(
    {"1password-connect-version", "content-length", "content-type", "date", "server", "vary"}
)
"""Response fields, in lower case, whose values many answers have in common: such answers share them in memory."""

LONGEST_SHARED_VALUE = 64
"""No longer ones are shared: what is kept to be shared is not counted."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The head of a request as it arrived.

    `target` is in origin-form: the exact octets, all ASCII, that go upstream. `peer` is whoever sent it, `trace` the
    span that is about it, where a trace is kept.
    """

    method: str
    target: str = field(repr=False)  # a filter may quote a title
    fields: Fields = field(repr=False)
    minor_version: int = 1
    peer: Peer = NOBODY
    trace: TraceContext | None = None

    @property
    def is_safe(self) -> bool:
        """Whether the method is defined as safe (RFC 9110 section 9.2.1)."""
        return self.method in SAFE_METHODS


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """Status line and fields of a response. `status` may be any number from 200 to 999."""

    status: int
    reason: str
    fields: Fields = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(ResponseHead):
    """A complete response: every octet of its body is here, with the transfer coding removed."""

    body: bytes = field(repr=False)
