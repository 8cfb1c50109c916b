"""Request bodies that end early, on either side."""

import asyncio
import socket
import threading

import pytest

from proxy.errors import RequestBodyError
from tests.integration.upstream_client.conftest import OK, Body, fetch, kind_of, request, until

REFUSAL = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"


@pytest.mark.parametrize("length", [None, 1_000])
async def test_early_answer_is_delivered_while_the_body_is_still_coming(origin, client, length):
    async def script(peer):
        await peer.answer(REFUSAL)
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    body = Body(b"abc", asyncio.Event(), b"never", length=length)
    answer = await asyncio.wait_for(sender.send(request("PUT", body=body)), 5)
    assert answer.head.status == 413
    assert await answer.read_complete(2) == b"no"
    assert sender.open_connections == 0


async def test_early_answer_of_an_upstream_that_leaves_is_not_lost(origin, client):
    async def script(peer):
        await peer.answer(REFUSAL)

    server = await origin(script)
    sender = client(server)
    for _ in range(20):
        body = Body(*([b"x" * 65_536] * 64), length=64 * 65_536)
        answer = await asyncio.wait_for(sender.send(request("PUT", body=body)), 5)
        assert answer.head.status == 413
        answer.close()


async def test_early_answer_is_read_before_writing_on_would_destroy_it(client):
    """The upstream has answered and reset, and the loop has had no turn to see it."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)
    has_left = threading.Event()

    def serve() -> None:
        peer, _ = listener.accept()
        with peer:
            peer.recv(10)  # what stays unread turns the end into a reset
            peer.sendall(REFUSAL)
        has_left.set()

    class Unlucky(Body):
        async def __aiter__(self):
            yield b"x" * 1_000
            has_left.wait(5)
            yield b"x" * 1_000

    server = asyncio.create_task(asyncio.to_thread(serve))
    sender = client(f"http://127.0.0.1:{listener.getsockname()[1]}")
    with listener:
        await asyncio.sleep(0)
        answer = await asyncio.wait_for(sender.send(request("PUT", body=Unlucky(length=2_000))), 5)
        assert answer.head.status == 413
        answer.close()
        await server


async def test_answer_before_the_octets_have_left_costs_the_connection(origin, client):
    async def script(peer):
        await peer.head()
        peer.writer.transport.pause_reading()
        peer.send(OK)
        await asyncio.Event().wait()

    server = await origin(script)
    sender = client(server)
    assert await fetch(sender, request("PUT", body=Body(b"x" * 2**24, length=2**24))) == b"ok"
    assert sender.open_connections == 0


async def test_body_is_no_longer_read_after_an_early_answer(origin, client):
    answered, taken = asyncio.Event(), []

    class Counting(Body):
        async def __aiter__(self):
            async for piece in super().__aiter__():
                taken.append(piece)
                yield piece

    async def script(peer):
        await peer.answer(REFUSAL)
        await peer.reader.read()

    server = await origin(script)
    answer = await client(server).send(request("PUT", body=Counting(b"a", answered, b"b", b"c")))
    answered.set()
    for _ in range(10):
        await asyncio.sleep(0)
    assert taken == [b"a"]
    answer.close()


async def test_answer_to_all_of_a_body_whose_end_is_still_out_keeps_the_connection(origin, client):
    async def script(peer):
        while True:
            await peer.head()
            await peer.reader.readexactly(3)
            peer.send(OK)

    server = await origin(script)
    sender = client(server)
    for _ in range(2):
        await fetch(sender, request("PUT", body=Body(b"abc", asyncio.Event(), length=3)))
    assert server.accepted == 1


@pytest.mark.parametrize("length", [None, 6])
@pytest.mark.parametrize("pieces", [(), (b"abc",)])
async def test_body_that_fails_reaches_the_upstream_as_a_cut_request(origin, client, pieces, length):
    received = []

    async def script(peer):
        await peer.head()
        try:
            received.append(await peer.reader.read())
        except ConnectionError:
            received.append(None)

    server = await origin(script)
    sender = client(server)
    arrived = asyncio.Event()
    body = Body(*pieces, arrived, RequestBodyError(), length=length)
    sending = asyncio.create_task(sender.send(request("PUT", body=body)))
    await until(lambda: server.heads)
    arrived.set()
    with pytest.raises(RequestBodyError):
        await sending
    await until(lambda: received)
    expected = b"".join(pieces if length else (b"3\r\n%b\r\n" % piece for piece in pieces))
    assert received[0] in (None, expected)
    assert sender.open_connections == 0


async def test_body_that_fails_beforehand_is_the_clients_fault_all_the_same(origin, client):
    async def script(peer):
        await peer.head()
        await peer.reader.read()

    server = await origin(script)
    with pytest.raises(RequestBodyError):
        await client(server).send(request("PUT", body=Body(RequestBodyError())))


async def test_upstream_that_stops_reading_is_a_write_timeout(origin, client):
    async def script(peer):
        await peer.head()
        peer.writer.transport.pause_reading()
        await asyncio.Event().wait()

    server = await origin(script)
    sender = client(server, body_idle_seconds=0.1)
    body = Body(*([b"x" * 2**20] * 64))
    assert await kind_of(sender.send(request("PUT", body=body))) == ("connection_write_timeout", True)


@pytest.mark.parametrize("reset", [False, True])
async def test_upstream_that_leaves_amid_a_body_is_a_terminated_connection(origin, client, reset):
    async def script(peer):
        await peer.head()
        await peer.reader.read(100)
        if reset:
            peer.reset()

    server = await origin(script)
    body = Body(*([b"x" * 2**20] * 64))
    assert await kind_of(client(server).send(request("PUT", body=body))) == ("connection_terminated", True)
    assert len(server.heads) == 1


async def test_cancelled_upload_gives_the_connection_up_and_reads_no_further(origin, client):
    async def script(peer):
        await peer.head()
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    sending = asyncio.create_task(sender.send(request("PUT", body=Body(b"a", asyncio.Event()))))
    await until(lambda: server.heads)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert sender.open_connections == 0
    assert [task for task in asyncio.all_tasks() if "_send" in repr(task)] == []


async def test_large_upload_waits_for_the_upstream(origin, client):
    read_on = asyncio.Event()
    taken = 0

    class Endless(Body):
        async def __aiter__(self):
            nonlocal taken
            for _ in range(100):
                taken += 2**20
                yield b"x" * 2**20

    async def script(peer):
        await peer.head()
        peer.writer.transport.pause_reading()
        await read_on.wait()
        peer.writer.transport.resume_reading()
        left = 100 * 2**20
        while left:
            left -= len(await peer.reader.read(2**20))
        peer.send(OK)

    server = await origin(script)
    sending = asyncio.create_task(fetch(client(server), request("PUT", body=Endless(length=100 * 2**20))))
    previous = -1
    while taken != previous:
        previous = taken
        await asyncio.sleep(0.05)
    assert taken < 30 * 2**20
    read_on.set()
    assert await sending == b"ok"
