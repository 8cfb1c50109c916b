"""Answers of our own to requests that can't be served: Connect's error shape, from a closed list.

SDKs call `.json()` on every error body and match words in it (facts.md, summary 15 and 16), so the texts are
ours alone: never a value of the request, never the parser's words, which quote the offending octets.
"""

from http import HTTPStatus

from aiohttp.http_exceptions import BadStatusLine, InvalidURLError, LineTooLong
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.error_response import STATUS_OF, Message, error_body
from proxy.exchange.answer import Answer

ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def problem_answer(problem: Message) -> Answer:
    """Return the answer that states a problem."""
    fields = CIMultiDict({"Content-Type": "application/json"})
    if problem is Message.UNSUPPORTED_METHOD:
        fields["Allow"] = ALLOWED_METHODS
    status = HTTPStatus(STATUS_OF[problem])
    return Answer(
        status=status.value,
        reason=status.phrase,
        fields=CIMultiDictProxy(fields),
        body=error_body(status.value, problem),
    )


def _refusal_octets(problem: Message) -> bytes:
    status, body = HTTPStatus(STATUS_OF[problem]), error_body(STATUS_OF[problem], problem)
    return (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode() + body


TOO_MANY_CONNECTIONS = _refusal_octets(Message.OVERLOADED)
"""The whole answer to a connection that there is no room for."""


class HeadGivenUpError(Exception):
    """We stopped waiting for the rest of a request head."""

    def __init__(self, problem: Message) -> None:
        super().__init__(problem.name)
        self.problem = problem


_BY_TEXT = (  # beginnings of the parser's texts; a contract test pins them
    ("Too many headers received", Message.FIELDS_TOO_LARGE),
    ("Missing 'Host' header", Message.BAD_HOST),
    ("Duplicate 'Host'", Message.BAD_HOST),
    ("Duplicate '", Message.REPEATED_FIELD),
    ("Pause on PRI/Upgrade", Message.UNSUPPORTED_VERSION),
    ("Content-Length", Message.BAD_FRAMING),
    ("Duplicate Content-Length", Message.BAD_FRAMING),
    ("Empty Content-Length", Message.BAD_FRAMING),
    ("Invalid character in Content-Length", Message.BAD_FRAMING),
    ("Transfer-Encoding", Message.BAD_FRAMING),
    ("Invalid `Transfer-Encoding`", Message.BAD_FRAMING),
    ("Request has invalid `Transfer-Encoding`", Message.BAD_FRAMING),
    ("Invalid character in chunk size", Message.BODY_CUT_SHORT),
    ("Missing expected CR after chunk", Message.BODY_CUT_SHORT),
    ("Expected LF after chunk", Message.BODY_CUT_SHORT),
)


def problem_of_error(error: BaseException, max_line_bytes: int) -> Message:
    """Say in our words why a head could not be read; the parser's own words quote the request."""
    if isinstance(error, HeadGivenUpError):
        return error.problem
    if isinstance(error, LineTooLong):
        return Message.TARGET_TOO_LONG if error.args[1] == max_line_bytes else Message.FIELDS_TOO_LARGE
    if isinstance(error, InvalidURLError):
        return Message.BAD_TARGET
    text = str(getattr(error, "message", ""))
    if isinstance(error, BadStatusLine):  # a bad method is one, too
        return Message.UNSUPPORTED_VERSION if "Invalid HTTP version" in text else Message.BAD_REQUEST_LINE
    found = (problem for beginning, problem in _BY_TEXT if text.startswith(beginning))
    return next(found, Message.MALFORMED)
