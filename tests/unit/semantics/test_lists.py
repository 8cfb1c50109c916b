"""List-based fields (RFC 9110 section 5.6.1)."""

import time

import pytest

from proxy.semantics.lists import elements, split_list, unquote
from tests.unit.caching.messages import fields

LISTS = [
    ("a, b", ["a", "b"], "5.6.1"),
    ("a,b", ["a", "b"], "5.6.1.1"),
    ("a \t,\t b", ["a", "b"], "5.6.3: optional white space"),
    ("", [], "nothing"),
    (" , ,,", [], "5.6.1.2: empty elements"),
    (",a,,b,", ["a", "b"], "5.6.1.2: empty elements"),
    ('"a,b", c', ['"a,b"', "c"], "5.6.4: a comma in quotes"),
    ('x="a,b";y="c,d", e', ['x="a,b";y="c,d"', "e"], "5.6.4"),
    ('"a\\",b", c', ['"a\\",b"', "c"], "5.6.4: an escaped quote"),
    ('"a\\\\",b', ['"a\\\\"', "b"], "5.6.4: an escaped backslash"),
    ('a, "b, c', ["a", '"b, c'], "an unclosed quote runs to the end"),
    ('a, "b, c\\', ["a", '"b, c\\'], "an unclosed quote that ends in a backslash"),
    ('"', ['"'], "a quote alone"),
    ('a"b,c"d, e', ['a"b,c"d', "e"], "a quote in mid-token"),
    ('"a\nb", c', ['"a\nb"', "c"], "line feeds are no separators"),
    ("a b", ["a b"], "white space separates nothing"),
    ("\udcff, b", ["\udcff", "b"], "octets that are no text"),
]


@pytest.mark.parametrize(("value", "expected", "anchor"), LISTS)
def test_a_list_is_split_at_commas_outside_quotes(value, expected, anchor):
    assert list(split_list(value)) == expected, anchor


def test_lines_are_one_list_in_order():
    assert elements(fields("A: 1, 2", "B: x", "a: 3"), "A") == ["1", "2", "3"]
    assert elements(fields("B: x"), "A") == []


def test_a_quote_does_not_reach_into_the_next_line():
    assert elements(fields('A: "1, 2', "A: 3"), "A") == ['"1, 2', "3"]


QUOTED = [
    ("a", "a"),
    ('"a"', "a"),
    ('"a\\"b"', 'a"b'),
    ('"a\\\\b"', "a\\b"),
    ('""', ""),
    ('"', '"'),
    ('"a', '"a'),
]


@pytest.mark.parametrize(("text", "expected"), QUOTED)
def test_a_quoted_string_loses_quotes_and_escapes(text, expected):
    assert unquote(text) == expected


@pytest.mark.parametrize("value", ['"' * 65_535, '"\\' * 32_000, 'a"' * 32_000, ',"' * 32_000, "," * 65_536])
def test_a_hostile_field_takes_linear_time(value):
    started = time.process_time()
    list(split_list(value))
    assert time.process_time() - started < 1.0
