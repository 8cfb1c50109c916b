"""Open connections to one upstream: bounded in number, the last used first to be used again.

aiohttp's connector makes each one (look-up, happy eyeballs, TLS) and forgets it; pooling is done here, because
the connector neither asks the socket before reuse nor tells a reused connection from a fresh one.
"""

import asyncio
import ssl
from collections import deque
from contextlib import suppress

from aiohttp import ClientError, ClientRequest, ClientTimeout, TCPConnector

from proxy.adapters.upstream_client import faults
from proxy.adapters.upstream_client.connection import UpstreamConnection
from proxy.adapters.upstream_client.one_address import OneAddress
from proxy.adapters.upstream_client.settings import UpstreamClientSettings
from proxy.errors import ErrorKind, UpstreamError

_NO_TIMEOUT = ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)
_FAREWELL_SECONDS = 1.0


class ConnectionPool:
    """Every connection taken is given back exactly once, by `keep` or `discard`. Lives in one running loop."""

    def __init__(self, settings: UpstreamClientSettings, tls: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._origin = settings.origin()
        resolver = None if settings.connect_to is None else OneAddress(settings.connect_to)
        self._connector = TCPConnector(force_close=True, limit=0, ssl=tls or True, resolver=resolver)
        # The connector's recipe for a connection; nothing of this request is ever sent.
        self._recipe = ClientRequest("GET", self._origin, loop=self._loop)
        self._turns = asyncio.Semaphore(settings.max_connections)
        self._active: set[UpstreamConnection] = set()
        self._connecting = 0
        self._idle: deque[UpstreamConnection] = deque()
        self._expiry: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def open_connections(self) -> int:
        """Connections in use, coming into being, or idle."""
        return len(self._active) + self._connecting + len(self._idle)

    @property
    def idle_connections(self) -> int:
        """Connections that wait for their next request."""
        return len(self._idle)

    async def take(self, *, longest_idle_seconds: float) -> UpstreamConnection:
        """Return a connection that has been idle no longer than that, or a fresh one; 0 is never reached by reuse."""
        await self._wait_for_turn()
        try:
            connection = self._reuse(longest_idle_seconds) or await self._connect()
        except BaseException:
            self._turns.release()
            raise
        self._active.add(connection)
        return connection

    def keep(self, connection: UpstreamConnection) -> None:
        """Take a connection back for its next use."""
        if self._closed:
            self.discard(connection)
            return
        connection.idle_since = self._loop.time()
        self._give_back(connection)
        self._idle.append(connection)
        if self._expiry is None:
            self._expiry = self._loop.call_later(self._settings.keep_alive_seconds, self._expire)

    def discard(self, connection: UpstreamConnection) -> None:
        """End a connection at once."""
        connection.abort()
        self._give_back(connection)

    async def close(self) -> None:
        """Close what is idle in good order and what is active at once."""
        self._closed = True
        if self._expiry is not None:
            self._expiry.cancel()
        leaving = [*self._idle, *self._active]
        while self._idle:
            self._idle.pop().close()
        for connection in self._active:
            connection.abort()
        if leaving:
            await asyncio.wait([connection.closed for connection in leaving], timeout=_FAREWELL_SECONDS)
        for connection in leaving:
            connection.abort()
        await self._connector.close()

    async def _wait_for_turn(self) -> None:
        if not self._turns.locked():
            await self._turns.acquire()  # at once
            return
        try:
            async with asyncio.timeout(self._settings.connection_wait_seconds):
                await self._turns.acquire()
        except TimeoutError as error:
            raise UpstreamError(ErrorKind.CONNECTION_LIMIT_REACHED, sent=False) from error

    def _give_back(self, connection: UpstreamConnection) -> None:
        if connection in self._active:
            self._active.remove(connection)
            self._turns.release()

    def _reuse(self, longest_idle_seconds: float) -> UpstreamConnection | None:
        since = self._loop.time() - longest_idle_seconds
        while self._idle and self._idle[-1].idle_since > since:
            connection = self._idle.pop()
            if connection.is_quiet():
                return connection
            connection.abort()
        return None

    async def _connect(self) -> UpstreamConnection:
        if self._closed:
            raise UpstreamError(ErrorKind.PROXY_INTERNAL_ERROR, sent=False)
        if self._idle and self.open_connections >= self._settings.max_connections:
            self._idle.popleft().close()
        self._connecting += 1
        try:
            async with asyncio.timeout(self._settings.connect_seconds):
                made = await self._connector.connect(self._recipe, traces=[], timeout=_NO_TIMEOUT)
        except (OSError, ClientError, ssl.CertificateError) as error:
            raise faults.connect_error(error) from error
        finally:
            self._connecting -= 1
        connection = UpstreamConnection(made, self._settings, self._loop)
        connection.closed.add_done_callback(lambda _: self._forget(connection))
        return connection

    def _forget(self, connection: UpstreamConnection) -> None:
        """Drop what ended while idle."""
        with suppress(ValueError):
            self._idle.remove(connection)

    def _expire(self) -> None:
        self._expiry = None
        oldest = self._loop.time() - self._settings.keep_alive_seconds
        while self._idle and self._idle[0].idle_since <= oldest:
            self._idle.popleft().close()
        if self._idle:
            wait = self._idle[0].idle_since - oldest
            self._expiry = self._loop.call_later(wait, self._expire)


def tls_context(settings: UpstreamClientSettings) -> ssl.SSLContext | None:
    """Return what verifies an https upstream. Raises OSError if the bundle can't be read or holds no certificate."""
    if settings.origin().scheme != "https":
        return None
    context = ssl.create_default_context(cafile=settings.ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context
