"""Lines as octets (structlog's processors): JSON for collectors, or a console line for people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from proxy.adapters.logs.words import FIELDS, LogEvent


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    CONSOLE = "console"


def processors_for(log_format: LogFormat, *, has_colours: bool = False) -> Sequence[Processor]:
    """Return what makes a line of an event and its fields."""
    if log_format is LogFormat.JSON:
        return (_arrange, _as_json)
    console = structlog.dev.ConsoleRenderer(colors=has_colours, sort_keys=False, timestamp_key="ts")
    return (_arrange, console, _as_octets)


def line_of(log_format: LogFormat, level: str, event: LogEvent, **fields: object) -> bytes:
    """Return one line, its end included."""
    made: Any = {"event": event, **fields}
    for process in processors_for(log_format):
        made = process(None, level, made)
    return bytes(made)


def _arrange(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """Put what every line has in front and the rest in order; leave out what this one has not."""
    name = event["event"]
    ts = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"ts": ts, "level": level, "event": name}
    for field in FIELDS.get(name, ()):
        value = event.get(field)
        if value is not None:
            line[field] = value
    return line


_encoder = msgspec.json.Encoder()


def _as_json(_: WrappedLogger, __: str, event: EventDict) -> bytes:
    return _encoder.encode(event) + b"\n"


def _as_octets(_: WrappedLogger, __: str, line: object) -> bytes:
    return str(line).encode(errors="backslashreplace") + b"\n"
