"""Byte ranges (RFC 9110 section 14)."""

import pytest

from proxy.semantics.ranges import ByteRange, Unsatisfiable, requested_range

NOTHING = Unsatisfiable()
RANGES = [
    # Range, length, (first, last), Unsatisfiable, or None for everything
    (None, 10, None, "no Range"),
    ("bytes=0-0", 10, (0, 0), "14.1.2"),
    ("bytes=2-5", 10, (2, 5), "14.1.2"),
    ("bytes=9-", 10, (9, 9), "14.1.2"),
    ("bytes=0-", 10, (0, 9), "14.1.2"),
    ("bytes=5-99", 10, (5, 9), "14.1.2: cut to the length"),
    ("bytes=5-99999999999999999999", 10, (5, 9), "14.1.2: overflow is cut, too"),
    ("bytes=-3", 10, (7, 9), "14.1.2: a suffix"),
    ("bytes=-10", 10, (0, 9), "14.1.2: a suffix"),
    ("bytes=-99", 10, (0, 9), "14.1.2: a suffix longer than all"),
    ("bytes=-99999999999999999999", 10, (0, 9), "14.1.2: overflow"),
    ("Bytes=0-1", 10, (0, 1), "14.1: units are case-insensitive"),
    ("bytes=0002-0003", 10, (2, 3), "leading zeros"),
    ("bytes=00000000000000000000002-3", 10, (2, 3), "leading zeros are no overflow"),
    ("bytes=10-", 10, NOTHING, "15.5.17"),
    ("bytes=10-20", 10, NOTHING, "15.5.17"),
    ("bytes=99999999999999999999-", 10, NOTHING, "15.5.17: overflow"),
    ("bytes=-0", 10, NOTHING, "14.1.2: a suffix of nothing"),
    ("bytes=0-", 0, NOTHING, "nothing has no first octet"),
    ("bytes=-5", 0, None, "14.1.2: the whole of nothing"),
    ("bytes=5-2", 10, None, "14.1.1: invalid"),
    ("bytes=-", 10, None, "14.1.1: invalid"),
    ("bytes=", 10, None, "14.1.1: invalid"),
    ("bytes=a-b", 10, None, "14.1.1: invalid"),
    ("bytes=0x1-2", 10, None, "14.1.1: invalid"),
    ("bytes 0-1", 10, None, "14.2: invalid"),
    ("bytes=+1-2", 10, None, "14.1.1: invalid"),
    ("bytes=1--2", 10, None, "14.1.1: invalid"),
    ("bytes=1.0-2", 10, None, "14.1.1: invalid"),
    ("bytes=\u0661-2", 10, None, "14.1.1: invalid"),
    ("items=0-1", 10, None, "14.2: an unknown unit is ignored"),
    ("bytes=0-1,4-5", 10, None, "14.2: several are answered with the whole"),
    ("", 10, None, "14.2: invalid"),
]


@pytest.mark.parametrize(("value", "length", "expected", "anchor"), RANGES)
def test_a_range_is_what_it_asks_of_the_representation(value, length, expected, anchor):
    if isinstance(expected, tuple):
        expected = ByteRange(first=expected[0], last=expected[1])
    assert requested_range(value, length) == expected, anchor


def test_content_range_names_first_last_and_length():
    assert ByteRange(first=2, last=5).content_range(10) == "bytes 2-5/10"
