"""The scanner against json.loads: the same documents, the same strings, and the octets where they stand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connect.json_spans import MOST_NESTED, Scan, UnscannableError, scan

PLAIN_KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), max_size=4)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN_KEYS, inner, max_size=4),
    max_leaves=20,
)
OCTETS = [bytes([octet]) for octet in b'{}[],:"\\u0 -.eE+tn\n\x00\xff']
MUTATIONS = st.tuples(st.integers(0, 200), st.sampled_from([b"", *OCTETS]))


def strings(value: object, path: tuple[str | int, ...] = ()) -> dict[tuple[str | int, ...], str]:
    match value:
        case str():
            return {path: value}
        case dict():
            parts = value.items()
        case list():
            parts = enumerate(value)
        case _:
            return {}
    return {place: text for key, inner in parts for place, text in strings(inner, (*path, key)).items()}


def found(document: Scan) -> dict[tuple[str | int, ...], str]:
    return {path: text.value for path, text in document.texts.items()}


@given(VALUES, st.sampled_from([None, 1, "\t"]))
def test_it_finds_every_string_of_any_document_where_it_stands(value, indent):
    document = json.dumps(value, ensure_ascii=False, indent=indent).encode()

    scanned = scan(document)

    assert found(scanned) == strings(value)
    for text in scanned.texts.values():
        assert json.loads(document[text.start - 1 : text.end + 1]) == text.value


def test_an_escaped_value_stands_for_what_it_means():
    text = scan(rb'["\u00e9\ud83d\ude00\"\\"]').texts[(0,)]

    assert (text.value, text.start, text.end) == ('\u00e9\U0001f600"\\', 2, 24)


@given(VALUES, st.lists(MUTATIONS, min_size=1, max_size=3))
def test_it_takes_nothing_for_json_that_json_is_not(value, mutations):
    document = json.dumps(value, ensure_ascii=False).encode()
    for place, octet in mutations:
        document = document[:place] + octet + document[place + 1 :]
    try:
        scanned = found(scan(document))
    except UnscannableError:
        return
    assert scanned == strings(json.loads(document.decode()))


def strictly(document: bytes) -> object:
    def members(pairs: list[tuple[str, object]]) -> dict[str, object]:
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def constant(name: str) -> object:
        raise ValueError(name)

    return json.loads(document.decode(), object_pairs_hook=members, parse_constant=constant)


@given(VALUES, st.lists(MUTATIONS, min_size=1, max_size=3))
def test_it_understands_whatever_is_json_and_plain(value, mutations):
    document = json.dumps(value, ensure_ascii=False).encode()
    for place, octet in mutations:
        document = document[:place] + octet + document[place + 1 :]
    try:
        expected = strings(strictly(document))
    except (ValueError, AssertionError):
        with pytest.raises(UnscannableError):
            scan(document)
        return
    if b"\\" not in document:  # it may stand in a key
        assert found(scan(document)) == expected


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b" ",
        b"{} {}",
        b"NaN",
        b"-",
        b"01",
        b"+1",
        b"1.",
        b".5",
        b"1e",
        b"nul",
        b'"a',
        b'"\n"',
        b'"\\x"',
        b'"\\u12"',
        b"'a'",
        b'"\xff"',
        b"\xef\xbb\xbf{}",
        '"\u0661"'.encode("utf-16"),
        b"[1,]",
        b"[,1]",
        b"[1 2]",
        b"[1",
        b'{"a":1,}',
        b'{"a" 1}',
        b'{"a"}',
        b"{1:1}",
        b'{"a":1',
        b"\xc2\xa01",
    ],
)
def test_what_is_not_json_is_unscannable(document):
    with pytest.raises(UnscannableError):
        scan(document)


@pytest.mark.parametrize(
    "document",
    [b'{"a":1,"a":1}', b'[{"x":{"a":"1","b":2,"a":"1"}}]', b'{"\\u0061":1}', b'{"a\\n":1}'],
)
def test_what_readers_may_take_differently_is_unscannable(document):
    with pytest.raises(UnscannableError):
        scan(document)


def test_the_same_key_in_two_objects_is_no_repeat():
    assert found(scan(b'[{"a":"1"},{"a":"2"}]')) == {(0, "a"): "1", (1, "a"): "2"}


def test_members_are_named_whatever_their_values_are():
    assert scan(b'{"a":[{"b":null}],"c":1}').members == {("a",), ("a", 0, "b"), ("c",)}


def test_nesting_is_bounded():
    scan(b"[" * MOST_NESTED + b"]" * MOST_NESTED)
    for opening in (b"[", b'{"a":'):
        with pytest.raises(UnscannableError):
            scan(opening * 100_000)


def test_no_value_stands_in_a_repr_or_in_an_error():
    assert "hunter2" not in repr(scan(b'{"hunter2":"hunter2"}')) + repr(scan(b'["hunter2"]').texts)
    with pytest.raises(UnscannableError) as caught:
        scan(b'"hunter2\xff"')
    assert "hunter2" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
