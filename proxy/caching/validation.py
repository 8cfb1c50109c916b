"""Validation (RFC 9111 section 4.3): what is asked of the origin, and what its answers freshen.

The upstream request is built from the target: a client's conditions and ranges shape only its own answer.
Only validators that the origin gave go upstream, never a tag of our own making.
"""

from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.caching.kept_fields import blanked
from proxy.caching.selection import nominated_names
from proxy.caching.stored_response import StoredResponse
from proxy.semantics.message import Fields, Request, Response, ResponseHead
from proxy.semantics.validators import PRECONDITION_FIELDS, matches_weakly

_DATE = istr("Date")
_SHAPES_ANSWER = tuple(map(istr, (*PRECONDITION_FIELDS, "Range")))

_NOT_UPDATED = frozenset(
    {
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Fields of a 304 that describe its own message or framing, not the stored one (RFC 9111 section 3.2)."""

_AGE = istr("Age")
_OF_MESSAGE = (_AGE, _DATE)
"""Fields that told of the message that was stored: a 304 without them must not look as old as that one."""

_SPEAKS_OF_REUSE = (_AGE, *map(istr, ("Cache-Control", "CDN-Cache-Control", "Expires", "Pragma")))


def shapes_answer(request: Request) -> bool:
    """Tell whether a request has conditional or Range fields."""
    return any(map(request.fields.__contains__, _SHAPES_ANSWER))


def upstream_fields(fields: Fields) -> Fields:
    """Return the fields of a request that is to answer everyone: without conditions and ranges."""
    if not any(map(fields.__contains__, _SHAPES_ANSWER)):
        return fields
    kept = CIMultiDict(fields)
    for name in _SHAPES_ANSWER:
        kept.popall(name, None)
    return CIMultiDictProxy(kept)


def has_origin_validators(head: ResponseHead) -> bool:
    """Tell whether the origin gave something to validate with."""
    return "ETag" in head.fields or "Last-Modified" in head.fields


def conditional_fields(fields: Fields, stored: ResponseHead) -> Fields:
    """Return request fields that ask whether the stored response is still good."""
    conditional = CIMultiDict(fields)
    if "ETag" in stored.fields:
        conditional["If-None-Match"] = stored.fields["ETag"]
    if "Last-Modified" in stored.fields:
        conditional["If-Modified-Since"] = stored.fields["Last-Modified"]
    return CIMultiDictProxy(conditional)


def is_about(stored: StoredResponse, head: ResponseHead) -> bool:
    """Tell whether a 304 is about the stored response (RFC 9111 section 4.3.4).

    Not if it names another entity tag, or, without one, another date; nor if it changes what Vary nominates:
    the values of newly nominated fields in the request that was stored are no longer known.
    """
    ours, theirs = stored.response.fields, head.fields
    if "Vary" in theirs and nominated_names(head) != tuple(name for name, _ in stored.nominated):
        return False
    if "ETag" in theirs and "ETag" in ours:
        return matches_weakly(ours["ETag"], theirs["ETag"])
    if "ETag" not in theirs and "Last-Modified" in theirs and "Last-Modified" in ours:
        return ours["Last-Modified"] == theirs["Last-Modified"]
    return True


def freshened(stored: Response, head: ResponseHead) -> Response:
    """Return the stored response with the fields of a 304 in place of its own (RFC 9111 section 3.2)."""
    fields = CIMultiDict(stored.fields)
    names = {name.lower() for name in head.fields} - _NOT_UPDATED
    for name in (*_OF_MESSAGE, *names):
        fields.popall(name, None)
    fields.extend((name, value) for name, value in head.fields.items() if name.lower() in names)
    return _with_fields(stored, fields)


def redated(stored: Response, head: ResponseHead) -> Response:
    """Return the stored response with the Date and Age of an answer that shows it to be unchanged."""
    fields = CIMultiDict(stored.fields)
    for name in _OF_MESSAGE:
        if name in head.fields:
            fields[name] = head.fields[name]  # in its place
        else:
            fields.popall(name, None)
    return _with_fields(stored, fields)


def says_only_its_date(stored: Response) -> bool:
    """Tell whether a response says nothing else of its age and of how it may be reused, and that once."""
    fields = stored.fields
    return len(fields.getall(_DATE, ())) == 1 and not any(map(fields.__contains__, _SPEAKS_OF_REUSE))


def is_only_redated(later: Response, earlier: Response) -> bool:
    """Tell whether two stored responses are the same, in the same order, but for the value of Date."""
    return later.body is earlier.body and _have_same_head(later, earlier)


def is_repeated(later: Response, earlier: Response) -> bool:
    """Tell whether an answer says again what was stored before, but for Date, which is all that it says of its age."""
    if not says_only_its_date(later) or not later.fields[_DATE].isascii():
        return False
    return _have_same_head(blanked(later), earlier) and later.body == earlier.body


def _have_same_head(later: Response, earlier: Response) -> bool:
    if later.status != earlier.status or later.reason != earlier.reason:
        return False
    if later.fields is earlier.fields:
        return True
    return list(later.fields.items()) == list(earlier.fields.items())


def _with_fields(stored: Response, fields: CIMultiDict[str]) -> Response:
    return Response(
        status=stored.status, reason=stored.reason, fields=CIMultiDictProxy(fields), body=stored.body
    )
