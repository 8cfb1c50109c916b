"""What a request must be before anyone looks at it: the checks of its parsed head, in order.

The parser refuses much already (bare CR and LF, NUL, obs-fold, both framing fields); these checks close what
it lets through: RFC 9112 sections 3.2 (Host, target), 6.1 (Transfer-Encoding) and 6.3 (Content-Length). They
know nothing of Connect and never look at a credential's value.
"""

import re
from collections.abc import Callable

from aiohttp.http import HttpVersion10, HttpVersion11, RawRequestMessage
from multidict import istr

from proxy.connect.error_response import Message

Check = Callable[[RawRequestMessage], Message | None]

# Possessive: a run at a time, and never looked at again.
_HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]++|%[0-9A-Fa-f]{2})++)(?::[0-9]{0,5})?"
)
_TARGET = re.compile(r"[\x21\x22\x24-\x7e]+")  # visible ASCII without "#": a fragment never goes upstream
_VERSIONS = frozenset({HttpVersion11, HttpVersion10})
_REFUSED_METHODS = frozenset({"CONNECT", "TRACE"})
_MAX_LENGTH_DIGITS = 15  # a petabyte; the parser mistakes 2**64 - 1 for "no body"

# Look-up keys that multidict need not fold again on every request.
_AUTHORIZATION = istr("Authorization")
_HOST_NAME = istr("Host")
_CONTENT_LENGTH = istr("Content-Length")
_TRANSFER_ENCODING = istr("Transfer-Encoding")
_EXPECT = istr("Expect")


def first_problem(message: RawRequestMessage) -> Message | None:
    """Return the first problem of a request head, or None."""
    problem = _of_line(message) or _of_host(message)
    if problem is not None:
        return problem
    fields = message.headers
    if len(fields.getall(_AUTHORIZATION, ())) > 1:
        return Message.REPEATED_FIELD
    for name, check in _RARE:
        if name in fields and (problem := check(message)) is not None:
            return problem
    return None


def _of_line(message: RawRequestMessage) -> Message | None:
    version = message.version
    if version is not HttpVersion11 and version not in _VERSIONS:
        return Message.UNSUPPORTED_VERSION
    if message.method in _REFUSED_METHODS:
        return Message.UNSUPPORTED_METHOD
    return None if _TARGET.fullmatch(message.path) else Message.BAD_TARGET


def _of_host(message: RawRequestMessage) -> Message | None:
    values = message.headers.getall(_HOST_NAME, ())
    if len(values) == 1:
        return None if _HOST.fullmatch(values[0]) else Message.BAD_HOST
    is_optional = not values and message.version == HttpVersion10
    return None if is_optional else Message.BAD_HOST


def _length(message: RawRequestMessage) -> Message | None:
    values = message.headers.getall(_CONTENT_LENGTH)
    if len(values) > 1 or _TRANSFER_ENCODING in message.headers:
        return Message.BAD_FRAMING
    value = values[0]
    is_plain = value.isascii() and value.isdigit() and len(value) <= _MAX_LENGTH_DIGITS
    return None if is_plain else Message.BAD_FRAMING


def _transfer_coding(message: RawRequestMessage) -> Message | None:
    values = message.headers.getall(_TRANSFER_ENCODING)
    is_chunked = len(values) == 1 and values[0].lower() == "chunked" and message.chunked
    return None if is_chunked and message.version == HttpVersion11 else Message.BAD_FRAMING


def _expectation(message: RawRequestMessage) -> Message | None:
    values = message.headers.getall(_EXPECT)
    if all(value.lower() == "100-continue" for value in values):
        return None
    return Message.UNKNOWN_EXPECTATION


_RARE: tuple[tuple[istr, Check], ...] = (
    (_CONTENT_LENGTH, _length),
    (_TRANSFER_ENCODING, _transfer_coding),
    (_EXPECT, _expectation),
)
"""Checks of fields that a read hasn't."""
