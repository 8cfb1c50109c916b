"""A complete answer of a model, as the `UpstreamResponse` port has it."""

import asyncio
from collections.abc import AsyncIterator

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.semantics.dates import format_date
from proxy.semantics.message import ResponseHead
from tests.support.virtual_time import VirtualClock


class ModelAnswer:
    """A status and all the bytes of a body, dated now."""

    def __init__(self, status: int, body: bytes) -> None:
        self._body = body
        wall_seconds = VirtualClock.EPOCH_SECONDS + asyncio.get_running_loop().time()
        fields = CIMultiDict(
            {
                "Content-Type": "application/json",
                "Date": format_date(wall_seconds),
                "Content-Length": str(len(body)),
            }
        )
        self.head = ResponseHead(status=status, reason="", fields=CIMultiDictProxy(fields))
        self.content_length_bytes = len(body)

    async def read_complete(self, limit_bytes: int) -> bytes | None:
        return self._body if len(self._body) <= limit_bytes else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    def close(self) -> None:
        pass
