"""A parsed answer's head as a value, and what aiohttp's parser lets through that RFC 9112 does not.

llhttp, as aiohttp sets it up for answers, accepts any transfer coding, a space after a field name and any
version; each of them is a way to disagree about where a body ends, so each is refused.
"""

import re
from functools import lru_cache

from aiohttp.http_parser import RawResponseMessage
from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.semantics.message import LONGEST_SHARED_VALUE, REPEATING_FIELDS, ResponseHead

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VERSIONS = frozenset({(1, 0), (1, 1)})
_BODILESS = frozenset({204, 304})
_LOCATION = istr("Location")
_CONTENT_LENGTH = istr("Content-Length")
_MAX_LENGTH_DIGITS = 18
"""Beyond it aiohttp mistakes 2^64-1 for "no length", and nobody sends an exabyte."""


class BrokenAnswerError(Exception):
    """Why an answer was refused. Holds no octet of it: aiohttp's own errors quote what they choke on."""


def is_interim(message: RawResponseMessage) -> bool:
    """Tell whether another head follows (1xx); 101 is none: we never ask for an upgrade."""
    return 100 <= message.code <= 199 and message.code != 101


def check(message: RawResponseMessage) -> None:
    """Raise BrokenAnswerError if the head doesn't say beyond doubt where its body ends."""
    if message.version not in _VERSIONS:
        raise BrokenAnswerError("version")
    if message.code < 200:
        raise BrokenAnswerError("status")
    codings = []
    for name, value in message.raw_headers:
        lowered = _name(name)[0].lower()
        if lowered == "transfer-encoding":
            codings.append(value.lower())
        elif lowered == "content-length" and len(value) > _MAX_LENGTH_DIGITS:
            raise BrokenAnswerError("length")
    if codings and (codings != [b"chunked"] or tuple(message.version) == (1, 0)):
        raise BrokenAnswerError("transfer coding")


def head(message: RawResponseMessage, origin: bytes) -> ResponseHead:
    """Return status line and fields as they came.

    Only a Location inside the upstream's own `origin` loses that: clients don't know it and shall come back to us
    (RFC 9110 section 10.2.2 lets a Location be relative).
    """
    raw = message.raw_headers
    if _LOCATION in message.headers:
        raw = tuple((name, _relative(name, value, origin)) for name, value in raw)
    fields = CIMultiDict([_field(name, value) for name, value in raw])
    return ResponseHead(status=message.code, reason=message.reason, fields=CIMultiDictProxy(fields))


def _relative(name: bytes, value: bytes, origin: bytes) -> bytes:
    if name.lower() != b"location" or not value.lower().startswith(origin):
        return value
    rest = value[len(origin) :]
    if not rest or rest[:1] in b"?#":
        return b"/" + rest
    # "//host" would name another server, and ":81" goes on with the authority.
    return rest if rest[:1] == b"/" and rest[1:2] != b"/" else value


def _field(octets: bytes, value: bytes) -> tuple[istr, str]:
    name, is_repeating = _name(octets)
    is_shared = is_repeating and len(value) <= LONGEST_SHARED_VALUE
    return name, _shared_value(value) if is_shared else _text(value)


@lru_cache(maxsize=512)
def _name(octets: bytes) -> tuple[istr, bool]:
    """Return a field name shared by all answers that spell it so, and whether its values are to be shared as well.

    Raises BrokenAnswerError if it is no token.
    """
    if not _TOKEN.fullmatch(octets):
        raise BrokenAnswerError("field name")
    name = istr(octets.decode("ascii"))
    return name, name.lower() in REPEATING_FIELDS


@lru_cache(maxsize=512)
def _shared_value(octets: bytes) -> str:
    """Return a field value shared by all answers lately that have the same."""
    return _text(octets)


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "surrogateescape")


def body_length_bytes(message: RawResponseMessage, method: str) -> int | None:
    """Return the length of the body to come; None if only its end will tell."""
    if method == "HEAD" or message.code in _BODILESS:
        return 0
    length = message.headers.get(_CONTENT_LENGTH)
    return None if length is None else int(length)
