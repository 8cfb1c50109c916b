"""Which connection a request travels on, how often, and what happens when that connection has gone."""

import asyncio
import os
import socket
import time

import pytest

from tests.integration.upstream_client.conftest import OK, Body, fetch, kind_of, request, until


async def forever(peer):
    while True:
        await peer.answer()


def leaving_after(method: str, *, reset: bool = False):
    """A script: the first connection ends, unanswered, when it has read a request of this method."""

    async def script(peer):
        while True:
            head = await peer.head()
            if peer.number == 0 and head.startswith(method.encode()):
                if reset:
                    peer.reset()
                return
            peer.send(OK.removesuffix(b"ok") if head.startswith(b"HEAD") else OK)

    return script


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH", "PROPFIND"])
async def test_unsafe_request_arrives_exactly_once_when_the_upstream_leaves(origin, client, method, reset):
    server = await origin(leaving_after(method, reset=reset))
    sender = client(server)
    await fetch(sender, request())
    assert await kind_of(sender.send(request(method))) == ("connection_terminated", True)
    await fetch(sender, request())
    assert server.methods == ["GET", method, "GET"]


@pytest.mark.parametrize("method", ["PUT", "GET"])
async def test_request_with_body_arrives_exactly_once_when_the_upstream_leaves(origin, client, method):
    async def script(peer):
        await peer.answer()
        await peer.head()
        await peer.reader.readexactly(3)

    server = await origin(script)
    sender = client(server)
    await fetch(sender, request())
    asked = request(method, "/body", body=Body(b"abc", length=3))
    assert await kind_of(sender.send(asked)) == ("connection_terminated", True)
    assert [head.split()[1] for head in server.heads] == [b"/", b"/body"]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_safe_request_is_sent_again_once_when_a_reused_connection_has_gone(
    origin, client, method, reset
):
    server = await origin(leaving_after(method, reset=reset))
    sender = client(server)
    await fetch(sender, request("TRACE"))
    await fetch(sender, request(method))
    assert server.methods == ["TRACE", method, method]


async def test_safe_request_is_sent_again_on_a_fresh_connection_only(origin, client):
    """All idle connections of a restarted upstream are dead: trying the next one would be in vain."""
    together = asyncio.Barrier(3)

    async def script(peer):
        if peer.number > 2:
            await forever(peer)
        await peer.head()
        await together.wait()
        peer.send(OK)
        await peer.head()

    server = await origin(script)
    sender = client(server)
    await asyncio.gather(*(fetch(sender, request()) for _ in range(3)))
    assert sender.idle_connections == 3
    assert await fetch(sender, request("GET", "/again")) == b"ok"
    assert [head.split()[1] for head in server.heads[3:]] == [b"/again", b"/again"]
    assert server.accepted == 4


async def test_safe_request_is_not_sent_a_third_time(origin, client):
    async def script(peer):
        if peer.number == 0:
            await peer.answer()
        await peer.head()

    server = await origin(script)
    sender = client(server)
    await fetch(sender, request())
    assert await kind_of(sender.send(request())) == ("connection_terminated", True)
    assert len(server.heads) == 3


async def test_safe_request_is_not_sent_again_from_a_fresh_connection(origin, client):
    server = await origin(leaving_after("GET"))
    assert await kind_of(client(server).send(request())) == ("connection_terminated", True)
    assert len(server.heads) == 1


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\nX"])
async def test_safe_request_is_not_sent_again_after_an_octet_of_an_answer(origin, client, begun):
    async def script(peer):
        await peer.answer()
        await peer.answer(begun)

    server = await origin(script)
    sender = client(server)
    await fetch(sender, request())
    assert await kind_of(sender.send(request())) == ("connection_terminated", True)
    assert len(server.heads) == 2


async def test_repeat_that_can_not_connect_still_counts_as_sent(origin, client):
    async def script(peer):
        await peer.answer()
        await peer.head()
        server.server.close()

    server = await origin(script)
    sender = client(server)
    await fetch(sender, request())
    assert await kind_of(sender.send(request())) == ("connection_refused", True)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_connection_closed_while_idle_is_noticed_before_use(origin, client, method):
    """Not even an unsafe request meets it: the socket is asked, although the loop has not had a turn."""
    peers = []

    async def script(peer):
        peers.append(peer)
        await peer.answer()
        if peer.number:
            await forever(peer)
        await asyncio.Event().wait()

    server = await origin(script)
    sender = client(server)
    await fetch(sender, request())
    with socket.socket(fileno=os.dup(peers[0].writer.get_extra_info("socket").fileno())) as theirs:
        theirs.shutdown(socket.SHUT_RDWR)
    assert await fetch(sender, request(method)) == b"ok"
    assert server.methods == ["GET", method]


async def test_unsafe_requests_and_bodies_avoid_connections_idle_for_long(origin, client):
    server = await origin(forever)
    sender = client(server, unsafe_idle_seconds=0.02)
    await fetch(sender, request())
    await asyncio.sleep(0.03)
    await fetch(sender, request("DELETE"))
    assert server.accepted == 2
    await fetch(sender, request("DELETE"))
    assert server.accepted == 2
    await asyncio.sleep(0.03)
    await fetch(sender, request("GET", body=Body(length=0)))
    assert server.accepted == 3
    await fetch(sender, request())
    assert server.accepted == 3


async def test_idle_connections_are_closed_in_the_end(origin, client):
    ended = asyncio.Event()

    async def script(peer):
        await peer.answer()
        assert await peer.reader.read() == b""
        ended.set()

    server = await origin(script)
    sender = client(server, keep_alive_seconds=0.05)
    await fetch(sender, request())
    assert sender.idle_connections == 1
    await asyncio.wait_for(ended.wait(), 5)
    assert sender.open_connections == 0


async def test_hundred_at_once_each_get_their_own_answer(origin, client):
    async def script(peer):
        while True:
            target = (await peer.head()).split()[1]
            await asyncio.sleep(0)
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(target), target))

    server = await origin(script)
    sender = client(server, max_connections=10)
    for _ in range(3):
        bodies = await asyncio.gather(*(fetch(sender, request("GET", f"/{i}")) for i in range(100)))
        assert bodies == [f"/{i}".encode() for i in range(100)]
    assert server.accepted <= 10
    assert sender.open_connections <= 10


async def test_waiting_for_a_connection_has_an_end(origin, client):
    async def script(peer):
        await peer.head()
        await peer.reader.read()

    server = await origin(script)
    sender = client(server, max_connections=1, connection_wait_seconds=0.02)
    busy = asyncio.create_task(sender.send(request()))
    await until(lambda: server.heads)
    assert await kind_of(sender.send(request("PUT"))) == ("connection_limit_reached", False)
    busy.cancel()
    await asyncio.wait({busy})
    assert server.methods == ["GET"]


async def test_failures_give_their_connections_back(origin, client):
    async def script(peer):
        if peer.number < 5:
            await peer.head()
            return
        await forever(peer)

    server = await origin(script)
    sender = client(server, max_connections=1)
    for _ in range(5):
        await kind_of(sender.send(request()))
    assert await fetch(sender, request()) == b"ok"


async def test_idle_connections_count_against_the_limit(origin, client):
    server = await origin(forever)
    sender = client(server, max_connections=1, unsafe_idle_seconds=0.0)
    await fetch(sender, request())
    await fetch(sender, request("PUT"))
    assert server.accepted == 2
    assert sender.open_connections == 1


async def test_close_ends_idle_connections_and_requests_on_their_way(origin, client):
    ends = []

    async def script(peer):
        if peer.number:
            await peer.answer()
        else:
            await peer.head()
        ends.append(await peer.reader.read())

    server = await origin(script)
    sender = client(server)
    busy = asyncio.create_task(sender.send(request()))
    await until(lambda: server.heads)
    await fetch(sender, request())
    assert (sender.open_connections, sender.idle_connections) == (2, 1)
    began = time.monotonic()
    await sender.close()
    assert time.monotonic() - began < 0.9
    assert await kind_of(busy) == ("connection_terminated", True)
    await until(lambda: ends == [b"", b""])
    assert await kind_of(sender.send(request())) == ("proxy_internal_error", False)


async def test_close_before_the_first_request(client):
    await client("http://127.0.0.1:1").close()
