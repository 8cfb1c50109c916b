"""An upstream's answer, as it is, whose end is told to one listener: whole, let go, given up, or broken.

A head that is followed by half a body is no success; only who reads the body learns that. Must not know what the
listener makes of it.
"""

from collections.abc import AsyncIterator, Callable
from enum import StrEnum

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamResponse


class BodyEnd(StrEnum):
    """How a body ended when no fault of the upstream ended it."""

    WHOLE = "whole"  # or let go by us, who had no use for the rest
    GIVEN_UP = "given_up"  # its reader was cancelled while waiting


OnEnd = Callable[[BodyEnd | ErrorKind], None]


class WatchedResponse:
    """Tells `on_end` exactly once, at the latest when closed."""

    __slots__ = ("_on_end", "_response", "content_length_bytes", "head")

    def __init__(self, response: UpstreamResponse, on_end: OnEnd) -> None:
        self.head = response.head
        self.content_length_bytes = response.content_length_bytes
        self._response = response
        self._on_end: OnEnd | None = on_end
        if self.content_length_bytes == 0:
            self._end(BodyEnd.WHOLE)

    async def read_complete(self, limit_bytes: int) -> bytes | None:
        """Return the whole body; None as soon as it proves larger than `limit_bytes`."""
        try:
            body = await self._response.read_complete(limit_bytes)
        except BaseException as error:
            self._fail(error)
            raise
        if body is not None:
            self._end(BodyEnd.WHOLE)
        return body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body, or the rest of it, as it arrives."""
        octets_of = aiter(self._response)
        while True:
            try:
                octets = await anext(octets_of)
            except StopAsyncIteration:
                self._end(BodyEnd.WHOLE)
                return
            except BaseException as error:
                self._fail(error)
                raise
            yield octets

    def close(self) -> None:
        """Let go."""
        self._response.close()
        self._end(BodyEnd.WHOLE)

    def _fail(self, error: BaseException) -> None:
        self._end(error.kind if isinstance(error, UpstreamError) else BodyEnd.GIVEN_UP)

    def _end(self, end: BodyEnd | ErrorKind) -> None:
        on_end, self._on_end = self._on_end, None
        if on_end is not None:
            on_end(end)
