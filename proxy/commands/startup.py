"""What a start says about itself before traffic comes: settings that are allowed but unwise, one log line each."""

import sys

from proxy.adapters import logs
from proxy.config import Loaded, LogFormat, Settings, memory_limit_bytes, warnings_about


def warn_about(loaded: Loaded) -> None:
    """Write a line on standard error for each warning, in the format that the log has."""
    settings = loaded.settings
    warnings = warnings_about(settings, memory_limit_bytes=memory_limit_bytes())
    for warning in (*loaded.ignored, *warnings):
        warn(settings, warning)


def warn(settings: Settings, warning: str) -> None:
    """Write one line, `setting: why`."""
    print(_line(warning, settings.log.format), file=sys.stderr, flush=True)


def _line(warning: str, log_format: LogFormat) -> str:
    if log_format is LogFormat.CONSOLE:
        return f"warning: {warning}"
    setting, _, problem = warning.partition(": ")
    line = logs.line_of(
        logs.LogFormat.JSON, "warning", logs.LogEvent.UNWISE, setting=setting, problem=problem
    )
    return line.decode().rstrip("\n")
