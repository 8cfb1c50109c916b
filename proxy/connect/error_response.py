"""Bodies of the proxy's own errors, in Connect's shape `{"status", "message"}`, from a closed list of messages.

SDKs call `.json()` on every error body, and Terraform and External Secrets match words in it (facts.md 5.2, 5.4):
no message carries a value of the request, nor a word that would be taken for another error.
"""

from enum import StrEnum

import msgspec


class Message(StrEnum):
    """Why the proxy itself answers, and nobody else."""

    BAD_REQUEST_LINE = "The request line is malformed or its method is unknown"
    MALFORMED = "The request is not well-formed HTTP/1.1"
    BAD_TARGET = "The request target contains characters that can't be forwarded unchanged"
    FOREIGN_HOST = "The request target is neither a path nor a URL of this server"
    BAD_HOST = "The request needs exactly one valid Host field"
    REPEATED_FIELD = "A field that must occur once occurs more than once"
    BAD_FRAMING = "The framing fields of the request are invalid or contradict each other"
    BODY_CUT_SHORT = "The request body was cut short or is framed wrongly"
    UNSUPPORTED_METHOD = "This method is not allowed here"
    NOT_FOR_YOU = "The sidecar does not answer this client"
    ROUTE_DENIED = "The sidecar does not let requests of this kind pass"
    NOT_LENT = "The sidecar's own access token is not for this client or this request"
    REQUEST_TIMEOUT = "The request did not arrive in time"
    PRECONDITION = "A precondition of the request does not hold"
    TARGET_TOO_LONG = "The request target is too long"
    BODY_TOO_LARGE = "The request body is too large"
    RANGE = "The requested range lies outside the content"
    UNKNOWN_EXPECTATION = "The only expectation understood is 100-continue"
    RATE_LIMITED = "Too many requests with this access token, please retry the request later"
    FIELDS_TOO_LARGE = "The request fields are too many or too large"
    INTERNAL = "The sidecar failed to answer this request"
    UPSTREAM_UNREACHABLE = "Connect could not be reached"
    UPSTREAM_GARBAGE = "Connect sent an invalid or incomplete response"
    OVERLOADED = "The sidecar is overloaded, please retry the request"
    NOT_AUDITED = "The audit log can't be written, and nothing is answered from memory without it"
    WRITE_QUEUE_FULL = (
        "Other writes to this vault are still waiting, nothing was sent, please retry the request"
    )
    UPSTREAM_TIMEOUT = "Connect did not answer in time"
    ONLY_IF_CACHED = "Nothing stored can answer this request and only-if-cached forbids asking Connect"
    UNSUPPORTED_VERSION = "This server speaks HTTP/1.1 and HTTP/1.0"
    LOOP_DETECTED = "The request has passed through this sidecar before"


STATUS_OF: dict[Message, int] = {
    Message.BAD_REQUEST_LINE: 400,
    Message.MALFORMED: 400,
    Message.BAD_TARGET: 400,
    Message.FOREIGN_HOST: 400,
    Message.BAD_HOST: 400,
    Message.REPEATED_FIELD: 400,
    Message.BAD_FRAMING: 400,
    Message.BODY_CUT_SHORT: 400,
    Message.UNSUPPORTED_METHOD: 405,
    Message.REQUEST_TIMEOUT: 408,
    Message.PRECONDITION: 412,
    Message.TARGET_TOO_LONG: 414,
    Message.BODY_TOO_LARGE: 413,
    Message.NOT_FOR_YOU: 403,
    Message.ROUTE_DENIED: 403,
    Message.NOT_LENT: 403,
    Message.RANGE: 416,
    Message.UNKNOWN_EXPECTATION: 417,
    Message.RATE_LIMITED: 429,
    Message.FIELDS_TOO_LARGE: 431,
    Message.INTERNAL: 500,
    Message.UPSTREAM_UNREACHABLE: 502,
    Message.UPSTREAM_GARBAGE: 502,
    Message.OVERLOADED: 503,
    Message.NOT_AUDITED: 503,
    Message.WRITE_QUEUE_FULL: 503,
    Message.UPSTREAM_TIMEOUT: 504,
    Message.ONLY_IF_CACHED: 504,
    Message.UNSUPPORTED_VERSION: 505,
    Message.LOOP_DETECTED: 508,
}
"""The status that each message goes with."""


def error_body(status: int, message: Message) -> bytes:
    """Return the body of an error, as compact JSON."""
    return msgspec.json.encode({"status": status, "message": message.value})
