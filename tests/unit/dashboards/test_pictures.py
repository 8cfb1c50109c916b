"""What pictures ask: variables, durations, rows, steps."""

import json
import re
from pathlib import Path

import pytest

from dashboards.pictures.inquiry import inquire
from dashboards.pictures.prometheus import Answer, Prometheus, Span, seconds_of
from dashboards.pictures.variables import Variable, Variables, read_variables

SPAN = Span(from_seconds=1000, to_seconds=4600)
PACKAGES = Path(__file__).resolve().parents[3] / "dashboards" / "pictures"
QUERIED = {"name": "pod", "type": "query", "query": 'label_values(up{job="a,b"}, pod)'}


class Asked(Prometheus):
    """A Prometheus that notes what it is asked."""

    def __init__(self):
        super().__init__("http://prometheus:9090")
        self.queries = []

    def query(self, expression, *, at_seconds):
        self.queries.append((expression, at_seconds, 0))
        return Answer(series=({"metric": {}, "value": [at_seconds, "1"]},))

    def query_range(self, expression, *, span, step_seconds):
        self.queries.append((expression, span, step_seconds))
        return Answer(series=({"metric": {}, "values": [[span.from_seconds, "1"]]},))

    def label_values(self, label, *, selector, span):
        self.queries.append((selector, label, span))
        return ("a.b", "c")

    def scrape_interval_seconds(self):
        return 15.0


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        ("$pod", "a|b"),
        ("${pod}", "a|b"),
        ("${pod:regex}", "a|b"),
        ("${pod:text}", "All"),
        ("[[pod]]", "a|b"),
        ("$pods ${__field.labels.pod} $1", "$pods ${__field.labels.pod} $1"),
        ('x{pod=~"$pod"}[$__range]', 'x{pod=~"a|b"}[60s]'),
    ],
)
def test_a_variable_is_replaced_in_all_its_spellings_and_nothing_else_is(text, replaced):
    variables = Variables({"pod": Variable(value="a|b", text="All")}).with_values(__range="60s")
    assert variables.replaced(text) == replaced


@pytest.mark.parametrize(
    ("declared", "value", "text"),
    [
        ({}, "a.b", "a.b"),
        ({"multi": True}, r"a\\.b", "a.b"),
        ({"includeAll": True, "multi": True}, r"(a\\.b|c)", "All"),
        ({"includeAll": True, "allValue": ".*", "current": {"value": ["$__all"]}}, ".*", "All"),
        ({"current": {"value": "c"}}, "c", "c"),
        ({"multi": True, "current": {"value": ["a.b", "c"]}}, r"(a\\.b|c)", "a.b + c"),
    ],
)
def test_what_a_queried_variable_stands_for(declared, value, text):
    prometheus = Asked()
    dashboard = {"templating": {"list": [{**QUERIED, **declared}]}}
    variables, shown = read_variables(dashboard, prometheus, span=SPAN, chosen={})
    assert variables.replaced("$pod") == value
    assert shown == (("pod", text),)
    assert prometheus.queries == [('up{job="a,b"}', "pod", SPAN)]


def test_a_chosen_value_wins_and_a_hidden_variable_is_not_shown():
    dashboard = {"templating": {"list": [{**QUERIED, "hide": 2}]}}
    variables, shown = read_variables(dashboard, Asked(), span=SPAN, chosen={"pod": "mine"})
    assert (variables.replaced("$pod"), shown) == ("mine", ())


@pytest.mark.parametrize(
    ("text", "seconds"), [("15s", 15), ("1m30s", 90), (">250ms", 0.25), ("1h", 3600), ("1.5d", 129600)]
)
def test_a_duration_is_read(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["15", "s", "1x", "1 s"])
def test_what_is_no_duration_is_said(text):
    with pytest.raises(ValueError, match="not a duration"):
        seconds_of(text)


def test_a_collapsed_row_is_opened_and_pushes_down_what_lies_below():
    def at(number, y, h=4):
        return {"id": number, "type": "text", "gridPos": {"x": 0, "y": y, "w": 24, "h": h}}

    row = {
        "id": 1,
        "type": "row",
        "collapsed": True,
        "gridPos": {"x": 0, "y": 4, "w": 24, "h": 1},
        "panels": [at(2, 9)],
    }
    dashboard = {"title": "Rows", "panels": [at(0, 0), row, at(3, 5)]}
    scene = inquire(dashboard, Asked(), span=SPAN, width=1600, chosen={})
    assert [(panel["id"], panel["gridPos"]["y"]) for panel in scene.content["panels"]] == [
        (0, 0),
        (1, 4),
        (2, 5),
        (3, 9),
    ]


def test_queries_are_asked_as_grafana_asks_them():
    targets = [
        {"refId": "A", "expr": "rate(x[$__rate_interval])"},
        {"refId": "B", "expr": "increase(x[$__range])", "instant": True},
        {"refId": "C", "expr": "unseen", "hide": True},
        {"refId": "D", "expr": "x[$__interval]", "interval": "2m"},
    ]
    panel = {
        "id": 1,
        "type": "timeseries",
        "title": "",
        "gridPos": {"x": 0, "y": 0, "w": 3, "h": 4},
        "targets": targets,
    }
    prometheus = Asked()
    inquire({"title": "Steps", "panels": [panel]}, prometheus, span=SPAN, width=1600, chosen={})
    # An hour on 200 points is a step of 18 s, rounded up to 20; four scrapes are longer than that.
    assert prometheus.queries == [
        ("rate(x[60s])", SPAN, 20),
        ("increase(x[3600s])", 4600, 0),
        ("x[120s]", SPAN, 120),
    ]


def test_an_annotation_lasts_while_its_value_is_above_zero_and_none_is_missing():
    class Marked(Asked):
        def query_range(self, expression, *, span, step_seconds):
            assert (expression, step_seconds) == ("up == 0", 60)
            moments = {0: "0", 60: "1", 120: "2", 180: "NaN", 240: "1", 360: "1", 420: "1", 480: "0"}
            return Answer(series=({"metric": {}, "values": [list(each) for each in moments.items()]},))

    mark = {"name": "Down", "expr": "up == 0", "step": "60s"}
    hidden = {**mark, "name": "Never", "enable": False}
    dashboard = {"title": "Marks", "annotations": {"list": [mark, hidden]}}
    (drawn,) = inquire(dashboard, Marked(), span=SPAN, width=1600, chosen={}).content["annotations"]
    assert drawn["name"] == "Down"
    assert drawn["regions"] == [[60_000, 120_000], [240_000, 240_000], [360_000, 420_000]]


def test_the_lock_of_the_npm_packages_has_a_hash_for_everything_and_names_no_host():
    lock = json.loads((PACKAGES / "package-lock.json").read_text())
    wanted = json.loads((PACKAGES / "package.json").read_text())["dependencies"]
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not any("resolved" in package for package in packages.values())
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
