"""The listening socket and the connections it has accepted: numbered, countable, to be cut at will.

A plain asyncio server with aiohttp's protocol on top, since no runner of aiohttp's can refuse connections
for a while and take them again on the same port.
"""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

_BACKLOG = 512
_SHUTDOWN_SECONDS = 0.1
_ABORTIVE_CLOSE = struct.pack("ii", 1, 0)

Respond = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass(slots=True, kw_only=True)
class Connection:
    """One accepted connection and the number of requests it has carried."""

    id: int
    transport: asyncio.Transport
    requests: int = 0


class ConnectRequest(web.BaseRequest):
    """A request whose response names no server software, as Go's net/http does not."""

    async def _prepare_hook(self, response: web.StreamResponse) -> None:
        response.headers.popall("Server", None)


class ConnectionTable(web.Server):
    """aiohttp's low-level server, with a list of its connections."""

    def __init__(self, respond: Respond, *, max_field_bytes: int, max_body_bytes: int) -> None:
        super().__init__(
            respond,
            request_factory=lambda message, payload, protocol, writer, task: ConnectRequest(
                message,
                payload,
                protocol,
                writer,
                task,
                asyncio.get_running_loop(),
                client_max_size=max_body_bytes,
            ),
            max_field_size=max_field_bytes,
            max_line_size=max_field_bytes,
            access_log=None,
            auto_decompress=False,
        )
        self._accepted: dict[asyncio.Transport, Connection] = {}
        self.accepted_count = 0

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Number a new connection."""
        super().connection_made(handler, transport)
        self.accepted_count += 1
        self._accepted[transport] = Connection(id=self.accepted_count, transport=transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget the connections that are closed; by now the handler may have let go of its transport."""
        for transport in [known for known in self._accepted if known.is_closing()]:
            del self._accepted[transport]
        super().connection_lost(handler, exc)

    @property
    def open_connections(self) -> list[Connection]:
        """The connections that are not closed."""
        return [connection for connection in self._accepted.values() if not connection.transport.is_closing()]

    def connection_of(self, request: web.BaseRequest) -> Connection | None:
        """Return the connection of a request, unless it is gone already."""
        transport = request.transport
        return None if transport is None else self._accepted.get(transport)

    async def end(self) -> None:
        """Cut every connection and wait until all are gone."""
        self.abort_all()
        await self.shutdown(_SHUTDOWN_SECONDS)

    def abort_all(self) -> None:
        """Cut every connection."""
        for connection in self.open_connections:
            connection.transport.abort()


def reset(transport: asyncio.Transport) -> None:
    """Close a connection with RST instead of FIN."""
    raw_socket = transport.get_extra_info("socket")
    if raw_socket is not None:
        raw_socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTIVE_CLOSE)
    transport.abort()


class Listener:
    """A listening socket that can close and come back on the same port."""

    def __init__(self, *, host: str, port: int, ssl_context: ssl.SSLContext | None) -> None:
        self._host = host
        self._ssl_context = ssl_context
        self.port = port
        self._socket: socket.socket | None = None
        self._server: asyncio.AbstractServer | None = None
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether connections are accepted."""
        return self._socket is not None

    async def start(self, table: ConnectionTable) -> None:
        """Listen. Raises OSError when the port is taken."""
        listening = self._bind()
        self.port = listening.getsockname()[1]
        await self._serve(listening, table)

    def close(self) -> None:
        """Refuse connections from now on; those accepted live on."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def reopen(self, table: ConnectionTable) -> None:
        """Accept connections on the same port again, from this very moment."""
        task = asyncio.get_running_loop().create_task(self._serve(self._bind(), table))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def stop(self) -> None:
        """Refuse connections for good."""
        await asyncio.gather(*self._serving)
        self.close()

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listening = socket.create_server((self._host, self.port), family=family, backlog=_BACKLOG)
        self._socket = listening
        return listening

    async def _serve(self, listening: socket.socket, table: ConnectionTable) -> None:
        loop = asyncio.get_running_loop()
        server = None
        with contextlib.suppress(OSError):  # Closed again before it was served.
            server = await loop.create_server(table, sock=listening, ssl=self._ssl_context, backlog=_BACKLOG)
        if self._socket is listening:
            self._server = server
        elif server is not None:
            server.close()
