"""The section `audit`: the sidecar's own record of reads that Connect never hears of.

Part of the settings tree (see `tree`): the same rules for names, reasons and ranges.
"""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from proxy.config.ranges import KIBIBYTE, MEBIBYTE, above_zero, size_bytes


class AuditOutput(StrEnum):
    """Where records go."""

    STDOUT = "stdout"
    FILE = "file"
    OFF = "off"


class AuditMode(StrEnum):
    """When records are written."""

    AGGREGATE = "aggregate"
    STRICT = "strict"


class OnFailure(StrEnum):
    """What becomes of reads whose record can't be written."""

    SERVE = "serve"
    REFUSE = "refuse"


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who has read what without Connect hearing of it: hits are not in Connect's activity log. JSON lines."""

    output: Annotated[
        AuditOutput,
        Meta(
            description="`stdout`: beside the log (standard error), for whatever collects the container's output."
            " `file`: `file`, with rotation. `off`: no record of hits exists anywhere"
        ),
    ] = AuditOutput.STDOUT
    file: Annotated[str, Meta(description="Path of the newest file, with `output = file`")] = ""
    rotate_bytes: Annotated[
        int, size_bytes("A file of this size is put aside as `FILE.1`", least=64 * KIBIBYTE)
    ] = 64 * MEBIBYTE
    keep_files: Annotated[
        int, Meta(ge=1, le=1000, description="Files put aside that are kept; the oldest goes first")
    ] = 8
    interval_seconds: Annotated[
        float,
        above_zero(
            "Equal reads within it are one record with a count; a killed process loses at most the records of the last"
            " one"
        ),
    ] = 10.0
    mode: Annotated[
        AuditMode,
        Meta(
            description="`strict`: the first of equal reads is on record before it is answered, which costs it a write;"
            " a killed process then loses counts, never the fact. `aggregate`: all are recorded at the end of the"
            " interval"
        ),
    ] = AuditMode.AGGREGATE
    on_failure: Annotated[
        OnFailure,
        Meta(
            description="`serve`: reads go on, and `connect_sidecar_audit_lost_total` counts what has no record."
            " `refuse`: 503 for what would be answered without Connect, until records can be written again"
        ),
    ] = OnFailure.SERVE
    key_file: Annotated[
        str,
        Meta(
            description="File with a key, 32 to 4096 bytes, taken as they are, that chains the records (HMAC-SHA-256),"
            " so that nobody without it can change, drop or add one unseen. Empty: a plain SHA-256 chain, which shows"
            " accidents only"
        ),
    ] = ""
