"""What a proxy passes on and what ends at each hop (RFC 9110 section 7.6).

Hop-by-hop fields and those named in Connection are taken out, both ways; but a message can't use Connection
to take out what it means end to end, who it is from, or how it may be cached: such connection options are
ignored, not refused, since they harm nobody once they have no effect.
"""

from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.semantics.lists import elements
from proxy.semantics.message import Fields

_VIA = istr("Via")

_HOP_BY_HOP = tuple(
    istr(name)  # look-up keys that multidict need not fold again for every message
    for name in (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-authentication-info",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "http2-settings",
    )
)

_END_TO_END = frozenset(
    {
        "1password-connect-version",
        "accept",
        "accept-encoding",
        "accept-language",
        "age",
        "authorization",
        "cache-control",
        "cdn-cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-length",
        "content-location",
        "content-range",
        "content-type",
        "cookie",
        "date",
        "etag",
        "expires",
        "forwarded",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "last-modified",
        "location",
        "pragma",
        "range",
        "retry-after",
        "set-cookie",
        "vary",
        "via",
        "www-authenticate",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
    }
)
"""Fields whose loss would change what a message means or who it is from: Connection can't name them away."""


def forwarded(fields: Fields) -> CIMultiDict[str]:
    """Return the end-to-end fields, in order, as a new multidict to add to."""
    kept = CIMultiDict(fields)  # copied as a whole: most messages have next to nothing to take out
    if "Connection" in fields:
        for option in {option.lower() for option in elements(fields, "Connection")} - _END_TO_END:
            kept.popall(option, None)
    for name in _HOP_BY_HOP:
        if name in kept:
            del kept[name]
    return kept


def via_value(minor_version: int, pseudonym: str) -> str:
    """Return our Via member for a message received in HTTP/1.`minor_version`."""
    return f"1.{minor_version} {pseudonym}"


def has_passed(fields: Fields, pseudonym: str) -> bool:
    """Tell whether a message names us in Via: it has come full circle."""
    if _VIA not in fields:
        return False
    return any(member.split()[1:2] == [pseudonym] for member in elements(fields, "Via"))


def freeze(fields: CIMultiDict[str]) -> Fields:
    """Return a read-only view."""
    return CIMultiDictProxy(fields)
