"""Freshness lifetime and age (RFC 9111 section 4.2)."""

from dataclasses import replace

import pytest

from proxy.caching.directives import MOST_SECONDS, response_directives, targeted_directives
from proxy.caching.freshness import corrected_initial_age_seconds, lifetime_seconds
from proxy.caching.http_profile import PRIVATE_RULES, SHARED_RULES
from proxy.clock import Instant
from tests.unit.caching.messages import BOOT, WALL, at, date, head, stored

DAY = 86_400

LIFETIMES = [
    # rules, status, lines, lifetime, anchor
    ("private", 200, ("Cache-Control: max-age=60",), 60, "4.2.1"),
    ("shared", 200, ("Cache-Control: max-age=60, s-maxage=7",), 7, "4.2.1: s-maxage first, if shared"),
    ("private", 200, ("Cache-Control: max-age=60, s-maxage=7",), 60, "5.2.2.10: shared caches only"),
    ("private", 200, ("Cache-Control: s-maxage=7",), None, "5.2.2.10: shared caches only"),
    ("private", 200, ("Cache-Control: max-age=60", f"Expires: {date(5)}"), 60, "5.3: max-age wins"),
    ("private", 200, ("Cache-Control: max-age=x", f"Expires: {date(5)}"), 0, "4.2.1: invalid is stale"),
    ("private", 200, (f"Date: {date()}", f"Expires: {date(90)}"), 90, "4.2.1"),
    ("private", 200, (f"Date: {date(-30)}", f"Expires: {date(60)}"), 90, "4.2.1: less Date, not less now"),
    ("private", 200, (f"Expires: {date(45)}",), 45, "RFC 9110 6.6.1: without Date, the time of arrival"),
    ("private", 200, ("Date: rubbish", f"Expires: {date(45)}"), 45, "RFC 9110 6.6.1"),
    ("private", 200, (f"Date: {date()}", f"Expires: {date(-1)}"), 0, "5.3: in the past"),
    ("private", 200, ("Expires: 0",), 0, "5.3: invalid is in the past"),
    ("private", 200, ("Expires: -1",), 0, "5.3: invalid is in the past"),
    ("private", 200, ("Expires:",), 0, "5.3: invalid is in the past"),
    ("private", 200, (f"Expires: {date(60)}", f"Expires: {date(90)}"), 0, "4.2.1: several are invalid"),
    ("private", 200, ("Cache-Control: max-age=99999999999",), MOST_SECONDS, "1.2.2"),
    ("private", 200, (f"Last-Modified: {date(-1000)}",), 100, "4.2.2: a tenth"),
    ("private", 200, (f"Date: {date(-500)}", f"Last-Modified: {date(-1000)}"), 50, "4.2.2: since Date"),
    ("private", 200, (f"Last-Modified: {date(-100 * DAY)}",), DAY, "4.2.2: at most a day"),
    ("private", 200, (f"Last-Modified: {date(5)}",), 0, "4.2.2: modified in the future"),
    ("private", 200, ("Last-Modified: rubbish",), None, "4.2.2"),
    ("private", 200, (), None, "4.2.2: nothing to go by"),
    ("private", 404, (f"Last-Modified: {date(-1000)}",), 100, "RFC 9110 15.1: heuristically cacheable"),
    ("private", 302, (f"Last-Modified: {date(-1000)}",), None, "RFC 9110 15.1: not heuristically cacheable"),
    ("private", 302, (f"Last-Modified: {date(-1000)}", "Cache-Control: public"), 100, "4.2.2: public"),
    ("assigned", 200, (), 30, "the profile's, where the origin is silent"),
    ("assigned", 200, ("Cache-Control: max-age=10",), 10, "an origin's shorter one wins (design rule 7)"),
    ("assigned", 200, ("Cache-Control: max-age=60",), 30, "a longer one doesn't"),
    ("assigned", 200, ("Expires: 0",), 0, "an origin's shorter one wins (design rule 7)"),
    ("assigned", 200, (f"Last-Modified: {date(-100 * DAY)}",), 30, "assigned: no heuristic"),
    ("shared", 200, ("CDN-Cache-Control: max-age=7", "Cache-Control: max-age=60"), 7, "RFC 9213 2.2"),
    ("shared", 200, ("CDN-Cache-Control: public", f"Expires: {date(60)}"), None, "RFC 9213 2.2: no Expires"),
]

RULES = {
    "private": PRIVATE_RULES,
    "shared": SHARED_RULES,
    "assigned": replace(PRIVATE_RULES, assigned_freshness_seconds=30.0, heuristics=False),
}


@pytest.mark.parametrize(("rules", "status", "lines", "expected", "anchor"), LIFETIMES)
def test_lifetime_is_the_origins_word_or_the_profiles_or_a_guess(rules, status, lines, expected, anchor):
    response = head(*lines, status=status)
    directives = response_directives(response.fields)
    if rules == "shared":
        directives = targeted_directives(response.fields) or directives
    assert lifetime_seconds(response, directives, RULES[rules], WALL) == expected, anchor


AGES = [
    # lines, seconds the request took, age on arrival, anchor
    ((), 0, 0, "4.2.3: nothing known"),
    (("Age: 10",), 0, 10, "4.2.3: age_value"),
    (("Age: 10",), 3, 13, "4.2.3: and the response delay"),
    ((), 3, 3, "4.2.3: the delay alone"),
    ((f"Date: {date(-20)}",), 0, 20, "4.2.3: apparent_age"),
    ((f"Date: {date(-20)}", "Age: 5"), 0, 20, "4.2.3: the greater of both"),
    ((f"Date: {date(-20)}", "Age: 50"), 0, 50, "4.2.3: the greater of both"),
    ((f"Date: {date(+3600)}",), 0, 0, "4.2.3: an origin's clock ahead of ours"),
    ((f"Date: {date(+3600)}", "Age: 5"), 2, 7, "4.2.3: an origin's clock ahead of ours"),
    (("Date: yesterday",), 0, 0, "RFC 9110 6.6.1: an invalid Date counts as arrival"),
    (("Age: 7", "Age: 9"), 0, 7, "5.1: the first of several"),
    (("Age: 7, 9",), 0, 7, "5.1: the first of several"),
    (("Age: -7",), 0, 0, "5.1: invalid is ignored"),
    (("Age: 1.5",), 0, 0, "5.1: invalid is ignored"),
    (("Age: x",), 0, 0, "5.1: invalid is ignored"),
    (("Age: 0007",), 0, 7, "5.1"),
    (("Age: 99999999999999999999",), 0, MOST_SECONDS, "1.2.2: overflow"),
]


@pytest.mark.parametrize(("lines", "took", "expected", "anchor"), AGES)
def test_age_on_arrival(lines, took, expected, anchor):
    assert corrected_initial_age_seconds(head(*lines), PRIVATE_RULES, at(-took), at()) == expected, anchor


def test_clock_step_between_request_and_answer_ages_nothing():
    before = Instant(wall_seconds=WALL + 9_000, boot_seconds=BOOT - 2)
    assert corrected_initial_age_seconds(head(), PRIVATE_RULES, before, at()) == 2


def test_age_grows_with_residence_and_a_wall_clock_step_changes_nothing():
    response = stored(age=5, lifetime=60)
    stepped = Instant(wall_seconds=WALL - 1e6, boot_seconds=BOOT + 10)
    assert response.current_age_seconds(stepped) == 15
    assert response.ttl_seconds(stepped) == 45


def test_age_never_falls_below_that_on_arrival():
    assert stored(age=5).current_age_seconds(at(-100)) == 5


def test_where_the_origin_itself_answers_its_clock_may_be_hours_apart():
    rules = replace(PRIVATE_RULES, ages_by_date=False)
    assert corrected_initial_age_seconds(head(f"Date: {date(-7200)}"), rules, at(-2), at()) == 2
    assert corrected_initial_age_seconds(head(f"Date: {date(-7200)}", "Age: 40"), rules, at(-2), at()) == 42
