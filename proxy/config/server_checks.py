"""What takes more than one setting of the section `server` to judge."""

import os
from collections.abc import Callable, Iterator

from proxy.config.server_settings import ClientCertificates, ServerSettings
from proxy.config.tree import Settings

SOCKET_PATH_BYTES = 107
"""Longest path of a unix socket on Linux."""

_DECIDING = frozenset(
    {
        "accept",
        "accept-charset",
        "accept-encoding",
        "accept-language",
        "authorization",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "if-range",
        "if-unmodified-since",
        "keep-alive",
        "origin",
        "pragma",
        "proxy-authorization",
        "proxy-connection",
        "range",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
        "x-forwarded-for",
    }
)
"""Request fields that say who asks, for what, or what ends the message: in lower case."""

_Called = Callable[[str], str]


def server_problems(settings: Settings, called: _Called) -> Iterator[str]:
    """Yield every reason why clients can't be answered like that."""
    server = settings.server
    if not server.listen and not server.socket:
        yield f"{called('server.listen')}: is empty, and so is server.socket: nobody could be answered"
    yield from socket_problems("server.socket", server.socket, called)
    yield from _tls(server, called)
    yield from _sizes(server, called)
    if server.required_field_file and not server.required_field:
        yield f"{called('server.required_field_file')}: has no use without server.required_field"
    yield from _ignored(server, called)
    if not server.socket and server.socket_uids:
        yield f"{called('server.socket_uids')}: has no use without server.socket"


def socket_problems(path: str, socket: str, called: _Called) -> Iterator[str]:
    """Yield why a path can't be that of a socket."""
    if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
        yield f"{called(path)}: is longer than {SOCKET_PATH_BYTES} bytes, the most a socket can have"
    if socket and (not socket.startswith("/") or "\0" in socket):
        yield f"{called(path)}: must be an absolute path"


def _tls(server: ServerSettings, called: _Called) -> Iterator[str]:
    if server.tls_certificate_file and not server.tls_key_file:
        yield f"{called('server.tls_certificate_file')}: needs server.tls_key_file"
    if server.tls_key_file and not server.tls_certificate_file:
        yield f"{called('server.tls_key_file')}: needs server.tls_certificate_file"
    wants_certificates = server.tls_client_certificates is not ClientCertificates.NONE
    if wants_certificates and not (server.tls_certificate_file and server.tls_client_ca_file):
        yield (
            f"{called('server.tls_client_certificates')}: needs server.tls_client_ca_file, and"
            " server.tls_certificate_file"
        )
    if server.tls_client_ca_file and not wants_certificates:
        yield f"{called('server.tls_client_ca_file')}: has no use without server.tls_client_certificates"


def _ignored(server: ServerSettings, called: _Called) -> Iterator[str]:
    deciding = _DECIDING | {server.required_field.lower()}
    for name in server.express_lane_ignored_fields:
        if name.lower() in deciding:
            yield f"{called('server.express_lane_ignored_fields')}: {name} decides about an answer"


def _sizes(server: ServerSettings, called: _Called) -> Iterator[str]:
    if server.max_target_bytes == server.max_field_bytes:
        yield f"{called('server.max_target_bytes')}: must differ from server.max_field_bytes, if only by one"
    for name in ("max_target_bytes", "max_field_bytes"):
        if getattr(server, name) > server.max_head_bytes:
            yield f"{called(f'server.{name}')}: is more than server.max_head_bytes, which it is a part of"
