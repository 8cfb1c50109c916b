"""From something complete to the answer for one client: conditions, ranges, HEAD, Age.

Everything else stays as it was received, octet for octet, repeats and order included.
"""

from dataclasses import dataclass, field

from multidict import CIMultiDict, istr

from proxy.caching.directives import MOST_SECONDS
from proxy.caching.kept_fields import filled_in
from proxy.caching.stored_response import StoredResponse
from proxy.caching.validation import shapes_answer
from proxy.clock import Instant
from proxy.semantics.message import Request
from proxy.semantics.ranges import ByteRange, Unsatisfiable, requested_range
from proxy.semantics.validators import Precondition, Validators, evaluate, if_range_holds

_AGE = istr("Age")  # names that multidict need not fold again for every answer
_ETAG = istr("ETag")

_KEPT_IN_304 = frozenset(
    {
        "1password-connect-version",
        "cache-control",
        "content-location",
        "date",
        "etag",
        "expires",
        "last-modified",
        "set-cookie",
        "vary",
        "via",
    }
)

_KEPT_IN_PROBLEM = frozenset({"1password-connect-version", "etag", "vary"})
"""No lifetime: a 412 or 416 of ours must not be stored downstream in place of the representation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What the client gets. `is_problem` marks a 412 or 416: its body is for the caller to word."""

    status: int
    reason: str
    fields: CIMultiDict[str] = field(repr=False)
    body: bytes = field(repr=False)
    is_problem: bool = False


def present(stored: StoredResponse, request: Request, now: Instant) -> Presented:
    """Return the answer that a stored response gives to a GET or HEAD."""
    response = stored.at(now).response
    fields = filled_in(response, stored.receipt.date)
    if stored.entity_tag is not None and _ETAG not in fields:
        fields[_ETAG] = stored.entity_tag
    fields[_AGE] = str(min(MOST_SECONDS, int(stored.shown_age_seconds(now))))
    whole = Presented(status=response.status, reason=response.reason, fields=fields, body=response.body)
    # A 304 would stand for an earlier body, and parts of two must never be put together.
    if stored.variation is not None or not shapes_answer(request):
        return _for_method(whole, request)
    return _shaped(whole, request, now)


def _shaped(whole: Presented, request: Request, now: Instant) -> Presented:
    fields = whole.fields
    if not 200 <= whole.status < 300:  # conditions are for what would succeed (RFC 9110 section 13.2.1)
        return _for_method(whole, request)
    validators = Validators(
        entity_tag=fields.get("ETag"), last_modified=fields.get("Last-Modified"), date=fields.get("Date")
    )
    match evaluate(request, validators, now.wall_seconds):
        case Precondition.NOT_MODIFIED:
            return Presented(status=304, reason="Not Modified", fields=_of_304(fields), body=b"")
        case Precondition.FAILED:
            return _problem(412, "Precondition Failed", fields)
        case Precondition.PROCEED:
            pass
    is_ranged = request.method == "GET" and whole.status == 200 and "Range" in request.fields
    if is_ranged and if_range_holds(request, validators, now.wall_seconds):
        return _part(whole, request)
    return _for_method(whole, request)


def _part(whole: Presented, request: Request) -> Presented:
    length = len(whole.body)
    wanted = requested_range(",".join(request.fields.getall("Range")), length)
    match wanted:
        case None:
            return whole
        case Unsatisfiable():
            refused = _problem(416, "Range Not Satisfiable", whole.fields)
            refused.fields["Content-Range"] = f"bytes */{length}"
            return refused
        case ByteRange():
            fields = CIMultiDict(whole.fields)
            fields["Content-Range"] = wanted.content_range(length)
            body = whole.body[wanted.first : wanted.last + 1]
            fields["Content-Length"] = str(len(body))
            return Presented(status=206, reason="Partial Content", fields=fields, body=body)


def _for_method(whole: Presented, request: Request) -> Presented:
    if request.method != "HEAD":
        return whole
    if whole.status != 204:  # which has no length (RFC 9110 section 8.6)
        whole.fields.setdefault("Content-Length", str(len(whole.body)))
    return Presented(status=whole.status, reason=whole.reason, fields=whole.fields, body=b"")


def _of_304(fields: CIMultiDict[str]) -> CIMultiDict[str]:
    return CIMultiDict((n, v) for n, v in fields.items() if n.lower() in _KEPT_IN_304 or n == "Age")


def _problem(status: int, reason: str, fields: CIMultiDict[str]) -> Presented:
    kept = CIMultiDict((name, value) for name, value in fields.items() if name.lower() in _KEPT_IN_PROBLEM)
    return Presented(status=status, reason=reason, fields=kept, body=b"", is_problem=True)
