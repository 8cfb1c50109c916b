"""Cache-Control as clients and origins spell it (RFC 9111 section 5.2, RFC 9213)."""

import pytest

from proxy.caching.directives import (
    MOST_SECONDS,
    delta_seconds,
    request_directives,
    response_directives,
    targeted_directives,
)
from tests.unit.caching.messages import fields

DELTA_SECONDS = [
    ("0", 0, "RFC 9111 1.2.2"),
    ("60", 60, "RFC 9111 1.2.2"),
    ("0060", 60, "leading zeros are digits"),
    ("00000000000000060", 60, "leading zeros are no overflow"),
    ("00000000000000000", 0, "nor is a long zero"),
    ("2147483648", MOST_SECONDS, "RFC 9111 1.2.2: 2^31"),
    ("2147483649", MOST_SECONDS, "RFC 9111 1.2.2: overflow"),
    ("99999999999999999999999999", MOST_SECONDS, "RFC 9111 1.2.2: overflow"),
    ("9" * 10_000, MOST_SECONDS, "more digits than int() reads"),
    ("-1", 0, "RFC 9111 4.2.1: invalid is stale"),
    ("+1", 0, "RFC 9111 4.2.1: invalid is stale"),
    ("1.5", 0, "RFC 9111 4.2.1: invalid is stale"),
    ("60s", 0, "RFC 9111 4.2.1: invalid is stale"),
    ("'60'", 0, "single quotes do not quote"),
    ("", 0, "RFC 9111 4.2.1: invalid is stale"),
    ("\u0663", 0, "digits are ASCII"),
    ("\u00b2", 0, "digits are ASCII"),
    (None, 0, "max-age without an argument"),
]


@pytest.mark.parametrize(("text", "expected", "anchor"), DELTA_SECONDS)
def test_delta_seconds_are_capped_and_rubbish_is_stale(text, expected, anchor):
    assert delta_seconds(text) == expected, anchor


RESPONSE = [
    ("max-age=60", {"max_age_seconds": 60}, "5.2.2.1"),
    ("MAX-AGE=60", {"max_age_seconds": 60}, "5.2: case-insensitive"),
    ('max-age="60"', {"max_age_seconds": 60}, "5.2: token and quoted-string alike"),
    ('max-age="6\\0"', {"max_age_seconds": 60}, "RFC 9110 5.6.4"),
    ("max-age =60", {"max_age_seconds": 60}, "tolerated"),
    ("max-age= 60", {"max_age_seconds": 60}, "tolerated"),
    ("max-age", {"max_age_seconds": 0}, "4.2.1: invalid is stale"),
    ("max-age=", {"max_age_seconds": 0}, "4.2.1: invalid is stale"),
    ("max-age=60, max-age=30", {"max_age_seconds": 30}, "4.2.1: the most restrictive"),
    ("max-age=30, max-age=60", {"max_age_seconds": 30}, "4.2.1: the most restrictive"),
    ("max-age=60, max-age=x", {"max_age_seconds": 0}, "4.2.1: the most restrictive"),
    ("s-maxage=7", {"s_maxage_seconds": 7}, "5.2.2.10"),
    ("no-store", {"no_store": True}, "5.2.2.5"),
    ("no-store=1", {"no_store": True}, "an argument does not disarm"),
    ("No-Store", {"no_store": True}, "5.2: case-insensitive"),
    ("no-cache", {"no_cache": True}, "5.2.2.4"),
    ('no-cache="Set-Cookie, X-A"', {"no_cache_fields": frozenset({"set-cookie", "x-a"})}, "5.2.2.4"),
    ("no-cache=Set-Cookie", {"no_cache_fields": frozenset({"set-cookie"})}, "5.2.2.4: token form"),
    (
        'no-cache="a", no-cache',
        {"no_cache": True, "no_cache_fields": frozenset({"a"})},
        "the stricter of both",
    ),
    ('no-cache=""', {"no_cache": True}, "a list of nothing is no qualification"),
    ("no-cache=", {"no_cache": True}, "a list of nothing is no qualification"),
    ("private", {"private": True}, "5.2.2.7"),
    ('private="X-A"', {"private_fields": frozenset({"x-a"})}, "5.2.2.7"),
    ('private=" , "', {"private": True}, "a list of nothing is no qualification"),
    ("public", {"public": True}, "5.2.2.9"),
    ("must-revalidate", {"must_revalidate": True}, "5.2.2.2"),
    ("proxy-revalidate", {"proxy_revalidate": True}, "5.2.2.8"),
    ("must-understand", {"must_understand": True}, "5.2.2.3"),
    ("stale-while-revalidate=5", {"stale_while_revalidate_seconds": 5}, "RFC 5861 3"),
    ("stale-if-error=5", {"stale_if_error_seconds": 5}, "RFC 5861 4"),
    ("community=UCI, max-age=1", {"max_age_seconds": 1}, "5.2.3: unknown is ignored"),
    ('x="a, max-age=60", max-age=5', {"max_age_seconds": 5}, "quoted commas are no separators"),
    ('x="no-store"', {}, "a directive inside a quoted string is none"),
    ('x="a\\", no-store"', {}, "an escaped quote does not end the string"),
    ('x="no-store, max-age=5', {}, "an unclosed quote runs to the end"),
    (",, max-age=5 ,,", {"max_age_seconds": 5}, "RFC 9110 5.6.1.2: empty elements"),
    ("max-age=5;no-store", {"max_age_seconds": 0}, "a semicolon separates nothing"),
    ("nostore", {}, "5.2.3: unknown is ignored"),
    ("", {}, "empty"),
    ("=60", {}, "no name"),
]


@pytest.mark.parametrize(("value", "expected", "anchor"), RESPONSE)
def test_response_directives_are_read(value, expected, anchor):
    read = response_directives(fields(f"Cache-Control: {value}"))
    assert _set(read) == expected, anchor


REQUEST = [
    ("no-cache", {"no_cache": True}, "5.2.1.4"),
    ("no-store", {"no_store": True}, "5.2.1.5"),
    ("only-if-cached", {"only_if_cached": True}, "5.2.1.7"),
    ("max-age=0", {"max_age_seconds": 0}, "5.2.1.1"),
    ("max-age=-5", {"max_age_seconds": 0}, "5.2.1.1"),
    ("min-fresh=10", {"min_fresh_seconds": 10}, "5.2.1.3"),
    ("max-stale=10", {"max_stale_seconds": 10}, "5.2.1.2"),
    ("max-stale", {"max_stale_seconds": MOST_SECONDS}, "5.2.1.2: any staleness"),
    ("max-stale, max-stale=5", {"max_stale_seconds": 5}, "the most restrictive"),
    ("max-stale=5, max-stale", {"max_stale_seconds": 5}, "the most restrictive"),
    ("max-stale=x", {"max_stale_seconds": 0}, "rubbish allows nothing"),
    ("max-stale=", {"max_stale_seconds": 0}, "rubbish allows nothing"),
    ("stale-if-error=60", {"stale_if_error_seconds": 60}, "RFC 5861 4"),
    ("must-revalidate, public", {}, "no request directives"),
]


@pytest.mark.parametrize(("value", "expected", "anchor"), REQUEST)
def test_request_directives_are_read(value, expected, anchor):
    read = request_directives(fields(f"Cache-Control: {value}"))
    assert _set(read) == expected, anchor


PRAGMA = [
    (("Pragma: no-cache",), True, "5.4"),
    (("Pragma: No-Cache",), True, "5.4"),
    (("Pragma: x, no-cache",), True, "5.4"),
    (("Pragma: x",), False, "5.4"),
    (("Pragma: no-cache", "Cache-Control: max-age=5"), False, "5.4: only without Cache-Control"),
    ((), False, "nothing asked"),
]


@pytest.mark.parametrize(("lines", "expected", "anchor"), PRAGMA)
def test_pragma_counts_only_without_cache_control(lines, expected, anchor):
    assert request_directives(fields(*lines)).no_cache is expected, anchor


def test_directives_are_collected_over_all_lines():
    read = response_directives(fields("Cache-Control: max-age=60", "cache-control: no-cache, max-age=9"))
    assert _set(read) == {"max_age_seconds": 9, "no_cache": True}


TARGETED = [
    (("CDN-Cache-Control: max-age=60",), {"max_age_seconds": 60}, "RFC 9213 2.1"),
    (("CDN-Cache-Control: max-age=60;x=1, no-cache",), {"max_age_seconds": 60, "no_cache": True}, "2.1"),
    (
        ("CDN-Cache-Control: max-age=60", "CDN-Cache-Control: public"),
        {"max_age_seconds": 60, "public": True},
        "RFC 9651 4.2",
    ),
    (("CDN-Cache-Control: max-age=1, max-age=2",), {"max_age_seconds": 2}, "RFC 9651 4.2.2: the last wins"),
    (("CDN-Cache-Control: no-store",), {"no_store": True}, "2.1"),
    (("CDN-Cache-Control: no-store=?1",), {"no_store": True}, "RFC 9651 3.2: true, spelt out"),
    (("CDN-Cache-Control: public=?0, max-age=1",), {"max_age_seconds": 1}, "RFC 9651 3.3.6: false"),
    (("CDN-Cache-Control: max-age=1.5",), {"max_age_seconds": 0}, "not an integer"),
    (("CDN-Cache-Control: x=(a b);c, max-age=3",), {"max_age_seconds": 3}, "RFC 9651 3.1.1: inner lists"),
    (("CDN-Cache-Control: x=:aGk=:, y=@17, max-age=3",), {"max_age_seconds": 3}, "RFC 9651 3.3.5, 3.3.7"),
]


@pytest.mark.parametrize(("lines", "expected", "anchor"), TARGETED)
def test_targeted_directives_are_read_as_a_dictionary(lines, expected, anchor):
    read = targeted_directives(fields(*lines))
    assert read is not None, anchor
    assert _set(read) == {**expected, "is_targeted": True}, anchor


NOT_TARGETED = [
    ("", "RFC 9213 2.1: empty is absent"),
    ("max-age=60,", "RFC 9651 4.2.2: a trailing comma"),
    ("Max-Age=60", "RFC 9651 3.1.2: keys are lower case"),
    ("max-age = 60", "RFC 9651 4.2"),
    ('no-cache="a', "RFC 9651 4.2.5"),
    ("max-age=60 no-store", "RFC 9651 4.2.2"),
    ("x=(a b, max-age=60", "RFC 9651 4.2.1.2"),
    ("max-age=60;A", "RFC 9651 4.2.3.2"),
    ("max-age=60;a=", "RFC 9651 4.2.3.2"),
    ("&", "RFC 9651 4.2.3.3"),
]


@pytest.mark.parametrize(("value", "anchor"), NOT_TARGETED)
def test_malformed_targeted_field_counts_as_absent(value, anchor):
    assert targeted_directives(fields(f"CDN-Cache-Control: {value}")) is None, anchor


def test_absent_targeted_field_says_nothing():
    assert targeted_directives(fields("Cache-Control: max-age=1")) is None


def _set(directives: object) -> dict[str, object]:
    """Return what differs from the defaults."""
    default = type(directives)()
    names = type(directives).__dataclass_fields__
    return {name: value for name in names if (value := getattr(directives, name)) != getattr(default, name)}
