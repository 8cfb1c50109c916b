"""Events as log lines (structlog): one canonical line per exchange worth one.

Hits are counted, not logged; errors, stale answers and writes always are. `event`, `cache` and `why` are
the words of the metric labels, so that one grep follows a panel to its lines. No line carries a token, a body, a
filter or a title.
"""

import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from io import TextIOBase
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from proxy.admission.circuit_breaker import BreakerState
from proxy.exchange.events import (
    Answered,
    Event,
    ExchangeFinished,
    Invalidated,
    ModeChanged,
    PinMoved,
    Purged,
    Reloaded,
    ReloadOutcome,
    UpstreamStateChanged,
    WouldBeHit,
)


class LogFormat(StrEnum):
    """How a line looks."""

    JSON = "json"
    CONSOLE = "console"


_QUIET = frozenset({Answered.HIT, Answered.COLLAPSED})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def make_logger(log_format: LogFormat, level: str, stream: TextIO | None = None) -> FilteringBoundLogger:
    """Return the logger of this process, and route aiohttp's and asyncio's own loggers to it."""
    stream = sys.stderr if stream is None else stream
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer = (
        structlog.processors.JSONRenderer()
        if log_format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=stream.isatty(), sort_keys=False, timestamp_key="ts")
    )
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(cast(TextIO, _Unfailing(stream))),
        processors=[_lead, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
    )
    _adopt_library_loggers(logger, threshold)
    return logger


class _Unfailing(TextIOBase):
    """A stream whose reader may go and whose disk may be full: lines are lost then, requests are not."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what can be written."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        with suppress(OSError, ValueError):
            self._stream.flush()


class ExchangeLog:
    """An Observer that writes lines."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        self.logger = logger

    def notify(self, event: Event) -> None:
        """Write the line of an event that is worth one."""
        match event:
            case ExchangeFinished():
                self._exchange(event)
            case Invalidated() if event.removed:
                self.logger.info(
                    "responses.invalidated",
                    resource=event.resource,
                    outcome=event.outcome.value,
                    removed=event.removed,
                )
            case UpstreamStateChanged():
                self._upstream(event)
            case PinMoved():
                self.logger.warning("upstream.switched", endpoint=event.endpoint_number)
            case ModeChanged():
                self.logger.warning("mode.changed", before=event.before.value, mode=event.mode.value)
            case WouldBeHit() if event.is_wrong:
                self.logger.info("hit.would_be_wrong", resource=event.resource)
            case Reloaded():
                self._reload(event)
            case Purged():
                self.logger.info("responses.purged", removed=event.removed)
            case _:
                pass

    def _reload(self, event: Reloaded) -> None:
        """Write one line that says what became of it, and why."""
        write = self.logger.error if event.outcome is ReloadOutcome.REFUSED else self.logger.info
        write(
            "settings.reloaded",
            outcome=event.outcome.value,
            problems=list(event.problems) or None,
            changed=list(event.changed) or None,
            pending=list(event.pending) or None,
            ignored=list(event.ignored) or None,
        )

    def _upstream(self, event: UpstreamStateChanged) -> None:
        """Write one line when an outage begins and one when it ends; the attempts in between are counted only."""
        details = {
            "endpoint": event.endpoint_number,
            "why": event.cause.value,
            "failed": event.failures,
        }
        if event.state is BreakerState.CLOSED:
            self.logger.info("upstream.recovered", outage_s=round(event.outage_seconds, 1), **details)
        elif event.before is BreakerState.CLOSED:
            self.logger.warning("upstream.down", **details)

    def _exchange(self, event: ExchangeFinished) -> None:
        if event.cache in _QUIET:
            return
        troubled = event.cache in {Answered.STALE, Answered.FAILED}
        if not troubled and event.method in _SAFE and event.status < 500:
            write = self.logger.debug
        else:
            write = self.logger.warning if troubled else self.logger.info
        write(
            "exchange.finished",
            token=event.token,
            peer=event.peer or None,
            method=event.method,
            resource=event.resource,
            status=event.status,
            **dict(event.about),
            version=event.version,
            cache=event.cache.value,
            why=event.why.value,
            age_s=_whole(event.age_seconds),
            stale_left_s=_whole(event.stale_left_seconds),
            attempts=event.attempts or None,
            upstream_ms=round(event.upstream_seconds * 1000, 1) if event.attempts else None,
            total_ms=round(event.duration_seconds * 1000, 1),
        )


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def _lead(_: WrappedLogger, level: str, event: EventDict) -> EventDict:
    """Put what every line has in front; leave out what this one has not."""
    ts = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    rest = {name: value for name, value in event.items() if name != "event" and value is not None}
    return {"ts": ts, "level": level, "event": event["event"], **rest}


class _Adopted(logging.Handler):
    """Passes a library's records on by name and level only: their texts may quote what a client sent."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line for a library's record."""
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        self._logger.log(
            record.levelno,
            "library.message",
            library=record.name,
            where=f"{record.module}:{record.lineno}",
            error=error,
        )


def _adopt_library_loggers(logger: FilteringBoundLogger, threshold: int) -> None:
    handler = _Adopted(logger)
    for name in ("aiohttp", "asyncio", "py.warnings"):
        library = logging.getLogger(name)
        library.handlers = [handler]
        library.propagate = False
        library.setLevel(max(threshold, logging.WARNING))
