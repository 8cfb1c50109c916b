"""One connection from head to close: framing, keep-alive, pipelining, back-pressure, clients that leave."""

import asyncio
import logging
import socket

import pytest

from proxy.errors import ErrorKind, UpstreamError
from proxy.server.connection_limits import ConnectionLimits

from .conftest import answer, until

GET = b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSE = b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def replying(value):
    async def reply(_request):
        return value() if callable(value) else value

    return reply


class Stream:
    """A streamed body that remembers whether it was closed."""

    def __init__(self, *chunks, fails: Exception | None = None, endless: bool = False):
        self.chunks, self.fails, self.endless = chunks, fails, endless
        self.yielded = 0
        self.closed = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    def __aiter__(self):
        return self

    async def __anext__(self):
        await self.go_on.wait()
        if self.endless or self.yielded < len(self.chunks):
            chunk = self.chunks[self.yielded % len(self.chunks)]
            self.yielded += 1
            return chunk
        if self.fails:
            raise self.fails
        raise StopAsyncIteration

    async def aclose(self):
        self.closed.set()


async def test_head_is_written_as_it_is_and_nothing_is_added(site):
    fields = [("x-lower", "1"), ("Set-Cookie", "a"), ("Set-Cookie", "b"), ("X-Odd", "\udcff\u00e9")]
    site.handler.reply = replying(answer(b"body", *fields, status=299, reason="Quite \udce9 Fine"))
    received = await site.exchange(CLOSE)
    assert received == (
        b"HTTP/1.1 299 Quite \xe9 Fine\r\nx-lower: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n"
        b"X-Odd: \xff\xc3\xa9\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody"
    )


@pytest.mark.parametrize("status", [200, 206, 404, 451, 599, 700, 999])
async def test_any_status_passes(site, status):
    site.handler.reply = replying(answer(b"x", status=status, reason=""))
    assert (await site.exchange(CLOSE)).startswith(b"HTTP/1.1 %d \r\n" % status)


@pytest.mark.parametrize(("status", "method"), [(204, b"GET"), (304, b"GET"), (200, b"HEAD")])
async def test_answers_without_body_add_no_length_and_keep_the_connection(site, status, method):
    site.handler.reply = replying(answer(b"", ("ETag", '"a"'), status=status))
    wire = await site.connect()
    for _ in range(2):
        wire.send(GET.replace(b"GET", method, 1))
        _, fields, _ = await wire.response(is_head=method == b"HEAD")
        assert dict(fields) == {"ETag": '"a"'}


async def test_head_keeps_the_stated_length(site):
    site.handler.reply = replying(answer(b"", ("Content-Length", "1234")))
    wire = await site.connect()
    wire.send(GET.replace(b"GET", b"HEAD", 1))
    _, fields, _ = await wire.response(is_head=True)
    assert fields["Content-Length"] == "1234"
    wire.send(CLOSE.replace(b"GET", b"HEAD", 1))
    assert (await wire.rest()).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "fields", [[("X", "a\r\nY: b")], [("X", "a\nb")], [("X\r", "a")], [("Content-Length", "3")]]
)
async def test_answer_that_is_not_http_becomes_a_fault(site, fields, caplog):
    site.handler.reply = replying(answer(b"body", *fields))
    assert (await site.exchange(CLOSE)).startswith(b"HTTP/1.1 500 ")
    assert "unwritable" in caplog.text


async def test_connection_fields_of_an_answer_are_ours_alone(site):
    site.handler.reply = replying(
        answer(b"b", ("Transfer-Encoding", "gzip"), ("Connection", "x"), ("Keep-Alive", "1"))
    )
    wire = await site.connect()
    wire.send(GET)
    assert dict((await wire.response())[1]) == {"Content-Length": "1"}


async def test_stream_is_chunked(site):
    site.handler.reply = replying(lambda: answer(Stream(b"one", b"", b"two")))
    wire = await site.connect()
    for _ in range(2):
        wire.send(GET)
        _, fields, body = await wire.response()
        assert fields["Transfer-Encoding"] == "chunked"
        assert body == b"onetwo"


async def test_stream_of_known_length_keeps_it(site):
    site.handler.reply = replying(lambda: answer(Stream(b"one", b"two"), ("Content-Length", "6")))
    wire = await site.connect()
    wire.send(GET)
    _, fields, body = await wire.response()
    assert dict(fields) == {"Content-Length": "6"}
    assert body == b"onetwo"


async def test_stream_ends_with_the_connection_for_http_1_0(site):
    site.handler.reply = replying(lambda: answer(Stream(b"one", b"two")))
    received = await site.exchange(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert received == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nonetwo"


async def test_http_1_0_keeps_alive_only_when_asked(site):
    wire = await site.connect()
    wire.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    assert (await wire.response())[1]["Connection"] == "keep-alive"
    wire.send(b"GET / HTTP/1.0\r\n\r\n")
    assert (await wire.response())[1]["Connection"] == "close"
    assert await wire.rest() == b""


@pytest.mark.parametrize(
    ("version", "stream", "fields"),
    [
        (
            b"1.1",
            lambda: Stream(b"one", fails=UpstreamError(ErrorKind.HTTP_RESPONSE_INCOMPLETE, sent=True)),
            [],
        ),
        (b"1.1", lambda: Stream(b"one", fails=ConnectionResetError("upstream")), []),
        (b"1.1", lambda: Stream(b"one"), [("Content-Length", "6")]),
        (b"1.1", lambda: Stream(b"one", b"two"), [("Content-Length", "5")]),
        (b"1.0", lambda: Stream(b"one", fails=ValueError("s3cr3t")), []),
    ],
    ids=["upstream fails", "connection fails", "too short", "too long", "HTTP/1.0"],
)
async def test_body_that_fails_midway_resets_the_connection(site, version, stream, fields, caplog):
    body = stream()
    site.handler.reply = replying(answer(body, *fields))
    wire = await site.connect()
    wire.send(GET.replace(b"1.1", version))
    await wire.reader.readuntil(b"\r\n\r\n")
    with pytest.raises(ConnectionResetError):
        assert not (await wire.rest()).endswith(b"0\r\n\r\n")
    assert body.closed.is_set()
    assert "s3cr3t" not in caplog.text


async def test_stream_nobody_may_read_is_closed(site):
    body = Stream(b"one", endless=True)
    site.handler.reply = replying(answer(body, ("Content-Length", "3")))
    await site.exchange(CLOSE.replace(b"GET", b"HEAD", 1))
    assert body.closed.is_set()
    assert body.yielded == 0


async def test_client_that_leaves_midway_closes_the_stream(site):
    body = Stream(b"x" * 1000, endless=True)
    site.handler.reply = replying(answer(body))
    wire = await site.connect()
    wire.send(GET)
    await wire.reader.readuntil(b"\r\n\r\n")
    body.go_on.clear()
    wire.writer.transport.abort()
    await asyncio.wait_for(body.closed.wait(), 5)


async def test_client_that_leaves_cancels_its_handler(site):
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def reply(_request):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    site.handler.reply = reply
    wire = await site.connect()
    wire.send(GET)
    await started.wait()
    await wire.close()
    await asyncio.wait_for(cancelled.wait(), 5)


@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "complete"])
async def test_slow_reader_holds_the_writer_back(site, is_stream):
    size = 32 << 20
    stream = Stream(*[b"x" * 65_536] * (size // 65_536))
    site.handler.reply = replying(answer(stream if is_stream else b"x" * size))
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
    await site.start()
    sock.connect(("127.0.0.1", site.port))
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, CLOSE)
    await until(lambda: any(connection.writing_paused for connection in site.server.connections))
    (connection,) = site.server.connections
    assert connection.transport.get_write_buffer_size() < 1 << 20
    assert stream.yielded * 65_536 < 16 << 20
    received = 0
    while octets := await loop.sock_recv(sock, 1 << 20):
        received += len(octets)
    assert received > size
    sock.close()


async def test_reader_that_stops_is_let_go(site):
    body = Stream(b"x" * 65_536, endless=True)
    site.handler.reply = replying(answer(body))
    await site.start(write_stall_seconds=0.05)
    wire = await site.connect()
    wire.writer.transport.pause_reading()
    wire.send(GET)
    await asyncio.wait_for(body.closed.wait(), 5)


async def test_pipelined_requests_are_answered_in_order(site):
    async def reply(request):
        return answer(request.target.encode())

    site.handler.reply = reply
    wire = await site.connect()
    wire.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(100)))
    for n in range(100):
        assert (await wire.response())[2] == b"/%d" % n


async def test_pipelined_after_a_body(site):
    wire = await site.connect()
    wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" + GET)
    await wire.response()
    await wire.response()
    assert site.handler.bodies == [b"abc", None]


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_request_split_at_every_octet(site, is_chunked):
    framing = b"Transfer-Encoding: chunked" if is_chunked else b"Content-Length: 5"
    body = b"2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n" if is_chunked else b"abcde"
    octets = b"PUT /v1/x?y HTTP/1.1\r\nHost: a\r\nX: \xff\r\n" + framing + b"\r\n\r\n" + body
    await site.start()
    for cut in range(1, len(octets)):
        wire = await site.connect()
        wire.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.send(octets[:cut])
        await wire.writer.drain()
        await asyncio.sleep(0)
        wire.send(octets[cut:])
        assert (await wire.response())[0] == "HTTP/1.1 200 OK"
        await wire.close()
    assert set(site.handler.bodies) == {b"abcde"}
    assert {request.target for request in site.handler.requests} == {"/v1/x?y"}


async def test_request_in_single_octets(site):
    wire = await site.connect()
    for octet in GET:
        wire.send(bytes([octet]))
        await asyncio.sleep(0)
    assert (await wire.response())[2] == b"fine"


@pytest.mark.parametrize(
    "octets",
    [
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
async def test_body_cut_short_is_told(site, octets):
    wire = await site.connect()
    wire.send(octets)
    wire.writer.write_eof()
    assert (await wire.response())[0] == "HTTP/1.1 400 Bad Request"
    assert await wire.rest() == b""
    assert site.handler.bodies == []


async def test_chunk_that_breaks_later_is_told(site):
    wire = await site.connect()
    wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
    await until(lambda: site.handler.requests)
    wire.send(b"zz\r\n")
    assert (await wire.response())[0] == "HTTP/1.1 400 Bad Request"
    assert await wire.rest() == b""


async def test_body_that_stops_coming_is_told(site):
    await site.start(body_idle_seconds=0.05)
    wire = await site.connect()
    wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
    assert (await wire.response())[0] == "HTTP/1.1 400 Bad Request"


async def test_continue_is_sent_when_the_body_is_first_read(site):
    wire = await site.connect()
    wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n")
    assert (await wire.response())[0] == "HTTP/1.1 100 Continue"
    wire.send(b"abc")
    assert (await wire.response())[0] == "HTTP/1.1 200 OK"
    assert site.handler.bodies == [b"abc"]
    assert "Expect" not in site.handler.requests[0].fields


async def test_refused_expectation_gets_its_answer_instead_of_continue(site):
    site.handler.reads_body = False
    site.handler.reply = replying(answer(b"no", status=401, reason="Unauthorized"))
    wire = await site.connect()
    wire.send(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    status_line, fields, _ = await wire.response()
    assert status_line == "HTTP/1.1 401 Unauthorized"
    assert fields["Connection"] == "close"


async def test_fault_of_the_handler_is_a_closed_answer_and_a_line_without_values(site, caplog):
    async def reply(_request):
        raise KeyError("s3cr3t")

    site.handler.reply = reply
    received = await site.exchange(GET)
    assert received.endswith(b'{"status":500,"message":"The sidecar failed to answer this request"}')
    assert "KeyError" in caplog.text
    assert "s3cr3t" not in caplog.text


async def test_head_that_drips_is_given_up(site):
    await site.start(head_seconds=0.05)
    wire = await site.connect()
    wire.send(b"GET / HTTP/1.1\r\nHo")
    assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")


async def test_head_that_grows_without_end_is_given_up(site):
    await site.start(max_head_bytes=10_000)
    wire = await site.connect()
    wire.send(b"GET / HTTP/1.1\r\n")
    for n in range(20):
        wire.send(b"X-%d: " % n + b"y" * 1000 + b"\r\n")
        await asyncio.sleep(0)
    assert (await wire.rest()).startswith(b"HTTP/1.1 431 ")


async def test_idle_connection_is_closed(site):
    await site.start(idle_seconds=0.05)
    wire = await site.connect()
    assert await wire.rest() == b""
    wire = await site.connect()
    wire.send(GET)
    await wire.response()
    assert await wire.rest() == b""


async def test_draining_answers_end_their_connections(site):
    wire = await site.connect()
    wire.send(GET)
    assert "Connection" not in (await wire.response())[1]
    site.server.begin_drain()
    wire.send(GET)
    assert (await wire.response())[1]["Connection"] == "close"
    assert await wire.rest() == b""


async def test_retiring_closes_idle_connections_and_lets_others_finish(site):
    release = asyncio.Event()

    async def reply(_request):
        await release.wait()
        return answer()

    idle, fresh, busy = [await site.connect() for _ in range(3)]
    idle.send(GET)
    await idle.response()
    site.handler.reply = reply
    busy.send(GET)
    await until(lambda: len(site.handler.requests) == 2)
    site.server.begin_drain()
    site.server.retire_idle()
    assert await idle.rest() == b""
    assert await fresh.rest() == b""
    release.set()
    assert (await busy.response())[1]["Connection"] == "close"
    assert await busy.rest() == b""
    await asyncio.wait_for(site.server.wait_gone(), 5)


async def test_limits_must_tell_lines_from_fields():
    with pytest.raises(ValueError):
        ConnectionLimits(max_target_bytes=1000, max_field_bytes=1000)


async def test_nothing_of_a_broken_request_reaches_a_log(site, caplog):
    caplog.set_level(logging.DEBUG)
    await site.exchange(GET + b"s3cr3t junk\r\n\r\n")
    assert "s3cr3t" not in caplog.text
