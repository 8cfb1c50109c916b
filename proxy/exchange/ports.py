"""Every side effect of an exchange, as Protocols. Adapters implement them; tests may, too.

Bodies stream as asynchronous iterators of bytes. Nothing here is an aiohttp type.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from proxy.audit.ledger import Identity
from proxy.caching.key import CacheKey, Tag
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.exchange.events import Cause, Event, ExchangeFinished
from proxy.semantics.message import Fields, ResponseHead
from proxy.semantics.trace_context import TraceContext


class RequestBody(Protocol):
    """A request body on its way in.

    `length_bytes` is None when the client sent it chunked. Iterating raises RequestBodyError when the client
    cuts it short or breaks its framing. It can be read once.
    """

    @property
    def length_bytes(self) -> int | None: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Effort:
    """What one request has cost the upstream so far, noted by whoever sends it."""

    __slots__ = ("attempts", "seconds")

    def __init__(self) -> None:
        self.attempts = 0
        self.seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRequest:
    """What goes on the wire: `target` octet for octet, end-to-end `fields` (Host, framing and Connection are the
    adapter's), and a body that is sent once or not at all. The rest stays here: `partition` tells one token from
    another (a digest, never a token), `peer` whoever sent it (see `semantics.peer`; empty: we did), `cause` why,
    `trace` the span that it is sent for.
    """

    method: str
    target: str = field(repr=False)
    fields: Fields = field(repr=False)
    body: RequestBody | None = field(default=None, repr=False)
    partition: bytes = b""
    peer: str = ""
    cause: Cause = Cause.PASS
    trace: TraceContext | None = None
    effort: Effort = field(default_factory=Effort, repr=False, compare=False)


class UpstreamResponse(Protocol):
    """An answer whose head has arrived. It must be read to its end or closed."""

    @property
    def head(self) -> ResponseHead: ...

    @property
    def content_length_bytes(self) -> int | None:
        """The body's length, if the head states it; 0 where no body can follow."""
        ...

    async def read_complete(self, limit_bytes: int) -> bytes | None:
        """Return the whole body; None as soon as it proves larger than `limit_bytes`.

        What was read until then is kept and comes first from the iterator. Raises UpstreamError if the body is
        cut short or its framing is broken.
        """
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body (the rest of it) as it arrives. Raises UpstreamError like `read_complete`."""
        ...

    def close(self) -> None:
        """Let go. A body not read to its end costs the connection. Idempotent, never blocks."""
        ...


class Upstream(Protocol):
    """The origin server behind us."""

    async def send(self, request: UpstreamRequest) -> UpstreamResponse:
        """Send a request and wait for the head of the final answer; 1xx answers are dropped.

        Never sends an unsafe request twice. A safe one is sent again, once, if a reused connection turns out
        to have been closed before any octet of an answer. Raises UpstreamError; RequestBodyError if the
        client's body failed. Cancelling it gives up the connection.
        """
        ...


class Companion(Protocol):
    """Something that is of use only as long as a stored response is there."""

    @property
    def size_bytes(self) -> int:
        """What it counts for; never changes."""
        ...

    def was_used(self) -> bool:
        """Tell whether it was of use since this was asked last."""
        ...

    def outdate(self) -> None:
        """Take note that another response is stored in its place. Must not ask the store for anything."""
        ...

    def drop(self) -> None:
        """Go: the response has. Must not ask the store for anything."""
        ...


class ResponseStore(Protocol):
    """Stored responses, bounded by bytes, least recently used first to go. Never blocks."""

    def get(self, key: CacheKey) -> Sequence[StoredResponse]:
        """Return the stored responses under a key (one per set of nominated values), most recent first."""
        ...

    def companions(self, key: CacheKey) -> Sequence[Companion]:
        """Return what is attached under a key, which is no use of it."""
        ...

    def peek(self, key: CacheKey) -> Sequence[StoredResponse]:
        """Return the same; none becomes more recently used by this."""
        ...

    def put(self, stored: StoredResponse) -> bool:
        """Keep a response in place of the one with the same key and nominated values.

        Returns False, and keeps nothing under that key and those values, if it is too large.
        """
        ...

    def renew(self, stored: StoredResponse) -> None:
        """Put a freshened response in place of the one it was made of; nothing if that has gone.

        Nobody asked for it: it becomes no more recently used by this.
        """
        ...

    def tagged(self, tags: Sequence[Tag]) -> Sequence[StoredResponse]:
        """Return every response that carries all of `tags`, at least one; none becomes more recently used."""
        ...

    def remove(self, key: CacheKey) -> int:
        """Remove all responses under a key; return how many."""
        ...

    def remove_tagged(self, tags: Sequence[Tag]) -> int:
        """Remove every response that carries all of `tags`; return how many. No tags: everything goes.

        None of them is found again from now on, however long it takes to give their memory back.
        """
        ...

    def attach(self, key: CacheKey, companion: Companion) -> bool:
        """Keep something with what is stored under a key, counted with it, until all of that has gone.

        False, and nothing is kept, if nothing is stored there or there is no room.
        """
        ...

    def detach(self, key: CacheKey, companion: Companion) -> None:
        """Keep it no longer; nothing if it has gone."""
        ...


class ReadInterval(Protocol):
    """One interval of the audit."""

    is_open: bool


class ReadRecord(Protocol):
    """Equal reads of one interval of the audit. As long as that is open, who answers one more adds it here."""

    @property
    def interval(self) -> ReadInterval:
        """Whose reads these are."""
        ...

    count: int
    first_wall_seconds: float
    last_wall_seconds: float


class AuditTrail(Protocol):
    """The record of what clients read without the origin hearing of it."""

    def admits(self, read: ExchangeFinished) -> bool | Awaitable[bool]:
        """Take note of a read that is about to be answered without the origin; False: it must not be.

        Answers at once, or with something to await where the record must be written first.
        """
        ...

    def record_of(self, read: Identity, now: Instant) -> ReadRecord | None:
        """Return where reads like this one are counted; nothing is counted by asking.

        None: they must be `admitted` one by one, for now.
        """
        ...


class _Endless:
    is_open = True


class _Unread:
    __slots__ = ("count", "first_wall_seconds", "last_wall_seconds")
    interval = _Endless()

    def __init__(self) -> None:
        self.count = 0
        self.first_wall_seconds = 0.0
        self.last_wall_seconds = 0.0


class NoAudit:
    """An audit that is off: everything is admitted, nothing is noted."""

    def admits(self, read: ExchangeFinished) -> bool:
        """Admit it."""
        return True

    def record_of(self, read: Identity, now: Instant) -> ReadRecord:
        """Return a record that nobody reads."""
        return _Unread()


class Observer(Protocol):
    """Where facts leave."""

    def notify(self, event: Event) -> None:
        """Take note of one event. Never raises, never blocks."""
        ...
