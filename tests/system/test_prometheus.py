"""A real Prometheus over two real sidecars on a day with every fault: every rule works, and what it reads is there."""

import re

import pytest

from dashboards.rules import ALERTS, GROUPS, RECORDINGS
from tests.support.metrics_page import documented
from tests.support.prometheus import QueryError

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.asyncio(loop_scope="session")]

ADDED_BY_PROMETHEUS = {"__name__", "job", "instance", "namespace", "workload", "pod"}


async def test_prometheus_evaluates_every_rule_without_a_complaint(played):
    rules = await played.prometheus.rules_are_evaluated()
    assert sorted(rule["name"] for rule in rules) == sorted(
        rule.name for group in GROUPS for rule in group.rules
    )
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []


async def test_everything_recorded_has_data(played):
    empty = [
        rule.name
        for rule in RECORDINGS
        if not await played.prometheus.query(rule.name, at=played.ended)
        or not await played.prometheus.query(rule.expression, at=played.ended)
    ]
    assert empty == []


async def test_every_figure_that_an_alert_compares_has_data(played):
    figures = {condition.figure for alert in ALERTS for condition in alert.conditions}
    empty = [
        figure for figure in sorted(figures) if not await played.prometheus.query(figure, at=played.ended)
    ]
    assert empty == []


async def test_every_query_inside_what_an_alert_says_can_be_evaluated(played):
    upstream = played.stage.emulator.url.removeprefix("http://")
    wrong = []
    for alert in ALERTS:
        queries = re.findall(r"`(.*?)`", " ".join(alert.annotations.values()))
        assert queries, alert.name
        for query in queries:
            try:
                await played.prometheus.query(query.replace("%s", upstream), at=played.ended)
            except QueryError as error:
                wrong.append(str(error))
    assert wrong == []


async def test_what_the_day_was_like_shows_in_the_figures(played):
    async def most(figure):
        series = await played.prometheus.query_range(figure, start=played.began, end=played.ended)
        return max(float(value) for one in series for _, value in one["values"])

    assert await most("upstream:connect_sidecar_client_errors:ratio_rate5m") > 0.01
    assert await most('upstream:connect_sidecar_pods_without_connect:ratio{shape="standalone"}') == 1
    assert await most('upstream:connect_sidecar_pods_without_connect:ratio{shape="sidecar"}') == 1
    assert await most("upstream:connect_sidecar_tokens_refused:count10m") == 1
    assert await most("upstream:connect_sidecar_pods_refusing_reload:count") >= 1
    assert await most("upstream:connect_sidecar_age_beyond_bound_seconds:max") < 5
    (spared,) = await played.prometheus.query(
        "upstream:connect_sidecar_upstream_requests:per_request_rate5m", at=played.ended
    )
    assert spared.value < 0.5
    assert await most("upstream:connect_sidecar_audit_lost:increase10m") == 0


async def test_nothing_pages_on_such_a_day_but_what_was_wrong(played):
    firing = await played.prometheus.query(
        'count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[10m]))', at=played.ended
    )
    assert {sample.labels["alertname"] for sample in firing} <= {"TokensRefused", "ClientErrors"}


async def test_what_is_scraped_is_what_is_documented(played):
    for series in await played.prometheus.series('{__name__=~"connect_sidecar_.+"}'):
        page = documented()[series["__name__"]]
        assert series.keys() - ADDED_BY_PROMETHEUS == page.labels.keys()


async def test_every_metric_that_a_rule_reads_was_scraped(played):
    scraped = {series["__name__"] for series in await played.prometheus.series('{__name__=~"connect_.+"}')}
    read = {
        name
        for group in GROUPS
        for rule in group.rules
        for name in re.findall(r"(?<![\w:])connect_sidecar_\w+(?![\w:])", rule.expression)
    }
    assert read - scraped == set()
