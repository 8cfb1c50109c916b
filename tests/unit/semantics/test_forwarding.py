"""What ends at each hop (RFC 9110 section 7.6)."""

import pytest

from proxy.semantics.forwarding import forwarded, freeze, has_passed, via_value
from tests.unit.caching.messages import fields

HOP_BY_HOP = [
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authentication-Info",
    "Proxy-Authorization",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
]


@pytest.mark.parametrize("name", HOP_BY_HOP)
def test_hop_by_hop_fields_end_here(name):
    passed = forwarded(fields(f"{name}: x", f"{name.lower()}: y", "Accept: z"))
    assert list(passed.items()) == [("Accept", "z")]


CONNECTION = [
    (("Connection: x-a", "X-A: 1", "X-B: 2"), ["X-B"], "7.6.1"),
    (("Connection: close, X-A , x-b", "X-A: 1", "X-B: 2"), [], "7.6.1: a list"),
    (("Connection: X-A", "connection: X-B", "X-A: 1", "X-B: 2"), [], "7.6.1: several lines"),
    (("X-A: 1", "X-A: 2", "Connection: X-A"), [], "7.6.1: every line of it, in any order"),
    (("Connection: X", "X-A: 1"), ["X-A"], "a prefix is not the name"),
    (("Connection:", "X-A: 1"), ["X-A"], "empty"),
]


@pytest.mark.parametrize(("lines", "expected", "anchor"), CONNECTION)
def test_fields_named_in_connection_end_here(lines, expected, anchor):
    assert list(forwarded(fields(*lines))) == expected, anchor


END_TO_END = [
    "Authorization",
    "Host",
    "Content-Length",
    "Content-Type",
    "Cache-Control",
    "Age",
    "Date",
    "ETag",
]
END_TO_END += [
    "Expires",
    "Vary",
    "Via",
    "Set-Cookie",
    "Range",
    "Content-Range",
    "Content-Encoding",
    "Location",
]


@pytest.mark.parametrize("name", END_TO_END)
def test_connection_can_not_take_out_what_a_message_means(name):
    assert list(forwarded(fields(f"Connection: {name}", f"{name}: x"))) == [name]


def test_order_repeats_and_spelling_stay():
    lines = [("B", "1"), ("a", "2"), ("b", "3"), ("B", "1")]
    assert list(forwarded(fields(*(f"{name}: {value}" for name, value in lines))).items()) == lines


def test_fields_are_left_as_they_are():
    received = fields("Connection: X-A", "X-A: 1")
    forwarded(received).add("Via", "1.1 x")
    assert list(received) == ["Connection", "X-A"]


VIA = [
    (("Via: 1.1 me",), True, "7.6.3"),
    (("Via: 1.0 you, 1.1 me",), True, "any member"),
    (("Via: 1.0 you", "Via: 1.1 me"), True, "any line"),
    (("Via: HTTP/1.1 me (a comment)",), True, "with a protocol name and a comment"),
    (("Via: 1.1  me",), True, "more than one space"),
    (("Via: 1.1 me-too",), False, "a longer name"),
    (("Via: 1.1 you (me)",), False, "a comment is no name"),
    (("Via: me",), False, "no name at all"),
    (("Via: 1.1 me:80",), False, "a port makes another name"),
    (("Via:",), False, "empty"),
    ((), False, "absent"),
]


@pytest.mark.parametrize(("lines", "expected", "anchor"), VIA)
def test_a_message_that_names_us_has_come_full_circle(lines, expected, anchor):
    assert has_passed(fields(*lines), "me") is expected, anchor


@pytest.mark.parametrize("minor_version", [0, 1])
def test_our_own_via_is_recognised(minor_version):
    passed = forwarded(fields())
    passed.add("Via", via_value(minor_version, "me"))
    assert passed["Via"] == f"1.{minor_version} me"
    assert has_passed(freeze(passed), "me")
