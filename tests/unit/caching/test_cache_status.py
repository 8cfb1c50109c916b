"""Our member of Cache-Status (RFC 9211)."""

import pytest

from proxy.caching.cache_status import Forwarded, forwarded, hit
from proxy.caching.reasons import ForwardReason

HITS = [
    (60.0, None, "connect-sidecar; hit; ttl=60"),
    (59.9, None, "connect-sidecar; hit; ttl=59"),
    (0.0, None, "connect-sidecar; hit; ttl=0"),
    (-0.1, None, "connect-sidecar; hit; ttl=-1"),
    (-30.0, "503", 'connect-sidecar; hit; ttl=-30; detail="503"'),
    (-30.0, "connection_refused", "connect-sidecar; hit; ttl=-30; detail=connection_refused"),
]


@pytest.mark.parametrize(("ttl", "detail", "expected"), HITS)
def test_a_hit_tells_how_fresh_it_is(ttl, detail, expected):
    """RFC 9211 sections 2.1, 2.4 and 2.8."""
    assert hit(ttl, detail) == expected


FORWARDED = [
    ({}, "connect-sidecar; fwd=uri-miss"),
    ({"status": 200}, "connect-sidecar; fwd=uri-miss; fwd-status=200"),
    ({"status": 200, "is_stored": True}, "connect-sidecar; fwd=uri-miss; fwd-status=200; stored"),
    ({"is_collapsed": True}, "connect-sidecar; fwd=uri-miss; collapsed"),
    (
        {"status": 200, "detail": "too_large"},
        "connect-sidecar; fwd=uri-miss; fwd-status=200; detail=too_large",
    ),
]


@pytest.mark.parametrize(("handling", "expected"), FORWARDED)
def test_a_forwarded_request_tells_why_and_what_came(handling, expected):
    """RFC 9211 sections 2.2, 2.3, 2.5, 2.6 and 2.8."""
    assert forwarded(Forwarded(reason=ForwardReason.URI_MISS, **handling)) == expected


def test_every_reason_is_a_word_of_the_rfc():
    known = {"bypass", "method", "uri-miss", "vary-miss", "miss", "request", "stale", "partial"}
    assert set(ForwardReason) == known
