"""Events with their fields on their way to a line: what is below the level goes no further.

Ours, not structlog's (ADR 27): its import costs 1 MiB, and 4 where rich is installed, which it loads.
"""

import logging
from collections.abc import Callable

from proxy.adapters.logs.rendering import Render
from proxy.adapters.logs.words import LogEvent


class Logger:
    """Renders what is at `threshold` or above, a level as `logging` numbers it, and hands the line over."""

    def __init__(self, render: Render, write: Callable[[bytes], None], *, threshold: int) -> None:
        self._render = render
        self._write = write
        self._threshold = threshold

    def log(self, level: int, event: LogEvent, **fields: object) -> None:
        """Write the line of an event."""
        if level >= self._threshold:
            self._write(self._render(_NAMES[level], event, fields))

    def info(self, event: LogEvent, **fields: object) -> None:
        """Write the line of an event that is as it should be."""
        self.log(logging.INFO, event, **fields)

    def warning(self, event: LogEvent, **fields: object) -> None:
        """Write the line of an event that an operator may want to act on."""
        self.log(logging.WARNING, event, **fields)

    def error(self, event: LogEvent, **fields: object) -> None:
        """Write the line of an event that an operator has to act on."""
        self.log(logging.ERROR, event, **fields)


_NAMES = {
    level: logging.getLevelName(level).lower()
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)
}
