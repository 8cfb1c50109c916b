"""Connections that end, or go on, where they should not: half a head, half a body, requests behind a broken one.

Nothing behind a malformed request is ever read as a request (RFC 9112 section 9.3 and 11.2).
"""

from tests.faults.abuse import CHUNKED, CLOSE, Row, S, cut_short, head, put, refused

GOOD = head(b"X: pipelined")
BAD = head(b"X : y")

ENDINGS: dict[str, Row] = {
    "nothing, then the end": cut_short(b""),
    "an empty line, then the end": cut_short(b"\r\n"),
    "half a request line": cut_short(b"GET /" + S),
    "half a field": cut_short(head()[:-20]),
    "a head without its last line": cut_short(head()[:-2]),
    "half a stated body": cut_short(put(b"Content-Length: 100", body=S), 400),
    "none of a stated body": cut_short(put(b"Content-Length: 100"), 400),
    "half a chunk": cut_short(put(CHUNKED, body=b"64\r\n" + S), 400),
    "half a chunk size": cut_short(put(CHUNKED, body=b"6"), 400),
    "half a last chunk": cut_short(put(CHUNKED, body=b"3\r\nabc\r\n0\r\n"), 400),
    "half a trailer": cut_short(put(CHUNKED, body=b"3\r\nabc\r\n0\r\nX: " + S), 400),
    "requests behind a malformed one": refused(BAD + GOOD * 3),
    "requests behind ambiguous framing": refused(
        put(b"Content-Length: 3", CHUNKED, body=b"0\r\n\r\n") + GOOD * 3
    ),
    "requests behind a foreign target": refused(head(target=b"http://evil.example/" + S) + GOOD * 3),
    "requests behind a refused method": refused(head(method=b"TRACE") + GOOD * 3, 405),
    "requests behind a refused expectation": refused(head(b"Expect: x") + GOOD * 3, 417),
    "requests behind a broken chunk": refused(put(CHUNKED, body=b"z\r\n") + GOOD * 3),
    # The parser gives up all that came in one piece: the good request is not sent on and gets the refusal.
    "a malformed request behind a good one": refused(GOOD + BAD),
    "a malformed request between good ones": refused(GOOD + BAD + GOOD),
    "a foreign target between good ones": Row(
        octets=GOOD + head(target=b"http://evil.example/" + S) + GOOD,
        statuses=(401, 400),
        upstream_requests=1,
    ),
    "two good ones, the first of them a body on GET": Row(
        octets=head(b"Content-Length: 3") + b"abc" + head(CLOSE), statuses=(401, 401), upstream_requests=2
    ),
}
