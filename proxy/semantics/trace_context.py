"""Trace context in fields: W3C Trace Context (traceparent, tracestate) and, from older clients, B3 in both its forms.

A context that is malformed is none. Where a client speaks B3 (Go's SDK does), it is answered for with B3, too.
"""

import re
from dataclasses import dataclass

from multidict import CIMultiDict, CIMultiDictProxy

_Fields = CIMultiDictProxy[str]  # as in `message`, which knows this module

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_B3 = re.compile(r"([0-9a-fA-F]{16}|[0-9a-fA-F]{32})-([0-9a-fA-F]{16})(?:-([01d]))?(?:-[0-9a-fA-F]{16})?")
_TRACE_ID = re.compile(r"[0-9a-fA-F]{16}|[0-9a-fA-F]{32}")
_SPAN_ID = re.compile(r"[0-9a-fA-F]{16}")
_B3_TRACE, _B3_SPAN, _B3_PARENT = "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId"
_B3_SAMPLED, _B3_FLAGS = "X-B3-Sampled", "X-B3-Flags"
_LONGEST_STATE = 512  # W3C: at least so much is passed on
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """One span as others refer to it. `state` is the vendors' tracestate, as it came."""

    trace_id: int
    span_id: int
    is_sampled: bool
    state: str = ""

    @property
    def trace_id_digits(self) -> str:
        """The trace's id as lines and exemplars show it."""
        return f"{self.trace_id:032x}"


def read(fields: _Fields) -> TraceContext | None:
    """Return the context that a request came with; W3C's wins over B3. None: it came with none that can be read."""
    if "traceparent" in fields:
        return _w3c(fields)
    if "b3" in fields:
        return _b3_single(fields["b3"])
    return _b3_several(fields) if _B3_TRACE in fields else None


def written(fields: _Fields, context: TraceContext) -> CIMultiDict[str]:
    """Return the fields of a request with `context` in place of the one that it came with, in the same forms."""
    changed = CIMultiDict(fields)
    sampled = "01" if context.is_sampled else "00"
    changed["traceparent"] = f"00-{context.trace_id:032x}-{context.span_id:016x}-{sampled}"
    if not context.state:
        changed.popall("tracestate", None)
    if "b3" in fields:
        changed["b3"] = f"{context.trace_id:032x}-{context.span_id:016x}-{sampled[1]}"
    if _B3_TRACE in fields:
        changed.popall(_B3_PARENT, None)
        changed[_B3_TRACE] = f"{context.trace_id:032x}"
        changed[_B3_SPAN] = f"{context.span_id:016x}"
        changed[_B3_SAMPLED] = sampled[1]
    return changed


def _w3c(fields: _Fields) -> TraceContext | None:
    values = fields.getall("traceparent")
    match = _TRACEPARENT.fullmatch(values[0].strip(" \t")) if len(values) == 1 else None
    if match is None or match[1] == "ff" or (match[1] == "00" and match[5]):
        return None
    state = ",".join(fields.getall("tracestate", ()))
    return _context(
        match[2],
        match[3],
        is_sampled=bool(int(match[4], 16) & _SAMPLED),
        state=state if len(state) <= _LONGEST_STATE else "",
    )


def _b3_single(value: str) -> TraceContext | None:
    match = _B3.fullmatch(value.strip(" \t"))
    return None if match is None else _context(match[1], match[2], is_sampled=match[3] in {"1", "d"})


def _b3_several(fields: _Fields) -> TraceContext | None:
    trace_id, span_id = fields.get(_B3_TRACE, ""), fields.get(_B3_SPAN, "")
    if _TRACE_ID.fullmatch(trace_id) is None or _SPAN_ID.fullmatch(span_id) is None:
        return None
    is_sampled = fields.get(_B3_SAMPLED, "").lower() in {"1", "true"} or fields.get(_B3_FLAGS) == "1"
    return _context(trace_id, span_id, is_sampled=is_sampled)


def _context(trace_id: str, span_id: str, *, is_sampled: bool, state: str = "") -> TraceContext | None:
    context = TraceContext(
        trace_id=int(trace_id, 16), span_id=int(span_id, 16), is_sampled=is_sampled, state=state
    )
    return context if context.trace_id and context.span_id else None
