"""The profile of RFC 9111 alone: whose is a request, and what does a write outdate."""

import hashlib

import pytest

from proxy.caching.http_profile import PRIVATE_RULES, SHARED_RULES, HttpProfile
from proxy.caching.key import ROOT
from proxy.caching.pieces import at_once
from proxy.caching.profile import NO_EFFECTS, Handling, WriteOutcome, write_outcome
from tests.unit.caching.messages import answer, at, get, stored


def _profile(key=b"k", authority=""):
    return HttpProfile(lambda octets: hashlib.blake2b(octets, key=key).digest(), authority=authority)


def _subject(*lines, **rest):
    return _profile().subject(get(*lines, **rest), at())


@pytest.mark.parametrize(
    ("method", "handling"),
    [
        ("GET", Handling.CACHE),
        ("HEAD", Handling.CACHE),
        ("OPTIONS", Handling.PASS),
        ("TRACE", Handling.PASS),
        ("POST", Handling.WRITE),
        ("DELETE", Handling.WRITE),
        ("PROPFIND", Handling.WRITE),  # unknown is unsafe
        ("get", Handling.WRITE),  # methods are case-sensitive
    ],
)
def test_a_method_decides_what_is_done(method, handling):
    assert _subject(method=method).handling is handling


def test_head_finds_what_get_stored():
    assert _subject(method="HEAD").key == _subject(method="GET").key


def test_requests_without_credentials_share_a_partition_under_shared_rules():
    subject = _subject("Cookie: a=1")
    assert (subject.key.partition, subject.rules) == (b"", SHARED_RULES)


def test_each_credential_has_a_private_cache_of_its_own():
    one, other = _subject("Authorization: Bearer a"), _subject("Authorization: Bearer b")
    assert one.rules is other.rules is PRIVATE_RULES
    assert len({b"", one.key.partition, other.key.partition}) == 3
    assert one.key == _subject("authorization: Bearer a").key


def test_an_empty_credential_is_not_no_credential():
    subject = _subject("Authorization:")
    assert subject.rules is PRIVATE_RULES
    assert subject.key.partition != b""


def test_a_second_credential_is_another_partition():
    """Trap 1 and 10: nothing of a credential may be left out of the key, or glued into another's."""
    credentials = [
        ("Authorization: a",),
        ("Authorization: a", "Authorization: b"),
        ("Authorization: b", "Authorization: a"),
        ("Authorization: a, b",),
        ("Authorization: ab",),
    ]
    assert len({_subject(*lines).key.partition for lines in credentials}) == len(credentials)


def test_a_partition_does_not_tell_its_credential():
    one = _profile(b"k").subject(get("Authorization: Bearer a"), at())
    other = _profile(b"other process").subject(get("Authorization: Bearer a"), at())
    assert one.key.partition != other.key.partition
    assert b"Bearer" not in one.key.partition


def test_targets_are_keys_as_they_are():
    """Trap 1: no normalisation, no gluing."""
    targets = ["/a", "/a?", "/a/", "/%61", "/A", "/a?b", "//a"]
    assert len({_subject(target=target).key for target in targets}) == len(targets)


def test_an_answer_depends_on_its_target_and_on_everything():
    subject = _subject(target="/t")
    assert subject.scopes == (ROOT, ("target", "/t"))
    assert set(subject.tags) == {("target", "/t"), ("partition", b"")}


@pytest.mark.parametrize("outcome", [WriteOutcome.APPLIED, WriteOutcome.UNKNOWN])
def test_a_write_outdates_its_targets_for_everybody(outcome):
    profile = _profile(authority="up:8080")
    subject = profile.subject(get("Authorization: Bearer a", "Host: h", method="POST", target="/t"), at())
    said = answer("Location: http://up:8080/new", "Content-Location: http://h/t/1", status=201)
    effects = profile.write_ended(subject, outcome, said, at())
    tags = (("target", "/t"), ("target", "/new"), ("target", "/t/1"))
    assert effects.advance == tags
    assert effects.remove == tuple((tag,) for tag in tags)


def test_a_write_without_an_answer_outdates_its_target():
    profile, subject = _profile(), _subject(method="PUT", target="/t")
    effects = profile.write_ended(subject, WriteOutcome.UNKNOWN, None, at())
    assert effects.remove == ((("target", "/t"),),)


def test_a_refused_write_outdates_nothing():
    """Trap 21."""
    profile, subject = _profile(), _subject(method="PUT")
    assert profile.write_ended(subject, WriteOutcome.REFUSED, answer(status=401), at()) == NO_EFFECTS


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        *((status, WriteOutcome.APPLIED) for status in (200, 201, 204, 299, 301, 303, 304)),
        *((status, WriteOutcome.REFUSED) for status in (400, 401, 403, 404, 405, 413, 415, 422, 429)),
        *((status, WriteOutcome.UNKNOWN) for status in (408, 409, 410, 412, 499, 500, 503, 504, 999)),
    ],
)
def test_only_a_definite_refusal_says_that_nothing_changed(status, outcome):
    assert write_outcome(status) is outcome


def test_the_rest_is_left_to_the_rfc():
    profile, subject = _profile(), _subject()
    finding = at_once(profile.examine(subject, answer()))
    assert profile.servability(subject, stored(), at()).value == "servable"
    assert (finding.refusal, finding.version) == (None, None)
