"""Faults that cross layers.

An adapter turns its library's exceptions into these and keeps them as `__cause__`; nothing above an adapter
ever sees the library's own. The texts are closed: no error carries a field value, a body or a token.
"""

from enum import StrEnum


class ErrorKind(StrEnum):
    """Why an upstream answered nothing usable: proxy error types of RFC 9209 section 2.3."""

    DNS_TIMEOUT = "dns_timeout"
    DNS_ERROR = "dns_error"
    DESTINATION_UNAVAILABLE = "destination_unavailable"
    CONNECTION_REFUSED = "connection_refused"
    CONNECTION_TERMINATED = "connection_terminated"
    CONNECTION_TIMEOUT = "connection_timeout"
    CONNECTION_READ_TIMEOUT = "connection_read_timeout"
    CONNECTION_WRITE_TIMEOUT = "connection_write_timeout"
    CONNECTION_LIMIT_REACHED = "connection_limit_reached"
    TLS_PROTOCOL_ERROR = "tls_protocol_error"
    TLS_CERTIFICATE_ERROR = "tls_certificate_error"
    HTTP_RESPONSE_INCOMPLETE = "http_response_incomplete"
    HTTP_RESPONSE_TIMEOUT = "http_response_timeout"
    HTTP_PROTOCOL_ERROR = "http_protocol_error"
    HTTP_REQUEST_ERROR = "http_request_error"
    PROXY_LOOP_DETECTED = "proxy_loop_detected"
    PROXY_INTERNAL_ERROR = "proxy_internal_error"


OURS = frozenset(
    {
        ErrorKind.CONNECTION_LIMIT_REACHED,
        ErrorKind.HTTP_REQUEST_ERROR,
        ErrorKind.PROXY_INTERNAL_ERROR,
        ErrorKind.PROXY_LOOP_DETECTED,
    }
)
"""Kinds that are our own doing, or the request's: they say nothing about the upstream."""


class UpstreamError(Exception):
    """The upstream gave no complete answer.

    `sent` tells whether a byte of the request may have reached the upstream: a write that failed with
    `sent=False` changed nothing there; any other has an unknown outcome.
    """

    def __init__(self, kind: ErrorKind, *, sent: bool) -> None:
        super().__init__(kind.value)
        self.kind = kind
        self.sent = sent


def forget_frames(error: BaseException | None) -> None:
    """Let go of the frames that an error which has been dealt with came through, and its causes, too.

    A frame that names the error it raised refers to itself by way of it: nothing but a garbage collection frees the
    two, and with them the request that failed.
    """
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


class RequestBodyError(Exception):
    """The client's request body was cut short or broke its framing; the client is at fault, not the upstream."""


class RequestBodyTooLargeError(RequestBodyError):
    """The client's request body is larger than is let through."""
