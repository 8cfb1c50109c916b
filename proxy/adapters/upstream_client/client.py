"""`Upstream` over HTTP/1.1: a request goes out as it is, once, and the head of its answer comes back.

The only request ever sent again is a safe one without a body, once, on a fresh connection, when a reused
connection ended before any octet of an answer (RFC 9112 section 9.3.1).
"""

from proxy.adapters.upstream_client import request_head
from proxy.adapters.upstream_client.connection import UpstreamConnection
from proxy.adapters.upstream_client.pool import ConnectionPool, tls_context
from proxy.adapters.upstream_client.request_body import send_at_once, send_until_answered
from proxy.adapters.upstream_client.response import StreamedResponse
from proxy.adapters.upstream_client.settings import UpstreamClientSettings
from proxy.errors import ErrorKind, UpstreamError, forget_frames
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.message import SAFE_METHODS

_FRESH = 0.0


class UpstreamClient:
    """Connections come into being with the first request, in the loop it runs in.

    Making one raises OSError if the CA bundle is of no use.
    """

    def __init__(self, settings: UpstreamClientSettings) -> None:
        self._settings = settings
        self._authority = settings.authority().decode("ascii")
        self._origin = f"{settings.origin().scheme}://{self._authority}".encode("ascii")
        self._tls = tls_context(settings)
        self._pool: ConnectionPool | None = None

    @property
    def open_connections(self) -> int:
        """Connections in use or idle."""
        return 0 if self._pool is None else self._pool.open_connections

    @property
    def idle_connections(self) -> int:
        """Connections that wait for their next request."""
        return 0 if self._pool is None else self._pool.idle_connections

    async def send(self, request: UpstreamRequest) -> StreamedResponse:
        """Send a request and wait for the head of the final answer (see `proxy.exchange.ports.Upstream`)."""
        head = request_head.encode(request, self._authority)
        pool = self._pool = self._pool or ConnectionPool(self._settings, self._tls)
        may_repeat = request.method in SAFE_METHODS and request.body is None
        settings = self._settings
        idle = settings.keep_alive_seconds if may_repeat else settings.unsafe_idle_seconds
        connection = await pool.take(longest_idle_seconds=idle)
        try:
            return await self._exchange(pool, connection, request, head)
        except UpstreamError as error:
            was_closed_unseen = connection.reused and not connection.answer_began
            if not (may_repeat and was_closed_unseen and error.kind is ErrorKind.CONNECTION_TERMINATED):
                raise
            forget_frames(error)
        return await self._repeat(pool, request, head)

    async def close(self) -> None:
        """Close all connections: idle ones in good order, the others at once."""
        if self._pool is not None:
            await self._pool.close()

    async def _repeat(self, pool: ConnectionPool, request: UpstreamRequest, head: bytes) -> StreamedResponse:
        try:
            connection = await pool.take(longest_idle_seconds=_FRESH)
        except UpstreamError as error:
            raise UpstreamError(error.kind, sent=True) from error
        return await self._exchange(pool, connection, request, head)

    async def _exchange(
        self, pool: ConnectionPool, connection: UpstreamConnection, request: UpstreamRequest, head: bytes
    ) -> StreamedResponse:
        try:
            connection.begin(request.method)
            connection.write(head)
            await self._finish_request(connection, request)
            await connection.wait_for_head(self._settings.head_seconds)
            message, payload = connection.answer()
        except BaseException:
            pool.discard(connection)
            raise
        return StreamedResponse(
            message,
            payload,
            method=request.method,
            connection=connection,
            pool=pool,
            idle_seconds=self._settings.body_idle_seconds,
            origin=self._origin,
        )

    async def _finish_request(self, connection: UpstreamConnection, request: UpstreamRequest) -> None:
        if request.body is None:
            connection.request_complete = True
        elif not send_at_once(connection, request.body):
            await send_until_answered(connection, request.body, self._settings.body_idle_seconds)
