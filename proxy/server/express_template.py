"""An answer as octets with holes for what changes from use to use; and which requests may have such an answer.

The octets are the full path's own: a template is made of one whole answer, and proves itself by giving it back.
"""

import re
from typing import NamedTuple, cast

from multidict import istr

from proxy.caching.cache_status import CACHE_NAME
from proxy.exchange.answer import Answer
from proxy.exchange.tickets import Issued
from proxy.semantics.message import Request
from proxy.server.response_writer import Asked, Framing, head_octets

MOST_BODY_BYTES = 49_152
"""With its head less than what a transport takes before it asks for a pause (64 KiB)."""

_ASKED = Asked(is_head=False, minor_version=1, may_persist=True)
_AGE = b"\r\nAge: "
_DATE = b"\r\nDate: "
_HIT = f"\r\nCache-Status: {CACHE_NAME}; hit; ttl=".encode()
_STATE = b"\r\nRateLimit: "
_NUMBER = re.compile(rb"(?<=[rt]=)\d+")
_CONNECTION = istr("Connection")
_KEEPS = frozenset({"keep-alive"})
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


class Template(NamedTuple):
    """A head around a ticket's Date and figures.

    `opening` goes before the Date; the response's `own` octets follow it, up to the first figure; the rest has %d for
    each figure. Opening and rest are `common` to nearly all answers that one client gets.
    """

    opening: bytes
    own: bytes
    common: bytes


def is_plain(request: Request) -> bool:
    """Tell whether nothing in a GET shapes its answer or ends its connection."""
    if request.method != "GET" or request.minor_version != 1:
        return False
    fields = request.fields
    if not _SHAPING.isdisjoint(map(str.lower, fields)):
        return False
    return {value.lower() for value in fields.getall(_CONNECTION, ())} <= _KEEPS


def rendered(issued: Issued) -> bytes:
    """Return the octets that the full path writes."""
    return _head(issued.answer) + cast(bytes, issued.answer.body)


def template_of(issued: Issued) -> Template | None:
    """Return the head around a ticket's Date and figures; None if the answer has no such form."""
    answer, figures = issued.answer, issued.figures
    if not isinstance(answer.body, bytes) or len(answer.body) > MOST_BODY_BYTES:
        return None
    try:
        head = _head(answer)
    except ValueError:
        return None
    age, ttl, *left = figures
    before, mark, rest = head.partition(_AGE)
    opening, dated, own = before.partition(_DATE)
    if not dated or _DATE in own:
        return None  # it has not just one Date, and that before its Age
    opening += dated
    date, end, own = own.partition(b"\r\n")
    own = end + own
    common = mark + _opened(rest.replace(b"%", b"%%"), age)
    # Where there are several, ours is the last: the origin may be a sidecar, too.
    before, mark, rest = common.rpartition(_HIT)
    common = before + mark + _opened(rest, ttl)
    if left:
        before, mark, rest = common.rpartition(_STATE)
        common = before + mark + _NUMBER.sub(b"%d", rest, count=len(left))
    try:
        is_true = date.isascii() and opening + date + own + common % figures == head
    except (TypeError, ValueError):
        return None
    return Template(opening=opening, own=own, common=common) if is_true else None


def _opened(text: bytes, figure: int) -> bytes:
    """Return text that begins with a figure, with a place for others instead."""
    return b"%d" + text[len(b"%d" % figure) :]


def _head(answer: Answer) -> bytes:
    return head_octets(answer, Framing.LENGTH, _ASKED)
