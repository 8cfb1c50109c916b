"""Why the upstream client doesn't use aiohttp's ClientSession, and what it relies on below it.

The first half are habits: if one is gone, the reason in proxy/adapters/upstream_client may be gone. The second
half are promises: if one fails, read the new release before trusting it.
"""

import asyncio
import inspect
import subprocess
import sys
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import ClientRequest, ClientTimeout, TCPConnector
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.http_parser import HttpResponseParser, HttpResponseParserPy
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader
from yarl import URL

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Origin:
    """Answers each request head with what `reply` says; None ends the connection."""

    def __init__(self, reply: Callable[[bytes, int], bytes | None]) -> None:
        self.reply = reply
        self.heads: list[bytes] = []
        self.url = ""
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "Origin":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.reply(self.heads[-1], len(self.heads))
                if answer is None:
                    return
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as made:
        yield made


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_session_replays_unsafe_requests_on_a_dropped_connection(session, method):
    async with Origin(lambda _, count: None if count == 2 else OK) as origin:
        async with session.get(origin.url):
            pass
        async with session.request(method, origin.url):
            pass
        assert [head.split()[0].decode() for head in origin.heads] == ["GET", method, method]


@pytest.mark.parametrize(
    ("target", "sent"), [(b"/?", b"/"), (b"/a#b", b"/a"), (b'/"|', b"/%22%7C"), (b"/%7e", b"/~")]
)
async def test_session_rewrites_targets(session, target, sent):
    async with Origin(lambda *_: OK) as origin:
        async with session.get(origin.url + target.decode()):
            pass
        assert origin.heads[0].split()[1] == sent


async def test_session_adds_fields_and_keeps_cookies(session):
    async with Origin(lambda *_: OK.replace(b"OK\r\n", b"OK\r\nSet-Cookie: a=b\r\n")) as origin:
        named = origin.url.replace("127.0.0.1", "localhost")
        for _ in range(2):
            async with session.get(named):
                pass
        assert b"\r\nUser-Agent: " in origin.heads[0]
        assert b"\r\nAccept-Encoding: " in origin.heads[0]
        assert b"\r\nCookie: a=b\r\n" in origin.heads[1]


def test_importing_it_reads_the_systems_authorities_into_two_contexts():
    """In a process of its own: the names are what `forget_default_authorities` goes by."""
    program = (
        "import aiohttp.connector as c, ssl, sys; from proxy.adapters.upstream_client import authorities as a;"
        "found = {name for name, value in vars(c).items() if isinstance(value, ssl.SSLContext)};"
        "sys.exit(found != set(a.DEFAULT_CONTEXTS))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


async def test_connector_makes_a_connection_that_another_protocol_can_take_over():
    async with Origin(lambda *_: OK) as origin:
        loop = asyncio.get_running_loop()
        connector = TCPConnector(force_close=True, limit=0)
        recipe = ClientRequest("GET", URL(origin.url), loop=loop)
        made = await connector.connect(recipe, traces=[], timeout=ClientTimeout(total=None))
        assert made.protocol is not None
        assert not made.protocol.should_close
        assert isinstance(made.transport, asyncio.Transport)
        heard: asyncio.Future[bytes] = loop.create_future()

        class Successor(asyncio.Protocol):
            def data_received(self, data: bytes) -> None:
                heard.set_result(data)

        made.transport.set_protocol(Successor())
        made.transport.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(heard, 5) == OK
        assert origin.heads == [b"GET / HTTP/1.1\r\n\r\n"]  # nothing of the recipe leaves
        transport = made.transport
        made.close()
        assert transport.is_closing()
        await connector.close()


def test_members_our_protocol_inherits_exist():
    assert {"_parser", "_paused", "transport"} <= set(BaseProtocol.__slots__)
    assert inspect.iscoroutinefunction(BaseProtocol._drain_helper)
    assert list(inspect.signature(BaseProtocol.resume_reading).parameters) == ["self", "resume_parser"]


def test_stream_reads_on_by_handing_empty_data_to_the_protocol():
    assert 'self.data_received(b"")' in inspect.getsource(BaseProtocol.resume_reading)
    assert "self._protocol.resume_reading()" in inspect.getsource(StreamReader._read_nowait_chunk)
    assert "self._protocol.resume_reading(resume_parser=False)" in inspect.getsource(StreamReader.feed_eof)


async def parser(*, response_with_body: bool = True) -> HttpResponseParser:
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    protocol._parser = HttpResponseParser(
        protocol,
        loop,
        65_536,
        max_line_size=8_190,
        max_field_size=8_190,
        max_headers=100,
        response_with_body=response_with_body,
        read_until_eof=True,
        auto_decompress=False,
    )
    return protocol._parser


def test_the_parser_is_the_compiled_one():
    assert HttpResponseParser is not HttpResponseParserPy


async def test_raw_headers_hold_what_came_and_trailers_are_kept_apart():
    (entry,), _, _ = (await parser()).feed_data(
        b"HTTP/1.1 200 \xff\r\nx-A: \xff \r\nX-a:1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nT: x\r\n\r\n"
    )
    message, payload = entry
    assert message.raw_headers == ((b"x-A", b"\xff"), (b"X-a", b"1"), (b"Transfer-Encoding", b"chunked"))
    assert message.reason == "\udcff"
    assert payload.is_eof()


@pytest.mark.parametrize(
    ("octets", "begun"),
    [(b"", False), (b"H", True), (b"HTTP/1.1 2", True), (b"HTTP/1.1 200 OK\r\nX: y", True)],
)
async def test_feeding_the_end_tells_whether_another_answer_has_begun(octets, begun):
    parsing = await parser()
    parsing.feed_data(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + octets)
    assert (parsing.feed_eof() is not None) is begun


async def test_errors_quote_the_answer():
    """Why only the name of an error's class is kept."""
    with pytest.raises(HttpProcessingError, match="hunter2"):
        (await parser()).feed_data(b"HTTP/1.1 200 OK\r\nX hunter2\r\n\r\n")


@pytest.mark.parametrize(
    "octets",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 OK\r\n\r\n",
    ],
)
async def test_what_the_parser_lets_through_and_we_refuse(octets):
    """Why response_head.check looks at these again."""
    messages, _, _ = (await parser()).feed_data(octets)
    assert len(messages) == 1


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        b"Content-Length: 1\r\nContent-Length: 1\r\n",
        b"Content-Length: 1, 1\r\n",
        b"X: a\rb\r\n",
    ],
)
async def test_what_the_parser_refuses_so_that_we_need_not(fields):
    with pytest.raises(HttpProcessingError):
        (await parser()).feed_data(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")


async def test_answer_to_head_has_the_empty_payload():
    (entry,), _, _ = (await parser(response_with_body=False)).feed_data(
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
    )
    assert entry[1] is EMPTY_PAYLOAD
