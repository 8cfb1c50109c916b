"""Events in, samples out, read by the parsers that Prometheus' own client brings."""

import pytest

from proxy.adapters.metrics import Metrics
from proxy.admission.circuit_breaker import BreakerState
from proxy.admission.rate_limiter import Budget
from proxy.caching.profile import WriteOutcome
from proxy.caching.reasons import NotStoredReason
from proxy.errors import OURS, ErrorKind
from proxy.exchange.events import (
    Answered,
    Cause,
    ExpressLaneClosed,
    ExpressLaneLeft,
    Invalidated,
    Limited,
    Purged,
    Reloaded,
    ReloadOutcome,
)
from proxy.exchange.reasons import OwnReason
from tests.support.metric_events import (
    TRACE,
    HandClock,
    Owners,
    answered,
    finished,
    make_metrics,
    one_of_each,
    repeated,
    scraped,
    state_changed,
)
from tests.support.scraped import OPEN_METRICS


@pytest.fixture
def clock():
    return HandClock()


@pytest.fixture
def metrics(clock):
    return make_metrics(clock)


def stale(clock, *, age, left, why=OwnReason.UPSTREAM_STATUS):
    return finished(clock, cache=Answered.STALE, why=why, age_seconds=age, stale_left_seconds=left)


def test_one_exchange_counts_once_for_its_kind_and_once_for_its_token(metrics):
    for token in ("billing", "ci", "billing"):
        metrics.notify(finished(token=token))
    metrics.notify(finished(status=404, cache=Answered.FORWARDED))
    seen = scraped(metrics)
    assert seen.value("requests_total", resource="item", cache="hit", why="fresh", result="ok") == 3
    assert seen.value("requests_total", result="refused") == 1
    assert seen.value("token_requests_total", token="billing", cache="hit") == 2
    assert seen.value("token_requests_total", token="ci", cache="hit") == 1
    assert seen.value("request_duration_seconds_count", cache="hit") == 3


def test_hits_that_are_told_in_one_sum_count_as_each_by_itself_would(metrics, clock):
    metrics.notify(finished(clock, age_seconds=1.0))
    metrics.notify(repeated(clock, count=3, total_seconds=0.3, greatest_age_seconds=5.0))
    seen = scraped(metrics)
    assert seen.value("requests_total", resource="item", cache="hit", why="fresh", result="ok") == 4
    assert seen.value("token_requests_total", token="billing", cache="hit") == 4
    assert seen.value("request_duration_seconds_count", cache="hit") == 4
    assert seen.value("request_duration_seconds_sum", cache="hit") == pytest.approx(0.3004)
    assert seen.value("oldest_age_served_seconds", cache="hit") == 5


def test_the_lane_tells_whether_it_is_open_what_it_answered_and_why_it_left():
    owners = Owners(is_open=False, answered=7)
    metrics = make_metrics(owners=owners)
    metrics.notify(ExpressLaneLeft(why=ExpressLaneClosed.MISMATCH))
    seen = scraped(metrics)
    assert seen.value("express_lane_open") == 0
    assert seen.value("express_lane_requests_total") == 7
    assert {why: seen.value("express_lane_closed_total", why=why) for why in ExpressLaneClosed} == {
        ExpressLaneClosed.MISMATCH: 1,
        ExpressLaneClosed.FAULT: 0,
        ExpressLaneClosed.UNKNOWN_AIOHTTP: 0,
    }


def test_without_a_lane_it_is_said_to_be_off(metrics):
    metrics.watch_lane(None)
    seen = scraped(metrics)
    assert (seen.value("express_lane_open"), seen.value("express_lane_requests_total")) == (0, 0)


def test_a_kept_cell_counts_as_an_event_would(metrics):
    metrics.notify(finished())
    cell = metrics.cell(finished())
    cell.count += 41
    assert scraped(metrics).value("requests_total", cache="hit") == 42


def test_an_answer_that_was_not_kept_says_why(metrics):
    metrics.notify(finished(cache=Answered.FORWARDED, not_stored=NotStoredReason.TOO_LARGE))
    assert scraped(metrics).value("not_stored_total", reason="too_large") == 1


def test_open_metrics_are_for_those_who_ask_and_have_exemplars(metrics):
    metrics.notify(finished(trace_id=TRACE, duration_seconds=0.3))
    metrics.notify(answered(trace_id=TRACE, duration_seconds=7.0))
    metrics.notify(finished(duration_seconds=0.02))
    asked = (
        f"{OPEN_METRICS};version=1.0.0;escaping=allow-utf-8;q=0.6,{OPEN_METRICS};version=0.0.1;q=0.5,"
        "text/plain;version=1.0.0;q=0.4,*/*;q=0.2"
    )
    samples = scraped(metrics, asked).samples
    exemplars = {sample.labels["le"]: sample.exemplar for sample in samples if sample.exemplar}
    assert set(exemplars) == {"0.5", "7.5"}
    assert exemplars["0.5"].labels == {"trace_id": TRACE}
    assert exemplars["0.5"].value == 0.3
    assert TRACE not in scraped(metrics).text


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "text/plain",
        "text/html;q=0.9",
        "%",
        f"{OPEN_METRICS};version=x",
        f"{OPEN_METRICS};version=0.0.1",
    ],
)
def test_whatever_else_is_accepted_gets_plain_text(metrics, accept):
    body, media_type = metrics.render(accept)
    assert media_type.startswith("text/plain")
    assert b"# EOF" not in body


def test_both_formats_say_the_same(metrics):
    for event in one_of_each():
        metrics.notify(event)
    plain, opened = (
        {(sample.name, *sorted(sample.labels.items())) for sample in scraped(metrics, accept).samples}
        for accept in ("", OPEN_METRICS)
    )
    assert plain == opened


def test_without_anybody_to_ask_what_was_counted_is_told():
    metrics = Metrics(version="1", upstream="connect:8080", clock=HandClock())
    metrics.notify(finished(age_seconds=5.0))
    seen = scraped(metrics)
    assert seen.value("requests_total") == 1
    assert seen.value("upstream_info", upstream="connect:8080") == 1
    assert seen.values("stored_bytes") == seen.values("tokens") == seen.values("stale_seconds_left") == []


def test_the_oldest_age_is_of_the_last_five_minutes(metrics, clock):
    assert scraped(metrics).values("oldest_age_served_seconds") == [0, 0]
    for age in (5.0, 55.0, 20.0):
        metrics.notify(finished(clock, age_seconds=age))
    metrics.notify(stale(clock, age=4000.0, left=10_000.0))
    assert scraped(metrics).value("oldest_age_served_seconds", cache="hit") == 55
    assert scraped(metrics).value("oldest_age_served_seconds", cache="stale") == 4000
    assert scraped(metrics).value("age_bound_seconds", cache="hit") == 60
    assert scraped(metrics).value("age_bound_seconds", cache="stale") == 14_460
    clock.boot_seconds += 331
    assert scraped(metrics).values("oldest_age_served_seconds") == [0, 0]


def test_what_is_left_is_the_least_and_the_whole_bound_while_nothing_is_stale(metrics, clock):
    assert scraped(metrics).value("stale_seconds_left") == 14_400
    for left in (9000.0, 1700.0, 8000.0):
        metrics.notify(stale(clock, age=100.0, left=left))
    assert scraped(metrics).value("stale_seconds_left") == 1700
    clock.boot_seconds += 331
    assert scraped(metrics).value("stale_seconds_left") == 14_400


def test_what_a_client_itself_wanted_old_breaks_no_promise(metrics, clock):
    metrics.notify(stale(clock, age=90_000.0, left=0.0, why=OwnReason.MAX_STALE))
    seen = scraped(metrics)
    assert seen.value("oldest_age_served_seconds", cache="stale") == 0
    assert seen.value("stale_seconds_left") == 14_400
    assert seen.value("requests_total", why="max_stale") == 1


def test_ages_under_other_settings_are_forgotten_with_them(metrics, clock):
    metrics.notify(finished(clock, age_seconds=500.0))
    metrics.notify(Reloaded(outcome=ReloadOutcome.UNCHANGED))
    assert scraped(metrics).value("oldest_age_served_seconds", cache="hit") == 500
    metrics.notify(Reloaded(outcome=ReloadOutcome.APPLIED, changed=("cache.item_freshness_seconds",)))
    assert scraped(metrics).value("oldest_age_served_seconds", cache="hit") == 0


@pytest.mark.parametrize(
    ("outcome", "up"),
    [
        ({"status": 200}, 1),
        ({"status": 404}, 1),
        ({"status": 429}, 1),
        ({"status": 408}, 0),
        ({"status": 500}, 0),
        ({"status": 503}, 0),
        *(({"status": None, "error": kind}, 0) for kind in ErrorKind if kind not in OURS),
    ],
)
@pytest.mark.parametrize("before", [200, 503])
def test_connect_is_up_by_its_last_answer(metrics, before, outcome, up):
    metrics.notify(answered(status=before))
    metrics.notify(answered(**outcome))
    assert scraped(metrics).value("upstream_up") == up


@pytest.mark.parametrize("kind", sorted(OURS))
@pytest.mark.parametrize(("before", "up"), [(200, 1), (503, 0)])
def test_our_own_faults_say_nothing_of_connect(metrics, kind, before, up):
    metrics.notify(answered(status=before))
    metrics.notify(answered(status=None, error=kind))
    seen = scraped(metrics)
    assert seen.value("upstream_up") == up
    assert seen.value("upstream_requests_total", result=kind.value) == 1


def test_connect_is_up_until_it_fails(metrics):
    assert scraped(metrics).value("upstream_up") == 1


@pytest.mark.parametrize(
    ("status", "result"), [(200, "2xx"), (204, "2xx"), (304, "3xx"), (404, "4xx"), (500, "5xx"), (999, "5xx")]
)
def test_attempts_count_by_cause_and_class(metrics, status, result):
    metrics.notify(answered(cause=Cause.CHANGE_CHECK, status=status))
    seen = scraped(metrics)
    assert seen.value("upstream_requests_total", cause="change_check", result=result) == 1
    assert seen.value("upstream_request_duration_seconds_count", outcome="answered") == 1


def test_a_breaker_that_opens_again_from_half_open_has_not_opened_anew(metrics):
    for before, state in (
        (BreakerState.CLOSED, BreakerState.OPEN),
        (BreakerState.OPEN, BreakerState.HALF_OPEN),
        (BreakerState.HALF_OPEN, BreakerState.OPEN),
    ):
        metrics.notify(state_changed(before, state))
    seen = scraped(metrics)
    assert seen.value("upstream_breaker_openings_total", endpoint="0", why="connection_refused") == 1
    assert seen.value("upstream_breaker_state", state="half_open") == 1
    assert seen.total("upstream_breaker_state") == 1


def test_writes_count_by_outcome_and_what_they_dropped_by_cause(metrics):
    for removed in (2, 0):
        metrics.notify(Invalidated(resource="item", outcome=WriteOutcome.APPLIED, removed=removed))
    metrics.notify(Purged(removed=7))
    seen = scraped(metrics)
    assert seen.value("writes_total", outcome="applied") == 2
    assert seen.value("writes_total", outcome="unknown") == 0
    assert seen.value("invalidated_responses_total", cause="write_applied") == 2
    assert seen.value("invalidated_responses_total", cause="purge") == 7
    assert seen.value("purges_total") == 1


def test_a_token_above_its_budget_is_named(metrics):
    metrics.notify(Limited(budget=Budget.UPSTREAM, token="ci", is_enforced=True))
    assert (
        scraped(metrics).value("limited_requests_total", token="ci", budget="upstream", enforced="true") == 1
    )


def test_tokens_are_told_by_state_and_name(metrics):
    seen = scraped(metrics)
    assert {sample.labels["state"]: sample.value for sample in seen.named("tokens")} == {
        "verified": 1,
        "unverified": 1,
        "refused": 0,
    }
    assert seen.value("token_verified_age_seconds", token="ci") == 99
    assert [sample.labels["token"] for sample in seen.named("token_expiry_timestamp_seconds")] == ["billing"]
    assert seen.value("token_refusals_total", token="billing") == 0, "a first refusal must show as a step"


def test_refused_settings_are_told_until_good_ones_come(metrics):
    metrics.notify(Reloaded(outcome=ReloadOutcome.REFUSED))
    assert scraped(metrics).value("reload_refused") == 1
    metrics.notify(Reloaded(outcome=ReloadOutcome.UNCHANGED))
    assert scraped(metrics).value("reload_refused") == 0
    assert scraped(metrics).value("reloads_total", outcome="refused") == 1


def test_the_head_of_the_audit_survives_the_way_to_prometheus(metrics):
    assert scraped(metrics).value("audit_head") == 2**52 - 1
    assert scraped(metrics).value("audit_reads_total", how="background") == 1


def test_the_process_is_told_under_our_prefix(metrics):
    seen = scraped(metrics)
    assert seen.value("process_resident_memory_bytes") > 1_000_000
    assert seen.value("process_cpu_seconds_total") > 0
    assert seen.value("process_open_fds") <= seen.value("process_max_fds")
    assert seen.value("process_memory_limit_bytes") >= 0
