"""The section `upstream`: where Connect is, how long it is waited for, and what happens when it fails.

Part of the settings tree (see `tree`): the same rules for names, reasons and ranges.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.config.ranges import KIBIBYTE, above_zero, size_bytes


class UpstreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The Connect server that is asked, or the replicas of it. All requests go there, whatever a client says."""

    url: Annotated[
        str,
        Meta(
            description="Scheme, host and port, for example `http://onepassword-connect:8080`. When it is not set,"
            " `OP_CONNECT_HOST` is taken, as every Connect client does. Required"
        ),
    ] = ""
    more_urls: Annotated[
        tuple[str, ...],
        Meta(
            description="Further replicas of the same Connect, in order. One is asked until it fails, then the next:"
            " each has a database of its own, so hopping between them would make versions jump"
        ),
    ] = ()
    headless: Annotated[
        bool,
        Meta(
            description="The host of `url` is a headless Service: each of its addresses is one Connect. One is asked,"
            " and the name is looked up again when it fails"
        ),
    ] = False
    ca_file: Annotated[
        str, Meta(description="PEM bundle that verifies an https upstream. Empty: the system's")
    ] = ""
    connect_seconds: Annotated[
        float, above_zero("Connect is near: what doesn't connect in a second is down")
    ] = 1.0
    head_seconds: Annotated[
        float, above_zero("Until the head of the answer. Connect itself waits up to 10 s for its first sync")
    ] = 12.0
    total_seconds: Annotated[
        float,
        above_zero(
            "Until a client has its answer, counted from its arrival. The JavaScript SDK gives up at 15 s"
        ),
    ] = 15.0
    retry_attempts: Annotated[
        int,
        Meta(
            ge=0,
            le=5,
            description="How often a read that failed fast is sent again. Once covers a restart's dropped connection;"
            " more only delays the stale answer. Writes are never sent again. 0: never",
        ),
    ] = 1
    breaker_failures: Annotated[
        int,
        Meta(
            ge=1,
            le=1_000,
            description="So many failures in a row and Connect is left alone for a while: clients get stale answers"
            " or the error at once. Fewer would let one bad moment look like an outage",
        ),
    ] = 5
    breaker_open_seconds: Annotated[
        float,
        above_zero(
            "For how long at first; doubled with every failed attempt after it, up to ten times this. Connect"
            " restarts within seconds, so an outage must not last longer here than there"
        ),
    ] = 1.0
    body_idle_seconds: Annotated[
        float,
        above_zero("Longest pause inside the body of an answer; a large file may take as long as it flows"),
    ] = 15.0
    max_connections: Annotated[
        int,
        Meta(ge=1, le=65_535, description="Connect is one small process: more at once only queue up there"),
    ] = 64
    queue_wait_seconds: Annotated[
        float,
        above_zero(
            "A request waits so long for its turn when all connections are in use, tokens taking turns; then 503."
            " Python clients give up at 5 s"
        ),
    ] = 3.0
    max_queued_requests: Annotated[
        int,
        Meta(ge=1, le=1_000_000, description="So many wait for their turn; beyond them 503 at once"),
    ] = 512
    max_field_bytes: Annotated[
        int,
        size_bytes(
            "Name and value of one field of an answer: 64 KiB pass, with room for the name",
            least=8 * KIBIBYTE,
        ),
    ] = 128 * KIBIBYTE
