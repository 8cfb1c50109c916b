"""The page that lists log events and the code that writes them say the same, both ways; and so do the lines."""

import ast
import re
from pathlib import Path

import pytest

from proxy.adapters.logs import FIELDS, LogEvent

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "metrics.md"
MODULES = sorted((ROOT / "proxy").rglob("*.py"))
LEVELS = {"debug", "info", "warning", "error", "critical"}
ROW = re.compile(r"^\| `([a-z_]+\.[a-z_]+)` \| ([a-z, ]+) \| ((?:`[a-z_]+` ?)+) \| [^|]+ \|$", re.MULTILINE)


def rows():
    """Return event -> its fields, of the section `Log events`."""
    section = PAGE.read_text().partition("## Log events")[2].partition("\n## ")[0]
    return {event: tuple(re.findall(r"`(\w+)`", fields)) for event, _, fields in ROW.findall(section)}


def test_every_event_is_on_the_page_and_nothing_else_is():
    assert rows().keys() == set(LogEvent)


@pytest.mark.parametrize("event", list(LogEvent))
def test_the_page_has_every_field_of_an_event_in_the_order_of_the_line(event):
    assert rows()[event] == FIELDS[event]


def calls_of_the_logger(module):
    """Yield (event, keywords) of every line that a module writes."""
    for node in ast.walk(ast.parse(module.read_text())):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        owner = node.func.value
        name = owner.attr if isinstance(owner, ast.Attribute) else ""
        if name in {"logger", "_logger"} and node.func.attr in LEVELS | {"log"}:
            yield node.args[node.func.attr == "log"], {keyword.arg for keyword in node.keywords}


def test_no_line_is_written_of_an_event_or_with_a_field_that_is_not_in_the_table():
    seen = 0
    for module in MODULES:
        for event, keywords in calls_of_the_logger(module):
            seen += 1
            assert not isinstance(event, ast.Constant), f"{module}:{event.lineno} names no LogEvent"
            if isinstance(event, ast.Attribute) and event.attr in LogEvent.__members__:
                assert keywords - {None} <= set(FIELDS[LogEvent[event.attr]]), f"{module}:{event.lineno}"
    assert seen > 10
