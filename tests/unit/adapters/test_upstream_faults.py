"""Errors of connecting that a test can't cause on every machine, as error kinds."""

import errno
import socket
import ssl

import pytest
from aiohttp import ClientConnectionError, ClientConnectorDNSError, ClientConnectorError
from aiohttp.client_reqrep import ConnectionKey

from proxy.adapters.upstream_client import faults

KEY = ConnectionKey("host", 1, False, True, None, None, None)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "x")), "connection_refused"),
        (ClientConnectorError(KEY, OSError(errno.EHOSTUNREACH, "x")), "destination_unavailable"),
        (ClientConnectorError(KEY, OSError(errno.ENETUNREACH, "x")), "destination_unavailable"),
        (ClientConnectorError(KEY, OSError(errno.ETIMEDOUT, "x")), "connection_timeout"),
        (ClientConnectorError(KEY, OSError(errno.ECONNRESET, "x")), "connection_terminated"),
        (ClientConnectorError(KEY, ConnectionResetError()), "connection_terminated"),
        (ClientConnectorError(KEY, OSError(errno.EMFILE, "x")), "proxy_internal_error"),
        (ClientConnectorError(KEY, OSError("several")), "destination_unavailable"),
        (ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_NONAME, "x")), "dns_error"),
        (ClientConnectorDNSError(KEY, socket.gaierror(socket.EAI_AGAIN, "x")), "dns_timeout"),
        (ssl.SSLCertVerificationError(), "tls_certificate_error"),
        (ssl.SSLError(), "tls_protocol_error"),
        (TimeoutError(), "connection_timeout"),
        (OSError(errno.EMFILE, "x"), "proxy_internal_error"),
        (ClientConnectionError("closed"), "destination_unavailable"),
    ],
    ids=repr,
)
def test_error_of_connecting_is_named(error, kind):
    named = faults.connect_error(error)
    assert (named.kind, named.sent, str(named)) == (kind, False, kind)
