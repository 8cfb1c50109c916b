"""What still counts while the origin can't answer, and what is no outage at all (design rule 9)."""

import pytest

from proxy.caching.decisions import Forward, on_failure, on_request, on_response_head
from proxy.caching.http_profile import PRIVATE_RULES, SHARED_RULES
from proxy.caching.profile import Servability
from proxy.caching.reasons import UNSHARED, ForwardReason
from proxy.caching.reasons import NotStoredReason as No
from proxy.errors import ErrorKind
from tests.unit.caching.messages import at, get, head, stored

WISHES = [
    # Cache-Control of the request, served in an outage, anchor
    ("max-age=0", False, "5.2.1.1: the client wants the origin's word"),
    ("max-age=69", False, "5.2.1.1: older than it takes"),
    ("max-age=70", True, "5.2.1.1"),
    ("min-fresh=1", False, "5.2.1.3: nothing stale"),
    ("max-age=0, stale-if-error=60", True, "RFC 5861 4: said for this very case"),
    ("max-age=0, stale-if-error=9", False, "RFC 5861 4: a bound"),
    ("only-if-cached", True, "5.2.1.7"),
]


@pytest.mark.parametrize(("asked", "expected", "anchor"), WISHES)
def test_what_a_client_asked_for_holds_in_an_outage(asked, expected, anchor):
    held = stored(lifetime=60, stale_if_error=100.0)
    answer = on_failure(
        get(f"Cache-Control: {asked}"), held, Servability.SERVABLE, 503, PRIVATE_RULES, at(70)
    )
    assert (answer is not None) is expected, anchor


@pytest.mark.parametrize(
    "kind",
    [
        ErrorKind.CONNECTION_LIMIT_REACHED,
        ErrorKind.HTTP_REQUEST_ERROR,
        ErrorKind.PROXY_INTERNAL_ERROR,
        ErrorKind.PROXY_LOOP_DETECTED,
    ],
)
def test_a_failure_of_our_own_is_no_outage(kind):
    held = stored(lifetime=60, stale_if_error=100.0)
    assert on_failure(get(), held, Servability.SERVABLE, kind, PRIVATE_RULES, at(70)) is None


def test_an_unverified_response_is_validated_rather_than_fetched_whole():
    """A 304 to this very token proves that it may read what we hold."""
    held = stored('ETag: "a"')
    decision = on_request(get(), held, ForwardReason.URI_MISS, Servability.UNVERIFIED, at())
    assert decision == Forward(reason=ForwardReason.STALE, stored=held, collapse=True)


PRIVACY = [
    # rules, request lines, status, lines, reason, anchor
    (PRIVATE_RULES, (), 404, ("Cache-Control: no-store",), No.NO_STORE, "not the status"),
    (PRIVATE_RULES, (), 206, ("Cache-Control: no-store",), No.NO_STORE, "not the part"),
    (
        PRIVATE_RULES,
        ("Cache-Control: no-store",),
        200,
        ("Cache-Control: no-store",),
        No.NO_STORE,
        "the origin's",
    ),
    (SHARED_RULES, (), 404, ("Cache-Control: private",), No.PRIVATE, "not the status"),
]


@pytest.mark.parametrize(("rules", "asked", "status", "lines", "reason", "anchor"), PRIVACY)
def test_the_origins_word_on_sharing_never_hides_behind_another_reason(
    rules, asked, status, lines, reason, anchor
):
    """Followers of a flight share what is not stored, unless the origin forbade it (issue 2)."""
    refused = on_response_head(get(*asked), head(*lines, status=status), rules)
    assert refused is not None
    assert refused.reason is reason, anchor
    assert refused.reason in UNSHARED
