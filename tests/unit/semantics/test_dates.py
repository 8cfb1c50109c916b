"""HTTP dates (RFC 9110 section 5.6.7)."""

from datetime import UTC, datetime

import pytest

from proxy.semantics.dates import format_date, parse_date

NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()


def moment(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc]


DATES = [
    ("Sun, 06 Nov 1994 08:49:37 GMT", moment(1994, 11, 6, 8, 49, 37), "IMF-fixdate"),
    ("Sunday, 06-Nov-94 08:49:37 GMT", moment(1994, 11, 6, 8, 49, 37), "RFC 850"),
    ("Sun Nov  6 08:49:37 1994", moment(1994, 11, 6, 8, 49, 37), "asctime"),
    ("Wed Nov 16 08:49:37 1994", moment(1994, 11, 16, 8, 49, 37), "asctime, two digits"),
    ("Fri, 29 Feb 2024 00:00:00 GMT", moment(2024, 2, 29), "a leap day"),
    ("Sat, 31 Dec 2016 23:59:60 GMT", moment(2017, 1, 1), "a leap second"),
    ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0, "the epoch"),
    ("Wed, 31 Dec 1969 23:59:59 GMT", -1.0, "before the epoch"),
    ("Fri, 31 Dec 9999 23:59:59 GMT", moment(9999, 12, 31, 23, 59, 59), "the last year"),
    ("Mon, 01 Jan 0001 00:00:00 GMT", -62135596800.0, "the first year"),
    ("Mon, 06 Nov 1994 08:49:37 GMT", moment(1994, 11, 6, 8, 49, 37), "a wrong day of the week"),
    ("Monday, 01-Jun-26 00:00:00 GMT", moment(2026, 6, 1), "this century"),
    ("Monday, 01-Jun-76 00:00:00 GMT", moment(2076, 6, 1), "fifty years ahead: still the future"),
    ("Monday, 01-Jun-77 00:00:00 GMT", moment(1977, 6, 1), "more than fifty years ahead: the past"),
    ("Friday, 31-Dec-99 23:59:59 GMT", moment(1999, 12, 31, 23, 59, 59), "the past"),
]


@pytest.mark.parametrize(("text", "expected", "what"), DATES)
def test_all_three_forms_are_read(text, expected, what):
    assert parse_date(text, NOW) == expected, what


NO_DATES = [
    "",
    "0",
    "-1",
    "yesterday",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37 gmt",
    "sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 94 08:49:37 GMT",
    "Sun,  06 Nov 1994 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Xyz, 06 Nov 1994 08:49:37 GMT",
    "Someday, 06-Nov-94 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 29 Feb 2023 08:49:37 GMT",
    "Sun, 06 Foo 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Nov 0000 08:49:37 GMT",
    "Sun Nov  6 08:49:37 0000",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun, 06 Nov 1994 08:49:37 GMT\n",
    "Sun, 0\u0666 Nov 1994 08:49:37 GMT",
]


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date_is_none(text):
    assert parse_date(text, NOW) is None


@pytest.mark.parametrize("seconds", [0, 784111777, 951782400, 1790000000, 4102444799, 253402300799])
def test_what_is_written_is_read_again(seconds):
    assert parse_date(format_date(seconds), NOW) == seconds


def test_fractions_of_a_second_are_cut_off():
    assert format_date(784111777.9) == "Sun, 06 Nov 1994 08:49:37 GMT"
