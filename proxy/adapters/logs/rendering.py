"""Lines as octets: JSON for collectors (msgspec), or a console line for people (structlog, loaded for that alone)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from proxy.adapters.logs.words import FIELDS, LogEvent

Render = Callable[[str, LogEvent, Mapping[str, object]], bytes]
"""Makes a line of a level, an event and its fields, its end included."""


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    CONSOLE = "console"


def renderer_for(log_format: LogFormat, *, has_colours: bool = False) -> Render:
    """Return what makes a line of an event and its fields."""
    return _as_json if log_format is LogFormat.JSON else _console(has_colours=has_colours)


def line_of(log_format: LogFormat, level: str, event: LogEvent, **fields: object) -> bytes:
    """Return one line, its end included."""
    return renderer_for(log_format)(level, event, fields)


def _arranged(level: str, event: LogEvent, fields: Mapping[str, object]) -> dict[str, object]:
    """Put what every line has in front and the rest in order; leave out what this one has not."""
    ts = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line: dict[str, object] = {"ts": ts, "level": level, "event": event}
    for field in FIELDS.get(event, ()):
        value = fields.get(field)
        if value is not None:
            line[field] = value
    return line


_encoder = msgspec.json.Encoder()


def _as_json(level: str, event: LogEvent, fields: Mapping[str, object]) -> bytes:
    return _encoder.encode(_arranged(level, event, fields)) + b"\n"


def _console(*, has_colours: bool) -> Render:
    from structlog.dev import ConsoleRenderer  # noqa: PLC0415 - 1 MiB, 4 with rich beside it

    console = ConsoleRenderer(colors=has_colours, sort_keys=False, timestamp_key="ts")

    def as_console_line(level: str, event: LogEvent, fields: Mapping[str, object]) -> bytes:
        line = console(None, level, _arranged(level, event, fields))
        return line.encode(errors="backslashreplace") + b"\n"

    return as_console_line
