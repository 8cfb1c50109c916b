"""A request body that has been read as far as a bound allows: complete, or its beginning and the rest as it comes."""

from collections.abc import AsyncIterator, Sequence

from proxy.exchange.ports import RequestBody


class CollectedBody:
    """`RequestBody` over what was read and, unless that is all, the iterator that goes on."""

    __slots__ = ("_chunks", "_rest", "length_bytes")

    def __init__(
        self, chunks: Sequence[bytes], rest: AsyncIterator[bytes] | None, length_bytes: int | None
    ) -> None:
        self._chunks = chunks
        self._rest = rest
        self.length_bytes = length_bytes

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be waited for."""
        return self._rest is None

    @property
    def octets(self) -> bytes | None:
        """All of it; None as long as it isn't complete."""
        return b"".join(self._chunks) if self._rest is None else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body. Raises RequestBodyError if the rest of it fails."""
        for chunk in self._chunks:
            yield chunk
        if self._rest is not None:
            async for chunk in self._rest:
                yield chunk


async def collect(body: RequestBody, limit_bytes: int) -> CollectedBody:
    """Read a body to its end, or until it has more than `limit_bytes`. Raises RequestBodyError."""
    arriving = aiter(body)
    chunks: list[bytes] = []
    held_bytes = 0
    async for chunk in arriving:
        chunks.append(chunk)
        held_bytes += len(chunk)
        if held_bytes > limit_bytes:
            return CollectedBody(chunks, arriving, body.length_bytes)
    return CollectedBody(chunks, None, body.length_bytes)
