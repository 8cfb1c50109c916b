"""Which stored response is for this request (RFC 9111 section 4.1): nominated fields and content coding."""

import re
from collections.abc import Sequence

from proxy.caching.reasons import ForwardReason
from proxy.caching.stored_response import StoredResponse
from proxy.semantics.content_coding import accepts_codings
from proxy.semantics.lists import elements
from proxy.semantics.message import Fields, Request, ResponseHead

_SPACE = re.compile(r"[ \t]+")

Nominated = tuple[tuple[str, str | None], ...]


def nominated(head: ResponseHead, request: Request) -> Nominated:
    """Return the request's values of the fields that Vary names, normalised; absent is None."""
    if "Vary" not in head.fields:
        return ()
    names = sorted({name.lower() for name in elements(head.fields, "Vary")})
    return tuple((name, _normalised(request.fields, name)) for name in names)


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
    if stored.nominated and any(
        _normalised(request.fields, name) != value for name, value in stored.nominated
    ):
        return False
    fields = stored.response.fields
    return "Content-Encoding" not in fields or accepts_codings(request.fields, fields)


def suits_all(head: ResponseHead, request: Request) -> bool:
    """Tell whether an answer to somebody else's request of the same target is for this one, too."""
    return "Vary" not in head.fields and accepts_codings(request.fields, head.fields)


def _normalised(fields: Fields, name: str) -> str | None:
    if name not in fields:
        return None
    return _SPACE.sub(" ", ",".join(element for element in elements(fields, name)))
