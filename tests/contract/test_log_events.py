"""The page that lists log events and the code that writes them say the same, both ways; and so do the lines."""

import re
from pathlib import Path

import pytest

from proxy.adapters.logs import FIELDS, LogEvent

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROW = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \| ([a-z, ]+) \| ((?:`[a-z_]+` ?)+) \| [^|]+ \|$", re.MULTILINE)


def rows():
    """Return event -> its fields, of the section `Log events`."""
    page = next(text for path in sorted(DOCS.glob("*.md")) if "## Log events" in (text := path.read_text()))
    section = page.partition("## Log events")[2].partition("\n## ")[0]
    return {event: tuple(re.findall(r"`(\w+)`", fields)) for event, _, fields in ROW.findall(section)}


def test_every_event_is_on_the_page_and_nothing_else_is():
    assert rows().keys() == set(LogEvent)


@pytest.mark.parametrize("event", list(LogEvent))
def test_the_page_has_every_field_of_an_event_in_the_order_of_the_line(event):
    assert rows()[event] == FIELDS[event]
