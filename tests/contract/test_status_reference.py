"""docs/status.md names every field of the status document, every reason, state and nested field, and nothing else."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from proxy.status.document import ChangeStatus, EndpointStatus, Reason, State, Status, TokenStatus

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "status.md").read_text()
ROWS = dict(re.findall(r"^\| (`[a-z0-9`_, ]+`) \| (.*) \|$", PAGE, re.MULTILINE))


def words(text):
    return re.findall(r"`([a-z0-9_]+)`", text)


def names(kind):
    return [field.name for field in fields(kind)]


def test_every_field_has_its_place_in_the_table_and_nothing_else_has():
    told = [name for row in ROWS for name in words(row)]
    assert sorted(told) == sorted(names(Status))


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("state", list(State)),
        ("reasons", list(Reason)),
        ("endpoints", names(EndpointStatus)),
        ("tokens", names(TokenStatus)),
        ("changes", names(ChangeStatus)),
    ],
)
def test_what_a_field_may_hold_is_told(field, expected):
    assert sorted(words(ROWS[f"`{field}`"])) == sorted(expected)


def test_a_number_has_its_unit_in_its_name():
    units = ("_seconds", "_bytes", "_percent", "_per_second")
    floats = {
        field.name
        for kind in (Status, TokenStatus, ChangeStatus, EndpointStatus)
        for field in fields(kind)
        if "float" in str(field.type)
    }
    assert [name for name in floats if not name.endswith(units)] == []
