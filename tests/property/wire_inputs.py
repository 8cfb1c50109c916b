"""What is written to a port: rows of the abuse table and good requests, mutated, spliced, or built field by field.

WRITTEN has the kinds of octets, CUTS the places where one write ends and the next begins.
"""

from hypothesis import strategies as st

from tests.faults.abuse import AUTH, HOST
from tests.faults.abuse_credentials import CREDENTIALS
from tests.faults.abuse_endings import ENDINGS
from tests.faults.abuse_fields import FIELDS
from tests.faults.abuse_framing import FRAMING
from tests.faults.abuse_targets import TARGETS
from tests.property.parser_inputs import PLACE, mutated

LONGEST_BYTES = 4096

ROWS = {**FRAMING, **TARGETS, **FIELDS, **ENDINGS, **CREDENTIALS}
GOOD = (
    b"GET /v1/vaults HTTP/1.1\r\n" + HOST + AUTH + b"\r\n",
    b"HEAD /v1/vaults?filter=x HTTP/1.0\r\n" + AUTH + b"Connection: keep-alive\r\n\r\n",
    b"POST /v1/vaults/v/items HTTP/1.1\r\n"
    + HOST
    + AUTH
    + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}",
    b"PUT /v1/vaults/v/items/i HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\n2;a\r\n{}\r\n0\r\nX: y\r\n\r\n",
    b"OPTIONS /v1/x HTTP/1.1\r\n" + HOST + b"Connection: close, x\r\nX: y\r\n\r\n",
    b"GET /status HTTP/1.1\r\n" + HOST + b"\r\n",
    b"POST /mode HTTP/1.1\r\n" + HOST + b'Content-Length: 16\r\n\r\n{"mode":"nobody"}',
)
CORPUS = (*GOOD, *(row.octets for row in ROWS.values() if 0 < len(row.octets) < LONGEST_BYTES))
HTTP_NOISE = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\0",
        b" ",
        b"\t",
        b":",
        b",",
        b";",
        b"\xff",
        b"\x0b",
        b"%",
        b"#",
        b"?",
    ),
    *(b"HTTP/1.1", b"HTTP/1.0", b"Host: a\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"),
    *(
        b"0\r\n\r\n",
        b"5\r\nabcde\r\n",
        b"fffffffffffffff0\r\n",
        b"Connection: close\r\n",
        b"Upgrade: h2c\r\n",
    ),
    *(b"Expect: 100-continue\r\n", b"X: " + b"y" * 70_000 + b"\r\n", b"/" * 17_000, b"99999999999999999999"),
    *(b"[" * 3000, b"chunked, ", b"Authorization: Bearer x\r\n", b"http://localhost/", b"Trailer: X\r\n"),
)
NEAR_GOOD = mutated(GOOD, HTTP_NOISE)
REQUESTS = st.lists(st.one_of(NEAR_GOOD, NEAR_GOOD, mutated(CORPUS, HTTP_NOISE)), min_size=1, max_size=2).map(
    b"".join
)
VISIBLE = st.text(alphabet=[chr(code) for code in range(0x21, 0x7F)], max_size=20)
TARGETS_BUILT = st.one_of(
    st.sampled_from(
        ["/", "/v1/vaults", "/v1/vaults?filter=x", "/v1/vaults/v/items/i", "*", "http://localhost/"]
    ),
    VISIBLE.map(lambda rest: f"/{rest}"),
    VISIBLE.map(lambda rest: f"/v1/vaults/{rest}"),
)
NAMES = st.sampled_from(
    [
        *(
            "Accept",
            "Accept-Encoding",
            "Authorization",
            "Cache-Control",
            "Connection",
            "Content-Type",
            "Cookie",
        ),
        *(
            "Expect",
            "Forwarded",
            "If-Match",
            "If-None-Match",
            "If-Modified-Since",
            "If-Range",
            "Keep-Alive",
            "TE",
        ),
        *(
            "Max-Forwards",
            "Pragma",
            "Proxy-Authorization",
            "Range",
            "Trailer",
            "Upgrade",
            "Via",
            "X-Request-ID",
        ),
    ]
)
VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "100-continue",
                "close",
                "keep-alive, host",
                "authorization",
                "no-cache",
                "max-age=0, only-if-cached",
            ),
            *(
                'W/"a", "b',
                "bytes=0-,5-3",
                "gzip;q=1, *;q=0",
                "h2c",
                "Bearer a.e30.c",
                "1.1 connect-sidecar-0",
                "*",
            ),
        ]
    ),
    st.binary(max_size=20).map(lambda drawn: bytes(max(octet, 0x20) for octet in drawn).decode("latin-1")),
)
BODIES = st.sampled_from(
    [
        *(b"\r\n", b"\r\n", b"Content-Length: 0\r\n\r\n", b"Content-Length: 2\r\n\r\n{}"),
        b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n00\r\nX: y\r\n\r\n",
        *(b"Content-Length: 9\r\n\r\n{}", b"Transfer-Encoding: chunked\r\n\r\n3\r\n{}"),
    ]
)


def built(method: str, target: str, version: str, fields: list[tuple[str, str]], rest: bytes) -> bytes:
    """Return a head that is well-formed, whatever it means, and what comes behind it."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
    return f"{method} {target} HTTP/{version}\r\nHost: localhost\r\n{lines}".encode("latin-1") + rest


METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE"])
VERSIONS = st.sampled_from(["1.1", "1.1", "1.0"])
BUILT = st.builds(
    built, METHODS, TARGETS_BUILT, VERSIONS, st.lists(st.tuples(NAMES, VALUES), max_size=4), BODIES
)
SEQUENCES = st.lists(BUILT, min_size=1, max_size=3).map(b"".join)
SPLICED = st.builds(
    lambda one, other, here, there: one[: int(here * len(one))] + other[int(there * len(other)) :],
    *(st.sampled_from(GOOD), st.sampled_from(CORPUS), PLACE, PLACE),
)
WRITTEN = {"built": SEQUENCES, "mutated": REQUESTS, "spliced": SPLICED, "any": st.binary(max_size=300)}
CUTS = st.lists(PLACE, max_size=5)
