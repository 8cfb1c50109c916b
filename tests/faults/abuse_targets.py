"""Request lines and Hosts nobody should send (RFC 9112 sections 2 and 3): methods, versions, target forms.

What is a valid origin-form target goes on octet for octet, however odd; all else ends here.
"""

from tests.faults.abuse import AUTH, HOST, Row, S, asks_to_close, head, passed, refused


def _line(line: bytes, status: int = 400) -> Row:
    return refused(line + b"\r\n" + HOST + AUTH + b"\r\n", status)


def _method(method: bytes, status: int = 400) -> Row:
    return refused(head(method=method), status)


def _version(version: bytes, status: int = 505) -> Row:
    return refused(head(version=version), status)


def _target(target: bytes, status: int = 400) -> Row:
    return refused(head(target=target), status)


def _host(value: bytes) -> Row:
    return refused(head(host=b"Host: " + value + b"\r\n"))


def _odd(target: bytes, status: int) -> Row:
    return passed(asks_to_close(head(target=target)), status)


ODD_TARGETS: dict[str, bytes] = {
    "encoded slashes": b"/v1%2Fvaults%2f" + S,
    "dot segments": b"/v1/vaults/../../" + S,
    "encoded dot segments": b"/v1/%2e%2e/%2E/" + S,
    "encoded NUL": b"/v1/%00/" + S,
    "encoded CRLF": b"/v1/%0d%0aX:%20y/" + S,
    "broken escapes": b"/v1/%/%zz/%f/" + S,
    "double slashes": b"//v1//vaults//" + S,
    "visible but odd": b'/v1/"<>^`{|}\\/' + S,
    "a query of odd octets": b"/v1/vaults?a=b+c%20d&&;e=%22?/" + S,
    "a query that is empty": b"/v1/" + S + b"?",
}
"""Valid as origin-form by our reading: they pass, and the upstream says what it thinks of them."""

_ODD_STATUS = {"broken escapes": 400, "a query of odd octets": 401}


TARGETS: dict[str, Row] = {
    "unknown method": _method(b"FROB"),
    "lower-case method": _method(b"get"),
    "mixed-case method": _method(b"Get"),
    "method with a colon": _method(b"GE:T"),
    "method with NUL": _method(b"GE\0T"),
    "non-ASCII method": _method(b"G\xc3\x89T"),
    "method of 100 KB": refused(head(method=b"G" * 100_000)),
    "secret as the method": _method(S),
    "no method": _line(b" /" + S + b" HTTP/1.1"),
    "CONNECT": refused(head(method=b"CONNECT", target=S + b":443"), 405),
    "CONNECT with a path": _method(b"CONNECT", 405),
    "TRACE": _method(b"TRACE", 405),
    "TRACK": _method(b"TRACK"),
    "HTTP/0.9": refused(b"GET /" + S + b"\r\n\r\n", 505),
    "HTTP/0.9 stated": _version(b"HTTP/0.9"),
    "HTTP/1.2": _version(b"HTTP/1.2"),
    "HTTP/1.10": _version(b"HTTP/1.10", 400),
    "HTTP/01.1": _version(b"HTTP/01.1", 400),
    "HTTP/2.0": _version(b"HTTP/2.0"),
    "HTTP/3": _version(b"HTTP/3", 400),
    "HTTP/-1.1": _version(b"HTTP/-1.1", 400),
    "lower-case http/1.1": _version(b"http/1.1", 400),
    "ICE/1.0": _version(b"ICE/1.0", 400),
    "HTTP/2 preface": refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + S, 505),
    "garbage": refused(S + b" garbage\r\n\r\n"),
    "binary garbage": refused(b"\x00\xff\xfe" + S + b"\r\n\r\n"),
    "random octets": refused(bytes(range(255, 0, -1)) + S + b"\r\n\r\n"),
    "TLS on the plain port": refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + S),
    "SSH on the plain port": refused(b"SSH-2.0-" + S + b"\r\n"),
    "a PROXY line first": refused(b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n" + head()),
    "no target": _line(b"GET  HTTP/1.1"),
    "tab instead of a space": _line(b"GET\t/" + S + b" HTTP/1.1"),
    "space behind the version": _line(b"GET /" + S + b" HTTP/1.1 "),
    "words behind the version": _line(b"GET / HTTP/1.1 " + S),
    "space in the target": _line(b"GET /a " + S + b" HTTP/1.1"),
    "CR behind the version": _line(b"GET /" + S + b" HTTP/1.1\r"),
    "tab in the target": _target(b"/a\t" + S),
    "NUL in the target": _target(b"/a\0" + S),
    "CR in the target": _target(b"/a\r" + S),
    "DEL in the target": _target(b"/a\x7f" + S),
    "raw UTF-8 in the target": _target(b"/\xc3\xa9" + S),
    "raw latin-1 in the target": _target(b"/\xe9" + S),
    "fragment": _target(b"/a#" + S),
    "relative target": _target(b"a/" + S),
    "query alone": _target(b"?" + S),
    "asterisk": _target(b"*"),
    "OPTIONS *": refused(head(method=b"OPTIONS", target=b"*")),
    "authority-form": _target(b"localhost:80"),
    "absolute-form elsewhere": _target(b"http://evil.example/" + S),
    "absolute-form elsewhere, Host too": refused(
        head(target=b"http://evil.example/" + S, host=b"Host: evil.example\r\n")
    ),
    "absolute-form of a metadata service": _target(b"http://169.254.169.254/latest/" + S),
    "absolute-form over TLS": _target(b"https://evil.example/" + S),
    "absolute-form with a user": _target(b"http://u:" + S + b"@localhost/"),
    "absolute-form of another scheme": _target(b"ftp://localhost/" + S),
    "absolute-form of a file": _target(b"file:///etc/" + S),
    "absolute-form, IPv6 broken": _target(b"http://[::1/" + S),
    "absolute-form, nobody": _target(b"http:///" + S),
    "absolute-form, two colons": _target(b"http://localhost:1:2/" + S),
    "absolute-form, port over any integer": refused(
        head(target=b"http://localhost:" + b"9" * 5000 + b"/" + S, version=b"HTTP/1.0", host=b"")
    ),
    "target of 64 KB": _target(b"/" + S * 6000, 414),
    "query of 1 MB": _target(b"/?" + S * 90_000, 414),
    "no Host": refused(head(host=b"")),
    "empty Host": _host(b""),
    "two Hosts": refused(head(b"Host: localhost")),
    "two other Hosts": refused(head(b"host: evil.example")),
    "Host with a space": _host(b"a " + S),
    "Host with a path": _host(b"a/" + S),
    "Host with a user": _host(S + b"@a"),
    "Host that is a list": _host(b"localhost, " + S),
    "Host with non-ASCII": _host(b"\xc3\xa9" + S),
    "Host with a word as port": _host(b"localhost:" + S),
    "Host with an open bracket": _host(b"[::1"),
    "Host with a fragment": _host(b"localhost#" + S),
    # What the parser is lenient about: the upstream gets a request line of ours, so nobody can be misled.
    "RTSP/1.0": passed(head(version=b"RTSP/1.0")),
    "two spaces before the target": passed(asks_to_close(head(target=b" /v1/vaults?x=" + S))),
    "two spaces before the version": passed(asks_to_close(head(version=b" HTTP/1.1"))),
    **{name: _odd(target, _ODD_STATUS.get(name, 404)) for name, target in ODD_TARGETS.items()},
}
