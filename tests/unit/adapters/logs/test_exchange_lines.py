"""One canonical line per exchange: which exchanges have one, what stands in it, and how often the same is said."""

import re

import pytest

from proxy.adapters.logs import FIELDS, LogEvent, LogFormat, LogPolicy
from proxy.caching.reasons import ForwardReason
from proxy.errors import ErrorKind
from proxy.exchange.events import Answered
from proxy.exchange.reasons import OwnReason
from tests.support.log_lines import WrittenLog, exchange

ABOUT = (("vault", "v" * 26), ("item", "i" * 26), ("file", "f" * 26))
HIT = exchange(about=ABOUT, version=7, age_seconds=3.4)
MISS = exchange(cache=Answered.FORWARDED, why=ForwardReason.URI_MISS, attempts=1, upstream_seconds=0.0018)
STALE = exchange(
    token_id="jti-0123456789",
    peer="127.0.0.1",
    about=ABOUT,
    version=7,
    cache=Answered.STALE,
    why=ErrorKind.CONNECTION_REFUSED,
    age_seconds=252.2,
    stale_left_seconds=14147.8,
    attempts=1,
    upstream_seconds=0.0018,
    trace_id="0af7651916cd43dd8448eb211c80319c",
)
WRITE = exchange(method="PUT", cache=Answered.FORWARDED, why=ForwardReason.METHOD, attempts=1)
FAILED = exchange(status=502, cache=Answered.FAILED, why=ErrorKind.CONNECTION_REFUSED)
REFUSED = exchange(status=403, cache=Answered.REFUSED, why=OwnReason.ROUTE_DENIED)
FORBIDDEN = exchange(status=403, cache=Answered.FORWARDED, why=ForwardReason.URI_MISS, attempts=1)
LIMITED = exchange(status=429, cache=Answered.LIMITED, why=OwnReason.RATE_LIMITED)
REVALIDATING = exchange(cache=Answered.STALE, why=OwnReason.REVALIDATING, age_seconds=61.0)
COLLAPSED = exchange(cache=Answered.COLLAPSED, why=ForwardReason.URI_MISS)


@pytest.fixture
def written(tmp_path):
    """Make a log that writes to a file."""

    def make(**settings):
        return WrittenLog(str(tmp_path / "log"), **settings)

    return make


def exchanges(log):
    return [line for line in log.lines() if line["event"] == "exchange.finished"]


def test_a_line_has_the_fields_of_the_specification_in_their_order_and_nothing_else(written):
    log = written()
    log.tell(STALE)
    (line,) = exchanges(log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("ts"))
    assert list(line.items()) == [
        ("level", "warning"),
        ("event", "exchange.finished"),
        ("trace_id", "0af7651916cd43dd8448eb211c80319c"),
        ("token", "billing"),
        ("peer", "127.0.0.1"),
        ("method", "GET"),
        ("resource", "item"),
        ("vault", "v" * 26),
        ("item", "i" * 26),
        ("file", "f" * 26),
        ("version", 7),
        ("status", 200),
        ("cache", "stale"),
        ("why", "connection_refused"),
        ("age_s", 252),
        ("stale_left_s", 14148),
        ("attempts", 1),
        ("upstream_ms", 1.8),
        ("total_ms", 3.1),
    ]


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (MISS, "info"),
        (STALE, "warning"),
        (REVALIDATING, "info"),
        (WRITE, "info"),
        (exchange(method="PUT", status=500, cache=Answered.FORWARDED, attempts=1), "error"),
        (FAILED, "error"),
        (exchange(status=503, cache=Answered.FORWARDED, attempts=1), "error"),
        (exchange(status=500, cache=Answered.COLLAPSED), "error"),
        (REFUSED, "info"),
        (FORBIDDEN, "info"),
        (LIMITED, "warning"),
    ],
)
def test_errors_stale_answers_writes_and_refusals_have_a_line_at_the_default_level(written, event, level):
    log = written()
    log.tell(event)
    (line,) = exchanges(log)
    assert (line["level"], line["cache"], line["status"]) == (level, event.cache, event.status)


def test_what_a_line_has_not_is_left_out_of_it(written):
    log = written()
    log.tell(FAILED)
    (line,) = exchanges(log)
    assert line.keys() == {
        *("ts", "level", "event", "token", "method", "resource", "status", "cache", "why", "total_ms")
    }


@pytest.mark.parametrize("event", [HIT, COLLAPSED])
def test_hits_and_collapsed_reads_have_a_line_at_level_debug_only(written, event):
    quiet, chatty = written(), written(level="debug")
    quiet.tell(event)
    assert quiet.lines() == []
    chatty.tell(event)
    (line,) = exchanges(chatty)
    assert (line["level"], line["cache"]) == ("debug", event.cache)


def test_misses_are_sampled_by_lot(written):
    drawn = iter([0.05, 0.5, 0.1, 0.0, 0.99])
    log = written(miss_sample_ratio=0.1, draw=lambda: next(drawn))
    log.tell(MISS, MISS, MISS, MISS, MISS)
    assert len(exchanges(log)) == 2, "what is drawn below the ratio"


@pytest.mark.parametrize(("ratio", "count"), [(0.0, 0), (1.0, 20)])
def test_none_or_all_misses_are_written(written, ratio, count):
    drawn = iter([0.0, 0.9999999999999999] * 10)
    log = written(miss_sample_ratio=ratio, draw=lambda: next(drawn))
    log.tell(*[MISS] * 20)
    assert len(exchanges(log)) == count


def test_level_and_sampling_change_while_it_runs(written):
    log = written(miss_sample_ratio=0.0)
    log.tell(MISS, HIT)
    log.log.adopt(LogPolicy(level="info", miss_sample_ratio=1.0))
    log.tell(MISS, HIT)
    log.log.adopt(LogPolicy(level="debug", miss_sample_ratio=0.0))
    log.tell(MISS, HIT)
    log.log.adopt(LogPolicy(level="error", miss_sample_ratio=1.0))
    log.tell(MISS, HIT, STALE, FAILED)
    assert [line["cache"] for line in exchanges(log)] == ["forwarded", "forwarded", "hit", "failed"]


def test_the_same_trouble_over_and_over_is_ten_lines_a_minute_and_one_that_counts_the_rest(written):
    log = written()
    log.tell(*[FAILED] * 5000)
    log.pass_seconds(59)
    log.tell(FAILED)
    assert len(exchanges(log)) == 10
    log.pass_seconds(1)
    log.tell(FAILED)
    *_, left_out, last = log.lines()
    assert last["event"] == "exchange.finished"
    assert list(left_out.items())[1:] == [
        ("level", "warning"),
        ("event", "log.left_out"),
        ("of", "exchange.finished"),
        ("token", "billing"),
        ("resource", "item"),
        ("cache", "failed"),
        ("why", "connection_refused"),
        ("count", 4991),
        ("interval_s", 60),
    ]


@pytest.mark.parametrize(
    "change",
    [{"token": "ci"}, {"resource": "file"}, {"why": ErrorKind.DNS_ERROR}, {"cache": Answered.COLLAPSED}],
)
def test_another_token_resource_or_why_is_bounded_by_itself(written, change):
    log = written()
    told = {"status": 502, "cache": Answered.FAILED, "why": ErrorKind.CONNECTION_REFUSED}
    log.tell(*[FAILED] * 50, exchange(**(told | change)))
    assert len(exchanges(log)) == 11


def test_lines_left_out_are_counted_at_the_end_too(written):
    log = written()
    log.tell(*[STALE] * 13)
    assert log.lines()[-1]["count"] == 3


def test_an_interval_without_excess_ends_without_a_line(written):
    log = written()
    log.tell(*[FAILED] * 10)
    log.pass_seconds(60)
    assert "log.left_out" not in log.events()


def test_every_write_that_was_sent_has_its_line_and_one_that_was_not_is_an_error_like_others(written):
    log = written()
    unknown = exchange(
        method="PUT", status=504, cache=Answered.FAILED, why=ErrorKind.HTTP_RESPONSE_TIMEOUT, attempts=1
    )
    unsent = exchange(method="PUT", status=503, cache=Answered.FAILED, why=OwnReason.WRITE_QUEUE)
    log.tell(*[WRITE] * 30, *[unknown] * 30)
    assert len(exchanges(log)) == 60
    log.tell(*[unsent] * 30)
    assert len(exchanges(log)) == 70


def test_level_debug_leaves_nothing_out(written):
    log = written(level="debug")
    log.tell(*[FAILED] * 30, *[HIT] * 30)
    assert len(exchanges(log)) == 60
    assert "log.left_out" not in log.events()


def test_a_level_that_shows_no_stale_answers_counts_none_as_left_out(written):
    log = written(level="error")
    log.tell(*[STALE] * 30)
    assert log.events() == []


def test_what_a_token_calls_itself_is_for_the_audit_alone(written):
    log = written(level="debug")
    log.tell(STALE)
    assert STALE.token_id not in log.text()


def test_a_field_that_no_line_is_said_to_have_never_leaves(written):
    log = written()
    log.log.logger.info(LogEvent.NOTE, note="ok", token="eyJ...")
    assert set(log.lines()[0]) == {"ts", "level", "event", *FIELDS[LogEvent.NOTE]}


def test_people_read_the_same_fields_on_a_console_line(written):
    log = written(log_format=LogFormat.CONSOLE)
    log.tell(STALE)
    begun, line = log.text().splitlines()
    assert "answers.stale" in begun
    assert re.search(r"exchange\.finished +trace_id=0af7\S+ token=billing .* total_ms=3\.1$", line)
    assert "\x1b" not in line, "colours are for terminals"
