"""The part of the composition root that makes the audit: its output, its key, and who it says it is."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import assert_never

from proxy import __version__
from proxy.adapters.audit import (
    AuditFigures,
    ChainWriter,
    FileOutput,
    Output,
    StandardOutput,
    StrictTrail,
    Trail,
    TrailRules,
    TrailState,
    Writing,
)
from proxy.clock import Clock
from proxy.config import AuditMode, AuditOutput, AuditSettings, OnFailure


def make_trail(
    settings: AuditSettings, clock: Clock, on_change: Callable[[TrailState], None]
) -> Trail | None:
    """Return the audit trail that settings ask for, not begun yet; None if it is off."""
    output = _output(settings)
    if output is None:
        return None
    figures = AuditFigures()
    writer = ChainWriter(_writing(settings), output, figures, clock)
    rules = TrailRules(
        interval_seconds=settings.interval_seconds, refuses=settings.on_failure is OnFailure.REFUSE
    )
    match settings.mode:
        case AuditMode.AGGREGATE:
            return Trail(writer, figures, rules, on_change)
        case AuditMode.STRICT:
            return StrictTrail(writer, figures, rules, on_change)
        case _:
            assert_never(settings.mode)


def _output(settings: AuditSettings) -> Output | None:
    match settings.output:
        case AuditOutput.STDOUT:
            return StandardOutput()
        case AuditOutput.FILE:
            return FileOutput(
                Path(settings.file), rotate_bytes=settings.rotate_bytes, keep_files=settings.keep_files
            )
        case AuditOutput.OFF:
            return None
        case _:
            assert_never(settings.output)


def _writing(settings: AuditSettings) -> Writing:
    return Writing(
        instance=secrets.token_hex(8),
        pod=os.environ.get("POD_NAME") or os.environ.get("HOSTNAME", ""),
        namespace=os.environ.get("POD_NAMESPACE", ""),
        version=__version__,
        interval_seconds=settings.interval_seconds,
        mode=settings.mode.value,
        on_failure=settings.on_failure.value,
        key=Path(settings.key_file).read_bytes() if settings.key_file else None,
    )
