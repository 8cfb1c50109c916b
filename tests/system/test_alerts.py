"""Every alert fires when it should, once per upstream, in these words; and is quiet just below (promtool)."""

import subprocess
from pathlib import Path

import pytest

from dashboards.rules import ALERTS, render
from dashboards.settings import SETTINGS
from tests.support import promtool
from tests.system import alert_cases, more_alert_cases

pytestmark = pytest.mark.system

CASES = [
    case
    for module in (alert_cases, more_alert_cases)
    for name, cases in vars(module).items()
    if name.isupper() and isinstance(cases, tuple)
    for case in cases
]


@pytest.fixture(scope="module")
def rules(tmp_path_factory) -> Path:
    file = tmp_path_factory.mktemp("rules") / "rules.yaml"
    file.write_text(render())
    return file


def test_promtool_finds_nothing_wrong(rules):
    ran = subprocess.run(
        ["promtool", "check", "rules", "--lint-fatal", rules], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.behaviour)
def test_of_the_alerts(case, rules, tmp_path):
    assert not (complaint := promtool.run(case, rules, SETTINGS.runbook_url, tmp_path)), complaint


def test_every_alert_has_a_case_in_which_it_speaks():
    spoken = {
        (firing.name, firing.severity, firing.more_labels.get("part"))
        for case in CASES
        for firing in case.firing
        if firing.says
    }
    assert {(alert.name, alert.severity, alert.more_labels.get("part")) for alert in ALERTS} == spoken
