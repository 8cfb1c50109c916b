"""Whatever octets arrive, in whatever pieces: no 500, no fault in the log, nothing odd sent on, the next one served.

One long-running sidecar takes all examples of a test, so that what one of them leaves behind would meet the rest.
"""

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.faults.abuse import AUTH, HOST, S
from tests.faults.abuse_credentials import CREDENTIALS
from tests.faults.abuse_endings import ENDINGS
from tests.faults.abuse_fields import FIELDS
from tests.faults.abuse_framing import FRAMING
from tests.faults.abuse_targets import TARGETS
from tests.property.parser_inputs import PLACE, mutated
from tests.property.strict_origin import StrictOrigin
from tests.support.sidecar import RunningSidecar, running_sidecar
from tests.support.wire import WireClient

FUZZED = settings(
    deadline=None,
    max_examples=400,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=True,
)
A_MOMENT_SECONDS = 0.02
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What an example is played against."""

    sidecar: RunningSidecar
    origin: StrictOrigin
    complaints: list[dict[str, object]]

    async def door(self, name: str) -> WireClient:
        """Connect to one of the ports."""
        if name == "control":
            return WireClient(*await asyncio.open_unix_connection(self.sidecar.control_path))
        at = self.sidecar.address if name == "traffic" else self.sidecar.observe_address
        return await WireClient.connect(at)

    async def play(self, name: str, octets: bytes, cuts: list[float]) -> bytes:
        """Send octets in pieces; return all that comes back until the connection ends."""
        async with await self.door(name) as client:
            with suppress(ConnectionError):  # we may be refused while still sending
                places = sorted(int(cut * len(octets)) for cut in cuts)
                for start, end in zip([0, *places], [*places, len(octets)], strict=True):
                    client.writer.write(octets[start:end])
                    await client.writer.drain()
                    await asyncio.sleep(0)
                return await received(client)
        return b""

    async def check(self, answered: bytes) -> None:
        """Fail if an answer was a fault of ours, if anything was complained of, or the next one isn't served."""
        assert b"HTTP/1.1 500" not in answered
        assert not answered or answered.startswith(b"HTTP/1.1 ")
        assert self.complaints == []
        assert self.origin.violations == []
        async with await self.door("traffic") as client:
            answer = await client.ask(b"GET /next HTTP/1.1\r\n" + HOST)
            assert answer.status == 404
            assert json.loads(answer.body)["message"] == "nothing here"


async def received(client: WireClient) -> bytes:
    """Read to the end. Who has nothing to say for a moment is told that we have gone."""
    octets = b""
    async with asyncio.timeout(8):
        with suppress(TimeoutError):
            async with asyncio.timeout(A_MOMENT_SECONDS):
                while piece := await client.reader.read(65_536):
                    octets += piece
                return octets
        client.writer.write_eof()
        return octets + await client.reader.read()


@asynccontextmanager
async def running_site():
    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    async with StrictOrigin() as origin, running_sidecar(origin.url, LOG__LEVEL="debug") as sidecar:
        yield Site(sidecar=sidecar, origin=origin, complaints=complaints)


@pytest.fixture
def site(capfd):
    """A site in a loop of its own, which turns while an example is played."""
    with asyncio.Runner() as runner:
        running = running_site()
        entered = runner.run(running.__aenter__())
        yield runner, entered
        runner.run(running.__aexit__(None, None, None))
        assert entered.sidecar.sidecar.status().stored_responses == 0
    said = "".join(capfd.readouterr())
    assert "fault" not in said
    assert "unwritable" not in said
    assert S.decode() not in said


@pytest.mark.parametrize("door", ["traffic", "observe", "control"])
@pytest.mark.parametrize("octets", list(WRITTEN.values()), ids=list(WRITTEN))
def test_no_octets_are_a_fault_of_ours(site, door, octets):
    runner, playing = site

    @settings(FUZZED, max_examples=400 if door == "traffic" else 100)
    @given(octets, CUTS)
    def feed(sent, cuts):
        async def example():
            await playing.check(await playing.play(door, sent, cuts))

        runner.run(example())

    feed()
