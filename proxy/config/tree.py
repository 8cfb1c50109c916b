"""Every setting: name with unit, type with range, default and reason, in one place.

docs/configuration.md is rendered from this file. A reason says why the default is what it is; a range refuses what can
never be meant. What takes two settings to judge is in `checks`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.config.addresses import Address
from proxy.config.audit_settings import AuditSettings
from proxy.config.cache_settings import CacheSettings, FlightSettings
from proxy.config.injection_settings import TokenInjectionSettings
from proxy.config.limit_settings import LimitSettings
from proxy.config.ranges import MEBIBYTE, from_zero, size_bytes
from proxy.config.route_settings import RouteSettings
from proxy.config.server_settings import ServerSettings
from proxy.config.upstream_settings import UpstreamSettings


class ProfileName(StrEnum):
    """What decides about storing."""

    CONNECT = "connect"
    HTTP = "http"


class Mode(StrEnum):
    """How much the sidecar does."""

    PASSTHROUGH = "passthrough"
    OBSERVE = "observe"
    CACHE = "cache"


class UnknownKeys(StrEnum):
    """What becomes of a name that is no setting."""

    ERROR = "error"
    WARN = "warn"


class LogLevel(StrEnum):
    """The least important lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    CONSOLE = "console"


class ObserveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The observe port: `/livez`, `/readyz` and `/metrics`, read only, no secrets."""

    listen: Annotated[
        tuple[Address, ...],
        Meta(description="May be the pod's address, so that Prometheus and the kubelet reach it. Empty: off"),
    ] = (Address(host="127.0.0.1", port=8181),)


class AutomaticPath(str):
    """A path that `auto` chose: nobody asked for it, so where it can't be had, it is done without."""

    __slots__ = ()


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The control port: `purge`, `mode` and `status`. A unix socket by default, for the same user only."""

    socket: Annotated[
        str,
        Meta(
            description="Path of the unix socket. `auto`: `$XDG_RUNTIME_DIR/connect-sidecar/control.sock`, or"
            " `/tmp/connect-sidecar-<uid>/control.sock` without that variable; where that can't be made, as on a"
            " read-only file system, the start notes it and goes on. Empty: off"
        ),
    ] = "auto"
    listen: Annotated[
        Address | None,
        Meta(
            description="Loopback TCP address for where a socket can't be shared; needs `token_file`. Off by default"
        ),
    ] = None
    token_file: Annotated[
        str,
        Meta(
            description="File with the bearer token that the TCP control port asks for. Used with `listen` only"
        ),
    ] = ""


class WriteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Writes: forwarded once, never repeated, and those to one vault one after the other."""

    queue_wait_seconds: Annotated[
        float,
        from_zero(
            "Two writes to one vault at a time conflict inside Connect (409, or 500 for a deletion), so each waits for"
            " its turn; longer than this: 503, nothing sent. Below every SDK's time-out. 0: no turns"
        ),
    ] = 3.0
    queue_body_bytes: Annotated[
        int,
        size_bytes(
            "The body of a write is complete before it takes its turn, so that a slow client keeps nobody waiting;"
            " a larger one goes without a turn"
        ),
    ] = MEBIBYTE


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Readable names for access tokens, in metrics, logs and `purge --token`."""

    names: Annotated[
        Mapping[str, str],
        Meta(
            description="Maps a token's `jti` claim to a name (letters, digits, `.`, `_`, `-`). Never put a token here."
            " Without a name a token is `token-` and 8 digits that change with every start"
        ),
    ] = msgspec.field(default_factory=dict)


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Log lines on standard error; docs/metrics.md has all of them. None has a token, a body, a title or a filter."""

    level: Annotated[
        LogLevel,
        Meta(
            description="`info`: errors, refusals, stale answers, writes, changes of state, and a sample of the reads"
            " that Connect answered. `debug`: a line for every request, none left out"
        ),
    ] = LogLevel.INFO
    format: Annotated[LogFormat, Meta(description="`json` for collectors, `console` for people")] = (
        LogFormat.JSON
    )
    miss_sample_ratio: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="Which part of the reads that Connect answered gets a line, by lot: 0 none, 1 all. Errors,"
            " stale answers and writes always do; hits never, the audit has them (`level = debug` has a line for"
            " everything)",
        ),
    ] = 0.1


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one sidecar."""

    profile: Annotated[
        ProfileName,
        Meta(
            description="`connect`: the table of Connect's resources says what is stored and for how long, because"
            " Connect sends no freshness. `http`: RFC 9111 alone, for any origin; for conformance work"
        ),
    ] = ProfileName.CONNECT
    mode: Annotated[
        Mode,
        Meta(
            description="`cache`: all of it. `observe`: every request is forwarded by itself, and what the cache would"
            " have answered is compared with Connect's answer and counted; for trying it out. `passthrough`: every"
            " request is forwarded and nothing is kept; the kill switch. `connect-sidecar mode` changes it while the"
            " sidecar runs"
        ),
    ] = Mode.CACHE
    unknown_keys: Annotated[
        UnknownKeys,
        Meta(
            description="`error`: a name that is no setting stops the start, since it would silently do nothing."
            " `warn`: it is only told, so that an older image starts with a newer configuration after a rollback"
        ),
    ] = UnknownKeys.ERROR
    server: ServerSettings = ServerSettings()
    observe: ObserveSettings = ObserveSettings()
    control: ControlSettings = ControlSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    cache: CacheSettings = CacheSettings()
    flights: FlightSettings = FlightSettings()
    writes: WriteSettings = WriteSettings()
    limits: LimitSettings = LimitSettings()
    tokens: TokenSettings = TokenSettings()
    routes: RouteSettings = RouteSettings()
    token_injection: TokenInjectionSettings = TokenInjectionSettings()
    log: LogSettings = LogSettings()
    audit: AuditSettings = AuditSettings()
