"""Structured fields (RFC 9651), as far as we speak them."""

import pytest

from proxy.semantics.structured_fields import parse_dictionary, serialize_string

DICTIONARIES = [
    ("", {}, "4.2: an empty dictionary"),
    ("a", {"a": None}, "3.2: true without a value"),
    ("a=1, b=2", {"a": "1", "b": "2"}, "3.2"),
    ("a=1,b=2", {"a": "1", "b": "2"}, "3.2"),
    ("  a=1 \t,\t b=2  ", {"a": "1", "b": "2"}, "4.2: optional white space"),
    ("a=1, a=2", {"a": "2"}, "4.2.2: the last one wins"),
    ("a=1, b=2, a=3", {"b": "2", "a": "3"}, "4.2.2: the last one wins"),
    ("a=-1", {"a": "-1"}, "3.3.1"),
    ("a=999999999999999", {"a": "999999999999999"}, "3.3.1: fifteen digits"),
    ("a=1.5", {"a": "1.5"}, "3.3.2"),
    ('a="x, y"', {"a": "x, y"}, "3.3.3"),
    ('a="x\\"y\\\\"', {"a": 'x"y\\'}, "3.3.3: escapes"),
    ("a=Token/x:1", {"a": "Token/x:1"}, "3.3.4"),
    ("a=*x", {"a": "*x"}, "3.3.4"),
    ("a=:aGk=:", {"a": ":aGk=:"}, "3.3.5"),
    ("a=?1", {"a": None}, "3.3.6: true, spelt out"),
    ("a=?0", {"a": "?0"}, "3.3.6"),
    ("a=@17", {"a": "@17"}, "3.3.7"),
    ('a=%"f%c3%bc"', {"a": '%"f%c3%bc"'}, "3.3.8"),
    ("a=(b c), d", {"a": "(b c)", "d": None}, "3.1.1"),
    ('a=( "b" 1;x=2 );y', {"a": '( "b" 1;x=2 )'}, "3.1.1"),
    ("a=()", {"a": "()"}, "3.1.1"),
    ("a=1;b=2; c;d=?0, e", {"a": "1", "e": None}, "3.1.2: parameters are dropped"),
    ("a;b", {"a": None}, "3.1.2"),
    ("*a.b-c_d*=1", {"*a.b-c_d*": "1"}, "3.1.2"),
]


@pytest.mark.parametrize(("value", "expected", "anchor"), DICTIONARIES)
def test_a_dictionary_is_read(value, expected, anchor):
    assert parse_dictionary(value) == expected, anchor


MALFORMED = [
    "a,",
    ",a",
    "a,,b",
    "A",
    "1",
    "a =1",
    "a= 1",
    "a=",
    "a=1 b",
    "a=1x;",
    "a=-",
    "a=1.",
    "a=.5",
    "a=1.1234",
]
MALFORMED += [
    'a="',
    'a="\\x"',
    'a="\u00e9"',
    'a="\t"',
    "a=?2",
    "a=(b",
    "a=(b,c)",
    "a=(b(c))",
    '(a"b"',
    "a=1;",
    "a=1;B",
]
MALFORMED += [
    "a=1; b=",
    "a=1234567890123456",
    "a=1234567890123.1",
    "a=:*:",
    "a=@",
    "a=\u0661",
    "\x00",
    '"a"=1',
    "a\n",
]
MALFORMED += ['a=("b""c")', "a ;b"]


@pytest.mark.parametrize("value", MALFORMED)
def test_a_malformed_dictionary_is_none(value):
    assert parse_dictionary(value) is None


STRINGS = [
    ("token", "token"),
    ("too_large", "too_large"),
    ("a/b:c", "a/b:c"),
    ("500", '"500"'),
    ("two words", '"two words"'),
    ('a"b\\c', '"a\\"b\\\\c"'),
    ("", '""'),
    ("caf\u00e9\n", '"caf??"'),
    ("a;b", '"a;b"'),
]


@pytest.mark.parametrize(("text", "expected"), STRINGS)
def test_a_text_is_written_as_token_or_quoted(text, expected):
    assert serialize_string(text) == expected
