"""Answers of our own to requests that can't be served: Connect's error shape, from a closed list.

SDKs call `.json()` on every error body and match words in it (facts.md, summary 15 and 16), so the texts are
ours alone: never a value of the request, never the parser's words, which quote the offending octets.
"""

from enum import Enum

from aiohttp.http_exceptions import BadStatusLine, InvalidURLError, LineTooLong
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.exchange.answer import Answer

ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


class Problem(Enum):
    """Why a request is refused before anyone is asked: status and text."""

    MALFORMED = (400, "The request is not well-formed HTTP/1.1")
    BAD_REQUEST_LINE = (400, "The request line is malformed or its method is unknown")
    BAD_TARGET = (400, "The request target contains characters that can't be forwarded unchanged")
    FOREIGN_TARGET = (400, "The request target is neither a path nor a URL of this server")
    BAD_HOST = (400, "The request needs exactly one valid Host field")
    REPEATED_FIELD = (400, "A field that must occur once occurs more than once")
    BAD_FRAMING = (400, "The framing fields of the request are invalid or contradict each other")
    BAD_BODY = (400, "The request body was cut short or is framed wrongly")
    METHOD_REFUSED = (405, "This method is not allowed here")
    HEAD_TIMEOUT = (408, "The request head did not arrive in time")
    TARGET_TOO_LONG = (414, "The request target is too long")
    UNKNOWN_EXPECTATION = (417, "The only expectation understood is 100-continue")
    FIELDS_TOO_LARGE = (431, "The request fields are too many or too large")
    FAULT = (500, "The sidecar failed to answer this request")
    VERSION = (505, "This server speaks HTTP/1.1 and HTTP/1.0")

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message


REASONS = {
    400: "Bad Request",
    405: "Method Not Allowed",
    408: "Request Timeout",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    505: "HTTP Version Not Supported",
}


def problem_answer(problem: Problem) -> Answer:
    """Return the answer that states a problem."""
    fields = CIMultiDict({"Content-Type": "application/json"})
    if problem is Problem.METHOD_REFUSED:
        fields["Allow"] = ALLOWED_METHODS
    return Answer(
        status=problem.status,
        reason=REASONS[problem.status],
        fields=CIMultiDictProxy(fields),
        body=f'{{"status":{problem.status},"message":"{problem.message}"}}'.encode(),
    )


class HeadGivenUpError(Exception):
    """We stopped waiting for the rest of a request head."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.name)
        self.problem = problem


_BY_TEXT = (  # beginnings of the parser's texts; a contract test pins them
    ("Too many headers received", Problem.FIELDS_TOO_LARGE),
    ("Missing 'Host' header", Problem.BAD_HOST),
    ("Duplicate 'Host'", Problem.BAD_HOST),
    ("Duplicate '", Problem.REPEATED_FIELD),
    ("Pause on PRI/Upgrade", Problem.VERSION),
    ("Content-Length", Problem.BAD_FRAMING),
    ("Duplicate Content-Length", Problem.BAD_FRAMING),
    ("Empty Content-Length", Problem.BAD_FRAMING),
    ("Invalid character in Content-Length", Problem.BAD_FRAMING),
    ("Transfer-Encoding", Problem.BAD_FRAMING),
    ("Invalid `Transfer-Encoding`", Problem.BAD_FRAMING),
    ("Request has invalid `Transfer-Encoding`", Problem.BAD_FRAMING),
    ("Invalid character in chunk size", Problem.BAD_BODY),
    ("Missing expected CR after chunk", Problem.BAD_BODY),
    ("Expected LF after chunk", Problem.BAD_BODY),
)


def problem_of_error(error: BaseException, max_line_bytes: int) -> Problem:
    """Say in our words why a head could not be read; the parser's own words quote the request."""
    if isinstance(error, HeadGivenUpError):
        return error.problem
    if isinstance(error, LineTooLong):
        return Problem.TARGET_TOO_LONG if error.args[1] == max_line_bytes else Problem.FIELDS_TOO_LARGE
    if isinstance(error, InvalidURLError):
        return Problem.BAD_TARGET
    text = str(getattr(error, "message", ""))
    if isinstance(error, BadStatusLine):  # a bad method is one, too
        return Problem.VERSION if "Invalid HTTP version" in text else Problem.BAD_REQUEST_LINE
    found = (problem for beginning, problem in _BY_TEXT if text.startswith(beginning))
    return next(found, Problem.MALFORMED)
