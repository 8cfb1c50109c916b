"""Rules and alerts against what people build on: docs/metrics.md has what they read, docs/runbook.md what they say."""

import ast
import re
from pathlib import Path

import pytest
import yaml

import dashboards
from dashboards.__main__ import differences
from dashboards.recordings import Recording
from dashboards.rules import ALERTS, GROUPS, RECORDINGS, render
from dashboards.settings import SETTINGS
from tests.support.metrics_page import documented

RULES = [rule for group in GROUPS for rule in group.rules]
RUNBOOK = (Path(__file__).resolve().parents[3] / "docs" / "runbook.md").read_text()
OF_TARGETS = {"namespace", "workload", "pod", "job", "instance"}
RECORDED = {rule.name for rule in RECORDINGS}


def name_of(rule):
    return rule.name + ("" if isinstance(rule, Recording) else f" {rule.severity}")


def texts_of(rule):
    """Return the expression, and the queries inside what an alert says."""
    said = [] if isinstance(rule, Recording) else re.findall(r"`(.*?)`", " ".join(rule.annotations.values()))
    return [rule.expression, *said]


def selectors(text):
    """Return name -> matchers (label, value) of each of our metrics in it."""
    for name, matchers in re.findall(r"(?<![\w:])(connect_sidecar_\w+)(?![\w:])(?:{(.*?)})?", text):
        yield name, re.findall(r'(\w+)(=~|!~|!=|=)"(.*?)"', matchers)


def made_up(text):
    return set(re.findall(r'"(\w+)", "\w*", "\w*", ".*?"', text))


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_every_metric_and_label_that_a_rule_reads_exists(rule):
    for text in texts_of(rule):
        known = OF_TARGETS | made_up(text)
        for name, matchers in selectors(text):
            assert name in documented()
            labels = documented()[name].labels
            known |= set(labels)
            for label, operator, value in matchers:
                assert label in labels
                assert operator != "=" or not labels[label] or value in labels[label]
        for name in re.findall(r"\w+:connect_sidecar_\w+:\w+", text):
            assert name in RECORDED
            known |= {"upstream", "cache", "result", "shape", "token"}
        for group in re.findall(r"\b(?:by|on|ignoring|group_left|group_right) \((.*?)\)", text):
            assert set(filter(None, group.split(", "))) <= known


@pytest.mark.parametrize("rule", RULES, ids=name_of)
def test_a_rule_reads_no_recording_that_is_worked_out_after_it(rule):
    before = [known.name for known in RULES[: RULES.index(rule)]]
    assert set(re.findall(r"\w+:connect_sidecar_\w+:\w+", rule.expression)) <= set(before)


@pytest.mark.parametrize("rule", RECORDINGS, ids=name_of)
def test_the_level_in_the_name_of_a_recording_is_what_its_labels_are(rule):
    (labels, *_) = re.findall(r"\bby \((.*?)\)", rule.expression) or [""]
    level = rule.name.partition(":")[0]
    if level == "workload":
        assert labels.startswith("namespace, workload, upstream")
    else:
        assert labels.startswith(level.replace("_", ", ")) or rule.name.endswith(":per_request_rate5m")


@pytest.mark.parametrize("alert", ALERTS, ids=name_of)
def test_no_alert_is_about_a_pod(alert):
    for condition in alert.conditions:
        assert re.match(r"(min by \(upstream\) \()?upstream(_token)?:", condition.figure)


def test_the_file_is_as_the_code_renders_it():
    assert not differences(), "run `make dashboards`"


def test_the_file_says_what_the_rules_say():
    groups = yaml.safe_load(render())["groups"]
    read = [rule for group in groups for rule in group["rules"]]
    assert [rule["expr"] for rule in read] == [rule.expression for rule in RULES]
    told = [rule for rule in read if "alert" in rule]
    assert [rule["labels"] for rule in told] == [dict(alert.labels) for alert in ALERTS]
    assert [rule["annotations"] for rule in told] == [dict(alert.annotations) for alert in ALERTS]
    assert [rule.get("for", "") for rule in told] == [alert.hold for alert in ALERTS]


def test_every_alert_has_an_entry_in_the_runbook_and_every_entry_an_alert():
    entries = re.findall(r"^## (\w+)$", RUNBOOK, re.MULTILINE)
    assert entries == list(dict.fromkeys(entries)), "no entry twice"
    assert set(entries) == {alert.name for alert in ALERTS}
    assert {alert.annotations["runbook_url"] for alert in ALERTS} == {
        f"{SETTINGS.runbook_url}#{entry.lower()}" for entry in entries
    }


@pytest.mark.parametrize("entry", RUNBOOK.split("\n## ")[1:], ids=lambda entry: entry.split("\n")[0])
def test_an_entry_says_what_a_person_needs_at_night(entry):
    parts = re.findall(r"^\*\*(.*?)\*\*", entry, re.MULTILINE)
    assert parts == ["It means", "How bad", "Look at", "Do", "It is over when"]


def test_every_part_of_sidecar_sick_is_in_its_entry():
    entry = RUNBOOK.partition("\n## SidecarSick\n")[2].partition("\n## ")[0]
    parts = {alert.more_labels["part"] for alert in ALERTS if alert.name == "SidecarSick"}
    assert set(re.findall(r"^- `(\w+)`", entry, re.MULTILINE)) >= parts


def test_dashboards_import_nothing_of_the_sidecar():
    for module in Path(dashboards.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] == "proxy"], module
