"""Log lines on standard error (structlog): one canonical line per exchange worth one, one for a change of state.

`Log` is an Observer. No line carries a token, a body, a filter or a title, and none ever waits for its reader.
"""

from proxy.adapters.logs.log import Log, LogPolicy
from proxy.adapters.logs.rendering import LogFormat, line_of
from proxy.adapters.logs.words import FIELDS, LogEvent

__all__ = ["FIELDS", "Log", "LogEvent", "LogFormat", "LogPolicy", "line_of"]
