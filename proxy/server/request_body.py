"""A request's body on its way in: read once, in order, with back-pressure (RFC 9112 section 6).

`100 Continue` leaves when the body is first asked for (RFC 9110 section 10.1.1), so a request that is refused
never makes a client send one. Whatever goes wrong becomes RequestBodyError: the client's fault.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestPayloadError

from proxy.errors import RequestBodyError, RequestBodyTooLargeError

_FAILURES = (RequestPayloadError, HttpProcessingError, ConnectionError, RuntimeError, TimeoutError)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Writing(Protocol):
    """The way back to the client."""

    def write(self, data: bytes) -> None: ...


class StreamedBody:
    """`proxy.exchange.ports.RequestBody` over aiohttp's stream."""

    __slots__ = ("_continue_to", "_idle_seconds", "_most_bytes", "_payload", "length_bytes")

    def __init__(
        self,
        payload: StreamReader,
        *,
        length_bytes: int | None,
        continue_to: Writing | None,
        idle_seconds: float,
        most_bytes: int,
    ) -> None:
        self._payload = payload
        self._continue_to = continue_to
        self._idle_seconds = idle_seconds
        self._most_bytes = most_bytes
        self.length_bytes = length_bytes

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives. Raises RequestBodyError (too large: its kind); may be called once."""
        return self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        self._send_continue()
        left_bytes = self._most_bytes
        while True:
            try:
                chunk = await self._next_chunk()
            except _FAILURES as failure:
                raise RequestBodyError from failure
            if not chunk:
                return
            left_bytes -= len(chunk)
            if left_bytes < 0:
                raise RequestBodyTooLargeError
            yield chunk

    async def _next_chunk(self) -> bytes:
        if self._payload.is_eof():
            return self._payload.read_nowait()  # all has arrived: there is no waiting that could be too long
        async with asyncio.timeout(self._idle_seconds):
            return await self._payload.readany()

    def _send_continue(self) -> None:
        waiting, self._continue_to = self._continue_to, None
        if waiting is None or self._payload.total_bytes or self._payload.is_eof():
            return  # the client did not wait
        try:
            waiting.write(_CONTINUE)
        except ConnectionError as failure:
            raise RequestBodyError from failure
