"""docs/errors.md has every message that clients, commands and starts can give, and no other."""

import re
from pathlib import Path

from proxy.connect.error_response import STATUS_OF, Message
from tests.support.told import refusals

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "errors.md").read_text()
FOR_CLIENTS, FOR_OPERATORS = PAGE.split("\n## What a command or a start says\n")
# A cell's own `|` is escaped; a message has none. One with backticks in it stands in two.
ROW = re.compile(r"^\| (?:(\d{3}) \| )?``?(.+?)``? \| (.+) \|$", re.MULTILINE)


def rows(text):
    return [row.groups() for row in ROW.finditer(text)]


def test_clients_messages_stand_there_with_their_status_once_each():
    told = [(int(status), message) for status, message, _ in rows(FOR_CLIENTS)]
    assert sorted(told) == sorted((STATUS_OF[message], message.value) for message in Message)


def test_every_line_of_a_command_or_a_start_stands_there_and_no_other():
    told = {message for _, message, _ in rows(FOR_OPERATORS)}
    assert told == refusals()


def test_no_line_stands_there_twice():
    told = [message for _, message, _ in rows(PAGE)]
    assert len(told) == len(set(told))


def test_every_row_says_what_to_do():
    assert all(rest.rpartition("|")[2].strip() for _, _, rest in rows(PAGE))


def test_what_reads_the_code_finds_what_is_said_today():
    found = refusals()
    assert len(found) > 90
    assert "upstream.total_seconds: is less than upstream.head_seconds, which is a part of it" in found
    assert "…: no such setting" in found
