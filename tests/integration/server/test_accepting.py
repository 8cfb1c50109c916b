"""Clients that come at once are let in within a few turns of the loop: a turn is long while others are busy."""

import asyncio
import socket
from contextlib import ExitStack

import pytest

from proxy.server.front import Front
from proxy.server.http_server import HttpServer, HttpServerSettings
from proxy.server.listeners import Address, TcpAddress, UnixAddress
from tests.integration.server.conftest import FakeHandler, Wire, until

_CLIENTS = 64
_TURNS = 12


@pytest.fixture(params=["tcp", "unix"])
async def front(request, tmp_path):
    address = TcpAddress(setting="server.listen", host="127.0.0.1", port=0)
    if request.param == "unix":
        address = UnixAddress(setting="server.listen", path=tmp_path / "s")
    front = Front(HttpServer(FakeHandler(), settings=HttpServerSettings()), [address], accepted_in_a_turn=16)
    await front.open()
    yield front
    front.close_listeners()
    await front.finish(asyncio.Event(), 0.5)


def connected(address: Address) -> socket.socket:
    if isinstance(address, UnixAddress):
        client = socket.socket(socket.AF_UNIX)
        try:
            client.connect(str(address.path))
        except OSError:
            client.close()
            raise
        return client
    return socket.create_connection((address.host, address.port))


async def test_many_are_let_in_within_a_few_turns(front):
    (address,) = front.addresses
    with ExitStack() as clients:
        for _ in range(_CLIENTS):
            clients.enter_context(connected(address))
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        assert front.open_connections == _CLIENTS


async def test_nobody_listens_any_more_once_listeners_are_closed(front):
    (address,) = front.addresses
    with connected(address) as client:
        await until(lambda: front.open_connections == 1)
        client.setblocking(False)
        wire = Wire(*await asyncio.open_connection(sock=client.dup()))
        wire.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await wire.response())[0] == "HTTP/1.1 200 OK"
        await wire.close()
    front.close_listeners()
    for _ in range(3):
        await asyncio.sleep(0)
    with pytest.raises(OSError):
        connected(address)
