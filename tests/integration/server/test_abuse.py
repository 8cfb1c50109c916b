"""Broken and hostile input over raw sockets: a closed answer or a close, and nothing of it anywhere else."""

import json
import logging

import pytest

SECRET = "s3cr3tV4lu3"
S = SECRET.encode()
HOST = b"Host: localhost\r\n"
AUTH = b"Authorization: Bearer " + S + b"\r\n"


def get(
    *lines: bytes, target: bytes = b"/v1/vaults", version: bytes = b"HTTP/1.1", host: bytes = HOST
) -> bytes:
    return (
        b"GET "
        + target
        + b" "
        + version
        + b"\r\n"
        + host
        + AUTH
        + b"".join(x + b"\r\n" for x in lines)
        + b"\r\n"
    )


def put(*lines: bytes, body: bytes = b"", version: bytes = b"HTTP/1.1") -> bytes:
    return (
        b"PUT /v1/x "
        + version
        + b"\r\n"
        + HOST
        + AUTH
        + b"".join(x + b"\r\n" for x in lines)
        + b"\r\n"
        + body
    )


CHUNKED = b"Transfer-Encoding: chunked"
ABUSE = {  # name: (what is sent, status)
    "unknown method": (b"FROB /" + S + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "lower-case method": (b"get / HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", 400),
    "garbage": (S + b" garbage\r\n\r\n", 400),
    "binary garbage": (b"\x00\xff\xfe" + S + b"\r\n\r\n", 400),
    "TLS on a plain port": (b"\x16\x03\x01\x02\x00" + S, 400),
    "no target": (b"GET  HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", 400),
    "HTTP/0.9": (b"GET /" + S + b"\r\n\r\n", 505),
    "HTTP/0.9 stated": (get(version=b"HTTP/0.9"), 505),
    "HTTP/2 stated": (get(version=b"HTTP/2.0"), 505),
    "HTTP/1.2": (get(version=b"HTTP/1.2"), 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + S, 505),
    "bare LF": (get().replace(b"\r\n", b"\n"), 400),
    "bare LF after a field": (get(b"X: a\nY: " + S), 400),
    "bare CR in a field": (get(b"X: " + S + b"\rb"), 400),
    "NUL in a field": (get(b"X: " + S + b"\0"), 400),
    "control in a field": (get(b"X: " + S + b"\x01"), 400),
    "obs-fold": (get(b"X: " + S, b" folded"), 400),
    "space before the first field": (get(host=b" " + HOST), 400),
    "space before colon": (get(b"X : " + S), 400),
    "empty field name": (get(b": " + S), 400),
    "field without colon": (get(S), 400),
    "non-ASCII field name": (get(b"X\xc3\xa9: " + S), 400),
    "folded authorization": (get(b"X: y").replace(AUTH, b"Authorization: Bearer\r\n " + S + b"\r\n"), 400),
    "two authorizations": (get(AUTH[:-2]), 400),
    "two other authorizations": (get(b"authorization: Bearer other"), 400),
    "two hosts": (get(b"Host: localhost"), 400),
    "no host": (get(host=b""), 400),
    "empty host": (get(host=b"Host:\r\n"), 400),
    "host with a space": (get(host=b"Host: a " + S + b"\r\n"), 400),
    "host with a path": (get(host=b"Host: a/" + S + b"\r\n"), 400),
    "host with a user": (get(host=b"Host: " + S + b"@a\r\n"), 400),
    "host with non-ASCII": (get(host=b"Host: \xc3\xa9\r\n"), 400),
    "raw UTF-8 in the target": (get(target=b"/\xc3\xa9" + S), 400),
    "raw latin-1 in the target": (get(target=b"/\xe9" + S), 400),
    "tab in the target": (get(target=b"/a\t" + S), 400),
    "DEL in the target": (get(target=b"/a\x7f" + S), 400),
    "fragment": (get(target=b"/a#" + S), 400),
    "relative target": (get(target=b"a/" + S), 400),
    "asterisk": (get(target=b"*"), 400),
    "OPTIONS *": (b"OPTIONS * HTTP/1.1\r\n" + HOST + AUTH + b"\r\n", 400),
    "absolute-form elsewhere": (get(target=b"http://evil.example/" + S), 400),
    "absolute-form elsewhere, host too": (
        get(target=b"http://evil.example/" + S, host=b"Host: evil.example\r\n"),
        400,
    ),
    "absolute-form with user": (get(target=b"http://u:" + S + b"@localhost/"), 400),
    "absolute-form, other scheme": (get(target=b"ftp://localhost/" + S), 400),
    "absolute-form, broken IPv6": (get(target=b"http://[::1/" + S), 400),
    "absolute-form, no host": (get(target=b"http:///" + S), 400),
    "CONNECT": (b"CONNECT " + S + b":443 HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "TRACE": (get().replace(b"GET", b"TRACE", 1), 405),
    "both framings": (put(b"Content-Length: 3", CHUNKED, body=b"0\r\n\r\n"), 400),
    "both framings, other order": (put(CHUNKED, b"Content-Length: 3", body=b"0\r\n\r\n"), 400),
    "same length twice": (put(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"), 400),
    "two lengths": (put(b"Content-Length: 3", b"Content-Length: 4", body=b"abc"), 400),
    "length list": (put(b"Content-Length: 3, 3", body=b"abc"), 400),
    "length with sign": (put(b"Content-Length: +3", body=b"abc"), 400),
    "negative length": (put(b"Content-Length: -3", body=b"abc"), 400),
    "hexadecimal length": (put(b"Content-Length: 0x3", body=b"abc"), 400),
    "empty length": (put(b"Content-Length:", body=b"abc"), 400),
    "overflowing length": (put(b"Content-Length: 99999999999999999999", body=b"abc"), 400),
    "largest length": (put(b"Content-Length: 18446744073709551615", body=b"abc"), 400),
    "word as length": (put(b"Content-Length: " + S, body=b"abc"), 400),
    "coding before chunked": (put(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 400),
    "identity coding": (put(b"Transfer-Encoding: identity"), 400),
    "chunked twice": (put(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), 400),
    "chunked in two fields": (put(CHUNKED, CHUNKED, body=b"0\r\n\r\n"), 400),
    "unknown coding": (put(b"Transfer-Encoding: x" + S, body=b"0\r\n\r\n"), 400),
    "empty coding": (put(b"Transfer-Encoding:", body=b"0\r\n\r\n"), 400),
    "coding hidden by VT": (put(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), 400),
    "chunked in HTTP/1.0": (put(CHUNKED, body=b"0\r\n\r\n", version=b"HTTP/1.0"), 400),
    "chunk size is no number": (put(CHUNKED, body=S + b"\r\n"), 400),
    "chunk size with LF only": (put(CHUNKED, body=b"3\nabc\n0\n\n"), 400),
    "chunk longer than stated": (put(CHUNKED, body=b"3\r\nabc" + S + b"\r\n0\r\n\r\n"), 400),
    "unknown expectation": (put(b"Expect: " + S, b"Content-Length: 3", body=b"abc"), 417),
    "old websocket": (get(b"Sec-WebSocket-Key1: " + S), 400),
    "field over the limit": (get(b"X: " + S * 8000), 431),
    "authorization over the limit": (get().replace(S, S * 8000), 431),
    "field name over the limit": (get(S * 8000 + b": y"), 431),
    "too many fields": (get(*[b"X: " + S] * 200), 431),
    "target over the limit": (get(target=b"/" + S * 4000), 414),
    "query over the limit": (get(target=b"/?" + S * 4000), 414),
    "data after close": (get(b"Connection: close") + S, 400),
}


@pytest.mark.parametrize("name", ABUSE)
async def test_bad_input_gets_a_closed_answer_and_leaves_no_trace(site, caplog, capfd, name):
    caplog.set_level(logging.DEBUG)
    octets, status = ABUSE[name]
    received = await site.exchange(octets)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"connection: close" in head.lower()
    assert b"content-type: application/json" in head.lower()
    document = json.loads(body)
    assert document.keys() == {"status", "message"}
    assert document["status"] == status
    assert site.handler.bodies == []
    assert S not in received
    assert SECRET not in caplog.text
    out, err = capfd.readouterr()
    assert SECRET not in out + err
    assert (await site.exchange(get(b"Connection: close"))).startswith(b"HTTP/1.1 200 ")


HARMLESS = {
    "token of 64 KiB": get().replace(S, b"t" * 65_536),
    "leading empty lines": b"\r\n\r\n" + get(),
    "HTTP/1.0 without host": get(version=b"HTTP/1.0", host=b""),
    "empty body stated": put(b"Content-Length: 0"),
    "IPv6 host": get(host=b"Host: [::1]:8180\r\n"),
    "any octet in a value": get(b"X: \xff\x80\xe9"),
    "websocket upgrade": get(b"Connection: Upgrade", b"Upgrade: websocket"),
    "h2c upgrade": get(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    "h2c upgrade with body": put(b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 3", body=b"abc"),
    "chunk extension": put(CHUNKED, body=b"3;a=b\r\nabc\r\n0\r\n\r\n"),
    "trailer": put(CHUNKED, body=b"3\r\nabc\r\n0\r\nX: y\r\n\r\n"),
}


@pytest.mark.parametrize("name", HARMLESS)
async def test_unusual_input_is_served(site, name):
    wire = await site.connect()
    wire.send(HARMLESS[name])
    status_line, _, body = await wire.response()
    assert status_line == "HTTP/1.1 200 OK"
    assert body == b"fine"


async def test_any_octet_of_a_field_value_reaches_the_handler(site):
    await site.exchange(get(b"X: \xff\x80", b"Connection: close"))
    assert site.handler.requests[0].fields["X"].encode("utf-8", "surrogateescape") == b"\xff\x80"


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/?",
        b"//a//b",
        b"/a/../b/./c",
        b"/%2e%2e/%2F%2f",
        b"/a?b=c+d%20e&f=%22",
        b"/v1/vaults/",
        b'/a"<>^`{|}\\',
    ],
)
async def test_targets_pass_octet_for_octet(site, target):
    await site.exchange(get(b"Connection: close", target=target))
    assert site.handler.requests[0].target.encode() == target


async def test_absolute_form_for_ourselves_is_reduced_to_the_exact_rest(site):
    await site.start()
    authority = b"127.0.0.1:%d" % site.port
    await site.exchange(
        get(
            b"Connection: close",
            target=b"http://" + authority + b"//a/../%2f?",
            host=b"Host: " + authority + b"\r\n",
        )
    )
    assert site.handler.requests[0].target == "//a/../%2f?"
