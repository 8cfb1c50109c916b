"""A connection that may answer before aiohttp parses: only between two messages, and only whole heads.

The lane answers when aiohttp waits for a message, all octets so far belong to messages read and answered, nothing is
queued, upgraded, draining or paused. The head of a request may come in several pieces: they are held back until they
are one head, or can't become one, within the bounds that aiohttp's own part is held to (see Connection).
"""

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from proxy.exchange.events import ExpressLaneClosed
from proxy.semantics.message import Request
from proxy.server.connection import Connection
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.express import ExpressLane
from proxy.server.express_heads import goes_on, is_whole
from proxy.server.express_shelves import Shelf
from proxy.server.unread import Unread

if TYPE_CHECKING:
    import asyncio

    from proxy.server.http_server import HttpServer

_KNOWN_AIOHTTP = "3.14."
_RELIED_ON = frozenset(
    {
        "_keepalive_timeout",
        "_loop",
        "_messages",
        "_next_keepalive_close_time",
        "_paused",
        "_request_count",
        "_waiter",
        "transport",
    }
)
_log = logging.getLogger(__name__)
_HEAD_END = b"\r\n\r\n"
_LONGEST_HELD = 73_728
"""Octets that are held back at most: one field of 65 KiB, and more than clients send besides."""


class ExpressConnection(Connection):
    """Answers repeats from the lane, and has everything else answered as any connection does."""

    __slots__ = (
        "_candidate",
        "_held",
        "_is_looking_again",
        "_lane",
        "_shelf",
        "_stall_timer",
        "_unread",
    )

    def __init__(self, server: "HttpServer", limits: ConnectionLimits, lane: ExpressLane) -> None:
        super().__init__(server, limits)
        self._lane = lane
        self._unread = Unread()
        self._held = bytearray()
        self._candidate: bytes | None = None
        self._shelf: Shelf | None = None
        self._is_looking_again = False
        self._stall_timer: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget timers."""
        self._stop_stall_timer()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        """Go on: the client reads."""
        self._stop_stall_timer()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """Answer, hold back, or have it parsed."""
        waiter = self._waiter
        if waiter is not None and not self._held and data.endswith(_HEAD_END) and self._express(data, waiter):
            return
        if self._is_looking_again:
            self._held += data
        elif waiter is None and data and self._unread.is_none and not self._messages and self._lane.is_open:
            # Whoever has answered the last request has written that and not come back yet; or is still at it.
            self._held += data
            self._is_looking_again = True
            self._loop.call_soon(self._look_again)
        else:
            self._take(data)

    def _look_again(self) -> None:
        held, self._held = bytes(self._held), bytearray()
        self._is_looking_again = False
        if self.transport is not None:
            waiter = self._waiter
            if waiter is None or not self._express(held, waiter):
                self._take(held)

    def _take(self, data: bytes) -> None:
        """Hold back the beginning of a head; have anything else parsed."""
        held, waiter = self._held, self._waiter
        is_apart = waiter is not None and not waiter.done() and self._unread.is_none and self._lane.is_open
        if is_apart and data and len(held) + len(data) < _LONGEST_HELD and goes_on(held, data):
            self._head_goes_on(len(data))
            held += data
            return
        octets = data
        if held:
            octets = bytes(held) + data
            self._held = bytearray()
            if is_apart and waiter is not None and self._express(octets, waiter):
                return
            self._head_bytes -= len(held)  # they were counted when they came
        self._candidate = octets if is_apart and is_whole(octets) else None
        self._have_parsed(octets)

    def answered(self, request: Request, status: int) -> None:
        """Have the lane remember the head of what was answered, if it may come again."""
        octets, self._candidate = self._candidate, None
        if octets is not None and status == HTTPStatus.OK:
            self._lane.learn(octets, request, self._books())

    def _express(self, octets: bytes, waiter: "asyncio.Future[None]") -> bool:
        """Have the lane answer, if nothing else is going on and it knows these octets."""
        lane = self._lane
        transport = self.transport
        if waiter.done() or not self._unread.is_none or self._paused or transport is None:
            return False
        try:
            answer = lane.answer(octets, self._shelf or self._books())
        except Exception as fault:  # noqa: BLE001 - whatever it is, the full path answers
            _log.error("server.express_lane_fault: %s", type(fault).__name__)
            lane.close(ExpressLaneClosed.FAULT)
            return False
        if answer is None:
            return False
        if self._head_timer is not None:
            self._stop_head_timer()
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        transport.write(answer)
        if self.writing_paused:
            self._stop_stall_timer()
            self._stall_timer = self._loop.call_later(
                self._limits.write_stall_seconds, self._let_go_if_stalled
            )
        return True

    def _stop_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _let_go_if_stalled(self) -> None:
        self._stall_timer = None
        if self._paused and self._is_waiting():  # who answers meanwhile waits for the client, too
            self.reset()

    def _books(self) -> Shelf:
        if self._shelf is None:
            self._shelf = self._lane.shelf(self.peer)
        return self._shelf

    def _have_parsed(self, data: bytes) -> None:
        before = self._request_count
        if data:
            self._unread.fed(data)
        super().data_received(data)
        count = self._request_count - before
        for message, payload in list(self._messages)[-count:] if count else ():
            if isinstance(message, _ErrInfo) or message.upgrade or message.chunked or message.should_close:
                self._unread.given_out(None)
            elif payload.is_eof() and "Content-Length" not in message.headers:
                self._unread.given_out(0)
            else:
                stated = message.headers.get("Content-Length", "")
                self._unread.given_out(int(stated) if stated.isascii() and stated.isdigit() else None)


def is_known_aiohttp() -> bool:
    """Tell whether aiohttp is a release whose inside was looked at, and has what is relied on here."""
    there = {name for kind in RequestHandler.__mro__ for name in getattr(kind, "__slots__", ())}
    return aiohttp.__version__.startswith(_KNOWN_AIOHTTP) and there >= _RELIED_ON
