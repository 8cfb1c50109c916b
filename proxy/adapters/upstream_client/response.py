"""An answer whose head has arrived: `proxy.exchange.ports.UpstreamResponse`.

Its connection goes back to the pool with the last octet of the body, and is ended by anything that comes first.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator

from aiohttp.http_parser import RawResponseMessage
from aiohttp.streams import StreamReader

from proxy.adapters.upstream_client import response_head
from proxy.adapters.upstream_client.connection import UpstreamConnection
from proxy.adapters.upstream_client.pool import ConnectionPool
from proxy.errors import ErrorKind, UpstreamError


class StreamedResponse:
    """Reads from its connection only when asked to: back-pressure reaches the upstream."""

    __slots__ = (
        "_connection",
        "_ended",
        "_idle_seconds",
        "_kept",
        "_payload",
        "_pool",
        "content_length_bytes",
        "head",
    )

    def __init__(
        self,
        message: RawResponseMessage,
        payload: StreamReader,
        *,
        method: str,
        connection: UpstreamConnection,
        pool: ConnectionPool,
        idle_seconds: float,
        origin: bytes,
    ) -> None:
        self.head = response_head.head(message, origin)
        self.content_length_bytes = response_head.body_length_bytes(message, method)
        self._payload = payload
        self._kept: deque[bytes] = deque()
        self._connection: UpstreamConnection | None = connection
        self._ended = False
        self._pool = pool
        self._idle_seconds = idle_seconds
        self._finish_at_end()

    async def read_complete(self, limit_bytes: int) -> bytes | None:
        """Return the whole body; None as soon as it proves larger than `limit_bytes`."""
        if self.content_length_bytes is not None and self.content_length_bytes > limit_bytes:
            return None
        size = sum(map(len, self._kept))
        while size <= limit_bytes:
            octets = await self._read()
            if not octets:
                body = b"".join(self._kept)
                self._kept.clear()
                return body
            self._kept.append(octets)
            size += len(octets)
        return None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body, or the rest of it, as it arrives."""
        while self._kept:
            yield self._kept.popleft()
        while octets := await self._read():
            yield octets

    def close(self) -> None:
        """Let go; a body not read to its end costs the connection."""
        connection, self._connection = self._connection, None
        self._kept.clear()
        if connection is not None:
            self._pool.discard(connection)

    async def _read(self) -> bytes:
        if self._ended:
            return b""
        if self._connection is None:
            raise UpstreamError(ErrorKind.HTTP_RESPONSE_INCOMPLETE, sent=True)
        try:
            octets = await self._next_octets()
        except TimeoutError as error:
            self.close()
            raise UpstreamError(ErrorKind.CONNECTION_READ_TIMEOUT, sent=True) from error
        except BaseException:
            self.close()
            raise
        self._finish_at_end()
        return octets

    async def _next_octets(self) -> bytes:
        if self._payload.is_eof():
            return self._payload.read_nowait()  # all has arrived: there is no waiting that could be too long
        async with asyncio.timeout(self._idle_seconds):
            return await self._payload.readany()

    def _finish_at_end(self) -> None:
        if self._connection is None or not self._payload.at_eof():
            return
        connection, self._connection = self._connection, None
        self._ended = True
        if connection.finish():
            self._pool.keep(connection)
        else:
            self._pool.discard(connection)
