"""From something stored to the answer for one client (RFC 9110 sections 13 and 14, RFC 9111 section 4)."""

import pytest

from proxy.caching.directives import MOST_SECONDS
from proxy.caching.reuse import present
from tests.unit.caching.messages import at, date, get, stored

LINES = ('ETag: "a"', f"Last-Modified: {date(-60)}", f"Date: {date()}", "Content-Type: text/plain")
BODY = b"0123456789"

ANSWERS = [
    # method, request lines, status, body, anchor
    ("GET", (), 200, BODY, "4"),
    ("HEAD", (), 200, b"", "RFC 9110 9.3.2"),
    ("GET", ('If-None-Match: "a"',), 304, b"", "4.3.2"),
    ("HEAD", ('If-None-Match: "a"',), 304, b"", "4.3.2"),
    ("GET", ('If-None-Match: "b"',), 200, BODY, "4.3.2"),
    ("GET", (f"If-Modified-Since: {date(-60)}",), 304, b"", "4.3.2"),
    ("GET", (f"If-Modified-Since: {date(-61)}",), 200, BODY, "4.3.2"),
    ("GET", ('If-Match: "b"',), 412, b"", "RFC 9110 13.1.1"),
    ("GET", ('If-Match: "a"',), 200, BODY, "RFC 9110 13.1.1"),
    ("GET", (f"If-Unmodified-Since: {date(-61)}",), 412, b"", "RFC 9110 13.1.4"),
    ("GET", ("Range: bytes=2-4",), 206, b"234", "RFC 9110 15.3.7"),
    ("GET", ("Range: bytes=-3",), 206, b"789", "RFC 9110 14.1.2"),
    ("GET", ("Range: bytes=0-",), 206, BODY, "RFC 9110 15.3.7"),
    ("GET", ("Range: bytes=5-99999999999999999999999",), 206, b"56789", "RFC 9110 14.1.2: overflow"),
    ("GET", ("Range: bytes=10-",), 416, b"", "RFC 9110 15.5.17"),
    ("GET", ("Range: bytes=5-2",), 200, BODY, "RFC 9110 14.1.1: invalid"),
    ("GET", ("Range: lines=1-2",), 200, BODY, "RFC 9110 14.2: unknown unit"),
    ("HEAD", ("Range: bytes=2-4",), 200, b"", "RFC 9110 14.2: GET only"),
    ("GET", ("Range: bytes=2-4", 'If-Range: "a"'), 206, b"234", "RFC 9110 13.1.5"),
    ("GET", ("Range: bytes=2-4", 'If-Range: "b"'), 200, BODY, "RFC 9110 13.1.5"),
    ("GET", ("Range: bytes=2-4", 'If-Range: W/"a"'), 200, BODY, "RFC 9110 13.1.5: strong comparison"),
    ("GET", ("Range: bytes=2-4", f"If-Range: {date(-60)}"), 206, b"234", "RFC 9110 13.1.5"),
    ("GET", ("Range: bytes=2-4", f"If-Range: {date(-59)}"), 200, BODY, "RFC 9110 13.1.5"),
    ("GET", ("Range: bytes=10-", 'If-Range: "b"'), 200, BODY, "RFC 9110 13.1.5: before 416"),
    ("GET", ("Range: bytes=2-4", 'If-None-Match: "a"'), 304, b"", "RFC 9110 13.2.2: conditions first"),
    ("GET", ("Range: bytes=2-4", 'If-Match: "b"'), 412, b"", "RFC 9110 13.2.2: conditions first"),
]


@pytest.mark.parametrize(("method", "lines", "status", "body", "anchor"), ANSWERS)
def test_a_stored_response_answers_each_client_its_question(method, lines, status, body, anchor):
    presented = present(stored(*LINES), get(*lines, method=method), at(1))
    assert (presented.status, presented.body) == (status, body), anchor
    assert presented.is_problem is (status in {412, 416})


def test_everything_else_passes_as_it_was_received():
    held = stored("X-A: 1", "Content-Type: text/plain", "x-a: 2", "Date: rubbish")
    fields = present(held, get(), at(1)).fields
    received = [("X-A", "1"), ("Content-Type", "text/plain"), ("x-a", "2"), ("Date", "rubbish")]
    assert list(fields.items()) == [*received, ("Age", "1")]


AGES = [
    (0.0, 0.0, "0"),
    (0.9, 0.0, "0"),
    (1.0, 5.5, "6"),
    (-9.0, 0.0, "0"),
    (1.0, MOST_SECONDS, str(MOST_SECONDS)),
]


@pytest.mark.parametrize(("later", "age", "expected"), AGES)
def test_age_is_said_in_whole_seconds(later, age, expected):
    """RFC 9111 section 5.1; at most 2^31 (section 1.2.2)."""
    assert present(stored("Age: 7", age=age), get(), at(later)).fields.getall("Age") == [expected]


def test_a_response_without_date_gets_the_time_of_its_arrival():
    assert present(stored(), get(), at(30)).fields["Date"] == date()


def test_our_own_tag_is_given_where_the_origin_gave_none_and_is_recognised():
    held = stored(entity_tag='"ours"')
    assert present(held, get(), at()).fields["ETag"] == '"ours"'
    assert present(held, get('If-None-Match: "ours"'), at()).status == 304
    assert present(held, get("Range: bytes=0-1", 'If-Range: "ours"'), at()).status == 206


def test_the_origins_tag_is_never_replaced_by_ours():
    held = stored('ETag: "a"', entity_tag='"ours"')
    assert present(held, get(), at()).fields.getall("ETag") == ['"a"']
    assert present(held, get('If-None-Match: "ours"'), at()).status == 200


def test_head_tells_the_length_of_what_get_would_bring():
    presented = present(stored(), get(method="HEAD"), at())
    assert presented.fields["Content-Length"] == "10"


def test_a_part_says_which_part_it_is():
    fields = present(stored(*LINES, "Content-Length: 10"), get("Range: bytes=2-4"), at()).fields
    assert fields.getall("Content-Range") == ["bytes 2-4/10"]
    assert fields.getall("Content-Length") == ["3"]
    assert fields["Content-Type"] == "text/plain"


KEPT = [
    "ETag",
    "Date",
    "Vary",
    "Cache-Control",
    "Expires",
    "Content-Location",
    "1Password-Connect-Version",
    "Age",
]


@pytest.mark.parametrize("name", KEPT)
def test_a_304_repeats_what_a_200_would_have_told_caches(name):
    """RFC 9110 section 15.4.5."""
    held = stored(f"{name}: x", entity_tag='"a"')
    assert name in present(held, get("If-None-Match: *"), at()).fields


@pytest.mark.parametrize("name", ["Content-Length", "Content-Type", "Content-Encoding"])
def test_a_304_has_no_fields_of_a_body_it_has_not(name):
    assert name not in present(stored(f"{name}: x"), get("If-None-Match: *"), at()).fields


def test_a_304_repeats_every_line():
    held = stored("Vary: A", "Vary: B", entity_tag='"a"')
    assert present(held, get("If-None-Match: *"), at()).fields.getall("Vary") == ["A", "B"]


def test_an_unsatisfiable_range_says_how_much_there_is():
    assert present(stored(), get("Range: bytes=99-"), at()).fields["Content-Range"] == "bytes */10"


LIFE = ["Cache-Control: max-age=60", f"Expires: {date(60)}", "Age: 5", "Last-Modified: x", "Set-Cookie: a=b"]


@pytest.mark.parametrize("asked", ["Range: bytes=99-", 'If-Match: "b"'])
def test_an_error_of_ours_can_not_be_stored_in_place_of_the_resource(asked):
    """412 and 416 are not the representation: its lifetime downstream is not theirs (RFC 9111 section 3)."""
    fields = present(stored('ETag: "a"', *LIFE), get(asked), at()).fields
    assert not {line.partition(":")[0] for line in LIFE} & set(fields)


@pytest.mark.parametrize("status", [404, 301, 500])
def test_conditions_and_ranges_are_for_what_would_succeed(status):
    """RFC 9110 section 13.2.1."""
    held = stored('ETag: "a"', status=status)
    for asked in ('If-None-Match: "a"', 'If-Match: "b"', "Range: bytes=0-1"):
        assert present(held, get(asked), at()).status == status


def test_a_status_of_success_other_than_200_may_be_not_modified():
    assert present(stored('ETag: "a"', status=203), get('If-None-Match: "a"'), at()).status == 304


def test_a_range_of_nothing_is_nothing():
    presented = present(stored(body=b""), get("Range: bytes=-5"), at())
    assert (presented.status, presented.body) == (200, b"")


def test_what_is_stored_is_left_as_it_is():
    held = stored("Content-Length: 10", "Age: 1")
    for asked in ((), ("Range: bytes=0-1",), ("Range: bytes=99-",), ("If-None-Match: *",)):
        present(held, get(*asked), at(9))
    assert list(held.response.fields.items()) == [("Content-Length", ""), ("Age", "1")]


def test_a_status_without_content_has_no_length():
    """RFC 9110 section 8.6."""
    held = stored(status=204, body=b"")
    assert "Content-Length" not in present(held, get(method="HEAD"), at()).fields
