"""The section `server`: where clients are answered, and what one of them may take.

Part of the settings tree (see `tree`): the same rules for names, reasons and ranges.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.config.addresses import Address
from proxy.config.ranges import KIBIBYTE, MEBIBYTE, above_zero, from_zero, size_bytes

FieldName = Annotated[str, Meta(pattern="^[A-Za-z0-9-]{1,64}$")]


class ClientCertificates(StrEnum):
    """Whether clients show certificates of their own."""

    NONE = "none"
    OPTIONAL = "optional"
    REQUIRED = "required"


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The traffic port: where applications send what they would send to Connect."""

    listen: Annotated[
        tuple[Address, ...],
        Meta(
            description="Loopback only: in a pod, the application beside the sidecar and nobody else. Both families,"
            " because `localhost` is ::1 first for Node. Standalone: `[::]:8180`, which is IPv4 too. Empty: only"
            " `socket`",
        ),
    ] = (Address(host="127.0.0.1", port=8180), Address(host="::1", port=8180))
    socket: Annotated[
        str,
        Meta(description="Path of a unix socket that serves the same. Empty: off; a port needs no volume"),
    ] = ""
    socket_mode: Annotated[
        str,
        Meta(
            pattern="^0?[0-7]{3}$",
            description="Permissions of the socket's file, in octal: who may connect needs to write. Its directory"
            " must let them through, too",
        ),
    ] = "0660"
    socket_owner: Annotated[
        int, Meta(ge=-1, description="User id that the socket's file is given to; needs privileges. -1: ours")
    ] = -1
    socket_group: Annotated[
        int, Meta(ge=-1, description="Group id that the socket's file is given to. -1: ours")
    ] = -1
    socket_uids: Annotated[
        tuple[int, ...],
        Meta(
            description="Users who are answered on the socket, by the kernel's word, besides root. Empty: everybody who"
            " can open it"
        ),
    ] = ()
    tls_certificate_file: Annotated[
        str,
        Meta(
            description="PEM chain for https on `listen`; a renewed file counts for new connections within 5 s. Empty:"
            " plain http, as Connect itself speaks inside a cluster"
        ),
    ] = ""
    tls_key_file: Annotated[str, Meta(description="PEM key of the certificate, not encrypted")] = ""
    tls_client_ca_file: Annotated[
        str, Meta(description="PEM bundle that verifies the certificates of clients")
    ] = ""
    tls_client_certificates: Annotated[
        ClientCertificates,
        Meta(description="`required`: nobody is answered without one that `tls_client_ca_file` verifies"),
    ] = ClientCertificates.NONE
    required_field: Annotated[
        str,
        Meta(
            pattern="^[A-Za-z0-9-]{0,64}$",
            description="Name of a field without which a request is refused, against requests that somebody else makes"
            " an application send (SSRF); requests with X-Forwarded-For are refused then, too. Empty: off, since the"
            " SDKs can't add fields",
        ),
    ] = ""
    required_field_file: Annotated[
        str,
        Meta(description="File with the value of `required_field`. Empty: the value is `true`"),
    ] = ""
    known_hits: Annotated[
        bool,
        Meta(
            description="Requests that repeat a hit are answered by what was decided for that one, as long as nothing"
            " has happened on which it rests: half of the work or less. Everything else about them is as always. It"
            " takes a rest with `log.level = debug`; the express lane goes by it"
        ),
    ] = True
    express_lane: Annotated[
        bool,
        Meta(
            description="Requests whose head is the same, octet for octet, as one that was a hit are answered before"
            " they are parsed: several times as many for each core. Everything else about them is as always. It takes"
            " a rest where a token is lent, where `required_field_file` is set, and with `log.level = debug`"
        ),
    ] = True
    express_lane_ignored_fields: Annotated[
        tuple[FieldName, ...],
        Meta(
            description="Request fields that may differ from one request to the next and change nothing about a hit"
        ),
    ] = (
        "traceparent",
        "tracestate",
        "b3",
        "X-B3-TraceId",
        "X-B3-SpanId",
        "X-B3-ParentSpanId",
        "X-B3-Sampled",
        "X-B3-Flags",
        "X-Request-Id",
    )
    max_connections: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Client connections at one time. A new one beyond them takes the place of one that is idle;"
            " when none is, it gets 503. Each idle one costs some 10 KB",
        ),
    ] = 4096
    max_waiting_requests: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000_000,
            description="Requests that wait for Connect at one time; beyond them 503 at once, while hits are answered"
            " as always",
        ),
    ] = 1024
    max_target_bytes: Annotated[
        int, size_bytes("Longest request target: filters are short", least=KIBIBYTE)
    ] = 16 * KIBIBYTE
    max_field_bytes: Annotated[
        int,
        size_bytes(
            "Name and value of one request field. A token for 150 vaults takes 9 KB; 64 KiB tokens pass,"
            " with `Bearer` and the name",
            least=8 * KIBIBYTE,
        ),
    ] = 65 * KIBIBYTE
    max_fields: Annotated[
        int, Meta(ge=16, le=10_000, description="Fields of one request; clients send about ten")
    ] = 128
    max_head_bytes: Annotated[int, size_bytes("Request line and fields together", least=16 * KIBIBYTE)] = (
        256 * KIBIBYTE
    )
    max_body_bytes: Annotated[
        int,
        size_bytes("Body of one request: an item is some KB, and Connect takes no files. Above it: 413"),
    ] = 8 * MEBIBYTE
    head_read_seconds: Annotated[
        float,
        above_zero("A client that takes longer to send the head of a request holds a connection for nothing"),
    ] = 10.0
    body_idle_seconds: Annotated[float, above_zero("Longest pause inside the body of a request")] = 30.0
    write_stall_seconds: Annotated[
        float, above_zero("A client that reads nothing of its answer for so long is let go")
    ] = 60.0
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
    drain_neighbour_seconds: Annotated[
        float,
        from_zero(
            "Then, while a client on this machine (loopback or a unix socket: in Kubernetes an application in the same"
            " pod, which gets SIGTERM at the same moment) is connected or has asked within `drain_delay_seconds`, it is"
            " served on, at most this long. A part of `drain_timeout_seconds`, so that 5 s are left for what is under"
            " way. 0: nobody is waited for"
        ),
    ] = 15.0
    drain_timeout_seconds: Annotated[
        float,
        above_zero(
            "After the delay, requests under way may end within this. Longer than a write may take; with the delay,"
            " shorter than the 30 s Kubernetes grants"
        ),
    ] = 20.0
