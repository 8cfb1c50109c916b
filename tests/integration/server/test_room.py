"""How many connections and how large a body: bounds over real sockets."""

import asyncio
import json

import pytest

from proxy.server.connection_limits import ConnectionLimits
from proxy.server.http_server import HttpServer, HttpServerSettings
from tests.integration.server.conftest import answer, until

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
async def small(site):
    """A site with room for two connections and for bodies of ten bytes."""
    limits = ConnectionLimits(linger_seconds=0.3, max_body_bytes=10)
    site.server = HttpServer(site.handler, settings=HttpServerSettings(limits=limits, max_connections=2))
    site._listener = await asyncio.get_running_loop().create_server(site.server, "127.0.0.1", 0)
    site.port = site._listener.sockets[0].getsockname()[1]
    return site


def block(site):
    """Let requests wait until the event is set."""
    released = asyncio.Event()

    async def wait(_):
        await released.wait()
        return answer()

    site.handler.reply = wait
    return released


async def asking(site):
    """A connection whose request is being answered."""
    wire = await site.connect()
    under_way = len(site.handler.requests)
    wire.send(GET)
    await until(lambda: len(site.handler.requests) > under_way)
    return wire


async def test_a_connection_too_many_gets_503_at_once_and_the_others_go_on(small):
    released = block(small)
    busy = [await asking(small) for _ in range(2)]
    late = await small.connect()
    late.send(GET)
    status, fields, body = await late.response()
    assert status == "HTTP/1.1 503 Service Unavailable"
    assert fields["Retry-After"] == "1"
    assert json.loads(body)["status"] == 503
    assert await late.rest() == b""
    assert small.server.turned_away == 1
    released.set()
    for wire in busy:
        assert (await wire.response())[0] == "HTTP/1.1 200 OK"


async def test_an_idle_connection_makes_room_for_a_new_one(small):
    released = block(small)
    busy = await asking(small)
    idle = await small.connect()
    await until(lambda: small.server.connection_count == 2)
    await asyncio.sleep(0)  # the new connection's task must have begun to wait
    third = await asking(small)
    assert await idle.rest() == b"", "closed, unanswered: nothing had been asked"
    released.set()
    for wire in (busy, third):
        assert (await wire.response())[0] == "HTTP/1.1 200 OK"
    assert small.server.turned_away == 0


async def test_room_comes_back_when_connections_end(small):
    released = block(small)
    for wire in [await asking(small) for _ in range(2)]:
        await wire.close()
    await until(lambda: small.server.connection_count == 0)
    released.set()
    wire = await small.connect()
    wire.send(GET)
    assert (await wire.response())[0] == "HTTP/1.1 200 OK"


PUT = b"PUT /v1/x HTTP/1.1\r\nHost: localhost\r\n"


async def test_a_body_that_is_declared_too_large_is_refused_unread(small):
    octets = await small.exchange(PUT + b"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n")
    assert octets.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in octets
    assert small.handler.requests == []


async def test_a_chunked_body_is_refused_once_it_is_too_large(small):
    octets = await small.exchange(
        PUT + b"Transfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n"
    )
    assert octets.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "framed",
    [
        b"Content-Length: 10\r\n\r\n1234567890",
        b"Transfer-Encoding: chunked\r\n\r\na\r\n1234567890\r\n0\r\n\r\n",
    ],
)
async def test_the_largest_body_passes(small, framed):
    wire = await small.connect()
    wire.send(PUT + framed)
    assert (await wire.response())[0] == "HTTP/1.1 200 OK"
    assert small.handler.bodies == [b"1234567890"]


async def test_a_request_carries_the_address_it_came_from(site):
    wire = await site.connect()
    wire.send(GET)
    await wire.response()
    assert site.handler.requests[0].peer.party == "127.0.0.1"
