"""Origins made of raw sockets, each following a script, and clients that ask them; on both event loops."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
import uvloop
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.adapters.upstream_client import UpstreamClient, UpstreamClientSettings
from proxy.errors import UpstreamError
from proxy.exchange.ports import RequestBody, UpstreamRequest


def pytest_asyncio_loop_factories(config, item):
    """Every test here runs on both event loops."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def request(
    method: str = "GET", target: str = "/", *fields: tuple[str, str], body: RequestBody | None = None
) -> UpstreamRequest:
    return UpstreamRequest(
        method=method, target=target, fields=CIMultiDictProxy(CIMultiDict(fields)), body=body
    )


class Body:
    """A request body from a list of pieces; a piece may be an exception to raise or an event to wait for."""

    def __init__(self, *pieces: bytes | Exception | asyncio.Event, length: int | None = None) -> None:
        self.pieces = pieces
        self.length_bytes = length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, asyncio.Event):
                await piece.wait()
            else:
                yield piece


class Peer:
    """The origin's side of one connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int, heads: list[bytes]
    ) -> None:
        self.reader, self.writer, self.number, self._heads = reader, writer, number, heads

    async def head(self) -> bytes:
        head = await self.reader.readuntil(b"\r\n\r\n")
        self._heads.append(head)
        return head

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def answer(self, octets: bytes = OK) -> bytes:
        head = await self.head()
        self.send(octets)
        return head

    def reset(self) -> None:
        """End with RST."""
        linger = struct.pack("ii", 1, 0)
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Origin:
    """A server that follows a script on every connection; `heads` is every request it saw."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heads: list[bytes] = []
        self.accepted = 0
        self.failures: list[BaseException] = []
        self.changed = asyncio.Condition()
        self.port = 0
        self.tasks: set[asyncio.Task] = set()
        self.server: asyncio.Server | None = None

    async def start(self, tls: ssl.SSLContext | None = None) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self.tasks.add(task)
        number, self.accepted = self.accepted, self.accepted + 1
        try:
            await self.script(Peer(reader, writer, number, self.heads))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except BaseException as failure:
            self.failures.append(failure)
        finally:
            writer.close()
            self.tasks.discard(task)

    @property
    def methods(self) -> list[str]:
        return [head.split(b" ", 1)[0].decode() for head in self.heads]

    async def stop(self) -> None:
        self.server.close()
        for task in tuple(self.tasks):
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
        assert self.failures == []


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something is so."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def kind_of(sending: Awaitable[object]) -> tuple[str, bool]:
    """Return kind and `sent` of the UpstreamError that something ends with."""
    with pytest.raises(UpstreamError) as raised:
        await asyncio.wait_for(sending, 10)
    return raised.value.kind.value, raised.value.sent


async def fetch(client: UpstreamClient, asked: UpstreamRequest) -> bytes:
    """Send and read to the end."""
    async with asyncio.timeout(10):
        answer = await client.send(asked)
        return await answer.read_complete(2**30)


@pytest.fixture
async def origin() -> AsyncIterator[Callable[..., Awaitable[Origin]]]:
    origins: list[Origin] = []

    async def start(script: Script, *, tls: ssl.SSLContext | None = None) -> Origin:
        origins.append(Origin(script))
        await origins[-1].start(tls)
        return origins[-1]

    yield start
    for running in origins:
        await running.stop()


@pytest.fixture
async def client(origin) -> AsyncIterator[Callable[..., UpstreamClient]]:
    """Make clients; in the end none has an open connection, or something was not given back."""
    clients: list[UpstreamClient] = []

    def make(target: Origin | str, **settings) -> UpstreamClient:
        url = target if isinstance(target, str) else f"http://127.0.0.1:{target.port}"
        clients.append(UpstreamClient(UpstreamClientSettings(url=url, **settings)))
        return clients[-1]

    yield make
    for made in clients:
        assert made.open_connections == made.idle_connections
        with suppress(UpstreamError):
            await made.close()
        assert made.open_connections == 0


@pytest.fixture(autouse=True)
async def no_loop_complaints():
    """Whatever reaches the event loop's exception handler fails: it would be logged with its values."""
    complaints: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    yield
    assert complaints == []
