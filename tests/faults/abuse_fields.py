"""Field sections that are malformed, oversized or strange (RFC 9110 section 5, RFC 9112 section 5).

Of the strange but valid ones the upstream sees exactly one request, and its answer is not stored.
"""

from tests.faults.abuse import AUTH, CLOSE, HOST, Row, S, asks_to_close, head, passed, put, refused


def _line(line: bytes, status: int = 400) -> Row:
    return refused(head(line), status)


def _strange(*lines: bytes) -> Row:
    return passed(asks_to_close(head(*lines)))


FIELDS: dict[str, Row] = {
    "bare LF throughout": refused(head().replace(b"\r\n", b"\n")),
    "bare LF behind the request line": refused(head().replace(b"\r\n", b"\n", 1)),
    "bare LF behind a field": _line(b"X: a\nY: " + S),
    "bare CR throughout": refused(head().replace(b"\r\n", b"\r") + b"\r\n\r\n"),
    "bare CR in a field": _line(b"X: " + S + b"\rb"),
    "CR CR LF": _line(b"X: " + S + b"\r"),
    "NUL in a value": _line(b"X: " + S + b"\0"),
    "NUL in a name": _line(b"X\0: " + S),
    "control in a value": _line(b"X: " + S + b"\x01"),
    "DEL in a value": _line(b"X: " + S + b"\x7f"),
    "escape in a value": _line(b"X: \x1b[31m" + S),
    "obs-fold": refused(head(b"X: " + S, b" folded")),
    "obs-fold by a tab": refused(head(b"X: " + S, b"\tfolded")),
    "obs-fold of nothing": refused(head(b"X:", b" " + S)),
    "space before the first field": refused(head(host=b" " + HOST)),
    "space in a name": _line(b"X Y: " + S),
    "space before the colon": _line(b"X : " + S),
    "tab before the colon": _line(b"X\t: " + S),
    "empty name": _line(b": " + S),
    "no colon": _line(S),
    "non-ASCII name": _line(b"X\xc3\xa9: " + S),
    "name in brackets": _line(b"X(y): " + S),
    "name in quotes": _line(b'"X": ' + S),
    "name with a slash": _line(b"X/y: " + S),
    "value over the limit": _line(b"X: " + S * 8000, 431),
    "name over the limit": _line(S * 8000 + b": y", 431),
    "200 fields": refused(head(*[b"X: " + S] * 200), 431),
    "100,000 fields": refused(head(*[b"X: y"] * 100_000), 431),
    "200 empty fields": refused(head(*[b"X:"] * 200), 431),
    "20 long fields": refused(head(*[b"X: " + b"y" * 60_000] * 20), 431),
    "old websocket": _line(b"Sec-WebSocket-Key1: " + S),
    "Expect unknown": refused(put(b"Expect: " + S, b"Content-Length: 3", body=b"abc"), 417),
    "Expect a list": refused(put(b"Expect: 100-continue, " + S, b"Content-Length: 3", body=b"abc"), 417),
    "Expect empty": refused(put(b"Expect:", b"Content-Length: 3", body=b"abc"), 417),
    "data behind a close": refused(head(CLOSE) + S),
    "Range bomb": _strange(b"Range: bytes=" + b",".join(b"%d-" % n for n in range(10_000))),
    "Range overlapping": _strange(b"Range: bytes=0-,0-,0-,0-"),
    "Range of too many digits": _strange(b"Range: bytes=" + b"9" * 5000 + b"-"),
    "Range garbage": _strange(b"Range: " + S),
    "validators without end": _strange(b"If-None-Match: " + b'"a", ' * 10_000 + b'"b"'),
    "date garbage": _strange(b"If-Modified-Since: " + S),
    "Cache-Control garbage": _strange(b'Cache-Control: max-age="\\' + S),
    "any octet in a value": _strange(b"X: \xff\x80\xe9"),
    "h2c upgrade": _strange(
        b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"
    ),
    "websocket upgrade": _strange(
        b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"
    ),
    "TLS upgrade": _strange(b"Connection: Upgrade", b"Upgrade: TLS/1.0"),
    "Connection names Authorization": _strange(b"Connection: authorization"),
    "Connection names Host": _strange(b"Connection: host, close"),
    "Connection names Cache-Control": _strange(b"Connection: cache-control", b"Cache-Control: no-cache"),
    "Connection garbage": _strange(b'Connection: ,,"' + S + b"\\,=;"),
    "Connection of 10,000 names": _strange(b"Connection: " + b"a," * 10_000),
    "forwarded addresses": _strange(b"X-Forwarded-For: 127.0.0.1", b"Forwarded: for=" + S),
    "method override": _strange(b"X-HTTP-Method-Override: DELETE"),
    "rewritten URL": _strange(b"X-Original-URL: /metrics", b"X-Rewrite-URL: /status"),
    "cookies": _strange(b"Cookie: a=" + S, b"Cookie: b=" + S),
    "Accept-Encoding garbage": _strange(b"Accept-Encoding: gzip;q=9,*;q=" + S),
    "HTTP/1.0 without Host": passed(head(version=b"HTTP/1.0", host=b"")),
    "empty lines first": passed(b"\r\n\r\n" + asks_to_close(head())),
    "a Proxy-Authorization": _strange(b"Proxy-Authorization: Bearer " + S),
    "two same Authorizations": refused(head(AUTH[:-2])),
    "two other Authorizations": refused(head(b"authorization: Bearer other")),
}
