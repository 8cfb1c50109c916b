"""What the chart says twice is the same: versions, settings, rules and dashboards."""

import json
import re

import pytest

import proxy
from helm.chart import DIRECTORY, RENDERED
from helm.settings_schema import ELSEWHERE, NOT_IN_A_POD, settings_schema
from helm.values import values
from proxy.config.keys import keys
from proxy.config.live import LIVE

ROOT = DIRECTORY.parents[1]
TEMPLATES = DIRECTORY / "templates"


@pytest.mark.parametrize("path", RENDERED, ids=lambda path: path.name)
def test_schema_and_table_are_as_rendered_from_the_values(path):
    assert path.read_text() == RENDERED[path](), "run `make docs`"


def test_the_versions_of_the_chart_are_the_program_s():
    text = (DIRECTORY / "Chart.yaml").read_text()
    assert re.findall(r"^(?:version|appVersion): (\S+)", text, re.MULTILINE) == [proxy.__version__] * 2


def test_every_setting_has_exactly_one_place_in_the_values_or_a_reason_to_have_none():
    offered = {
        f"{section}.{name}"
        for section, schema in settings_schema()["properties"].items()
        for name in schema["properties"]
    }
    assert not offered & (ELSEWHERE | NOT_IN_A_POD)
    assert not ELSEWHERE & NOT_IN_A_POD
    assert offered | ELSEWHERE | NOT_IN_A_POD == {key.path for key in keys()}


def test_what_the_chart_takes_for_live_is_live():
    text = (TEMPLATES / "_settings.tpl").read_text().partition('define "connect-sidecar.live"')[2]
    named = set(re.findall(r'"([a-z_]+\.[a-z0-9_]+)"', text.partition("toJson $names")[0]))
    assert {name.removeprefix("top.") for name in named} == LIVE


def test_rules_and_dashboards_of_the_chart_are_the_rendered_ones():
    there = {path.name: path.read_bytes() for path in (DIRECTORY / "files").iterdir()}
    assert there == {path.name: path.read_bytes() for path in (ROOT / "dashboards" / "rendered").iterdir()}


def test_no_object_of_the_schema_takes_a_key_that_is_not_known():
    schema = json.loads((DIRECTORY / "values.schema.json").read_text())
    sections = {value.path[:-1] for value in values(DIRECTORY)}
    for section in sections:
        node = schema
        for name in section:
            node = node["properties"][name]
        assert node["additionalProperties"] is False, section
