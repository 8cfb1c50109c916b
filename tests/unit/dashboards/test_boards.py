"""What every panel owes its reader, and every board Grafana."""

import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard as grafana

from dashboards.__main__ import DIRECTORY, RENDERED, differences
from dashboards.colours import Colour
from dashboards.render import BOARDS
from dashboards.settings import SETTINGS
from tests.support.boards import boards, panels

DOCS = Path(__file__).resolve().parents[3] / "docs"
PANELS = list(panels())
KINDS = {"stat", "timeseries", "table"}
COLUMNS = 24


def as_id(value):
    return value["title"] if isinstance(value, dict) else value


def anchors(page):
    """Return the anchors of a page's headings, as its readers' browsers have them."""
    headings = re.findall(r"^#+ (.+)$", (DOCS / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", RENDERED)
def test_what_is_committed_is_what_is_rendered(name):
    text = (DIRECTORY / name).read_text()
    assert text == RENDERED[name](), "run `make dashboards`"
    assert text.endswith("\n")


def test_lint_says_what_is_not_as_rendered(tmp_path, monkeypatch):
    monkeypatch.setattr("dashboards.__main__.DIRECTORY", tmp_path)
    monkeypatch.setattr("dashboards.__main__.RENDERED", BOARDS)
    for name, render in BOARDS.items():
        (tmp_path / name).write_text(render())
    assert differences() == []
    board = tmp_path / "overview.json"
    board.write_text(board.read_text().replace("Are clients getting errors?", "Client errors"))
    assert any("Client errors" in line for line in differences())


@pytest.mark.parametrize("name", BOARDS)
def test_grafanas_own_types_read_a_board_and_write_the_same(name):
    register_default_plugins()
    board = boards()[name]
    for mark in board["annotations"]["list"]:  # what the types lack, and Prometheus' annotations have
        for beyond in ("titleFormat", "step", "useValueForTime"):
            del mark[beyond]
    for variable in board["templating"]["list"]:  # what the types fill in, and only intervals have
        variable |= {"auto": False, "auto_count": 30, "auto_min": "10s"}
    assert json.loads(json.dumps(grafana.Dashboard.from_json(board), cls=JSONEncoder)) == board


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=as_id)
def test_a_title_is_one_short_question(name, panel):
    assert re.fullmatch(r"[A-Z][^?.:()]{8,64}\?", panel["title"])


def test_no_two_panels_ask_the_same():
    titles = [panel["title"] for _, panel in PANELS]
    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=as_id)
def test_a_description_says_what_is_shown_what_is_good_and_where_to_read_on(name, panel):
    shows, good, link = panel["description"].split("\n\n")
    assert shows[0].isupper()
    assert shows.endswith(".")
    assert good.startswith("**Good:** ")
    assert len(good) > 12
    (in_menu,) = panel["links"]
    assert link == f"[{in_menu['title']}]({in_menu['url']})"


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=as_id)
def test_a_panels_page_has_the_entry_it_points_to(name, panel):
    page, _, anchor = panel["links"][0]["url"].rpartition("/")[2].partition("#")
    assert panel["links"][0]["url"].startswith(SETTINGS.runbook_url.rpartition("/")[0])
    assert anchor in anchors(page)


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=as_id)
def test_a_panel_has_a_unit_and_says_something_when_nothing_happens(name, panel):
    assert panel["type"] in KINDS
    defaults = panel["fieldConfig"]["defaults"]
    in_cells = [
        override
        for override in panel["fieldConfig"]["overrides"]
        if any(entry["id"] == "unit" for entry in override["properties"])
    ]
    assert defaults.get("unit") or len(in_cells) == len(panel["targets"])
    assert defaults["noValue"]
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize(
    ("name", "panel"), [(name, panel) for name, panel in PANELS if panel["type"] == "stat"], ids=as_id
)
def test_a_figure_has_a_colour_for_good_and_for_bad(name, panel):
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert steps[0]["value"] is None
    assert [step["value"] for step in steps[1:]] == sorted(step["value"] for step in steps[1:])
    assert {steps[0]["color"], steps[-1]["color"]} & {Colour.GOOD}
    assert len(steps) > 1


@pytest.mark.parametrize(("name", "panel"), PANELS, ids=as_id)
def test_a_colour_is_one_that_has_a_meaning(name, panel):
    fixed = [
        entry["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"]
        for entry in override["properties"]
        if entry["id"] == "color"
    ]
    assert set(fixed) <= set(Colour)


def test_the_same_word_has_the_same_colour_everywhere():
    colours = {}
    for _, panel in PANELS:
        for override in panel["fieldConfig"]["overrides"]:
            if override["matcher"]["id"] == "byName":
                for entry in override["properties"]:
                    if entry["id"] == "color":
                        colours.setdefault(override["matcher"]["options"], set()).add(
                            entry["value"]["fixedColor"]
                        )
    assert {word: found for word, found in colours.items() if len(found) > 1} == {}


@pytest.mark.parametrize("name", BOARDS)
def test_panels_fill_the_width_and_never_overlap(name):
    taken = {}
    for panel in boards()[name]["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert x < COLUMNS
                assert (x, y) not in taken, f"{panel['title']} lies over {taken[x, y]}"
                taken[x, y] = panel["title"]
    assert len(taken) == COLUMNS * (max(y for _, y in taken) + 1), "there is a gap"


@pytest.mark.parametrize("name", BOARDS)
def test_panels_are_numbered_in_reading_order(name):
    listed = boards()[name]["panels"]
    assert [panel["id"] for panel in listed] == list(range(1, len(listed) + 1))
    places = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in listed]
    assert places == sorted(places)


@pytest.mark.parametrize("name", BOARDS)
def test_one_chooses_source_namespace_workload_and_pod(name):
    variables = boards()[name]["templating"]["list"]
    shown = [
        variable["name"]
        for variable in variables
        if variable.get("hide") != grafana.VariableHide.HIDE_VARIABLE
    ]
    assert shown == ["datasource", "namespace", "workload", "pod"]
    of_targets = [variable for variable in variables if variable["type"] == "query"]
    assert all(variable["includeAll"] and variable["allValue"] == ".*" for variable in of_targets)


@pytest.mark.parametrize("name", BOARDS)
def test_graphs_mark_what_explains_a_bend(name):
    marks = [mark["name"] for mark in boards()[name]["annotations"]["list"]]
    assert marks == ["Version", "Reload", "Mode change", "Purge", "Connect restart"]


def test_the_boards_lead_to_each_other_and_have_addresses_of_their_own():
    found = boards().values()
    assert len({board["uid"] for board in found}) == len(BOARDS)
    for board in found:
        (others, page) = board["links"]
        assert others["type"] == "dashboards"
        assert set(others["tags"]) <= set(board["tags"])
        assert others["includeVars"]
        assert page["url"].rpartition("/")[2].partition("#")[2] in anchors("dashboards.md")


def test_a_row_of_the_ranking_leads_to_its_lines_traces_and_runbook():
    (table,) = [panel for _, panel in PANELS if panel["title"] == "Who gets the most errors?"]
    urls = {
        override["matcher"]["options"]: entry["value"][0]["url"]
        for override in table["fieldConfig"]["overrides"]
        for entry in override["properties"]
        if entry["id"] == "links"
    }
    assert urls.keys() == {"Logs", "Traces", "Runbook"}
    for name in ("Logs", "Traces"):
        address = urlsplit(urls[name].replace("${__data.fields.Workload}", "billing"))
        assert address.path == "/explore"
        (pane,) = json.loads(parse_qs(address.query)["panes"][0]).values()
        assert pane["datasource"] == f"${{{name.lower()}}}"
        (asked,) = pane["queries"]
        assert '=~"billing.*"' in asked.get("expr", asked.get("query"))
