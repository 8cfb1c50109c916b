"""docs/audit.md and the lines that are written name the same events and members, both ways."""

import re
from pathlib import Path

import msgspec

from proxy.audit.findings import Finding, Severity
from proxy.audit.records import Closed, EventName, Lead, Lost, Opened, Read, Rotated

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()


def first_cells(heading):
    """Return the words in the first column of the table under a line that begins so."""
    rows = PAGE.partition(heading)[2].partition("\n\n")[0].splitlines()[1:]
    return {word for row in rows for word in re.findall(r"`([\w.]+)`", row.split("|")[1])}


def test_every_member_of_a_read_is_on_the_page_and_no_other():
    members = {field.name for kind in (Lead, Read) for field in msgspec.structs.fields(kind)}
    assert first_cells("| member | in | what |") == members | {"mac"}


def test_every_event_is_on_the_page_and_no_other():
    assert first_cells("| event | when |") == set(EventName)
    assert {kind.event for kind in (Opened, Read, Lost, Rotated, Closed)} == set(EventName)


def test_every_finding_has_a_severity():
    assert {finding.severity for finding in Finding} == set(Severity)
