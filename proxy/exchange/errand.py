"""What a flight is sent for."""

from dataclasses import dataclass
from typing import Generic

from proxy.caching.profile import SubjectT
from proxy.caching.stored_response import StoredResponse
from proxy.exchange.ports import UpstreamRequest
from proxy.exchange.spans import SpanName
from proxy.semantics.message import Request
from proxy.semantics.trace_context import TraceContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Generic[SubjectT]):
    """What a flight is sent for: built from the target; `validating` adds the origin's own validators.

    `span_name` is what traces call it; `caused_by` the span of whoever does not wait for it.
    """

    subject: SubjectT
    request: Request
    upstream_request: UpstreamRequest
    validating: StoredResponse | None
    span_name: SpanName = SpanName.FETCH
    caused_by: TraceContext | None = None
