"""Every wait has an end, and every end a name."""

import asyncio
import socket

from tests.integration.upstream_client.conftest import Body, fetch, kind_of, request


async def silent(peer):
    await peer.head()
    await peer.reader.read()


async def test_slow_head_is_a_response_timeout(origin, client):
    server = await origin(silent)
    sender = client(server, head_seconds=0.05)
    assert await kind_of(sender.send(request("PUT"))) == ("http_response_timeout", True)
    assert sender.open_connections == 0


async def test_interim_answers_and_octets_do_not_prolong_the_wait_for_a_head(origin, client):
    async def script(peer):
        await peer.head()
        while True:
            peer.send(b"HTTP/1.1 102 Processing\r\n\r\n")
            await peer.writer.drain()
            await asyncio.sleep(0.01)

    server = await origin(script)
    sender = client(server, head_seconds=0.1)
    assert await kind_of(sender.send(request())) == ("http_response_timeout", True)


async def test_head_deadline_counts_from_the_last_octet_of_the_request(origin, client):
    class Slow(Body):
        async def __aiter__(self):
            for _ in range(4):
                await asyncio.sleep(0.05)
                yield b"x"

    async def script(peer):
        await peer.head()
        await peer.reader.readuntil(b"0\r\n\r\n")
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    server = await origin(script)
    assert await fetch(client(server, head_seconds=0.1), request("PUT", body=Slow())) == b""


async def test_silence_amid_a_body_is_a_read_timeout(origin, client):
    async def script(peer):
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await peer.reader.read()

    server = await origin(script)
    sender = client(server, body_idle_seconds=0.05)
    answer = await sender.send(request())
    assert await kind_of(answer.read_complete(9)) == ("connection_read_timeout", True)
    assert sender.open_connections == 0


async def test_body_may_take_as_long_as_it_flows(origin, client):
    async def script(peer):
        await peer.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.03)
            peer.send(b"x")
            await peer.writer.drain()

    server = await origin(script)
    sender = client(server, body_idle_seconds=0.15, head_seconds=0.15)
    assert await fetch(sender, request()) == b"x" * 8


async def test_refused_connection(client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        sender = client(f"http://127.0.0.1:{port}")
        assert await kind_of(sender.send(request("PUT"))) == ("connection_refused", False)
        by_name = client(f"http://localhost:{port}")
        assert await kind_of(by_name.send(request("PUT"))) == ("connection_refused", False)
    assert sender.open_connections == 0


async def test_name_that_does_not_exist(client):
    sender = client("http://nowhere.invalid", connect_seconds=5.0)
    kind, sent = await kind_of(sender.send(request()))
    assert kind in {"dns_error", "dns_timeout"}  # a machine without a resolver says "try again"
    assert not sent


async def test_peer_that_does_not_accept_is_a_connect_timeout(client):
    """A full backlog: the kernel drops what comes after it."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        crowd = []
        for _ in range(3):
            crowd.append(socket.socket())
            crowd[-1].setblocking(False)
            crowd[-1].connect_ex(full.getsockname())
        sender = client(f"http://127.0.0.1:{full.getsockname()[1]}", connect_seconds=0.1)
        assert await kind_of(sender.send(request("PUT"))) == ("connection_timeout", False)
        for one in crowd:
            one.close()
    assert sender.open_connections == 0
