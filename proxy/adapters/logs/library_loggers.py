"""What libraries, the interpreter and our own server say through `logging`, as lines of ours.

Of a library's record its name, place, level and the kind of an error are passed on, never its text: that may quote what
a client sent. Our own texts are closed.
"""

import logging
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from proxy.adapters.logs.line_bound import Kind
from proxy.adapters.logs.words import LogEvent

OUR_SERVER = "proxy.server"
LIBRARIES = ("aiohttp", "asyncio", "opentelemetry", "py.warnings")


class Adopted(logging.Handler):
    """Writes a line for every record that `admits` lets through; it is asked with what equal records have in common."""

    def __init__(self, logger: FilteringBoundLogger, admits: Callable[[Kind], bool]) -> None:
        super().__init__()
        self._logger = logger
        self._admits = admits

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for a record."""
        where = f"{record.module}:{record.lineno}"
        is_ours = record.name.startswith(OUR_SERVER)
        event = LogEvent.FAULT if is_ours else LogEvent.LIBRARY
        if not self._admits(Kind(of=event, library=record.name, where=where)):
            return
        if is_ours:
            self._logger.log(record.levelno, event, fault=record.getMessage())
            return
        error = record.exc_info[0] if record.exc_info else None
        self._logger.log(
            record.levelno,
            event,
            library=record.name,
            where=where,
            error=None if error is None else error.__name__,
        )


def adopt(handler: Adopted, threshold: int) -> None:
    """Hand a handler what all of them say from now on, of warnings and above, and `threshold` and above."""
    logging.captureWarnings(True)  # noqa: FBT003 - its only parameter
    for name in (*LIBRARIES, OUR_SERVER):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(max(threshold, logging.WARNING))
        logger.propagate = name == OUR_SERVER
