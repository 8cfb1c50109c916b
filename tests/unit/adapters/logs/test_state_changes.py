"""A change of state is one line when it begins and one when it ends, with its duration and how often."""

import pytest

from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget
from proxy.errors import ErrorKind
from proxy.exchange.events import Answered, Cause, Limited, UpstreamAnswered, UpstreamStateChanged
from proxy.exchange.reasons import OwnReason
from tests.support.log_lines import WrittenLog, exchange

STALE = exchange(cache=Answered.STALE, why=ErrorKind.CONNECTION_REFUSED, age_seconds=99.0)
FAILED = exchange(status=502, cache=Answered.FAILED, why=ErrorKind.CONNECTION_REFUSED)


def connect_answers(status):
    return UpstreamAnswered(
        method="GET",
        cause=Cause.READ,
        endpoint_number=0,
        attempt=1,
        status=status,
        error=ErrorKind.CONNECTION_REFUSED if status is None else None,
        duration_seconds=0.01,
    )


@pytest.fixture
def log(tmp_path):
    return WrittenLog(str(tmp_path / "log"))


def changes(log):
    return [line for line in log.lines() if line["event"] not in {"exchange.finished", "log.left_out"}]


@pytest.mark.parametrize(
    ("event", "begin", "end"),
    [(STALE, "answers.stale", "answers.fresh_again"), (FAILED, "answers.failing", "answers.working_again")],
)
def test_stale_answers_and_failures_are_told_when_they_begin_and_when_they_end(log, event, begin, end):
    for _ in range(6):
        log.tell(*[event] * 100)
        log.pass_seconds(5)
    log.tell(connect_answers(200))
    log.pass_seconds(24)
    assert len(changes(log)) == 1, "it may go on"
    log.pass_seconds(1)
    begun, ended = changes(log)
    assert (begun["event"], begun["level"], begun["why"]) == (begin, "warning", "connection_refused")
    assert list(ended.items())[1:] == [
        ("level", "info"),
        ("event", end),
        ("why", "connection_refused"),
        ("duration_s", 25.0),
        ("count", 600),
    ]
    log.pass_seconds(3600)
    assert len(changes(log)) == 2


@pytest.mark.parametrize("status", [None, 503, 408])
def test_silence_alone_ends_no_outage_readers_may_be_few(log, status):
    for _ in range(5):
        log.tell(STALE, connect_answers(status))
        log.pass_seconds(600)
    log.tell(connect_answers(404))
    log.pass_seconds(1)
    _begun, ended = changes(log)
    assert (ended["duration_s"], ended["count"]) == (2400.0, 5)


def test_an_answer_of_connect_before_the_last_stale_one_proves_nothing(log):
    log.tell(STALE, connect_answers(200), STALE)
    log.pass_seconds(60)
    assert [line["event"] for line in changes(log)] == ["answers.stale"]


@pytest.mark.parametrize("why", [OwnReason.REVALIDATING, OwnReason.MAX_STALE])
def test_stale_answers_that_nobody_is_to_blame_for_are_no_change_of_state(log, why):
    log.tell(exchange(cache=Answered.STALE, why=why))
    assert changes(log) == []


@pytest.mark.parametrize("why", [OwnReason.BUSY, ErrorKind.PROXY_INTERNAL_ERROR])
def test_failures_of_our_own_are_not_connects(log, why):
    log.tell(exchange(status=503, cache=Answered.FAILED, why=why))
    assert changes(log) == []


def test_a_token_above_its_budget_is_told_once_each_way(log):
    ci = Limited(budget=Budget.UPSTREAM, token="ci", is_enforced=False)
    billing = Limited(budget=Budget.UPSTREAM, token="billing", is_enforced=False)
    log.tell(*[ci] * 12_000, billing)
    log.pass_seconds(10)
    log.tell(ci)
    log.pass_seconds(20)
    log.pass_seconds(10)
    told = [tuple(line.values())[1:] for line in changes(log)]
    assert told == [
        ("warning", "limits.exceeded", "ci", "upstream", False),
        ("warning", "limits.exceeded", "billing", "upstream", False),
        ("info", "limits.kept_again", "billing", "upstream", False, 0.0, 1),
        ("info", "limits.kept_again", "ci", "upstream", False, 10.0, 12_001),
    ]


def moved(before, state):
    return UpstreamStateChanged(
        endpoint_number=0,
        before=before,
        state=state,
        cause=ErrorKind.CONNECTION_REFUSED,
        failures=7,
        outage_seconds=4.26,
    )


def test_an_outage_has_one_line_when_it_begins_and_one_when_it_ends(log):
    closed, opened, half_open = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN
    log.tell(
        moved(closed, opened),
        moved(opened, half_open),
        moved(half_open, opened),
        moved(opened, half_open),
        moved(half_open, closed),
    )
    told = [tuple(line.values())[1:] for line in changes(log)]
    assert told == [
        ("warning", "upstream.down", 0, "connection_refused", 7),
        ("info", "upstream.recovered", 0, "connection_refused", 7, 4.3),
    ]
