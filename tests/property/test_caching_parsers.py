"""Nothing a client or an origin can write makes a parser raise, or take long (RFC 9110, 9111, 9651)."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching.directives import (
    MOST_SECONDS,
    delta_seconds,
    request_directives,
    response_directives,
    targeted_directives,
)
from proxy.caching.invalidation import outdated_targets
from proxy.semantics.content_coding import accepts_codings
from proxy.semantics.dates import format_date, parse_date
from proxy.semantics.forwarding import forwarded, has_passed
from proxy.semantics.lists import split_list, unquote
from proxy.semantics.message import ResponseHead
from proxy.semantics.ranges import ByteRange, requested_range
from proxy.semantics.structured_fields import parse_dictionary, serialize_string
from proxy.semantics.validators import entity_tags
from tests.unit.caching.messages import WALL

UNHURRIED = settings(deadline=None)  # the machine is shared
LETTERS = 'abcAW0159 \t,;="\\-/*:?.()@%\x00\x7fé\udc80٣'
ANY = st.one_of(st.text(), st.text(alphabet=LETTERS, max_size=60))
DIRECTIVE = st.sampled_from(
    ["max-age=5", 'no-cache="a, b"', "no-store", "private", "max-stale", "s-maxage=-1", '"', "=", "x=(", "\\"]
)
FIELD_VALUE = st.one_of(ANY, st.lists(DIRECTIVE, max_size=6).map(", ".join))


@UNHURRIED
@given(FIELD_VALUE)
@example("Sat, 01 Jan 0000 00:00:00 GMT")
@example("bytes=" + "9" * 5000 + "-")
@example('"\\')
def test_no_parser_raises_on_any_text(value):
    for name in ("Cache-Control", "CDN-Cache-Control", "Pragma"):
        held = _one(name, value)
        request_directives(held)
        response_directives(held)
        targeted_directives(held)
    parse_date(value, WALL)
    delta_seconds(value)
    unquote(value)
    parse_dictionary(value)
    requested_range(value, 10)
    entity_tags(_one("If-None-Match", value), "If-None-Match")
    accepts_codings(_one("Accept-Encoding", value), _one("Content-Encoding", value))
    forwarded(_one("Connection", value))
    has_passed(_one("Via", value), "me")


@UNHURRIED
@given(FIELD_VALUE)
@example("http://[")
@example("http://h:99999/")
def test_no_reference_of_an_answer_raises(location):
    answered = ResponseHead(status=201, reason="", fields=_one("Location", location))
    assert outdated_targets("/t", ("h", "up:8080"), answered)[0] == "/t"


@UNHURRIED
@given(ANY)
def test_elements_are_trimmed_and_never_empty(value):
    assert all(element and element == element.strip(" \t") for element in split_list(value))


@UNHURRIED
@given(st.lists(st.text(alphabet="abc01-=", min_size=1)))
def test_a_list_comes_apart_as_it_was_put_together(parts):
    assert list(split_list(" ,\t".join(parts))) == parts


@UNHURRIED
@given(ANY)
def test_seconds_are_never_negative_nor_beyond_their_cap(text):
    assert 0 <= delta_seconds(text) <= MOST_SECONDS


@UNHURRIED
@given(st.integers(min_value=0, max_value=253_402_300_799))
def test_every_date_we_write_we_read(seconds):
    assert parse_date(format_date(seconds), WALL) == seconds


@UNHURRIED
@given(ANY)
def test_every_string_we_write_is_a_structured_field(text):
    assert parse_dictionary(f"x={serialize_string(text)}") is not None


@UNHURRIED
@given(st.text(alphabet="bytes=0123456789-, "), st.integers(min_value=0, max_value=20))
def test_a_range_always_lies_inside_what_there_is(value, length):
    wanted = requested_range(value, length)
    if isinstance(wanted, ByteRange):
        assert 0 <= wanted.first <= wanted.last < length


@pytest.mark.parametrize(
    "value",
    [
        '"' * 65_536,
        '"\\' * 32_768,
        '"a' * 32_768 + "\\",
        "," * 65_536,
        " " * 65_536,
        "a=" * 32_768,
        '"a"' * 21_845 + "\\",
        'W/"' * 21_845,
        ", \t" * 21_845,
        "x=(" + "a " * 32_768,
        "1," * 32_768,
        "-" * 65_536,
    ],
    ids=range(12),
)
def test_64_kib_of_malice_take_milliseconds(value):
    """The bound is a hundred times what it takes: a quadratic parser would need minutes."""
    started = time.process_time()
    response_directives(_one("Cache-Control", value))
    targeted_directives(_one("CDN-Cache-Control", value))
    entity_tags(_one("If-None-Match", value), "If-None-Match")
    accepts_codings(_one("Accept-Encoding", value), _one("Content-Encoding", "gzip"))
    requested_range(value, 10)
    parse_date(value, WALL)
    forwarded(_one("Connection", value))
    assert time.process_time() - started < 2.0


def _one(name, value):
    return CIMultiDictProxy(CIMultiDict([(name, value)]))
