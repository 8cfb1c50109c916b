"""When a stale response may still be served (RFC 9111 section 4.2.4, RFC 5861)."""

from dataclasses import replace

import pytest

from proxy.caching.directives import NO_REQUEST_DIRECTIVES, RequestDirectives
from proxy.caching.http_profile import PRIVATE_RULES
from proxy.caching.staleness import client_accepts, may_refresh_behind, may_replace_error, staleness_seconds
from proxy.clock import Instant
from tests.unit.caching.messages import BOOT, WALL, at, stored

RULES = replace(PRIVATE_RULES, stale_if_error_seconds=100.0, stale_if_error_most_seconds=1000.0)


def test_staleness_counts_from_the_end_of_freshness():
    response = stored(lifetime=60, age=10)
    assert [staleness_seconds(response, at(s)) for s in (0, 50, 51)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("most", "must_revalidate", "staleness", "expected"),
    [
        (None, False, 1, False),
        (5, False, 5, True),
        (5, False, 6, False),
        (5, True, 1, False),
        (0, False, 1, False),
    ],
)
def test_max_stale_is_a_bound_and_must_revalidate_forbids_it(most, must_revalidate, staleness, expected):
    response = stored(lifetime=60, must_revalidate=must_revalidate)
    directives = RequestDirectives(max_stale_seconds=most)
    assert client_accepts(response, directives, at(60 + staleness)) is expected


@pytest.mark.parametrize(
    ("window", "directives", "must_revalidate", "staleness", "expected"),
    [
        (10, NO_REQUEST_DIRECTIVES, False, 9, True),
        (10, NO_REQUEST_DIRECTIVES, False, 10, False),
        (0, NO_REQUEST_DIRECTIVES, False, 0, False),
        (10, NO_REQUEST_DIRECTIVES, True, 1, False),
        (10, RequestDirectives(max_age_seconds=500), False, 1, False),  # 5.2.1.1: nothing stale
    ],
)
def test_stale_while_revalidate_is_a_window(window, directives, must_revalidate, staleness, expected):
    response = stored(lifetime=60, stale_while_revalidate=window, must_revalidate=must_revalidate)
    assert may_refresh_behind(response, directives, at(60 + staleness)) is expected


OUTAGE = [
    # origin's seconds, request's seconds, staleness, served, anchor
    (None, None, 100, True, "the rules', where nobody says"),
    (None, None, 101, False, "the rules'"),
    (5, None, 5, True, "RFC 5861 4: the origin's"),
    (5, None, 6, False, "RFC 5861 4: narrower than the rules'"),
    (500, None, 500, True, "RFC 5861 4: wider than the rules'"),
    (0, None, 1, False, "the origin's 0 is its word, not silence"),
    (0, 50, 1, False, "which no request widens"),
    (None, 50, 51, False, "the request's"),
    (None, 500, 500, True, "the request's"),
    (20, 50, 21, False, "the narrower of both"),
    (50, 20, 21, False, "the narrower of both"),
    (9999, None, 1000, True, "the hard maximum"),
    (9999, None, 1001, False, "the hard maximum"),
    (None, 9999, 1001, False, "nobody's word extends it"),
]


@pytest.mark.parametrize(("origin", "asked", "staleness", "expected", "anchor"), OUTAGE)
def test_staleness_in_an_outage_has_a_hard_bound(origin, asked, staleness, expected, anchor):
    response = stored(lifetime=60, stale_if_error=origin)
    directives = RequestDirectives(stale_if_error_seconds=asked)
    assert may_replace_error(response, directives, RULES, at(60 + staleness)) is expected, anchor


@pytest.mark.parametrize("field", ["must_validate", "must_revalidate"])
def test_what_the_origin_wants_validated_is_not_served_in_an_outage(field):
    response = stored(lifetime=60, stale_if_error=500.0, **{field: True})
    assert not may_replace_error(response, NO_REQUEST_DIRECTIVES, RULES, at(1))


def test_no_wall_clock_step_moves_a_bound():
    response = stored(lifetime=60, stale_if_error=10.0)
    stepped_back = Instant(wall_seconds=WALL - 1e6, boot_seconds=BOOT + 71)
    stepped_on = Instant(wall_seconds=WALL + 1e6, boot_seconds=BOOT + 70)
    assert not may_replace_error(response, NO_REQUEST_DIRECTIVES, RULES, stepped_back)
    assert may_replace_error(response, NO_REQUEST_DIRECTIVES, RULES, stepped_on)
