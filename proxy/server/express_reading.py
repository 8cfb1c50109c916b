"""A head read for its own sake, as a connection reads it: aiohttp's parser, our checks, our translation."""

import asyncio

from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpProcessingError
from aiohttp.http_parser import HttpRequestParser

from proxy.semantics.message import Request
from proxy.semantics.peer import Peer
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.translate import LocalEnd, OwnNames, translate


class HeadReader:
    """Reads one head at a time; each by a parser of its own, so that none is read in the light of another."""

    def __init__(self, limits: ConnectionLimits, names: OwnNames) -> None:
        self._limits = limits
        self._names = names

    def read(self, octets: bytes, peer: Peer) -> Request | None:
        """Return the request that octets state; None if they are not exactly one head that is let in."""
        loop, limits = asyncio.get_running_loop(), self._limits
        parser = HttpRequestParser(
            BaseProtocol(loop),
            loop,
            limits.max_head_bytes,
            max_line_size=limits.max_target_bytes,
            max_field_size=limits.max_field_bytes,
            max_headers=limits.max_fields,
            auto_decompress=False,
        )
        try:
            messages, _, _ = parser.feed_data(octets)
        except HttpProcessingError:
            return None
        if len(messages) != 1 or not messages[0][1].is_eof():
            return None
        request = translate(messages[0][0], self._names, _nowhere, peer)
        return request if isinstance(request, Request) else None


def _nowhere() -> LocalEnd:
    return LocalEnd(address="", port=0)
