"""Every setting: name with unit, type with range, default and reason, in one place.

docs/configuration.md is rendered from this file. A reason says why the default is what it is; a range refuses what can
never be meant. What takes two settings to judge is in `checks`; the upstream's section has a module of its own.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.config.addresses import Address
from proxy.config.ranges import KIBIBYTE, MEBIBYTE, above_zero, from_zero, in_bytes
from proxy.config.upstream_settings import UpstreamSettings


class ProfileName(StrEnum):
    """What decides about storing."""

    CONNECT = "connect"
    HTTP = "http"


class UnverifiedTokens(StrEnum):
    """What a token gets that could not be verified in time because Connect is away."""

    SERVE_STALE = "serve-stale"
    REFUSE = "refuse"


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


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The traffic port: where applications send what they would send to Connect."""

    listen: Annotated[
        tuple[Address, ...],
        Meta(
            min_length=1,
            description="Loopback only: in a pod, the application beside the sidecar and nobody else. Both families,"
            " because `localhost` is ::1 first for Node. Standalone: `[::]:8180`, which is IPv4 too",
        ),
    ] = (Address(host="127.0.0.1", port=8180), Address(host="::1", port=8180))
    max_field_bytes: Annotated[
        int,
        in_bytes(
            "Name and value of one request field. A token for 150 vaults takes 9 KB; 64 KiB tokens pass,"
            " with `Bearer` and the name",
            least=8 * KIBIBYTE,
        ),
    ] = 65 * KIBIBYTE
    head_read_seconds: Annotated[
        float,
        above_zero("A client that takes longer to send the head of a request holds a connection for nothing"),
    ] = 10.0
    keep_alive_seconds: Annotated[
        float,
        above_zero(
            "How long an idle client connection stays open. Longer than clients keep theirs (Go: 90 s),"
            " so that they close first and no request meets a closing connection"
        ),
    ] = 120.0
    drain_delay_seconds: Annotated[
        float,
        from_zero(
            "After SIGTERM new connections are still served for this long: endpoints and load balancers"
            " learn late that a pod goes"
        ),
    ] = 5.0
    drain_timeout_seconds: Annotated[
        float,
        above_zero(
            "Then requests under way may end within this. Longer than a write may take; with the delay,"
            " shorter than the 30 s Kubernetes grants"
        ),
    ] = 20.0


class ObserveSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The observe port: `/livez`, `/readyz` and `/metrics`, read only, no secrets."""

    listen: Annotated[
        tuple[Address, ...],
        Meta(description="May be the pod's address, so that Prometheus and the kubelet reach it. Empty: off"),
    ] = (Address(host="127.0.0.1", port=8181),)


class ControlSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The control port: `purge` and `status`. A unix socket by default, for the same user only."""

    socket: Annotated[
        str,
        Meta(
            description="Path of the unix socket. `auto`: `$XDG_RUNTIME_DIR/connect-sidecar/control.sock`, or"
            " `/tmp/connect-sidecar-<uid>/control.sock` without that variable. Empty: off"
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


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept, how much of it and for how long. Everything is in memory only."""

    store_bytes: Annotated[
        int,
        in_bytes(
            "Bodies, fields, keys and overhead of all stored responses. Some 5,000 items of 2 KB;"
            " standalone: 64 MiB"
        ),
    ] = 16 * MEBIBYTE
    response_bytes: Annotated[
        int,
        in_bytes("Largest response that is stored; larger ones (file contents) are passed on as they come"),
    ] = MEBIBYTE
    item_freshness_seconds: Annotated[
        float, from_zero("Items, their files and file contents. Clients poll every 60 to 600 s anyway")
    ] = 60.0
    list_freshness_seconds: Annotated[
        float, from_zero("Lists, vaults: shorter, because they show what is new")
    ] = 30.0
    stale_if_error_seconds: Annotated[
        float,
        from_zero(
            "While Connect is away a stored response may be this much older than fresh, labelled stale, and"
            " never more. External Secrets refreshes hourly: one hour would be a coin toss. 0: never"
        ),
    ] = 14_400.0
    token_verification_seconds: Annotated[
        float,
        above_zero(
            "How long one successful answer of Connect proves that a token may read a vault. It bounds how"
            " long a revoked token still reads while Connect is up"
        ),
    ] = 60.0
    write_fence_seconds: Annotated[
        float,
        above_zero(
            "A write is visible in Connect only some time after its answer; until the new version is seen, and"
            " at most this long, reads of what was written are passed on. It usually ends within 3 s"
        ),
    ] = 30.0
    unverified_tokens: Annotated[
        UnverifiedTokens,
        Meta(
            description="`serve-stale`: while Connect is away, a token that read something before still reads it, up to"
            " `stale_if_error_seconds`. `refuse`: only while its last verification holds"
        ),
    ] = UnverifiedTokens.SERVE_STALE


class FlightSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Collapsed requests: many clients, one request to Connect."""

    buffered_bytes: Annotated[
        int,
        in_bytes("All bodies that are being collected at one time; beyond it they are passed on unshared"),
    ] = 64 * MEBIBYTE
    large_response_concurrency: Annotated[
        int,
        Meta(
            ge=1, le=65_535, description="Requests to Connect at one time for one target too large to share"
        ),
    ] = 4


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
    """Log lines on standard error. No line has a token, a body, a title or a filter."""

    level: Annotated[
        LogLevel, Meta(description="`info`: errors, stale answers, writes, changes of state")
    ] = LogLevel.INFO
    format: Annotated[LogFormat, Meta(description="`json` for collectors, `console` for people")] = (
        LogFormat.JSON
    )


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one sidecar."""

    profile: Annotated[
        ProfileName,
        Meta(
            description="`connect`: the table of Connect's resources says what is stored and for how long, because"
            " Connect sends no freshness. `http`: RFC 9111 alone, for any origin; for conformance work"
        ),
    ] = ProfileName.CONNECT
    server: ServerSettings = ServerSettings()
    observe: ObserveSettings = ObserveSettings()
    control: ControlSettings = ControlSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    cache: CacheSettings = CacheSettings()
    flights: FlightSettings = FlightSettings()
    tokens: TokenSettings = TokenSettings()
    log: LogSettings = LogSettings()
