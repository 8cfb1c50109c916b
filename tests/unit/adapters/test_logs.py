"""Log lines: their shape, and what happens when nobody can take them."""

import errno
import io
import json

from proxy.adapters.logs import ExchangeLog, LogFormat, make_logger
from proxy.admission.circuit_breaker import BreakerState
from proxy.clock import Instant
from proxy.errors import ErrorKind
from proxy.exchange.events import Answered, ExchangeFinished, UpstreamStateChanged

FAILED = ExchangeFinished(
    method="GET",
    resource="item",
    token="billing",
    status=502,
    cache=Answered.FAILED,
    why=ErrorKind.CONNECTION_REFUSED,
    duration_seconds=0.0031,
    at=Instant(wall_seconds=0.0, boot_seconds=0.0),
)


def test_a_line_begins_with_time_level_and_event_and_leaves_out_what_it_has_not():
    stream = io.StringIO()
    ExchangeLog(make_logger(LogFormat.JSON, "info", stream)).notify(FAILED)
    line = json.loads(stream.getvalue())
    assert list(line)[:3] == ["ts", "level", "event"]
    assert (line["level"], line["event"], line["why"]) == (
        "warning",
        "exchange.finished",
        "connection_refused",
    )
    assert "age_s" not in line


class FullDisk(io.StringIO):
    """Takes nothing."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_costs_lines_and_no_request():
    log = ExchangeLog(make_logger(LogFormat.JSON, "info", FullDisk()))
    log.notify(FAILED)


def test_a_closed_stream_costs_lines_and_no_request():
    stream = io.StringIO()
    log = ExchangeLog(make_logger(LogFormat.CONSOLE, "info", stream))
    stream.close()
    log.notify(FAILED)


def changed(before, state):
    return UpstreamStateChanged(
        endpoint_number=0,
        before=before,
        state=state,
        cause=ErrorKind.CONNECTION_REFUSED,
        failures=7,
        outage_seconds=4.26,
    )


def test_an_outage_has_one_line_when_it_begins_and_one_when_it_ends():
    stream = io.StringIO()
    log = ExchangeLog(make_logger(LogFormat.JSON, "info", stream))
    closed, opened, half_open = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
    for before, state in (
        (closed, opened),
        (opened, half_open),
        (half_open, opened),
        (opened, half_open),
        (half_open, closed),
    ):
        log.notify(changed(before, state))
    down, recovered = map(json.loads, stream.getvalue().splitlines())
    assert (down["level"], down["event"], down["why"], down["failed"]) == (
        "warning",
        "upstream.down",
        "connection_refused",
        7,
    )
    assert (recovered["level"], recovered["event"], recovered["outage_s"]) == (
        "info",
        "upstream.recovered",
        4.3,
    )
