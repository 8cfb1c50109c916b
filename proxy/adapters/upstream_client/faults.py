"""Library and system errors as ours: what kept a connection from coming into being (RFC 9209 section 2.3).

Nothing of a request has left by then, so `sent` is always False here.
"""

import errno
import socket
import ssl

from aiohttp import ClientConnectorDNSError, ClientConnectorError

from proxy.errors import ErrorKind, UpstreamError

_BY_ERRNO = {
    errno.ECONNREFUSED: ErrorKind.CONNECTION_REFUSED,
    errno.ECONNRESET: ErrorKind.CONNECTION_TERMINATED,
    errno.EPIPE: ErrorKind.CONNECTION_TERMINATED,
    errno.ETIMEDOUT: ErrorKind.CONNECTION_TIMEOUT,
    errno.EMFILE: ErrorKind.PROXY_INTERNAL_ERROR,
    errno.ENFILE: ErrorKind.PROXY_INTERNAL_ERROR,
    errno.ENOBUFS: ErrorKind.PROXY_INTERNAL_ERROR,
    errno.ENOMEM: ErrorKind.PROXY_INTERNAL_ERROR,
}


def connect_error(error: Exception) -> UpstreamError:
    """Return our error for whatever connecting raised."""
    return UpstreamError(_kind(error), sent=False)


def _kind(error: Exception) -> ErrorKind:
    if isinstance(error, ClientConnectorDNSError):
        return _look_up_kind(error.os_error)
    # aiohttp's certificate error is no OSError, and its TLS errors are ClientConnectorErrors: ask the cause first.
    cause = error.__cause__ or error
    if isinstance(cause, ssl.CertificateError):
        return ErrorKind.TLS_CERTIFICATE_ERROR
    if isinstance(cause, ssl.SSLError):
        return ErrorKind.TLS_PROTOCOL_ERROR
    if isinstance(error, TimeoutError):
        return ErrorKind.CONNECTION_TIMEOUT
    system = error.os_error if isinstance(error, ClientConnectorError) else error
    if isinstance(system, ConnectionError) and system.errno is None:
        return ErrorKind.CONNECTION_TERMINATED  # how asyncio says that the peer left during the handshake
    if isinstance(system, OSError) and system.errno is not None:
        return _BY_ERRNO.get(system.errno, ErrorKind.DESTINATION_UNAVAILABLE)
    return ErrorKind.DESTINATION_UNAVAILABLE


def _look_up_kind(error: OSError) -> ErrorKind:
    return ErrorKind.DNS_TIMEOUT if error.errno == socket.EAI_AGAIN else ErrorKind.DNS_ERROR
