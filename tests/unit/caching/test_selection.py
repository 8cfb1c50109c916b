"""Which stored response is for a request (RFC 9111 section 4.1)."""

import pytest

from proxy.caching.reasons import ForwardReason
from proxy.caching.selection import matches, nominated, select, suits_all
from tests.unit.caching.messages import get, head, stored

VARY = [
    # Vary, the request stored, another request, the same, anchor
    ("Accept", ("Accept: a",), ("Accept: a",), True, "4.1"),
    ("Accept", ("Accept: a",), ("Accept: b",), False, "4.1"),
    ("Accept", (), (), True, "4.1: absent in both"),
    ("Accept", ("Accept: a",), (), False, "4.1: absent in one"),
    ("Accept", (), ("Accept:",), False, "4.1: empty is not absent"),
    ("ACCEPT", ("accept: a",), ("Accept: a",), True, "names have no case"),
    ("Accept", ("Accept: a",), ("Accept: A",), False, "values have"),
    ("Accept", ("Accept: a, b",), ("Accept: a,b",), True, "4.1: white space where the syntax allows it"),
    ("Accept", ("Accept: a, b",), ("Accept: a", "Accept: b"), True, "4.1: lines combined"),
    ("Accept", ("Accept: a,,b",), ("Accept: a,b",), True, "RFC 9110 5.6.1.2: empty elements of a list"),
    ("Accept", ("Accept: a, b",), ("Accept: b, a",), False, "order is kept"),
    ("Accept", ('Accept: x;y="a  b"',), ('Accept: x;y="a b"',), False, "spaces in quotes mean something"),
    ("Accept", ('Accept: "a,b"',), ('Accept: "a, b"',), False, "commas in quotes are no lists"),
    ("Referer", ("Referer: /a,,b",), ("Referer: /a,b",), False, "no list: commas mean something"),
    ("Cookie", ("Cookie: a=1;  b",), ("Cookie: a=1; b",), False, "no list: spaces mean something"),
    ("X-A", ("X-A: 1", "X-A: 2"), ("X-A: 1,2",), True, "4.1: lines combined"),
    ("X-A, X-B", ("X-A: 1", "X-B: 2"), ("X-A: 1", "X-B: 2"), True, "4.1: all of them"),
    ("X-A, X-B", ("X-A: 1", "X-B: 2"), ("X-A: 1", "X-B: 3"), False, "4.1: all of them"),
    ("X-A, X-B", ("X-A: 1",), ("X-B: 1",), False, "a value belongs to its name"),
    ("X-A", ("X-A: 1",), ("X-A: 1", "Connection: X-A"), False, "the origin would not see it"),
    ("X-A", ("X-A: 1", "Connection: X-A"), (), True, "the origin did not see it"),
    ("X-A", ("X-A: 1", "Connection: X-A"), ("X-A: 1",), False, "the origin did not see it"),
]


@pytest.mark.parametrize(("vary", "first", "second", "expected", "anchor"), VARY)
def test_nominated_values_must_match(vary, first, second, expected, anchor):
    chosen = nominated(head(f"Vary: {vary}"), get(*first))
    held = stored(f"Vary: {vary}", nominated=chosen)
    assert matches(held, get(*first)), anchor
    assert matches(held, get(*second)) is expected, anchor


def test_nominated_fields_are_sorted_and_each_is_there_once():
    chosen = nominated(head("Vary: X-B, x-a", "Vary: x-b"), get("X-A: 1"))
    assert chosen == (("x-a", "1"), ("x-b", None))


def test_without_vary_nothing_is_nominated():
    assert nominated(head(), get("X-A: 1")) == ()


def test_nothing_stored_is_another_miss_than_nothing_that_matches():
    held = stored(nominated=(("x-a", "1"),))
    assert select([], get()) is ForwardReason.URI_MISS
    assert select([held], get("X-A: 2")) is ForwardReason.VARY_MISS


def test_the_most_recent_match_is_selected():
    newest, older = stored(nominated=(("x-a", "1"),), body=b"new"), stored(body=b"old")
    assert select([newest, older], get("X-A: 1")) is newest
    assert select([newest, older], get("X-A: 2")) is older


def test_an_encoded_response_is_only_for_who_accepts_it():
    held = stored("Content-Encoding: gzip")
    assert matches(held, get("Accept-Encoding: gzip"))
    assert not matches(held, get("Accept-Encoding: br"))
    assert select([held], get()) is ForwardReason.VARY_MISS


SHARED = [
    ((), (), True),
    (("Vary: Accept",), (), False),
    (("Content-Encoding: gzip",), (), False),
    (("Content-Encoding: gzip",), ("Accept-Encoding: gzip",), True),
]


@pytest.mark.parametrize(("lines", "asked", "expected"), SHARED)
def test_an_answer_to_somebody_else_suits_only_if_it_depends_on_nothing(lines, asked, expected):
    assert suits_all(head(*lines), get(*asked)) is expected
