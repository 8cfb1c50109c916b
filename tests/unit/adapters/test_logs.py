"""Log lines: their shape, and what happens when nobody can take them."""

import errno
import io
import json

from proxy.adapters.logs import ExchangeLog, LogFormat, make_logger
from proxy.errors import ErrorKind
from proxy.exchange.events import Answered, ExchangeFinished

FAILED = ExchangeFinished(
    method="GET",
    resource="item",
    token="billing",
    status=502,
    answered=Answered.FAILED,
    forward_reason=None,
    not_stored=None,
    error=ErrorKind.CONNECTION_REFUSED,
    age_seconds=None,
    duration_seconds=0.0031,
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
