"""Spans: what took how long, inside what, and because of what; facts for whoever draws traces.

A trace costs something only where it is sampled. Elsewhere every span is one and the same that does nothing. No span
carries a query, a filter, a title, a body or a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import getrandbits
from types import TracebackType
from typing import Protocol, Self

from proxy.caching.profile import About
from proxy.clock import Clock, Instant
from proxy.semantics import trace_context
from proxy.semantics.message import Fields
from proxy.semantics.trace_context import TraceContext

Attribute = str | int | float | bool
Attributes = Mapping[str, Attribute]


class SpanKind(StrEnum):
    """Which side of a request a span is, in OpenTelemetry's words."""

    SERVER = "server"
    CLIENT = "client"
    INTERNAL = "internal"


class SpanName(StrEnum):
    """What is going on; the spans of requests are named by method and route."""

    LOOK_UP = "cache look-up"
    FETCH = "fetch"  # a flight: one request upstream with its retries, learning and storing
    VALIDATE = "validate"  # the same, for something that is stored
    WAIT = "wait for shared request"  # a follower
    WRITE_TURN = "wait for other writes"
    BACKGROUND = "change check"  # no client waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEnded:
    """A span of a sampled trace is over. `links` are spans elsewhere that it came from or waited for."""

    name: str
    kind: SpanKind
    context: TraceContext
    parent: TraceContext | None
    began: Instant
    ended: Instant
    attributes: Attributes
    links: tuple[TraceContext, ...] = ()
    error: str = ""
    """A closed word for what went wrong, if something did."""


class Sampler(Protocol):
    """Who decides which traces are kept."""

    def samples(self, parent: TraceContext | None, trace_id: int, name: str) -> bool:
        """Tell whether a trace is kept, by the word of its parent if it has one."""
        ...


class Listener(Protocol):
    """Who hears of spans: an `Observer`, as far as this module knows it."""

    def notify(self, event: SpanEnded) -> None:
        """Take note of one span. Never raises, never blocks."""
        ...


class Span:
    """Something that is going on; over at the end of its `with` block, or when `end` is called."""

    __slots__ = (
        "_attributes",
        "_began",
        "_error",
        "_kind",
        "_links",
        "_name",
        "_parent",
        "_tracing",
        "context",
    )

    def __init__(
        self,
        tracing: "Tracing",
        name: str,
        kind: SpanKind,
        context: TraceContext,
        parent: TraceContext | None,
        links: tuple[TraceContext, ...],
    ) -> None:
        self._tracing = tracing
        self._name = name
        self._kind = kind
        self._parent = parent
        self._links = links
        self._attributes: dict[str, Attribute] = {}
        self._error = ""
        self._began = tracing.clock.now()
        self.context: TraceContext | None = context

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._attributes.update(attributes)

    def link(self, context: TraceContext | None) -> None:
        """Add a span elsewhere that this one came from or waited for."""
        if context is not None:
            self._links = (*self._links, context)

    def fail(self, word: str) -> None:
        """Note that it went wrong, in a closed word."""
        self._error = word

    def end(self) -> None:
        """Be over."""
        context, self.context = self.context, None
        if context is None:
            return
        self._tracing.listener.notify(
            SpanEnded(
                name=self._name,
                kind=self._kind,
                context=context,
                parent=self._parent,
                began=self._began,
                ended=self._tracing.clock.now(),
                attributes=self._attributes,
                links=self._links,
                error=self._error,
            )
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and not self._error:
            self._error = kind.__name__
        self.end()


class _NoSpan(Span):
    """What stands where nothing is traced."""

    __slots__ = ()

    def __init__(self) -> None:
        self.context = None

    def note(self, attributes: Attributes) -> None:
        pass

    def link(self, context: TraceContext | None) -> None:
        pass

    def fail(self, word: str) -> None:
        pass

    def end(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass


NO_SPAN: Span = _NoSpan()


class Tracing:
    """Makes spans. Without a sampler it makes none."""

    def __init__(self, *, clock: Clock, listener: Listener, sampler: Sampler | None) -> None:
        self.clock = clock
        self.listener = listener
        self._sampler = sampler

    @property
    def is_on(self) -> bool:
        """Whether any trace may be kept."""
        return self._sampler is not None

    @property
    def leaves_out_unsampled(self) -> bool:
        """Whether no trace is kept whose client says that it isn't."""
        if self._sampler is None:
            return True
        lowest = TraceContext(trace_id=1, span_id=1, is_sampled=False)  # a ratio takes the lowest ids first
        return not self._sampler.samples(lowest, 1, "")

    def server(self, method: str, route: str, fields: Fields) -> Span:
        """Begin our part of a client's trace, or a trace of our own where the client has none."""
        if self._sampler is None:
            return NO_SPAN
        name = f"{method} {route}".rstrip()
        remote = trace_context.read(fields)
        trace_id = getrandbits(128) or 1 if remote is None else remote.trace_id
        if not self._sampler.samples(remote, trace_id, name):
            return NO_SPAN
        return self._begin(name, SpanKind.SERVER, trace_id, remote, ())

    def child(self, name: str, parent: TraceContext | None, kind: SpanKind = SpanKind.INTERNAL) -> Span:
        """Begin something inside something else."""
        if parent is None:
            return NO_SPAN
        return self._begin(name, kind, parent.trace_id, parent, ())

    def follow_up(self, name: str, cause: TraceContext | None) -> Span:
        """Begin a trace of its own for something that nobody waits for; it is kept if what caused it is."""
        if cause is None:
            return NO_SPAN
        return self._begin(name, SpanKind.INTERNAL, getrandbits(128) or 1, None, (cause,))

    def _begin(
        self,
        name: str,
        kind: SpanKind,
        trace_id: int,
        parent: TraceContext | None,
        links: tuple[TraceContext, ...],
    ) -> Span:
        state = "" if parent is None else parent.state
        context = TraceContext(trace_id=trace_id, span_id=getrandbits(64) or 1, is_sampled=True, state=state)
        return Span(self, name, kind, context, parent, links)


def attributes_of(about: About) -> Attributes:
    """Return the ids that something is about, as attributes."""
    return {f"connect_sidecar.{word}": identifier for word, identifier in about}


class _Unheard:
    def now(self) -> Instant:
        raise AssertionError("nothing is traced")

    def notify(self, event: SpanEnded) -> None:
        raise AssertionError("nothing is traced")


NO_TRACING = Tracing(clock=_Unheard(), listener=_Unheard(), sampler=None)
