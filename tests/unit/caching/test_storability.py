"""What may be stored (RFC 9111 section 3)."""

from dataclasses import replace

import pytest

from proxy.caching.directives import request_directives, response_directives, targeted_directives
from proxy.caching.http_profile import PRIVATE_RULES, SHARED_RULES
from proxy.caching.reasons import NotStoredReason as No
from proxy.caching.storability import refusal
from tests.unit.caching.messages import get, head

FRESH = "Cache-Control: max-age=60"
TOKEN = "Authorization: Bearer x"

CASES = [
    # rules, request lines, status, response lines, reason, anchor
    ("private", (), 200, (), None, "3: heuristically cacheable"),
    ("private", (), 206, (FRESH,), No.PARTIAL, "3.3: incomplete"),
    ("private", (), 200, (FRESH, "Content-Range: bytes 0-1/9"), No.PARTIAL, "3.3: incomplete"),
    ("private", (), 304, (FRESH,), No.STATUS, "4.3.4: freshens, is not stored"),
    ("private", (), 302, (), No.STATUS, "3: no permission"),
    ("private", (), 302, (FRESH,), None, "3: max-age"),
    ("private", (), 302, ("Expires: 0",), None, "3: Expires"),
    ("private", (), 302, ("Cache-Control: public",), None, "3: public"),
    ("private", (), 302, ("Cache-Control: private",), None, "3: private, if the cache is not shared"),
    ("shared", (), 302, ("Cache-Control: s-maxage=5",), None, "3: s-maxage, if the cache is shared"),
    ("private", (), 302, ("Cache-Control: s-maxage=5",), No.STATUS, "3: s-maxage, if the cache is shared"),
    ("private", (), 299, (FRESH,), None, "3: understood as its class"),
    ("private", (), 999, (FRESH,), None, "3: any final status"),
    ("private", (), 500, (), No.STATUS, "3: no permission"),
    ("private", (), 500, (FRESH,), None, "3: max-age"),
    ("private", ("Cache-Control: no-store",), 200, (FRESH,), No.REQUEST_NO_STORE, "5.2.1.5"),
    ("private", (), 200, ("Cache-Control: no-store, max-age=5",), No.NO_STORE, "5.2.2.5"),
    ("private", (), 200, ("Cache-Control: private",), None, "5.2.2.7"),
    ("shared", (), 200, ("Cache-Control: private, max-age=5",), No.PRIVATE, "5.2.2.7"),
    ("shared", (), 200, ('Cache-Control: private="X-A", max-age=5',), No.PRIVATE, "5.2.2.7: qualified"),
    ("shared", (TOKEN,), 200, (FRESH,), No.CREDENTIALS, "3.5"),
    ("shared", (TOKEN,), 200, (FRESH + ", public",), None, "3.5: public"),
    ("shared", (TOKEN,), 200, ("Cache-Control: s-maxage=5",), None, "3.5: s-maxage"),
    ("shared", (TOKEN,), 200, (FRESH + ", must-revalidate",), None, "3.5: must-revalidate"),
    ("shared", (TOKEN,), 200, (FRESH + ", proxy-revalidate",), No.CREDENTIALS, "3.5: not this one"),
    ("private", (TOKEN,), 200, (FRESH,), None, "3.5: shared caches only"),
    ("private", (), 200, ("Cache-Control: must-understand, no-store",), None, "5.2.2.3: known status"),
    ("private", (), 299, ("Cache-Control: must-understand, max-age=5",), No.STATUS, "5.2.2.3: unknown"),
    ("private", (), 299, ("Cache-Control: must-understand, no-store",), No.STATUS, "5.2.2.3: unknown"),
    ("private", (), 200, (FRESH, "Vary: *"), No.VARY_ALL, "4.1: never matches"),
    ("private", (), 200, (FRESH, "Vary: Accept, *"), No.VARY_ALL, "4.1: a member of the list"),
    ("private", (), 200, (FRESH, "Vary: Accept", "Vary: *"), No.VARY_ALL, "4.1: on any line"),
    ("private", (), 200, (FRESH, "Vary: Accept"), None, "4.1"),
    ("private", (), 200, ("Cache-Control: no-cache",), None, "5.2.2.4: stored, but validated"),
    ("only 200", (), 404, (FRESH,), No.STATUS, "design rule 7"),
    (
        "only 200",
        (),
        200,
        ("Cache-Control: no-store",),
        No.NO_STORE,
        "design rule 7: the origin's no-store wins",
    ),
]

RULES = {
    "private": PRIVATE_RULES,
    "shared": SHARED_RULES,
    "only 200": replace(PRIVATE_RULES, storable_statuses=frozenset({200})),
}


@pytest.mark.parametrize(("rules", "asked", "status", "lines", "expected", "anchor"), CASES)
def test_a_response_is_stored_only_if_every_rule_allows_it(rules, asked, status, lines, expected, anchor):
    request, response = get(*asked), head(*lines, status=status)
    reason = refusal(
        request,
        request_directives(request.fields),
        response,
        response_directives(response.fields),
        RULES[rules],
    )
    assert reason is expected, anchor


@pytest.mark.parametrize("status", [200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])
def test_a_heuristically_cacheable_status_needs_no_permission(status):
    """RFC 9110 section 15.1, but for 206: parts are not stored."""
    request, response = get(), head(status=status)
    assert _refusal(request, response) is None


@pytest.mark.parametrize(
    "status", [201, 202, 299, 302, 303, 307, 400, 401, 403, 429, 500, 502, 503, 504, 999]
)
def test_any_other_status_needs_permission(status):
    assert _refusal(get(), head(status=status)) is No.STATUS


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "get"])
def test_answers_to_other_methods_are_not_stored(method):
    assert _refusal(get(method=method), head(FRESH)) is No.METHOD


def _refusal(request, response):
    return refusal(
        request,
        request_directives(request.fields),
        response,
        response_directives(response.fields),
        PRIVATE_RULES,
    )


def test_expires_is_no_permission_where_a_targeted_field_speaks():
    """RFC 9213 section 2.2."""
    request, response = get(), head("CDN-Cache-Control: must-revalidate", "Expires: 0", status=302)
    directives = targeted_directives(response.fields)
    assert directives is not None
    asked = request_directives(request.fields)
    assert refusal(request, asked, response, directives, SHARED_RULES) is No.STATUS
