"""An answer as octets with holes for what changes from use to use; and which requests may have such an answer.

The octets are the full path's own: a template is made of one whole answer, and proves itself by giving it back.
"""

import re
from typing import cast

from proxy.caching.cache_status import CACHE_NAME
from proxy.exchange.answer import Answer
from proxy.exchange.tickets import Issued
from proxy.semantics.message import Request
from proxy.server.response_writer import Asked, Framing, head_octets

MOST_BODY_BYTES = 49_152
"""With its head less than what a transport takes before it asks for a pause (64 KiB)."""

_ASKED = Asked(is_head=False, minor_version=1, may_persist=True)
_DATE = b"\r\nDate: "
_NUMBER = re.compile(rb"(?<=[rt]=)\d+")
_SHAPING = frozenset(
    {
        "cache-control",
        "content-length",
        "expect",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "pragma",
        "range",
        "te",
        "transfer-encoding",
        "upgrade",
    }
)


def is_plain(request: Request) -> bool:
    """Tell whether nothing in a GET shapes its answer or ends its connection."""
    if request.method != "GET" or request.minor_version != 1:
        return False
    names = {name.lower() for name in request.fields}
    if not names.isdisjoint(_SHAPING):
        return False
    return all(value.lower() == "keep-alive" for value in request.fields.getall("Connection", ()))


def rendered(issued: Issued) -> bytes:
    """Return the octets that the full path writes."""
    return _head(issued.answer) + cast(bytes, issued.answer.body)


def template_of(issued: Issued) -> bytes | None:
    """Return a head with %d for each of a ticket's figures; None if the answer has no such form."""
    answer, figures = issued.answer, issued.figures
    if not isinstance(answer.body, bytes) or len(answer.body) > MOST_BODY_BYTES:
        return None
    try:
        head = _head(answer)
    except ValueError:
        return None
    template = head.replace(b"%", b"%%")
    age, ttl = figures[:2]
    template = template.replace(b"\r\nAge: %d\r\n" % age, b"\r\nAge: %d\r\n", 1)
    mark = f"\r\nCache-Status: {CACHE_NAME}; hit; ttl=".encode()
    template = template.replace(b"%b%d\r\n" % (mark, ttl), mark + b"%d\r\n", 1)
    if len(figures) > 2:
        before, mark, state = template.rpartition(b"\r\nRateLimit: ")
        template = before + mark + _NUMBER.sub(b"%d", state, count=len(figures) - 2)
    try:
        is_true = template % figures == head
    except (TypeError, ValueError):
        return None
    return template if is_true else None


def redated(template: bytes, date: str) -> bytes | None:
    """Return a template with another Date; None if it doesn't have just one."""
    before, line, after = template.partition(_DATE)
    if not line or _DATE in after or not date.isascii():
        return None
    rest = after[after.index(b"\r\n") :]
    return before + line + date.encode().replace(b"%", b"%%") + rest


def _head(answer: Answer) -> bytes:
    return head_octets(answer, Framing.LENGTH, _ASKED)
