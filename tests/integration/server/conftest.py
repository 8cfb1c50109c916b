"""A front on a free loopback port and raw connections to it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
import uvloop
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.exchange.answer import Answer
from proxy.exchange.ports import RequestBody
from proxy.semantics.message import Request
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.http_server import HttpServer, HttpServerSettings


def answer(body=b"fine", *fields: tuple[str, str], status: int = 200, reason: str = "OK") -> Answer:
    return Answer(status=status, reason=reason, fields=CIMultiDictProxy(CIMultiDict(fields)), body=body)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something is so."""
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


class FakeHandler:
    """Notes what arrives; answers what `reply` says."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.bodies: list[bytes | None] = []
        self.reply: Callable[[Request], Awaitable[Answer]] | None = None
        self.reads_body = True

    async def handle(self, request: Request, body: RequestBody | None) -> Answer:
        self.requests.append(request)
        octets = None
        if body is not None and self.reads_body:
            octets = b"".join([chunk async for chunk in body])
        self.bodies.append(octets)
        return await self.reply(request) if self.reply else answer()


class Wire:
    """One raw client connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def response(self, *, is_head: bool = False) -> tuple[str, CIMultiDict[str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)).decode(
            "utf-8", "surrogateescape"
        )
        status_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        fields = CIMultiDict([tuple(line.split(": ", 1)) for line in lines])
        if is_head or status_line.split()[1] in {"204", "304", "100"}:
            return status_line, fields, b""
        if "Content-Length" in fields:
            body = await asyncio.wait_for(self.reader.readexactly(int(fields["Content-Length"])), 5)
        elif fields.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(await asyncio.wait_for(self.reader.readuntil(b"\r\n"), 5), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readexactly(2)
        else:
            body = await self.rest()
        return status_line, fields, body

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 5)

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


class Site:
    """A running server, its handler and its clients."""

    def __init__(self, handler: FakeHandler) -> None:
        self.handler = handler
        self.wires: list[Wire] = []
        self.limits = ConnectionLimits(linger_seconds=0.3)
        self.server: HttpServer | None = None
        self.port = 0
        self._listener: asyncio.Server | None = None

    async def start(self, **limits: float) -> None:
        settings = HttpServerSettings(limits=ConnectionLimits(**{"linger_seconds": 0.3, **limits}))
        self.server = HttpServer(self.handler, settings=settings)
        self._listener = await asyncio.get_running_loop().create_server(self.server, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def connect(self, **options: int) -> Wire:
        if self.server is None:
            await self.start()
        wire = Wire(*await asyncio.open_connection("127.0.0.1", self.port, **options))
        self.wires.append(wire)
        return wire

    async def exchange(self, octets: bytes) -> bytes:
        wire = await self.connect()
        wire.send(octets)
        return await wire.rest()

    async def stop(self) -> None:
        for wire in self.wires:
            await wire.close()
        if self._listener is not None and self.server is not None:
            self._listener.close()
            await self.server.abort()


def pytest_asyncio_loop_factories(config, item):
    """Every test here runs on both event loops."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    running = Site(FakeHandler())
    yield running
    await running.stop()
    assert running.server is None or running.server.connection_count == 0


@pytest.fixture(autouse=True)
async def no_loop_complaints():
    """Whatever reaches the event loop's exception handler fails: it would be logged with its values."""
    complaints: list[dict] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    yield
    assert complaints == []
