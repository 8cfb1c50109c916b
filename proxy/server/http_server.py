"""aiohttp's low-level Server around a Handler: translate, ask, write; and the connections it owns.

The same server stands in front of the proxy, the observe port and the control socket. A handler's fault is a
500 with a closed text and one log line that names its kind and place, never a value.
"""

import asyncio
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

from proxy.connect.error_response import Message
from proxy.errors import RequestBodyError, RequestBodyTooLargeError
from proxy.exchange.answer import Handler, ReadyAnswer
from proxy.semantics.peer import Peer
from proxy.server.connection import Connection
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.express import ExpressLane
from proxy.server.express_connection import ExpressConnection
from proxy.server.inbound import Inbound, ReadyReply, Reply
from proxy.server.translate import OwnNames, translate

_log = logging.getLogger(__name__)


def admit_everyone(_transport: asyncio.Transport) -> bool:
    """Admit every peer."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServerSettings:
    """How a server treats its connections and which names are its own."""

    limits: ConnectionLimits = field(default_factory=ConnectionLimits)
    names: OwnNames = field(default_factory=OwnNames)
    max_connections: int = 4096


class HttpServer(Server):
    """A protocol factory: every connection it makes answers from one handler."""

    def __init__(
        self,
        handler: Handler,
        *,
        settings: HttpServerSettings,
        admits: Callable[[asyncio.Transport], bool] = admit_everyone,
        lane: ExpressLane | None = None,
        on_drain: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            cast(Any, self._respond),
            request_factory=cast(Any, self._take),
            handler_cancellation=True,  # a client that leaves takes its handler along, never a flight
        )
        self._handler = handler
        self._settings = settings
        self._gone = asyncio.Event()
        self._gone.set()
        self.admits = admits
        self._lane = lane
        self._on_drain = on_drain
        self.is_draining = False
        self._keeps_neighbours = False
        self._neighbour_asked_at = float("-inf")
        self.turned_away = 0
        """How many connections were refused for want of room."""

    def __call__(self) -> Connection:
        if self._lane is None:
            return Connection(self, self._settings.limits)
        return ExpressConnection(self, self._settings.limits, self._lane)

    # --- connections

    @property
    def connection_count(self) -> int:
        """How many connections are open or still being answered."""
        return len(self._connections)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection in."""
        self._gone.clear()
        super().connection_made(handler, transport)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection once nobody answers it any more."""
        answering = cast(Connection, handler).answering
        if answering is None:
            self._forget(handler)
        else:
            answering.add_done_callback(lambda _: self._forget(handler))

    def has_room(self) -> bool:
        """Tell whether one more connection may be taken in; one that is idle makes room for it."""
        if self.connection_count < self._settings.max_connections:
            return True
        return any(cast(Connection, connection).retire() for connection in self.connections)

    def _forget(self, handler: RequestHandler) -> None:
        self._connections.pop(handler, None)
        if not self._connections:
            self._gone.set()

    def begin_drain(self) -> None:
        """From now on every answer carries `Connection: close`; new connections are still served."""
        self._drain()
        self._keeps_neighbours = False

    def begin_keeping_neighbours(self) -> None:
        """Begin to drain for all but neighbours: that their connections stay open shows that they are there."""
        self._drain()
        self._keeps_neighbours = True

    def _drain(self) -> None:
        self.is_draining = True
        self._on_drain()

    def keeps(self, peer: Peer) -> bool:
        """Tell whether a connection goes on after its answer."""
        return not self.is_draining or (self._keeps_neighbours and peer.is_neighbour)

    def has_neighbour(self, quiet_seconds: float) -> bool:
        """Tell whether one is connected, or has asked within `quiet_seconds` since neighbours are kept."""
        asked = asyncio.get_running_loop().time() - self._neighbour_asked_at < quiet_seconds
        return asked or any(cast(Connection, each).peer.is_neighbour for each in self.connections)

    def retire_idle(self) -> None:
        """Close connections on which nothing has been asked."""
        for connection in self.connections:
            cast(Connection, connection).retire()

    async def wait_gone(self) -> None:
        """Wait until the last connection has ended."""
        await self._gone.wait()

    async def abort(self) -> None:
        """Break all connections, which cancels whoever is answering, and wait for the end of it."""
        for connection in self.connections:
            cast(Connection, connection).reset()
        await self._gone.wait()

    # --- requests

    def _take(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        _writer: object,
        _task: object,
    ) -> Inbound:
        connection = cast(Connection, protocol)
        inbound = Inbound(message, payload, connection)
        connection.attend(inbound)
        if self._keeps_neighbours and connection.peer.is_neighbour:
            self._neighbour_asked_at = asyncio.get_running_loop().time()
        return inbound

    async def _respond(self, inbound: Inbound) -> Reply | ReadyReply:
        connection = inbound.connection
        request = translate(inbound.message, self._settings.names, connection.local_end, connection.peer)
        if isinstance(request, Message):
            return Reply.refusal(inbound, request)
        try:
            answer = await self._handler.handle(request, inbound.open_body())
            connection.answered(request, answer.status)
            return ReadyReply(inbound, answer) if isinstance(answer, ReadyAnswer) else Reply(inbound, answer)
        except RequestBodyTooLargeError:
            return Reply.refusal(inbound, Message.BODY_TOO_LARGE)
        except RequestBodyError:
            return Reply.refusal(inbound, Message.BODY_CUT_SHORT)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the client gets our words and the log no values
            _log.error("server.handler_fault: %s at %s", type(fault).__name__, _place_of(fault))
            return Reply.refusal(inbound, Message.INTERNAL)


def _place_of(fault: BaseException) -> str:
    frames = traceback.extract_tb(fault.__traceback__, limit=-1)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "unknown"
