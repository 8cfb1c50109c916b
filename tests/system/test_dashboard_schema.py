"""The boards are what Grafana's own types say, of the version they are written for and of the newest.

The types are TypeScript; a schema is made of them (tests/system/grafana_schema). They say nothing of the fields that
Prometheus' own annotations add, and leave every panel's options open: those have types of their own.
"""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import jsonschema_rs
import pytest

from tests.support.boards import boards

pytestmark = pytest.mark.system

INSTALLED = Path(sys.prefix) / "grafana-schema"
OF_PROMETHEUS = ("expr", "step", "titleFormat", "useValueForTime")
KINDS = ("stat", "table", "timeseries")


@cache
def validator():
    """Return what checks a document of `Board` in types.d.ts."""
    made = subprocess.run(
        [
            INSTALLED / "node_modules/.bin/ts-json-schema-generator",
            *("--path", INSTALLED / "types.d.ts", "--type", "Board"),
            *("--expose", "none", "--no-top-ref", "--no-type-check"),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return jsonschema_rs.validator_for(json.loads(made.stdout))


def document_of(board):
    """Return a board, and apart from it what its panels are made of."""
    document = {"oldest": board, "newest": board}
    for kind in KINDS:
        shown = [panel for panel in board["panels"] if panel["type"] == kind]
        document[kind] = [panel["options"] for panel in shown]
        document[f"{kind}_fields"] = [fields for panel in shown for fields in fields_of(panel)]
    del document["stat_fields"]  # it has none
    return document


def fields_of(panel):
    """Yield how a panel draws its lines or cells: by default, and where something else is said of some."""
    yield panel["fieldConfig"]["defaults"].get("custom", {})
    for override in panel["fieldConfig"]["overrides"]:
        yield {
            entry["id"].removeprefix("custom."): entry["value"]
            for entry in override["properties"]
            if entry["id"].startswith("custom.")
        }


def problems(board):
    return [f"{list(e.instance_path)}: {e.message}" for e in validator().iter_errors(document_of(board))]


@pytest.fixture(params=boards())
def board(request):
    found = boards()[request.param]
    for mark in found["annotations"]["list"]:
        for field in OF_PROMETHEUS:
            del mark[field]
    return found


def test_a_board_is_what_grafanas_types_say(board):
    assert problems(board) == []


def test_a_field_that_grafana_does_not_know_is_found(board):
    board["panels"][-1]["options"]["legend"]["place"] = "bottom"
    board["panels"][-1]["fieldConfig"]["defaults"]["custom"]["lineWidht"] = 1
    board["colour"] = "green"
    assert len(problems(board)) == 4  # the last one by both versions
