"""The part of the composition root that makes what clients, Prometheus and operators talk to."""

import resource
from collections.abc import Callable
from pathlib import Path

from proxy.config import Address as ConfiguredAddress
from proxy.config import AutomaticPath, ServerSettings, Settings, TokenInjectionSettings
from proxy.exchange.answer import Handler
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.control_app import ControlApp, Controls
from proxy.server.express import ExpressLane
from proxy.server.front import Front
from proxy.server.gate import RequiredField
from proxy.server.http_server import HttpServer, HttpServerSettings, admit_everyone
from proxy.server.known_hits import KnownHits, Repeating
from proxy.server.lifecycle import DrainSettings
from proxy.server.listeners import Address, TcpAddress, UnixAddress
from proxy.server.observe_app import ObserveApp, Observed
from proxy.server.peers import only_ourselves, only_users
from proxy.server.tls import ClientCertificates, ServerTls, TlsFiles
from proxy.server.token_injection import Lending, TokenFile, TokenInjection

_FIELD_VALUE = "true"
_MOST_ACCEPTED_IN_A_TURN = 16
_FILES_FOR_EACH = 64
"""So many open files must be allowed for each descriptor that listens: the others are for clients and Connect."""


def traffic_front(
    settings: Settings,
    handler: Handler,
    tls: ServerTls | None,
    hits: KnownHits | None,
    lane: ExpressLane | None,
) -> Front:
    """Return the front that clients of Connect talk to."""
    server = settings.server
    if hits is not None:
        handler = Repeating(handler, hits)  # behind all who decide who is let in, and with which token
    handler = _with_token(settings.token_injection, handler)
    if server.required_field:
        expected = _content_of(server.required_field_file) if server.required_field_file else _plainly_true
        handler = RequiredField(handler, name=server.required_field, expected=expected)
    http_server = HttpServer(
        handler,
        settings=HttpServerSettings(limits=connection_limits(server), max_connections=server.max_connections),
        admits=only_users(frozenset(server.socket_uids)) if server.socket_uids else admit_everyone,
        lane=lane,
        on_drain=_nothing if hits is None else hits.rest,  # what is known would not end a connection
    )
    addresses = [_tcp("server.listen", address) for address in server.listen]
    if server.socket:
        addresses.append(
            UnixAddress(
                setting="server.socket",
                path=Path(server.socket),
                mode=int(server.socket_mode, base=8),
                owner=server.socket_owner,
                group=server.socket_group,
            )
        )
    return Front(http_server, addresses, tls, accepted_in_a_turn=_accepted_in_a_turn())


def _accepted_in_a_turn() -> int:
    """Return how many descriptors listen at one address: few where few files may be open."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return _MOST_ACCEPTED_IN_A_TURN
    return max(1, min(_MOST_ACCEPTED_IN_A_TURN, allowed // _FILES_FOR_EACH))


def _with_token(lent: TokenInjectionSettings, handler: Handler) -> Handler:
    if not lent.token_file:
        return handler
    lending = Lending(
        uids=frozenset(lent.uids),
        certificates=frozenset(lent.certificates),
        includes_loopback=lent.allow_loopback,
        vaults=frozenset(lent.vaults),
        methods=frozenset(lent.methods),
    )
    token = TokenFile(Path(lent.token_file)).token
    return TokenInjection(handler, placeholder=lent.placeholder, lending=lending, token=token)


def make_tls(server: ServerSettings) -> ServerTls | None:
    """Return what https clients are met with; None: plain http. Raises TlsError."""
    if not server.tls_certificate_file:
        return None
    files = TlsFiles(
        certificate=Path(server.tls_certificate_file),
        key=Path(server.tls_key_file),
        client_ca=Path(server.tls_client_ca_file) if server.tls_client_ca_file else None,
        client_certificates=ClientCertificates(server.tls_client_certificates.value),
    )
    return ServerTls(files)


def observe_fronts(settings: Settings, observed: Observed) -> list[Front]:
    """Return the front that Prometheus and the kubelet talk to, if there is one."""
    addresses = [_tcp("observe.listen", address) for address in settings.observe.listen]
    if not addresses:
        return []
    return [Front(HttpServer(ObserveApp(observed), settings=HttpServerSettings()), addresses)]


def control_fronts(settings: Settings, controls: Controls) -> list[Front]:
    """Return the fronts that an operator's commands talk to."""
    control = settings.control
    fronts = []
    if control.socket:
        server = HttpServer(ControlApp(controls), settings=HttpServerSettings(), admits=only_ourselves())
        address = UnixAddress(
            setting="control.socket",
            path=Path(control.socket),
            is_optional=isinstance(control.socket, AutomaticPath),
        )
        fronts.append(Front(server, [address]))
    if control.listen is not None:
        app = ControlApp(controls, bearer=_content_of(control.token_file))
        fronts.append(
            Front(HttpServer(app, settings=HttpServerSettings()), [_tcp("control.listen", control.listen)])
        )
    return fronts


def drain_settings(server: ServerSettings) -> DrainSettings:
    """Return how long an end may take."""
    return DrainSettings(
        drain_delay_seconds=server.drain_delay_seconds,
        drain_neighbour_seconds=server.drain_neighbour_seconds,
        drain_timeout_seconds=server.drain_timeout_seconds,
    )


def connection_limits(server: ServerSettings) -> ConnectionLimits:
    """Return the bounds of a client's connection."""
    return ConnectionLimits(
        max_target_bytes=server.max_target_bytes,
        max_field_bytes=server.max_field_bytes,
        max_fields=server.max_fields,
        max_head_bytes=server.max_head_bytes,
        max_body_bytes=server.max_body_bytes,
        idle_seconds=server.keep_alive_seconds,
        head_seconds=server.head_read_seconds,
        body_idle_seconds=server.body_idle_seconds,
        write_stall_seconds=server.write_stall_seconds,
    )


def _tcp(setting: str, address: ConfiguredAddress) -> Address:
    return TcpAddress(setting=setting, host=address.host, port=address.port)


def _content_of(file: str) -> Callable[[], str]:
    """Return a reader of a small file: a rotated one counts at once, one that can't be read matches nothing."""

    def content() -> str:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    return content


def _nothing() -> None:
    pass


def _plainly_true() -> str:
    return _FIELD_VALUE
