"""The traffic port: the exchange's handler behind our server."""

from collections.abc import Sequence

from proxy.exchange.answer import Handler
from proxy.server.front import Front
from proxy.server.http_server import HttpServer, HttpServerSettings
from proxy.server.listeners import Address


def proxy_front(handler: Handler, addresses: Sequence[Address], settings: HttpServerSettings) -> Front:
    """Return the front that clients of Connect talk to."""
    return Front(HttpServer(handler, settings=settings), addresses)
