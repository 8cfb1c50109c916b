"""What holds for every response, request and moment (RFC 9111): age, bounds, freshening, reuse."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.caching import freshness
from proxy.caching.decisions import Forward, Reuse, on_failure, on_not_modified, on_request, on_response
from proxy.caching.http_profile import PRIVATE_RULES
from proxy.caching.profile import Finding, Servability
from proxy.caching.reasons import ForwardReason
from proxy.caching.reuse import present
from proxy.caching.selection import matches, nominated
from proxy.caching.stored_response import StoredResponse
from proxy.caching.validation import freshened, upstream_fields
from proxy.clock import Instant
from proxy.semantics.message import Request, Response, ResponseHead
from tests.unit.caching.messages import BOOT, WALL, answer, at, get, receipt, sent, stored, subject

UNHURRIED = settings(deadline=None)  # the machine is shared
MOMENTS = st.builds(
    lambda wall, boot: Instant(wall_seconds=WALL + wall, boot_seconds=BOOT + boot),
    st.floats(min_value=-1e8, max_value=1e8),
    st.floats(min_value=-1e6, max_value=1e9),
)
NAMES = st.sampled_from(
    ["A", "a", "B", "Set-Cookie", "ETag", "Content-Range", "Cache-Control", "Vary", "X-C"]
)
VALUES = st.text(alphabet='ab1 ,"=*', max_size=8)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=8).map(
    lambda pairs: CIMultiDictProxy(CIMultiDict(pairs))
)
OF_CONTENT = {"content-range"}  # of NAMES: what a 304 does not update
AGES = st.sampled_from(["Age: 5", "Age: -5", "Age: x", "Age: 99999999999999", "Age: 1, 2", "X: y"])


@UNHURRIED
@given(AGES, MOMENTS, MOMENTS, MOMENTS)
def test_age_is_never_negative_whatever_the_clocks_do(age, asked_at, received, now):
    response = answer(age, "Cache-Control: max-age=60", "Date: Sun, 06 Nov 1994 08:49:37 GMT")
    kept = on_response(
        get(),
        response,
        subject(),
        subject().rules,
        replace(sent(), at=asked_at),
        freshness.receipt(response, subject().rules, asked_at, received),
        Finding(),
        own_tag=lambda _: '"ours"',
    )
    assert isinstance(kept, StoredResponse)
    assert kept.current_age_seconds(now) >= 0
    assert int(present(kept, get(), now).fields["Age"]) >= 0


@UNHURRIED
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.floats(0, 1e6))
def test_what_is_stale_never_becomes_fresh_again_by_waiting(age, one, other):
    held, first, later = stored(age=age), min(one, other), max(one, other)
    assume(held.ttl_seconds(at(first)) <= 0)
    assert held.ttl_seconds(at(later)) <= 0


@UNHURRIED
@given(st.floats(0, 200), st.integers(0, 200), st.integers(0, 200))
def test_a_request_that_allows_less_age_is_never_answered_by_more(age, one, other):
    """max-age is monotonous: if the stricter request is served, the laxer one is, too."""
    strict, lax = sorted((one, other))
    held = stored(age=age, lifetime=100)

    def is_reused(most):
        request = get(f"Cache-Control: max-age={most}")
        decision = on_request(request, held, ForwardReason.URI_MISS, Servability.SERVABLE, at())
        return isinstance(decision, Reuse)

    assert is_reused(lax) or not is_reused(strict)
    assert not is_reused(lax) or age <= lax


@UNHURRIED
@given(st.floats(0, 500), st.sampled_from(Servability), st.sampled_from([None, "max-stale", "max-stale=999"]))
def test_only_what_is_servable_is_ever_reused(age, servability, asked):
    request = get() if asked is None else get(f"Cache-Control: {asked}")
    decision = on_request(request, stored(age=age), ForwardReason.URI_MISS, servability, at())
    assert isinstance(decision, Forward) or servability is Servability.SERVABLE


@UNHURRIED
@given(
    st.floats(0, 500),
    st.floats(0, 300),
    st.integers(0, 1000),
    st.sampled_from([Servability.FENCED, Servability.REFUSED, Servability.SERVABLE]),
)
def test_no_word_and_no_failure_extends_the_hard_bound(later, most, asked, servability):
    """Trap 5: a failure re-stamps nothing, however often it comes."""
    rules = replace(PRIVATE_RULES, stale_if_error_seconds=50.0, stale_if_error_most_seconds=most)
    held = stored(lifetime=60, stale_if_error=1e9)
    request = get(f"Cache-Control: stale-if-error={asked}")
    outcomes = {on_failure(request, held, servability, 503, rules, at(later)) is None for _ in range(3)}
    assert len(outcomes) == 1
    if later > 60 + most or servability is not Servability.SERVABLE:
        assert outcomes == {True}


@UNHURRIED
@given(FIELDS, FIELDS)
def test_freshening_loses_no_field(held, update):
    """Trap 16: every name stays; a name the 304 brings has its lines, any other the stored ones."""
    response = freshened(
        Response(status=200, reason="OK", fields=held, body=b"x"),
        ResponseHead(status=304, reason="", fields=update),
    )
    for name in held:
        is_replaced = name in update and name.lower() not in OF_CONTENT
        assert response.fields.getall(name) == (update if is_replaced else held).getall(name)
    for name in update:
        assert name.lower() in OF_CONTENT or response.fields.getall(name) == update.getall(name)


@UNHURRIED
@given(FIELDS)
def test_a_304_never_changes_content(update):
    held = stored('ETag: "a"', "Cache-Control: max-age=60")
    head = ResponseHead(status=304, reason="", fields=update)
    fresh = on_not_modified(held, head, subject().rules, sent(), receipt(head, 1))
    assert not isinstance(fresh, StoredResponse) or fresh.response.body is held.response.body


@UNHURRIED
@given(FIELDS.filter(lambda held: "ETag" not in held), st.binary(max_size=20))
def test_our_own_tag_always_validates(held, body):
    response = Response(status=200, reason="OK", fields=held, body=body)
    kept = replace(stored(), response=response, entity_tag='"ours"')
    tag = present(kept, get(), at()).fields["ETag"]
    assert present(kept, get(f"If-None-Match: {tag}"), at(9)).status == 304


@UNHURRIED
@given(FIELDS, st.binary(max_size=20))
def test_a_plain_hit_is_what_was_received_and_no_more(held, body):
    response = Response(status=200, reason="OK", fields=held, body=body)
    shown = present(replace(stored(), response=response), get(), at())
    added = {"Age", "Date"}
    assert [pair for pair in shown.fields.items() if pair[0] not in added] == list(held.items())
    assert shown.body == body


@UNHURRIED
@given(FIELDS, FIELDS)
def test_what_was_stored_for_a_request_matches_the_same_request(response_fields, request_fields):
    assume("*" not in ",".join(response_fields.getall("Vary", ())))
    request = Request(method="GET", target="/a", fields=request_fields)
    response = Response(status=200, reason="OK", fields=response_fields, body=b"")
    kept = replace(stored(), response=response, nominated=nominated(response, request))
    assert matches(kept, request)


@UNHURRIED
@given(
    FIELDS, st.sampled_from(["If-None-Match", "if-match", "Range", "If-Range", "If-Modified-Since"]), VALUES
)
def test_no_condition_of_a_client_shapes_what_goes_upstream(plain, name, value):
    """Trap 24."""
    shaped = CIMultiDict(plain)
    shaped.add(name, value)
    assert upstream_fields(CIMultiDictProxy(shaped)) == upstream_fields(plain)
