"""Answers that leave a doubt about where they end: an error of ours, and a connection nobody uses again."""

import asyncio
import traceback

import pytest

from proxy.errors import UpstreamError
from tests.integration.upstream_client.conftest import OK, fetch, kind_of, request, until

H = b"HTTP/1.1 200 OK\r\n"
SECRET = b"hunter2"


def once(octets: bytes, *, end: str = ""):
    async def script(peer):
        await peer.answer(octets)
        await peer.writer.drain()
        if end == "reset":
            await peer.writer.drain()
            peer.reset()
        elif end != "close":
            await peer.reader.read()

    return script


@pytest.mark.parametrize(
    "octets",
    [
        H + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        H + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        H + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        H + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        H + b"Content-Length: 5, 5\r\n\r\nhello",
        H + b"Content-Length: +5\r\n\r\nhello",
        H + b"Content-Length: 0x5\r\n\r\nhello",
        H + b"Content-Length: -5\r\n\r\nhello",
        H + b"Content-Length:\r\n\r\nhello",
        H + b"Content-Length: 18446744073709551615\r\n\r\nhello",
        H + b"Content-Length: 99999999999999999999999\r\n\r\nhello",
        H + b"Content-Length : 5\r\n\r\nhello",
        H + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        H + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        H + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        H + b"Transfer-Encoding: gzip\r\n\r\nhello",
        H + b"Transfer-Encoding: identity\r\n\r\nhello",
        H + b"Transfer-Encoding:\r\n\r\nhello",
        H + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/0.9 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 1000 x\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw",
        b"HTTP/1.1 101 Switching\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
        H + b"No colon\r\n\r\n",
        H + b"X\xff: y\r\n\r\n",
        H + b"X: a\rY: b\r\n\r\n",
        H + b"X: \0\r\n\r\n",
        H + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"y" * 20_000 + b"\r\n\r\n",
        H + b"X: y\r\n" * 1_000 + b"\r\n",
    ],
    ids=lambda octets: octets[:70].decode("latin-1"),
)
async def test_doubtful_head_is_a_protocol_error(origin, client, octets):
    server = await origin(once(octets))
    sender = client(server)
    assert await kind_of(sender.send(request())) == ("http_protocol_error", True)
    assert sender.open_connections == 0
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n", b"-1\r\n", b"3\r\nabcd\r\n", b"3\r\nabc\r\n0\r\nContent-Length: 1\r\n\r\n"]
)
async def test_broken_chunks_are_a_protocol_error(origin, client, chunks):
    server = await origin(once(H + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n" + chunks))
    sender = client(server)
    assert await kind_of(fetch(sender, request())) == ("http_protocol_error", True)
    assert sender.open_connections == 0


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("octets", [b"", b"HTT", H, H + b"X: y\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
async def test_end_before_the_head_is_a_terminated_connection(origin, client, octets, end):
    server = await origin(once(octets, end=end))
    assert await kind_of(client(server).send(request())) == ("connection_terminated", True)
    assert len(server.heads) == 1


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize(
    "octets",
    [
        H + b"Content-Length: 5\r\n\r\nhell",
        H + b"Content-Length: 5\r\n\r\n",
        H + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel",
        H + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        H + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ],
)
async def test_cut_body_is_an_incomplete_response(origin, client, octets, end):
    server = await origin(once(octets, end=end))
    sender = client(server)
    # A reset may destroy the head, too.
    allowed = {"http_response_incomplete"} | ({"connection_terminated"} if end == "reset" else set())
    kind, sent = await kind_of(fetch(sender, request()))
    assert kind in allowed and sent
    assert sender.open_connections == 0


async def test_body_that_only_the_end_delimits_is_incomplete_after_a_reset(origin, client):
    go_on = asyncio.Event()

    async def script(peer):
        await peer.answer(H + b"\r\nabc")
        await go_on.wait()
        peer.reset()

    server = await origin(script)
    answer = await client(server).send(request())
    go_on.set()
    assert await kind_of(answer.read_complete(100)) == ("http_response_incomplete", True)


async def test_failed_body_stays_failed(origin, client):
    server = await origin(once(H + b"Content-Length: 5\r\n\r\nhell", end="close"))
    answer = await client(server).send(request())
    for _ in range(2):
        assert (await kind_of(answer.read_complete(5)))[0] == "http_response_incomplete"
    with pytest.raises(UpstreamError):
        [octets async for octets in answer]


@pytest.mark.parametrize(
    "octets",
    [
        H + b"X: hunter2\r\nNo colon hunter2\r\n\r\n",
        H + b"Transfer-Encoding: chunked\r\n\r\nhunter2\r\n",
        b"hunter2 hunter2\r\n\r\n",
        H + b"Content-Length: 2\r\n\r\nokhunter2",
    ],
)
async def test_errors_quote_nothing_of_an_answer(origin, client, octets):
    server = await origin(once(octets))
    with pytest.raises(UpstreamError) as raised:
        await fetch(client(server), request("GET", "/hunter2", ("Authorization", "Bearer hunter2")))
    frames = "".join(traceback.format_exception(raised.value))
    assert "hunter2" not in "\n".join(line for line in frames.splitlines() if not line.startswith("    "))
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize(
    "extra",
    [
        b"H",
        b"HTTP/1.1 200 OK\r\nX",
        OK,
        OK + OK,
        b"HTTP/1.1 100 Continue\r\n\r\nH",
    ],
)
async def test_octets_behind_the_body_end_the_connection_but_not_the_answer(origin, client, extra):
    async def script(peer):
        await peer.answer(OK + (extra if peer.number == 0 else b""))
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    assert await fetch(sender, request()) == b"ok"
    assert sender.open_connections == 0
    assert await fetch(sender, request("GET", "/second")) == b"ok"
    assert server.accepted == 2


@pytest.mark.parametrize("noise", [b"H", OK, b"\r\n", b"junk"])
async def test_octets_on_an_idle_connection_are_never_an_answer(origin, client, noise):
    """Response desync: what comes without a request must not answer the next one."""
    speak = asyncio.Event()

    async def script(peer):
        await peer.answer()
        if peer.number == 0:
            await speak.wait()
            peer.send(noise)
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    assert await fetch(sender, request()) == b"ok"
    speak.set()
    await until(lambda: sender.idle_connections == 0)
    assert await fetch(sender, request()) == b"ok"
    assert server.accepted == 2


async def test_octets_that_wait_in_the_socket_are_never_an_answer(origin, client):
    """The same, when they arrived after the loop last looked."""

    peers = []

    async def script(peer):
        peers.append(peer)
        await peer.answer()
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    assert await fetch(sender, request()) == b"ok"
    # Written straight into the socket, with no turn of the loop between this and the next request.
    peers[0].send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
    assert await fetch(sender, request("GET", "/second")) == b"ok"
    assert server.accepted == 2
