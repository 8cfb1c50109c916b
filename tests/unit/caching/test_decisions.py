"""The driver of RFC 9111: every branch of what becomes of a request, an answer and a failure."""

from dataclasses import fields, replace
from typing import cast

import pytest

from proxy.caching.decisions import (
    Forward,
    NotStored,
    Reuse,
    ReuseOnError,
    Unsatisfiable,
    is_failure,
    on_confirmed,
    on_failure,
    on_not_modified,
    on_request,
    on_response,
    on_response_head,
)
from proxy.caching.http_profile import PRIVATE_RULES
from proxy.caching.profile import Finding, Servability
from proxy.caching.reasons import ForwardReason as Why
from proxy.caching.reasons import NotStoredReason as No
from proxy.caching.stored_response import ReuseTerms, StoredResponse, Variation
from proxy.errors import ErrorKind
from tests.unit.caching.messages import answer, at, date, get, head, receipt, sent, stored, subject

OK = Servability.SERVABLE
FRESH = stored()
LATE = at(70)  # FRESH has been stale for 10 seconds


def _forward(reason, *, validates=True, collapse=True):
    return reason, validates, collapse


REUSE, REFRESH, NONE = "reuse", "refresh", "504"

REQUESTS = [
    # what is stored, seconds later, Cache-Control of the request, outcome, anchor
    ({}, 0, None, REUSE, "4: fresh"),
    ({}, 59.9, None, REUSE, "4.2: still fresh"),
    ({}, 60, None, _forward(Why.STALE), "4.2: fresh is less than the lifetime"),
    ({}, 70, None, _forward(Why.STALE), "4.2.4"),
    ({}, 0, "no-cache", _forward(Why.REQUEST, collapse=False), "5.2.1.4"),
    ({}, 0, "no-store", _forward(Why.REQUEST, collapse=False), "5.2.1.5"),
    ({}, 0, "max-age=0", _forward(Why.REQUEST, collapse=False), "5.2.1.1"),
    ({"age": 10}, 0, "max-age=10", REUSE, "5.2.1.1: not greater"),
    ({"age": 10}, 0, "max-age=9", _forward(Why.REQUEST), "5.2.1.1"),
    ({"age": 10}, 0, "max-age=9, max-stale", _forward(Why.REQUEST), "5.2.1.1: max-stale is no younger age"),
    ({}, 70, "max-age=100", _forward(Why.STALE), "5.2.1.1: nothing stale without max-stale"),
    ({}, 70, "max-age=100, max-stale=10", REUSE, "5.2.1.1: with max-stale"),
    ({}, 0, "min-fresh=60", REUSE, "5.2.1.3"),
    ({}, 1, "min-fresh=60", _forward(Why.REQUEST), "5.2.1.3"),
    ({}, 70, "max-stale", REUSE, "5.2.1.2"),
    ({}, 70, "max-stale=10", REUSE, "5.2.1.2"),
    ({}, 70, "max-stale=9", _forward(Why.STALE), "5.2.1.2"),
    ({"must_revalidate": True}, 70, "max-stale", _forward(Why.STALE), "5.2.2.2"),
    ({"must_revalidate": True}, 0, None, REUSE, "5.2.2.2: only once stale"),
    ({"must_validate": True}, 0, None, _forward(Why.STALE), "5.2.2.4"),
    ({"must_validate": True}, 0, "max-stale", _forward(Why.STALE), "5.2.2.4"),
    ({}, 0, "only-if-cached", REUSE, "5.2.1.7"),
    ({}, 70, "only-if-cached", NONE, "5.2.1.7"),
    ({}, 70, "only-if-cached, max-stale", REUSE, "5.2.1.7"),
    ({}, 0, "only-if-cached, no-cache", NONE, "5.2.1.7"),
    ({"stale_while_revalidate": 20}, 70, None, REFRESH, "RFC 5861 3"),
    ({"stale_while_revalidate": 20}, 0, None, REUSE, "RFC 5861 3: nothing to refresh yet"),
    ({"stale_while_revalidate": 20}, 80, None, _forward(Why.STALE), "RFC 5861 3: a hard bound"),
    ({"stale_while_revalidate": 20, "must_revalidate": True}, 70, None, _forward(Why.STALE), "5.2.2.2"),
    ({"stale_while_revalidate": 20}, 70, "max-age=100", _forward(Why.STALE), "5.2.1.1: nothing stale"),
    ({"stale_while_revalidate": 20}, 70, "min-fresh=1", _forward(Why.REQUEST), "5.2.1.3"),
    ({"stale_while_revalidate": 20}, 70, "max-stale=30", REUSE, "5.2.1.2: nobody asked for more"),
]


@pytest.mark.parametrize(("kept", "later", "asked", "expected", "anchor"), REQUESTS)
def test_a_request_is_answered_from_the_store_only_as_far_as_all_allow(kept, later, asked, expected, anchor):
    held = stored(**kept)
    request = get() if asked is None else get(f"Cache-Control: {asked}")
    assert _outcome(on_request(request, held, Why.URI_MISS, OK, at(later)), held) == expected, anchor


def _outcome(decision, held):
    match decision:
        case Reuse(refresh=refresh):
            assert decision.stored is held
            return REFRESH if refresh else REUSE
        case Forward():
            return _forward(decision.reason, validates=decision.stored is held, collapse=decision.collapse)
        case Unsatisfiable():
            return NONE


@pytest.mark.parametrize("missing", [Why.URI_MISS, Why.VARY_MISS])
def test_what_is_missing_is_asked_for(missing):
    expected = Forward(reason=missing, stored=None, collapse=True)
    assert on_request(get(), None, missing, OK, at()) == expected
    assert on_request(get("Cache-Control: only-if-cached"), None, missing, OK, at()) == Unsatisfiable()
    alone = on_request(get("Cache-Control: no-cache"), None, missing, OK, at())
    assert alone == Forward(reason=missing, stored=None, collapse=False)


@pytest.mark.parametrize("servability", [one for one in Servability if one is not OK])
def test_what_the_profile_does_not_let_go_is_asked_for(servability):
    decision = on_request(get("Cache-Control: max-stale"), FRESH, Why.URI_MISS, servability, at())
    assert isinstance(decision, Forward)
    assert decision.reason is Why.STALE


@pytest.mark.parametrize(
    ("servability", "validates"),
    [(Servability.MUST_VALIDATE, True), (Servability.FENCED, False), (Servability.REFUSED, False)],
)
def test_only_what_a_304_could_make_good_is_validated(servability, validates):
    decision = on_request(get(), FRESH, Why.URI_MISS, servability, at())
    assert isinstance(decision, Forward)
    assert (decision.stored is FRESH) is validates


FAILURES = [
    # what is stored, default bound of the rules, seconds later, request, reused, anchor
    ({"stale_if_error": 20.0}, 70, None, True, "RFC 5861 4"),
    ({"stale_if_error": 20.0}, 80, None, True, "RFC 5861 4: up to the bound"),
    ({"stale_if_error": 20.0}, 80.1, None, False, "RFC 5861 4: a hard bound"),
    ({"stale_if_error": 0.0}, 61, None, False, "4.2.4: not allowed"),
    ({"stale_if_error": 0.0}, 59, None, True, "fresh is never too stale"),
    ({"stale_if_error": 20.0, "must_revalidate": True}, 70, None, False, "5.2.2.2: an error instead"),
    ({"stale_if_error": 20.0, "must_validate": True, "must_revalidate": True}, 1, None, False, "5.2.2.4"),
    ({"stale_if_error": 20.0}, 70, "no-cache", False, "5.2.1.4"),
    ({"stale_if_error": 20.0}, 70, "no-store", False, "5.2.1.5"),
    ({"stale_if_error": 20.0}, 70, "stale-if-error=10", True, "RFC 5861 4: in requests"),
    ({"stale_if_error": 20.0}, 75, "stale-if-error=10", False, "RFC 5861 4: the narrower of both"),
    ({"stale_if_error": 20.0}, 85, "stale-if-error=100", False, "the origin's word is not extended"),
]


@pytest.mark.parametrize(("kept", "later", "asked", "expected", "anchor"), FAILURES)
def test_a_stored_response_stands_in_for_an_error_inside_its_bound(kept, later, asked, expected, anchor):
    held = stored(**kept)
    request = get() if asked is None else get(f"Cache-Control: {asked}")
    decision = on_failure(request, held, OK, 503, PRIVATE_RULES, at(later))
    assert decision == (ReuseOnError(stored=held) if expected else None), anchor


KINDS = [
    (500, True),
    (502, True),
    (503, True),
    (504, True),
    (599, True),
    (408, True),
    (400, False),
    (401, False),
    (403, False),
    (404, False),
    (429, False),
    (499, False),
    (600, False),
    (200, False),
    (ErrorKind.CONNECTION_REFUSED, True),
    (ErrorKind.HTTP_RESPONSE_TIMEOUT, True),
    (ErrorKind.HTTP_RESPONSE_INCOMPLETE, True),
]


@pytest.mark.parametrize(("failure", "expected"), KINDS)
def test_only_an_origin_that_could_not_answer_is_stood_in_for(failure, expected):
    held = stored(stale_if_error=20.0)
    assert (on_failure(get(), held, OK, failure, PRIVATE_RULES, LATE) is not None) is expected
    if isinstance(failure, int) and not isinstance(failure, ErrorKind):
        assert is_failure(failure) is expected


@pytest.mark.parametrize(
    ("servability", "expected"),
    [(Servability.MUST_VALIDATE, True), (Servability.FENCED, False), (Servability.REFUSED, False)],
)
def test_an_outage_reveals_neither_fenced_nor_refused_responses(servability, expected):
    held = stored(stale_if_error=20.0)
    assert (on_failure(get(), held, servability, 503, PRIVATE_RULES, LATE) is not None) is expected


def test_nothing_stored_stands_in_for_nothing():
    assert on_failure(get(), None, OK, 503, PRIVATE_RULES, LATE) is None


def test_no_request_extends_the_rules_hard_bound():
    rules = replace(PRIVATE_RULES, stale_if_error_most_seconds=5.0)
    assert on_failure(get(), stored(stale_if_error=20.0), OK, 503, rules, LATE) is None


def _store(response, *asked, shared=False):
    asker = subject(shared=shared)
    came = receipt(response, asked=-1, rules=asker.rules)
    return on_response(
        get(*asked), response, asker, asker.rules, sent(-1, 7), came, Finding(version=3), own_tag=_own_tag
    )


def _own_tag(body):
    return f'"{body.hex()}"'


def test_a_stored_response_knows_all_that_was_decided_about_it():
    kept = _store(
        answer(
            "Cache-Control: max-age=60, stale-while-revalidate=5, stale-if-error=9",
            "Age: 2",
            'ETag: "a"',
            "Vary: Accept",
        ),
        "Accept: text/plain",
    )
    assert isinstance(kept, StoredResponse)
    assert kept.nominated == (("accept", "text/plain"),)
    assert kept.current_age_seconds(at()) == 3.0
    assert kept.terms == ReuseTerms(60.0, 5.0, 9.0, must_validate=False, must_revalidate=False)
    assert (kept.entity_tag, kept.generation, kept.version) == ('"a"', 7, 3)


def test_a_body_that_the_origin_gave_no_tag_gets_ours():
    kept = _store(answer("Cache-Control: max-age=60", body=b"\x0a"))
    assert isinstance(kept, StoredResponse)
    assert kept.entity_tag == '"0a"'


def test_a_body_that_varies_gets_no_tag_of_ours():
    varies = Finding(variation=cast(Variation, object()))
    rules = subject().rules
    response = answer("Cache-Control: max-age=60")
    came = receipt(response)
    kept = on_response(get(), response, subject(), rules, sent(), came, varies, own_tag=_own_tag)
    assert isinstance(kept, StoredResponse)
    assert kept.entity_tag is None


BOUNDS = [
    # shared, lines, must validate, must not be stale, anchor
    (False, ("Cache-Control: max-age=5",), False, False, "4.2.4"),
    (False, ("Cache-Control: max-age=5, must-revalidate",), False, True, "5.2.2.2"),
    (False, ("Cache-Control: max-age=5, proxy-revalidate",), False, False, "5.2.2.8: shared caches only"),
    (True, ("Cache-Control: max-age=5, proxy-revalidate",), False, True, "5.2.2.8"),
    (True, ("Cache-Control: s-maxage=5",), False, True, "5.2.2.10"),
    (False, ("Cache-Control: max-age=5, s-maxage=5",), False, False, "5.2.2.10: shared caches only"),
    (False, ('Cache-Control: max-age=5, no-cache="X-A"',), True, None, "5.2.2.4: qualified, all the same"),
    (False, ("Cache-Control: no-cache, max-age=5",), True, None, "5.2.2.4"),
    (False, (f"Expires: {date(60)}", "Pragma: no-cache"), False, True, "5.4: from HTTP/1.0"),
    (False, ("Cache-Control: max-age=5", "Pragma: no-cache"), False, False, "5.4"),
]


@pytest.mark.parametrize(("shared", "lines", "validate", "revalidate", "anchor"), BOUNDS)
def test_the_origins_bounds_of_reuse_are_kept(shared, lines, validate, revalidate, anchor):
    kept = _store(answer(*lines), shared=shared)
    assert isinstance(kept, StoredResponse)
    assert kept.terms.must_validate is validate, anchor
    assert revalidate is None or kept.terms.must_revalidate is revalidate, anchor


def test_what_the_origin_wants_validated_is_not_served_in_an_outage():
    kept = _store(answer("Cache-Control: no-cache, max-age=60, stale-if-error=60"))
    assert on_failure(get(), kept, OK, 503, PRIVATE_RULES, at(1)) is None


def test_an_origin_that_allows_no_staleness_overrules_the_clients_wish():
    kept = _store(answer("Cache-Control: max-age=60, stale-if-error=0"))
    assert on_failure(get("Cache-Control: stale-if-error=99"), kept, OK, 503, PRIVATE_RULES, LATE) is None


def test_the_rules_bound_counts_where_the_origin_is_silent():
    kept = _store(answer("Cache-Control: max-age=60"))
    rules = replace(PRIVATE_RULES, stale_if_error_seconds=20.0)
    silent = replace(subject(), rules=rules)
    kept = on_response(
        get(),
        answer("Cache-Control: max-age=60"),
        silent,
        silent.rules,
        sent(),
        receipt(head()),
        Finding(),
        own_tag=_own_tag,
    )
    assert on_failure(get(), kept, OK, 503, rules, LATE) is not None
    assert on_failure(get(), kept, OK, 503, rules, at(81)) is None


NOT_KEPT = [
    (answer("Cache-Control: no-store"), No.NO_STORE, "5.2.2.5"),
    (answer(), No.NO_FRESHNESS, "3: neither freshness nor validators: never reusable"),
    (answer("Cache-Control: max-age=60", status=304), No.STATUS, "4.3.4: not what a GET gets"),
    (answer("Cache-Control: max-age=60", "Content-Range: bytes 0-1/2"), No.PARTIAL, "3.3"),
]


@pytest.mark.parametrize(("response", "reason", "anchor"), NOT_KEPT)
def test_what_must_not_be_stored_is_not(response, reason, anchor):
    assert _store(response) == NotStored(reason=reason), anchor


@pytest.mark.parametrize("validator", ['ETag: "a"', f"Last-Modified: {date(5)}"])
def test_what_can_be_validated_is_stored_stale(validator):
    kept = _store(answer(validator))
    assert isinstance(kept, StoredResponse)
    assert kept.ttl_seconds(at()) <= 0


def test_a_head_alone_tells_what_will_not_be_stored():
    refused = on_response_head(get(), head("Cache-Control: no-store"), PRIVATE_RULES)
    assert refused == NotStored(reason=No.NO_STORE)
    assert on_response_head(get(), head("Cache-Control: max-age=1"), PRIVATE_RULES) is None
    assert on_response_head(get(), head(status=304), PRIVATE_RULES) is None


def test_targeted_directives_count_for_shared_caches_only():
    lines = ("CDN-Cache-Control: max-age=60", "Cache-Control: no-store")
    assert isinstance(_store(answer(*lines), shared=True), StoredResponse)
    assert _store(answer(*lines)) == NotStored(reason=No.NO_STORE)


def _freshen(held, *lines, shared=False):
    told, rules = head(*lines, status=304), subject(shared=shared).rules
    return on_not_modified(held, told, rules, sent(99, 8), receipt(told, 100, asked=99, rules=rules))


def test_a_304_starts_a_new_life():
    held = stored('ETag: "a"', "Cache-Control: max-age=60", "Age: 50", f"Date: {date()}", age=50)
    fresh = _freshen(held, f"Date: {date(100)}")
    assert isinstance(fresh, StoredResponse)
    assert (fresh.current_age_seconds(at(100)), fresh.terms.freshness_lifetime_seconds) == (1.0, 60.0)
    assert (fresh.generation, fresh.response.body) == (8, held.response.body)


def test_a_304_without_date_is_as_young_as_it_is():
    """RFC 9110 section 6.6.1; the stored Date and Age told of another message."""
    held = stored('ETag: "a"', "Cache-Control: max-age=60", "Age: 50", f"Date: {date()}", age=50)
    fresh = _freshen(held)
    assert isinstance(fresh, StoredResponse)
    assert fresh.current_age_seconds(at(100)) == 1.0


def test_a_304_brings_its_own_age():
    fresh = _freshen(stored('ETag: "a"', "Cache-Control: max-age=60"), "Age: 5")
    assert isinstance(fresh, StoredResponse)
    assert fresh.current_age_seconds(at(100)) == 6.0


def test_a_304_updates_directives():
    fresh = _freshen(stored('ETag: "a"', "Cache-Control: max-age=60"), "Cache-Control: max-age=5, no-cache")
    assert isinstance(fresh, StoredResponse)
    assert fresh.terms.freshness_lifetime_seconds == 5.0
    assert fresh.terms.must_validate


NOT_FRESHENED = [
    (('ETag: "a"',), ('ETag: "b"',), "4.3.4: another representation"),
    (('ETag: "a"',), ("Cache-Control: no-store",), "5.2.2.5: no longer to be kept"),
    (('ETag: "a"',), ("Vary: *",), "4.1: never matches again"),
    (('ETag: "a"',), ("Vary: Accept",), "4.1: nominates fields nobody took note of"),
]


@pytest.mark.parametrize(("held", "lines", "anchor"), NOT_FRESHENED)
def test_a_304_that_contradicts_what_is_stored_freshens_nothing(held, lines, anchor):
    assert isinstance(_freshen(stored(*held, "Cache-Control: max-age=60"), *lines), NotStored), anchor


FRESHENED = [
    (('ETag: "a"',), ('ETag: "a"',), (), "4.3.4: the same tag"),
    (('ETag: W/"a"',), ('ETag: "a"',), (), "4.3.4: weakly the same"),
    (('ETag: "a"', "Vary: Accept"), ("Vary: ACCEPT",), (("accept", None),), "4.1: the same fields"),
]


@pytest.mark.parametrize(("held", "lines", "chosen", "anchor"), FRESHENED)
def test_a_304_about_what_is_stored_freshens_it(held, lines, chosen, anchor):
    kept = stored(*held, "Cache-Control: max-age=60", nominated=chosen)
    assert isinstance(_freshen(kept, *lines), StoredResponse), anchor


RENEWED = {
    *("response", "receipt", "generation", "entity_tag", "is_confirmed"),
    "terms",
}


@pytest.mark.parametrize("renew", [on_confirmed, on_not_modified])
def test_a_freshened_response_keeps_all_that_is_not_about_freshness(renew):
    before = replace(
        stored('ETag: "a"', "Cache-Control: max-age=60", nominated=(("accept", "a"),)),
        scopes=(("vault", "v"),),
        version=7,
        evidence=(("item", b"7"),),
        variation=cast(Variation, object()),
    )
    told = head(f"Date: {date(9)}")
    after = renew(before, told, PRIVATE_RULES, sent(9), receipt(told, 9))
    assert isinstance(after, StoredResponse)
    kept = {field.name for field in fields(StoredResponse)} - RENEWED
    assert kept >= {"key", "nominated", "tags", "scopes", "version", "evidence", "variation"}
    assert {name for name in kept if getattr(after, name) is not getattr(before, name)} == set()
    assert (after.receipt.date, after.response.fields["Date"]) == (date(9), "")
    assert (after.current_age_seconds(at(9)), after.is_confirmed) == (0.0, renew is on_confirmed)
