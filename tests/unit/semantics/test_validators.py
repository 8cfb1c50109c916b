"""Entity tags and preconditions (RFC 9110 sections 8.8 and 13)."""

import pytest

from proxy.semantics.validators import (
    Precondition,
    Validators,
    entity_tags,
    evaluate,
    if_range_holds,
    is_entity_tag,
    matches_strongly,
    matches_weakly,
)
from tests.unit.caching.messages import WALL, date, fields, get

TAGS = [
    ('"a"', True),
    ('W/"a"', True),
    ('""', True),
    ('"a,b"', True),
    ('"a\\"', True),
    ('"\udcff"', True),
    ('w/"a"', False),
    ("a", False),
    ('"a', False),
    ('"a b"', False),
    ('"a"b"', False),
    ("*", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "expected"), TAGS)
def test_entity_tags_are_recognised(text, expected):
    assert is_entity_tag(text) is expected


LISTED = [
    ('"a", W/"b"', ['"a"', 'W/"b"'], "13.1.2"),
    ('"a,b"', ['"a,b"'], "8.8.3: a comma inside"),
    ('"a\\", "b"', ['"a\\"', '"b"'], "8.8.3: a backslash escapes nothing"),
    ('a, "b"', ['"b"'], "what is none is left out"),
    ('w/"a", "b"', ['"b"'], "8.8.3: W is upper case"),
    ('x"a", "b"', ['"b"'], "a tag inside something else is none"),
    ('"a"x, "b"', ['"b"'], "a tag inside something else is none"),
    (' "a" ,\t"b"\t', ['"a"', '"b"'], "optional white space"),
    (',,"a",', ['"a"'], "empty elements"),
    ("", [], "nothing"),
]


@pytest.mark.parametrize(("value", "expected", "anchor"), LISTED)
def test_entity_tags_are_listed(value, expected, anchor):
    assert entity_tags(fields(f"If-None-Match: {value}"), "If-None-Match") == expected, anchor


def test_entity_tags_are_listed_over_all_lines():
    assert entity_tags(fields('If-Match: "a"', 'if-match: "b"'), "If-Match") == ['"a"', '"b"']


COMPARISONS = [  # RFC 9110 8.8.3.2
    ('W/"1"', 'W/"1"', False, True),
    ('W/"1"', 'W/"2"', False, False),
    ('W/"1"', '"1"', False, True),
    ('"1"', 'W/"1"', False, True),
    ('"1"', '"1"', True, True),
    ('"1"', '"2"', False, False),
]


@pytest.mark.parametrize(("one", "other", "strongly", "weakly"), COMPARISONS)
def test_comparison_functions(one, other, strongly, weakly):
    assert matches_strongly(one, other) is strongly
    assert matches_weakly(one, other) is weakly


GO, SAME, FAIL = Precondition.PROCEED, Precondition.NOT_MODIFIED, Precondition.FAILED
CONDITIONS = [
    # entity tag, Last-Modified (offset), request lines, result, anchor
    ('"a"', 0, (), GO, "13.2.2: unconditional"),
    ('"a"', 0, ('If-None-Match: "a"',), SAME, "13.1.2"),
    ('"a"', 0, ('If-None-Match: "b"',), GO, "13.1.2"),
    ('"a"', 0, ('If-None-Match: "b", "a"',), SAME, "13.1.2: any of the list"),
    ('"a"', 0, ('If-None-Match: W/"a"',), SAME, "13.1.2: weak comparison"),
    ('W/"a"', 0, ('If-None-Match: "a"',), SAME, "13.1.2: weak comparison"),
    ('"a"', 0, ("If-None-Match: *",), SAME, "13.1.2: anything there is"),
    (None, 0, ("If-None-Match: *",), SAME, "13.1.2: anything there is"),
    ('"*"', 0, ('If-None-Match: "*"',), SAME, "13.1.2: a tag named star"),
    ('"a"', 0, ('If-None-Match: "*"',), GO, "13.1.2: a tag named star"),
    (None, 0, ('If-None-Match: "a"',), GO, "13.1.2"),
    ('"a"', 0, ("If-None-Match: a",), GO, "rubbish matches nothing"),
    ('"a"', 0, (f"If-Modified-Since: {date(0)}",), SAME, "13.1.3"),
    ('"a"', 0, (f"If-Modified-Since: {date(9)}",), SAME, "13.1.3"),
    ('"a"', 0, (f"If-Modified-Since: {date(-1)}",), GO, "13.1.3"),
    ('"a"', None, (f"If-Modified-Since: {date(9)}",), GO, "13.1.3: no date to compare"),
    ('"a"', 0, ("If-Modified-Since: rubbish",), GO, "13.1.3: an invalid date is ignored"),
    ('"a"', 0, ('If-None-Match: "b"', f"If-Modified-Since: {date(9)}"), GO, "13.2.2: the tag decides"),
    ('"a"', 0, ("If-None-Match:", f"If-Modified-Since: {date(9)}"), GO, "13.2.2: the tag decides"),
    ('"a"', 0, ('If-None-Match: "a"', f"If-Modified-Since: {date(-9)}"), SAME, "13.2.2: the tag decides"),
    ('"a"', 0, ('If-Match: "a"',), GO, "13.1.1"),
    ('"a"', 0, ('If-Match: "b"',), FAIL, "13.1.1"),
    ('W/"a"', 0, ('If-Match: W/"a"',), FAIL, "13.1.1: strong comparison"),
    ('"a"', 0, ("If-Match: *",), GO, "13.1.1"),
    (None, 0, ('If-Match: "a"',), FAIL, "13.1.1"),
    ('"a"', 0, (f"If-Unmodified-Since: {date(0)}",), GO, "13.1.4"),
    ('"a"', 0, (f"If-Unmodified-Since: {date(-1)}",), FAIL, "13.1.4"),
    ('"a"', 0, ("If-Unmodified-Since: rubbish",), GO, "13.1.4: an invalid date is ignored"),
    ('"a"', None, (f"If-Unmodified-Since: {date(-1)}",), GO, "13.1.4: no date to compare"),
    ('"a"', 0, ('If-Match: "a"', f"If-Unmodified-Since: {date(-1)}"), GO, "13.2.2: the tag decides"),
    ('"a"', 0, ('If-Match: "b"', 'If-None-Match: "a"'), FAIL, "13.2.2: If-Match comes first"),
    ('"a"', 0, ('If-Match: "a"', 'If-None-Match: "a"'), SAME, "13.2.2: then If-None-Match"),
    ('"a"', 0, (f"If-Unmodified-Since: {date(-1)}", 'If-None-Match: "a"'), FAIL, "13.2.2: its order"),
]


@pytest.mark.parametrize(("tag", "modified", "lines", "expected", "anchor"), CONDITIONS)
def test_conditions_are_evaluated_in_their_order(tag, modified, lines, expected, anchor):
    validators = Validators(entity_tag=tag, last_modified=None if modified is None else date(modified))
    assert evaluate(get(*lines), validators, WALL) is expected, anchor


IF_RANGE = [
    # entity tag, Last-Modified, Date, If-Range, holds, anchor
    ('"a"', 0, 9, None, True, "13.1.5: no condition"),
    ('"a"', 0, 9, '"a"', True, "13.1.5"),
    ('"a"', 0, 9, '"b"', False, "13.1.5"),
    ('W/"a"', 0, 9, 'W/"a"', False, "13.1.5: strong comparison"),
    (None, 0, 9, '"a"', False, "13.1.5"),
    ('"a"', 0, 9, date(0), True, "13.1.5: the exact date"),
    ('"a"', 0, 9, date(1), False, "13.1.5: a later date is no match"),
    ('"a"', 0, 9, date(-1), False, "13.1.5: an earlier date is no match"),
    ('"a"', None, 9, date(0), False, "13.1.5: no date to compare"),
    ('"a"', 0, 0, date(0), False, "8.8.2.2: a weak date"),
    ('"a"', 0, None, date(0), False, "8.8.2.2: a weak date"),
    ('"a"', 0, 9, "rubbish", False, "13.1.5"),
    ('"a"', 0, 9, '"a", "b"', False, "13.1.5: one tag, not a list"),
    ('"a"', 0, 9, "", False, "13.1.5"),
]


@pytest.mark.parametrize(("tag", "modified", "dated", "condition", "expected", "anchor"), IF_RANGE)
def test_a_range_is_honoured_only_of_the_same_representation(
    tag, modified, dated, condition, expected, anchor
):
    validators = Validators(
        entity_tag=tag,
        last_modified=None if modified is None else date(modified),
        date=None if dated is None else date(dated),
    )
    request = get() if condition is None else get(f"If-Range: {condition}")
    assert if_range_holds(request, validators, WALL) is expected, anchor
