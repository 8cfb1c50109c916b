"""One client connection: aiohttp's RequestHandler with our answers to broken input, our bounds and our drain.

aiohttp parses, queues pipelined requests and keeps connections alive; what it would say, log or wait for by
itself is replaced here. The habits this relies on are pinned in tests/contract/test_aiohttp_server_habits.py.
"""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler, RequestPayloadError, _ErrInfo
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from proxy.connect.error_response import Message
from proxy.errors import forget_frames
from proxy.semantics.message import Request
from proxy.semantics.peer import NOBODY, Peer
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.inbound import Inbound, Reply
from proxy.server.peers import peer_of
from proxy.server.problems import TOO_MANY_CONNECTIONS, HeadGivenUpError, problem_of_error
from proxy.server.translate import LocalEnd

if TYPE_CHECKING:
    from proxy.server.http_server import HttpServer

_log = logging.getLogger(__name__)
_FAREWELL_SECONDS = 0.5
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(RequestHandler):
    """Reads requests one after the other; each becomes an `Inbound`, each is answered by a `Reply`."""

    __slots__ = (
        "_eof_seen",
        "_head_bytes",
        "_head_timer",
        "_inbound",
        "_limits",
        "_lingering",
        "_peer",
        "_server",
    )

    def __init__(self, server: "HttpServer", limits: ConnectionLimits) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=limits.idle_seconds,
            access_log=cast(logging.Logger, None),
            max_line_size=limits.max_target_bytes,
            max_field_size=limits.max_field_bytes,
            max_headers=limits.max_fields,
            lingering_time=limits.linger_seconds,
            read_bufsize=65_536,
            auto_decompress=False,
        )
        self._server = server
        self._limits = limits
        self._inbound: Inbound | None = None
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._lingering: asyncio.Future[None] | None = None
        self._eof_seen = False
        self._peer: Peer | None = None

    # --- what a server asks of its connections

    @property
    def answering(self) -> "asyncio.Task[None] | None":
        """The task that answers this connection's requests, while there is one."""
        return self._task_handler

    @property
    def limits(self) -> ConnectionLimits:
        """The bounds of this connection."""
        return self._limits

    @property
    def ends_with_its_answer(self) -> bool:
        """Whether the answer under way is the last one, because the service ends."""
        return self._server.is_draining and not self._server.keeps(self.peer)

    @property
    def peer(self) -> Peer:
        """Who is at the other end."""
        if self._peer is None:
            self._peer = NOBODY if self.transport is None else peer_of(self.transport)
        return self._peer

    def local_end(self) -> LocalEnd:
        """Return our end of the connection."""
        name = self.sockname
        if isinstance(name, tuple):
            return LocalEnd(address=name[0], port=name[1])
        return LocalEnd(address="", port=0)

    def attend(self, inbound: Inbound) -> None:
        """Note the request that is being answered, from the moment it leaves the queue."""
        self._inbound = inbound

    def answered(self, request: Request, status: int) -> None:
        """Hear what a request will get."""

    def retire(self) -> bool:
        """Close if nothing has been asked, and say so; who is being answered is told `Connection: close`."""
        is_idle = self._is_waiting() and not self._messages and self._head_timer is None
        if is_idle:
            self.force_close()
        return is_idle

    def reset(self) -> None:
        """Break the connection so that no answer under way can look complete."""
        transport = self.transport
        if transport is None:
            return
        sock = transport.get_extra_info("socket")
        if sock is not None:
            with suppress(OSError):  # a unix socket knows no reset; closing is all there is
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        transport.abort()

    # --- writing

    def write(self, data: bytes | memoryview) -> None:
        """Hand octets to the transport. Raises ConnectionError once the client has left."""
        transport = self.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client has left")
        transport.write(data)

    async def drain(self) -> None:
        """Wait while the client reads slower than we write; one that stops reading is let go."""
        if not self.writing_paused:
            return
        try:
            async with asyncio.timeout(self._limits.write_stall_seconds):
                await self._drain_helper()
        except TimeoutError:
            self.reset()
            raise ConnectionResetError("the client stopped reading") from None

    async def linger(self) -> None:
        """Let a client that is still sending read its refusal, before closing resets the connection."""
        transport = self.transport
        if transport is None or self._eof_seen or not transport.can_write_eof():
            return
        self._lingering = self._loop.create_future()
        self._lingering_time = 0.0  # aiohttp would wait for a rest of the body that is dropped from here on
        with suppress(OSError, TimeoutError):
            transport.write_eof()
            transport.resume_reading()
            async with asyncio.timeout(self._limits.linger_seconds):
                await self._lingering

    # --- reading

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit a peer, or let it go; one that is only too many is told so."""
        admitted = cast(asyncio.Transport, transport)
        if not self._server.admits(admitted):
            admitted.abort()
        elif self._server.has_room():
            super().connection_made(transport)
        else:
            self._turn_away(admitted)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget timers; aiohttp cancels whoever is answering."""
        self._stop_head_timer()
        super().connection_lost(exc)
        self._inbound = None  # it refers to us, and has the token: nothing but a collection would free both

    def data_received(self, data: bytes) -> None:
        """Parse; watch over heads that come slowly and bodies whose framing breaks."""
        if self._lingering is not None:
            return
        try:
            super().data_received(data)
        except Exception as error:  # noqa: BLE001 - the event loop would log the octets that caused it
            self._take_error(error)
        if self._is_waiting():
            self._head_goes_on(len(data))
        elif self._head_timer is not None:
            self._stop_head_timer()
        if self._messages and type(self._messages[-1][0]) is _ErrInfo:
            self._fail_unfinished_bodies()

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """End of input: in the midst of a body the client still gets told; otherwise it has left."""
        self._eof_seen = True
        if self._lingering is not None:
            if not self._lingering.done():
                self._lingering.set_result(None)
            return None
        return self._fail_unfinished_bodies()

    def _turn_away(self, transport: asyncio.Transport) -> None:
        """Say 503 without reading anything, and close soon: closing at once would reset what was said."""
        self._lingering = self._loop.create_future()
        self._server.turned_away += 1
        transport.write(TOO_MANY_CONNECTIONS)
        if transport.can_write_eof():
            transport.write_eof()
        self._loop.call_later(_FAREWELL_SECONDS, transport.abort)

    def _is_waiting(self) -> bool:
        waiter = self._waiter
        return waiter is not None and not waiter.done()

    def _take_error(self, error: Exception) -> None:
        self._messages.append((_ErrInfo(status=400, exc=error, message=""), EMPTY_PAYLOAD))
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _head_goes_on(self, arrived_bytes: int) -> None:
        if not arrived_bytes:
            return
        if self._head_timer is None:
            self._head_bytes = 0
            self._head_timer = self._loop.call_later(
                self._limits.head_seconds, self._give_up_head, Message.REQUEST_TIMEOUT
            )
        self._head_bytes += arrived_bytes
        if self._head_bytes > self._limits.max_head_bytes:
            self._give_up_head(Message.FIELDS_TOO_LARGE)

    def _give_up_head(self, problem: Message) -> None:
        self._stop_head_timer()
        if self._is_waiting():
            self._take_error(HeadGivenUpError(problem))

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _fail_unfinished_bodies(self) -> bool:
        """Wake whoever reads a body that will never end; tell whether there was one."""
        payloads = [payload for _, payload in self._messages]
        if self._inbound is not None:
            payloads.append(self._inbound.payload)
        unfinished = [payload for payload in payloads if not payload.is_eof()]
        for payload in unfinished:
            payload.set_exception(RequestPayloadError("the body was cut short"))
        return bool(unfinished)

    # --- what aiohttp would answer and log by itself

    def _make_error_handler(self, err_info: _ErrInfo) -> Callable[[BaseRequest], Awaitable[StreamResponse]]:
        problem = problem_of_error(err_info.exc, self._limits.max_target_bytes)
        forget_frames(err_info.exc)

        async def refuse(request: BaseRequest) -> StreamResponse:
            return cast(StreamResponse, Reply.refusal(cast(Inbound, request), problem))

        return refuse

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> StreamResponse:
        """Answer a fault of ours; aiohttp's texts and tracebacks stay unsaid."""
        self.log_exception(exc_info=exc)
        return cast(StreamResponse, Reply.refusal(cast(Inbound, request), Message.INTERNAL))

    def log_exception(self, *_args: object, exc_info: object = None, **_kw: object) -> None:
        """Name the kind of a fault; its text may quote the request."""
        error = exc_info
        if not isinstance(error, RequestPayloadError | ConnectionError):
            _log.error("server.connection_fault: %s", type(error).__name__)
