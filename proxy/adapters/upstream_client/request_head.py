"""The octets of a request head and the coding of its body (RFC 9112 sections 3 and 6).

Target and fields go out octet for octet, in their order and spelling. Host and framing are ours. What could end
a line early is refused here once more, whoever checked it before.
"""

import re

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest

_OURS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    }
)
"""Host and framing are written here; the rest would speak about a connection that is not the client's."""

_EXPECTS_BODY = frozenset({"POST", "PUT", "PATCH"})
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_TARGET = re.compile(r"[\x21-\x7e]+")
_ENDS_LINE = re.compile(r"[\r\n\0]")


def encode(request: UpstreamRequest, authority: bytes) -> bytes:
    """Return the request line and fields, the empty line included."""
    if not _TOKEN.fullmatch(request.method) or not _TARGET.fullmatch(request.target):
        raise UpstreamError(ErrorKind.HTTP_REQUEST_ERROR, sent=False)
    lines = [f"{request.method} {request.target} HTTP/1.1\r\nHost: ".encode("ascii"), authority, b"\r\n"]
    for name, value in request.fields.items():
        if name.lower() in _OURS:
            continue
        if not _TOKEN.fullmatch(name) or _ENDS_LINE.search(value):
            raise UpstreamError(ErrorKind.HTTP_REQUEST_ERROR, sent=False)
        lines.append(f"{name}: {value}\r\n".encode("utf-8", "surrogateescape"))
    lines.append(_framing(request))
    lines.append(b"\r\n")
    return b"".join(lines)


def _framing(request: UpstreamRequest) -> bytes:
    if request.body is None:
        return b"Content-Length: 0\r\n" if request.method in _EXPECTS_BODY else b""
    length = request.body.length_bytes
    if length is None:
        return b"Transfer-Encoding: chunked\r\n"
    return b"Content-Length: %d\r\n" % length


def chunk(octets: bytes) -> bytes:
    """Return one chunk of the chunked coding."""
    return b"%x\r\n%b\r\n" % (len(octets), octets)


LAST_CHUNK = b"0\r\n\r\n"
