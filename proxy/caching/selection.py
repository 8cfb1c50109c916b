"""Which stored response is for this request (RFC 9111 section 4.1): nominated fields and content coding."""

from collections.abc import Sequence

from multidict import istr

from proxy.caching.reasons import ForwardReason
from proxy.caching.stored_response import StoredResponse
from proxy.semantics.content_coding import accepts_codings
from proxy.semantics.forwarding import forwarded, freeze
from proxy.semantics.lists import elements
from proxy.semantics.message import Fields, Request, ResponseHead

_CONTENT_ENCODING = istr("Content-Encoding")

_LISTS = frozenset({"accept", "accept-charset", "accept-encoding", "accept-language", "prefer"})
"""Fields known to be lists. In any other an empty element or a space may mean something: it stays."""

Nominated = tuple[tuple[str, str | None], ...]


def nominated_names(head: ResponseHead) -> tuple[str, ...]:
    """Return the names that Vary lists, in lower case, in order, each once."""
    if "Vary" not in head.fields:
        return ()
    return tuple(sorted({name.lower() for name in elements(head.fields, "Vary")}))


def nominated(head: ResponseHead, request: Request) -> Nominated:
    """Return the request's values of the fields that Vary names, normalised; absent is None."""
    names = nominated_names(head)
    fields = _as_sent(request) if names else request.fields
    return tuple((name, _normalised(fields, name)) for name in names)


def select(candidates: Sequence[StoredResponse], request: Request) -> StoredResponse | ForwardReason:
    """Return the stored response that matches, the most recent first; or why there is none."""
    if not candidates:
        return ForwardReason.URI_MISS
    for stored in candidates:
        if matches(stored, request):
            return stored
    return ForwardReason.VARY_MISS


def matches(stored: StoredResponse, request: Request) -> bool:
    """Tell whether a stored response is for this request."""
    if stored.nominated:
        asked = _as_sent(request)
        if any(_normalised(asked, name) != value for name, value in stored.nominated):
            return False
    fields = stored.response.fields
    return _CONTENT_ENCODING not in fields or accepts_codings(request.fields, fields)


def suits_all(head: ResponseHead, request: Request) -> bool:
    """Tell whether an answer to somebody else's request of the same target is for this one, too."""
    return "Vary" not in head.fields and accepts_codings(request.fields, head.fields)


def _as_sent(request: Request) -> Fields:
    """Return the fields as the origin sees them: what Connection takes out on the way is absent."""
    return freeze(forwarded(request.fields)) if "Connection" in request.fields else request.fields


def _normalised(fields: Fields, name: str) -> str | None:
    """Return a field's value with its lines combined; only in lists white space around commas goes, too."""
    if name not in fields:
        return None
    if name in _LISTS:
        return ",".join(elements(fields, name))
    return ",".join(value.strip(" \t") for value in fields.getall(name))
