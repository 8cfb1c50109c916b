"""Every event has a line somewhere, and every field that a line is said to have is one that it can have."""

import logging

import msgspec
import pytest

from proxy.adapters.logs import FIELDS, LogEvent, LogFormat, line_of
from proxy.adapters.logs.logger import Logger
from proxy.adapters.logs.rendering import renderer_for
from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget
from proxy.caching.profile import WriteOutcome
from proxy.errors import ErrorKind
from proxy.exchange.events import (
    Answered,
    Cause,
    ExpressLaneClosed,
    ExpressLaneLeft,
    Invalidated,
    Limited,
    ModeChanged,
    PinMoved,
    Purged,
    Reloaded,
    ReloadOutcome,
    UpstreamAnswered,
    UpstreamStateChanged,
    WouldBeHit,
)
from proxy.exchange.mode import Mode
from tests.support.log_lines import WrittenLog, exchange

WHY = ErrorKind.CONNECTION_REFUSED
STALE = exchange(
    cache=Answered.STALE,
    why=WHY,
    trace_id="0" * 32,
    peer="::1",
    about=(("vault", "v"), ("item", "i"), ("file", "f")),
    version=1,
    age_seconds=1.0,
    stale_left_seconds=1.0,
    attempts=1,
    upstream_seconds=0.1,
)
FAILED = exchange(status=502, cache=Answered.FAILED, why=WHY)
ANSWERED = UpstreamAnswered(
    method="GET", cause=Cause.READ, endpoint_number=0, attempt=1, status=200, error=None, duration_seconds=0.1
)
RELOADED = Reloaded(
    outcome=ReloadOutcome.REFUSED, problems=("p",), changed=("c",), pending=("w",), ignored=("i",)
)


def moved(before, state):
    return UpstreamStateChanged(
        endpoint_number=0, before=before, state=state, cause=WHY, failures=1, outage_seconds=1.0
    )


@pytest.fixture
def lines(tmp_path):
    """Everything there is to say, said."""
    log = WrittenLog(str(tmp_path / "log"))
    log.tell(
        *[STALE] * 11,
        FAILED,
        ANSWERED,
        Limited(budget=Budget.REQUESTS, token="ci", is_enforced=True),
        moved(BreakerState.CLOSED, BreakerState.OPEN),
        moved(BreakerState.HALF_OPEN, BreakerState.CLOSED),
        PinMoved(endpoint_number=1),
        Invalidated(resource="item", outcome=WriteOutcome.APPLIED, removed=1),
        Purged(removed=1),
        ExpressLaneLeft(why=ExpressLaneClosed.FAULT),
        ModeChanged(before=Mode.CACHE, mode=Mode.OBSERVE),
        WouldBeHit(resource="item", is_wrong=True),
        RELOADED,
    )
    for _ in range(11):
        try:
            raise ValueError("?")
        except ValueError:
            logging.getLogger("asyncio").exception("?")
    logging.getLogger("proxy.server").error("server.handler_fault")
    log.pass_seconds(61)
    log.log.logger.info(LogEvent.PHASE, phase="serving", version="1")
    log.log.logger.info(LogEvent.NOTE, note="n")
    log.log.logger.error(LogEvent.AUDIT_FAILING, why="ENOSPC", lost=0)
    log.log.logger.info(LogEvent.AUDIT_RESUMED, lost=1)
    with (tmp_path / "log").open("ab") as file:
        file.write(line_of(LogFormat.JSON, "warning", LogEvent.UNWISE, setting="s", problem="p"))
        file.write(line_of(LogFormat.JSON, "error", LogEvent.LOST, count=1))
    return log.lines()


@pytest.mark.parametrize("event", list(LogEvent))
def test_an_event_has_lines_and_they_have_all_its_fields(lines, event):
    found = [line for line in lines if line["event"] == event]
    assert found
    seen = {field for line in found for field in line}
    assert seen == {"ts", "level", "event", *FIELDS[event]}


LEVELS = ("debug", "info", "warning", "error", "critical")


def written_at(level: str, threshold: str) -> list[dict[str, object]]:
    lines: list[bytes] = []
    numbers = logging.getLevelNamesMapping()
    logger = Logger(renderer_for(LogFormat.JSON), lines.append, threshold=numbers[threshold.upper()])
    logger.log(numbers[level.upper()], LogEvent.NOTE, note="n", token="eyJ...")
    return [msgspec.json.decode(line) for line in lines]


@pytest.mark.parametrize("level", LEVELS)
def test_a_line_can_be_written_at_every_level_that_there_is(level):
    (line,) = written_at(level, "debug")
    assert line == {"ts": line["ts"], "level": level, "event": LogEvent.NOTE, "note": "n"}


@pytest.mark.parametrize(("level", "threshold"), [(a, b) for i, b in enumerate(LEVELS) for a in LEVELS[:i]])
def test_what_is_below_the_level_is_not_written(level, threshold):
    assert written_at(level, threshold) == []
