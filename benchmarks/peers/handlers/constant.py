"""The ceiling: a uvloop protocol that writes one constant answer for everything that ends a head, and looks at nothing.

No Python server on this machine answers faster. The fields are those that a hit of ours carries.
"""

import asyncio
import sys
from typing import cast

import uvloop

from benchmarks.peers.origin import item, item_name, token_mark, vault_name

_SIZE_AT = len(f"GET /v1/vaults/{vault_name(0)}/items/")
_LARGE = ord("l")
_HEAD = (
    b"HTTP/1.1 200 OK\r\n1Password-Connect-Version: 1.8.2\r\nDate: Thu, 26 Nov 2026 08:04:18 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\nVia: 1.1 constant\r\nAge: 17\r\n"
    b"Cache-Status: constant; hit; ttl=43\r\n"
    b'RateLimit-Policy: "all";q=2000;w=20\r\nRateLimit: "all";r=1999;t=1\r\n\r\n'
)


class Constant(asyncio.Protocol):
    """One connection."""

    def __init__(self, small: bytes, large: bytes) -> None:
        self._small, self._large = small, large

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast(asyncio.WriteTransport, transport).write

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._write(self._large if data[_SIZE_AT] == _LARGE else self._small)


def answer(size: str) -> bytes:
    """Return the whole answer for any item of this size."""
    body = item(vault_name(0), item_name(size, 0), token_mark(""), 1)
    return _HEAD % len(body) + body


async def serve(port: int, socket: str) -> None:
    """Listen until killed."""
    loop = asyncio.get_running_loop()
    small, large = answer("s"), answer("l")
    servers = (
        await loop.create_server(lambda: Constant(small, large), "127.0.0.1", port, backlog=1024),
        await loop.create_unix_server(lambda: Constant(small, large), socket, backlog=1024),
    )
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2]))
