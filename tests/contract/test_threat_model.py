"""Every row of THREAT_MODEL.md names tests, and they exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    line
    for line in (ROOT / "THREAT_MODEL.md").read_text().splitlines()
    if line.startswith("| ") and "→" in line and not line.startswith("| from")
]


def test_there_are_rows():
    assert len(ROWS) >= 15


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_a_boundary_names_tests_that_exist(row):
    tests = re.findall(r"`(tests/[\w/.]+)`", row)
    assert tests
    assert [test for test in tests if not (ROOT / test).is_file()] == []
