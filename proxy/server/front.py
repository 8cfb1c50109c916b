"""A server and the addresses it answers on: open, drain, close.

The life of a front in order: `open`, `begin_drain` or `begin_keeping_neighbours` (answers end their connections),
`close_listeners` (nobody new, idle connections go), `finish` (those under way end, or are ended).
"""

import asyncio
import socket
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from proxy.server.http_server import HttpServer
from proxy.server.listeners import BACKLOG, Address, Bound, UnixAddress, bind_all, remove_socket_files
from proxy.server.tls import FAREWELL_SECONDS, HANDSHAKE_SECONDS, ServerTls


class Front:
    """One HTTP server on its addresses; `tls` is for those that are TCP.

    `accepted_in_a_turn`: so many connections may be accepted at each address in a turn of the loop. libuv (since 1.45)
    accepts one for each descriptor that listens. While 256 clients ask as fast as they are answered a turn takes
    milliseconds, and with one the last to come would wait for half a second.
    """

    def __init__(
        self,
        server: HttpServer,
        addresses: Sequence[Address],
        tls: ServerTls | None = None,
        *,
        accepted_in_a_turn: int = 1,
    ) -> None:
        self._server = server
        self._tls = tls
        self._accepted_in_a_turn = accepted_in_a_turn
        self._wanted = tuple(addresses)
        self._bound: Bound | None = None
        self._listeners: list[asyncio.Server] = []

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where it listens, with the ports that were given; empty unless it is open."""
        return self._bound.addresses if self._bound is not None else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell the operator about the addresses."""
        return self._bound.notes if self._bound is not None else ()

    @property
    def open_connections(self) -> int:
        """How many clients are connected, or still being answered."""
        return self._server.connection_count

    @property
    def turned_away(self) -> int:
        """How many connections were refused for want of room."""
        return self._server.turned_away

    async def open(self) -> None:
        """Bind and accept. Raises ListenError, and then nothing stays open."""
        bound = bind_all(self._wanted)
        self._bound = bound
        loop = asyncio.get_running_loop()
        for opened, address in zip(bound.sockets, bound.addresses, strict=True):
            for listening in (opened, *(opened.dup() for _ in range(self._accepted_in_a_turn - 1))):
                self._listeners.append(await self._listen(loop, listening, address))

    async def _listen(
        self, loop: asyncio.AbstractEventLoop, opened: socket.socket, address: Address
    ) -> asyncio.Server:
        if isinstance(address, UnixAddress):
            return await loop.create_unix_server(self._server, sock=opened, backlog=BACKLOG)
        if self._tls is None:
            return await loop.create_server(self._server, sock=opened, backlog=BACKLOG)
        return await loop.create_server(
            self._server,
            sock=opened,
            backlog=BACKLOG,
            ssl=self._tls.context,
            ssl_handshake_timeout=HANDSHAKE_SECONDS,
            ssl_shutdown_timeout=FAREWELL_SECONDS,
        )

    def begin_drain(self) -> None:
        """Let every answer from now on end its connection; new ones are still accepted."""
        self._server.begin_drain()

    def begin_keeping_neighbours(self) -> None:
        """Let every answer end its connection, but those to neighbours."""
        self._server.begin_keeping_neighbours()

    def has_neighbour(self, quiet_seconds: float) -> bool:
        """Tell whether a neighbour is connected, or has asked within `quiet_seconds`."""
        return self._server.has_neighbour(quiet_seconds)

    def close_listeners(self) -> None:
        """Accept nobody new and close idle connections. Idempotent."""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener.close()
        if self._bound is not None:
            remove_socket_files(self._bound.addresses)
            self._bound = None
        self._server.begin_drain()
        self._server.retire_idle()

    async def finish(self, hurry: asyncio.Event, deadline_seconds: float) -> int:
        """Wait for the answers under way, then break what is left; return how many connections that were."""
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline_seconds):
                await _either(self._server.wait_gone(), hurry.wait())
        left = self._server.connection_count
        await self._server.abort()
        return left


async def _either(first: Coroutine[Any, Any, object], second: Coroutine[Any, Any, object]) -> None:
    """Wait until one of two has ended; the other is cancelled."""
    tasks = {asyncio.ensure_future(first), asyncio.ensure_future(second)}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
