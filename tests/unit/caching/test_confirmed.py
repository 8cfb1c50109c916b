"""What an answer about something else confirms: shown as if it had come with that one's Date, else unchanged."""

from dataclasses import replace

import pytest

from proxy.caching.decisions import on_confirmed, on_not_modified
from proxy.caching.directives import origin_directives
from proxy.caching.http_profile import PRIVATE_RULES
from proxy.caching.reuse import present
from proxy.caching.reuse_terms import reuse_terms
from proxy.caching.stored_response import StoredResponse
from proxy.caching.validation import redated
from tests.unit.caching.messages import at, date, get, head, receipt, sent, stored

CONFIRMING = [(), (f"Date: {date(9)}",), (f"Date: {date(9)}", "Age: 3"), ("Age: 3",)]
HELD = [
    (),
    (f"Date: {date()}",),
    (f"date: {date()}", "A: 1"),
    (f"Date: {date()}", "Age: 9"),
    (f"Date: {date()}", f"Date: {date()}"),
    (f"Date: {date()}", f"Expires: {date(20)}"),
    (f"Date: {date()}", f"Last-Modified: {date(-100)}"),
]
SILENT = replace(PRIVATE_RULES, ages_by_date=False, heuristics=False, assigned_freshness_seconds=60.0)
RULES = [
    SILENT,
    replace(SILENT, ages_by_date=True),
    replace(SILENT, heuristics=True, assigned_freshness_seconds=None),
]


@pytest.mark.parametrize("lines", CONFIRMING)
@pytest.mark.parametrize("held", HELD)
@pytest.mark.parametrize("rules", RULES)
def test_what_is_confirmed_is_shown_as_if_it_had_been_received_with_the_date_of_what_confirms_it(
    rules, held, lines
):
    before = stored('ETag: "a"', *held)
    came = receipt(head(*lines), 9, rules=rules)
    after = on_confirmed(before, head(*lines), rules, sent(9), came)
    received = replace(before, response=redated(before.response, head(*lines)))
    directives = origin_directives(received.response.fields, shared=rules.shared)
    terms = reuse_terms(received.response, directives, rules, at(9).wall_seconds)
    assert after is not None
    assert terms is not None
    expected = replace(received, terms=terms, receipt=receipt(received.response, 9, rules=rules))
    shown, wanted = present(after, get(), at(12)), present(expected, get(), at(12))
    assert list(shown.fields.items()) == list(wanted.fields.items())
    assert after.terms.freshness_lifetime_seconds == expected.terms.freshness_lifetime_seconds
    assert after.current_age_seconds(at(12)) == expected.current_age_seconds(at(12))


def test_a_304_tells_the_date_of_what_was_confirmed_before():
    confirmed = on_confirmed(
        *(stored('ETag: "a"', f"Date: {date()}"), head(f"Date: {date(9)}"), SILENT, sent(9)),
        receipt(head(f"Date: {date(9)}"), 9),
    )
    assert confirmed is not None
    told = head(f"Date: {date(20)}", status=304)
    fresh = on_not_modified(confirmed, told, SILENT, sent(20), receipt(told, 20))
    assert isinstance(fresh, StoredResponse)
    assert present(fresh, get(), at(20)).fields["Date"] == date(20)
