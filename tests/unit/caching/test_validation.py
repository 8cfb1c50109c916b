"""What is asked of the origin, and what a 304 changes (RFC 9111 sections 3.2 and 4.3)."""

from dataclasses import replace

import pytest

from proxy.caching.kept_fields import blanked
from proxy.caching.validation import (
    conditional_fields,
    freshened,
    has_origin_validators,
    is_only_redated,
    redated,
    shapes_answer,
    upstream_fields,
)
from tests.unit.caching.messages import answer, date, fields, get, head, stored

SHAPING = ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Range"]


@pytest.mark.parametrize("name", SHAPING)
def test_a_clients_conditions_and_ranges_do_not_go_upstream(name):
    asked = fields("Accept: a", f"{name}: x", f"{name.lower()}: y", "Cache-Control: no-cache")
    assert list(upstream_fields(asked)) == ["Accept", "Cache-Control"]
    assert shapes_answer(get(f"{name}: x"))
    assert not shapes_answer(get("Accept: a"))


VALIDATORS = [
    (('ETag: "a"',), {"If-None-Match": '"a"'}, "4.3.1"),
    (('ETag: W/"a"',), {"If-None-Match": 'W/"a"'}, "4.3.1: weak ones too"),
    (("ETag: a",), {"If-None-Match": "a"}, "as the origin spelt it"),
    ((f"Last-Modified: {date()}",), {"If-Modified-Since": date()}, "4.3.1"),
    (
        ('ETag: "a"', f"Last-Modified: {date()}"),
        {"If-None-Match": '"a"', "If-Modified-Since": date()},
        "4.3.1: both",
    ),
    ((), {}, "4.3.1: nothing to ask with"),
]


@pytest.mark.parametrize(("lines", "expected", "anchor"), VALIDATORS)
def test_only_the_origins_validators_go_upstream(lines, expected, anchor):
    held = stored(*lines, entity_tag='"ours"')
    asked = conditional_fields(fields("Accept: a"), held.response)
    assert dict(asked) == {"Accept": "a", **expected}, anchor
    assert has_origin_validators(held.response) is bool(expected)


UPDATES = [
    # stored, 304, afterwards (sorted), anchor
    (("A: 1",), ("A: 2",), ("A: 2",), "3.2: replaced"),
    (("A: 1",), ("a: 2",), ("a: 2",), "3.2: names have no case"),
    (("A: 1", "B: 2"), ("A: 3",), ("A: 3", "B: 2"), "3.2: others stay"),
    (("A: 1", "A: 2"), ("A: 3",), ("A: 3",), "3.2: all lines are replaced"),
    (("A: 1",), ("A: 2", "A: 3"), ("A: 2", "A: 3"), "3.2: by all lines"),
    (("A: 1", "A: 2"), (), ("A: 1", "A: 2"), "3.2: repeats stay"),
    ((), ("A: 1",), ("A: 1",), "3.2: added"),
    (("Content-Length: 10",), ("Content-Length: 0",), ("Content-Length: 10",), "3.2: its own length"),
    (("Content-Encoding: gzip",), ("Content-Encoding: br",), ("Content-Encoding: gzip",), "3.2: our octets"),
    ((), ("Content-Range: bytes 0-1/2",), (), "3.2"),
    ((), ("Transfer-Encoding: chunked", "Connection: x", "Keep-Alive: 1"), (), "3.2: hop by hop"),
    (("Age: 9",), ("Age: 1",), ("Age: 1",), "4.2.3"),
    (("Age: 9",), (), (), "4.2.3: of another message"),
    ((f"Date: {date()}",), (), (), "RFC 9110 6.6.1: of another message"),
    (("Set-Cookie: a", "Set-Cookie: b"), ("Set-Cookie: c",), ("Set-Cookie: c",), "3.2"),
]


@pytest.mark.parametrize(("held", "lines", "expected", "anchor"), UPDATES)
def test_a_304_updates_fields_and_nothing_else(held, lines, expected, anchor):
    before = answer(*held)
    after = freshened(before, head(*lines, status=304))
    assert sorted(f"{name}: {value}" for name, value in after.fields.items()) == sorted(expected), anchor
    assert (after.status, after.reason, after.body) == (before.status, before.reason, before.body)


CONFIRMED = [
    (("Age: 9",), ("Age: 1",), ["Age: 1"]),
    (("Age: 9",), (), []),
    ((f"Date: {date()}", "A: 1"), (f"Date: {date(9)}", "A: 2"), [f"Date: {date(9)}", "A: 1"]),
    ((f"date: {date()}", "A: 1"), (), ["A: 1"]),
    (("A: 1",), (f"Date: {date(9)}",), ["A: 1", f"Date: {date(9)}"]),
    (("A: 1", "A: 2", 'ETag: "a"'), ('ETag: "b"', "Set-Cookie: c"), ["A: 1", "A: 2", 'ETag: "a"']),
]


@pytest.mark.parametrize(("held", "lines", "expected"), CONFIRMED)
def test_an_answer_about_something_else_tells_only_of_when(held, lines, expected):
    before = answer(*held)
    after = redated(before, head(*lines))
    assert [f"{name}: {value}" for name, value in after.fields.items()] == expected
    assert (after.status, after.reason, after.body) == (before.status, before.reason, before.body)


DIFFERENCES = [
    (("Date: a", "A: 1"), ("Date: b", "A: 1"), True),
    (("A: 1",), ("A: 1",), True),
    (("Date: a", "A: 1"), ("A: 1", "Date: a"), False),
    (("A: 1", "B: 2"), ("B: 2", "A: 1"), False),
    (("Date: a", "A: 1"), ("Date: b", "A: 2"), False),
    (("Date: a", "A: 1"), ("A: 1",), False),
    (("A: 1",), ("Date: a", "A: 1"), False),
    (("Age: 1",), ("Age: 2",), False),
]


@pytest.mark.parametrize(("earlier", "later", "expected"), DIFFERENCES)
def test_only_the_date_may_be_another_where_it_was(earlier, later, expected):
    body = b"0123456789"
    after, before = (blanked(answer(*lines, body=body)) for lines in (later, earlier))
    assert is_only_redated(after, before) is expected


def test_another_body_or_status_is_another_response():
    first = answer("Date: a")
    assert not is_only_redated(answer("Date: a", body=bytes(bytearray(first.body))), first)
    assert not is_only_redated(answer("Date: a", status=203), first)
    assert not is_only_redated(replace(first, reason="Fine"), first)
