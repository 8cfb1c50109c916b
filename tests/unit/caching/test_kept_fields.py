"""What a stored response keeps of its fields: all but what can be said without them, each in its place."""

import pytest

from proxy.caching.kept_fields import blanked, filled_in, whole
from tests.unit.caching.messages import answer, date

BODY = b"0123456789"


def received(*lines: str, body: bytes = BODY):
    return answer(*lines, body=body)


def test_what_is_kept_gives_back_what_was_received():
    came = received("X-A: 1", f"Date: {date(3)}", "Content-Length: 10", "x-a: 2", "Vary: Accept")
    kept = blanked(came)
    assert [value for _, value in kept.fields.items()] == ["1", "", "", "2", "Accept"]
    assert list(whole(kept, date(3)).fields.items()) == list(came.fields.items())
    assert whole(kept, date(3)).body is kept.body is came.body


def test_another_date_takes_the_place_of_the_one_received():
    kept = blanked(received(f"Date: {date()}", "Server: a"))
    assert list(filled_in(kept, date(5)).items()) == [("Date", date(5)), ("Server", "a")]


def test_what_has_no_date_gets_one_and_what_stated_no_length_none():
    assert list(filled_in(blanked(received("Server: a")), date()).items()) == [
        ("Server", "a"),
        ("Date", date()),
    ]


def test_a_length_is_that_of_the_body():
    kept = blanked(received("Content-Length: 3", body=b"abc"))
    assert filled_in(kept, date())["Content-Length"] == "3"


def test_a_length_that_is_spelt_otherwise_is_kept_as_it_came():
    kept = blanked(received("Content-Length: 010"))
    assert kept.fields["Content-Length"] == filled_in(kept, date())["Content-Length"] == "010"


def test_what_is_kept_stays_as_it_is():
    kept = blanked(received(f"Date: {date()}", "Content-Length: 10", "X-A: 1"))
    assert blanked(kept) == kept


def test_what_is_said_twice_is_kept_as_it_came():
    lines = ("Date: a", "Date: b", "Content-Length: 10", "Content-Length: 10")
    assert blanked(received(*lines)).fields.getall("Date") == ["a", "b"]
    assert blanked(received(*lines)).fields.getall("Content-Length") == ["10", "10"]


def test_fields_that_differ_in_date_and_length_alone_are_kept_once():
    one = blanked(received("Content-Type: a", f"Date: {date()}", "Content-Length: 10"))
    same = blanked(received("Content-Type: a", f"Date: {date(9)}", "Content-Length: 3", body=b"abc"))
    other = blanked(received("Content-Type: b", f"Date: {date()}", "Content-Length: 10"))
    assert one.fields is same.fields
    assert other.fields["Content-Type"] == "b"


@pytest.mark.parametrize("line", ["X-Request-Id: 1", f"Content-Type: {'a' * 65}"])
def test_what_not_every_answer_has_in_common_is_not_remembered_for_others(line):
    one, same = (blanked(received(line, "Server: a")) for _ in range(2))
    assert one.fields is not same.fields
    assert list(one.fields.items()) == list(same.fields.items())
