"""One client connection of a server, without a socket: octets in, octets out, on whatever loop a test runs."""

import asyncio

from proxy.server.http_server import HttpServer


class PaperTransport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__({"peername": (address, 50_000), "sockname": ("127.0.0.1", 8180)})
        self.written = b""
        self.arrived = asyncio.Event()
        self._is_closing = False

    def write(self, data) -> None:
        self.written += bytes(data)
        self.arrived.set()

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        self._is_closing = True
        self.arrived.set()

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return False


class OneConnection:
    """A client of `server` that sends one request after the other."""

    def __init__(self, server: HttpServer, address: str = "127.0.0.1") -> None:
        self.transport = PaperTransport(address)
        self.protocol = server()
        self.protocol.connection_made(self.transport)

    def send(self, *pieces: bytes) -> None:
        """Have octets arrive, piece by piece."""
        for piece in pieces:
            self.protocol.data_received(piece)

    async def ask(self, *pieces: bytes) -> bytes:
        """Send a request; return its whole answer, which states its length."""
        self.send(*pieces)
        return await self.answer()

    async def answer(self) -> bytes:
        """Return the next whole answer."""
        while (end := _end_of(self.transport.written)) is None:
            if self.transport.is_closing():
                raise ConnectionError(f"closed after {self.transport.written[:200]!r}")
            self.transport.arrived.clear()
            await self.transport.arrived.wait()
        answer, self.transport.written = self.transport.written[:end], self.transport.written[end:]
        return answer

    def leave(self) -> None:
        """Be gone."""
        self.transport.close()
        self.protocol.connection_lost(None)


def _end_of(octets: bytes) -> int | None:
    head, mark, _ = octets.partition(b"\r\n\r\n")
    if not mark:
        return None
    lines = [line.partition(b":") for line in head.lower().split(b"\r\n")]
    length = next((int(value) for name, _, value in lines if name == b"content-length"), 0)
    end = len(head) + len(mark) + length
    return end if len(octets) >= end else None
