"""What libraries, the interpreter and our own server say through `logging`, as lines of ours.

Of a library's record its name, place, level and the kind of an error are passed on, never its text: that may quote what
a client sent. Our own texts are closed.
"""

import logging
import re
from collections.abc import Callable

from proxy.adapters.logs.line_bound import Kind
from proxy.adapters.logs.logger import Logger
from proxy.adapters.logs.words import LogEvent

OUR_SERVER = "proxy.server"
WARNINGS = "py.warnings"
LIBRARIES = ("aiohttp", "asyncio", "opentelemetry", WARNINGS)
_WARNING = re.compile(r"(?:.*/)?(?P<module>\w+)\.pyx?:(?P<line>\d+): (?P<category>\w+): ")


class Adopted(logging.Handler):
    """Writes a line for every record that `admits` lets through; it is asked with what equal records have in common."""

    def __init__(self, logger: Logger, admits: Callable[[Kind], bool]) -> None:
        super().__init__()
        self._logger = logger
        self._admits = admits

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for a record."""
        level = min(
            max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL
        )  # there are more in between
        where, error = _origin_of(record)
        if record.name.startswith(OUR_SERVER):
            if self._admits(Kind(of=LogEvent.FAULT, where=where)):
                self._logger.log(level, LogEvent.FAULT, fault=record.getMessage())
        elif self._admits(Kind(of=LogEvent.LIBRARY, library=record.name, where=where)):
            self._logger.log(level, LogEvent.LIBRARY, library=record.name, where=where, error=error)


def adopt(handler: Adopted, threshold: int) -> None:
    """Hand a handler what all of them say from now on, of warnings and above, and `threshold` and above."""
    logging.captureWarnings(True)  # noqa: FBT003 - its only parameter
    for name in (*LIBRARIES, OUR_SERVER):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(max(threshold, logging.WARNING))
        logger.propagate = name == OUR_SERVER


def _origin_of(record: logging.LogRecord) -> tuple[str, str | None]:
    """Return where a record comes from, and of what kind the error or warning is that it tells of."""
    warning = _WARNING.match(record.getMessage()) if record.name == WARNINGS else None
    if warning is not None:  # the record itself comes from the module `warnings`
        return f"{warning['module']}:{warning['line']}", warning["category"]
    error = record.exc_info[0] if record.exc_info else None
    return f"{record.module}:{record.lineno}", None if error is None else error.__name__
