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
_METHOD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_NAMES = re.compile(r"(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+\n)*")
_TARGET = re.compile(r"[\x21-\x7e]+")


def encode(request: UpstreamRequest, authority: str) -> bytes:
    """Return the request line and fields, the empty line included."""
    fields = [(name, value) for name, value in request.fields.items() if name.lower() not in _OURS]
    lines = [f"{request.method} {request.target} HTTP/1.1\r\n", f"Host: {authority}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in fields]
    text = "".join(lines)
    is_whole = (
        _METHOD.fullmatch(request.method)
        and _TARGET.fullmatch(request.target)
        and _NAMES.fullmatch("".join([f"{name}\n" for name, _ in fields]))  # no name has a line feed ...
        and text.count("\r") == text.count("\n") == len(lines)  # ... since no line has one but its own
        and "\0" not in text
    )
    if not is_whole:
        raise UpstreamError(ErrorKind.HTTP_REQUEST_ERROR, sent=False)
    return b"%b%b\r\n" % (text.encode("utf-8", "surrogateescape"), _framing(request))


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
