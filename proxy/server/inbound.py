"""What passes between aiohttp's connection loop and us: a request as it came, and its reply.

Both fit the few places where `RequestHandler` touches a request or a response, and carry nothing else:
aiohttp's own classes build URLs, cookies and fields that a hit has no time for.
"""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp.http import RawRequestMessage
from aiohttp.streams import StreamReader
from multidict import istr

from proxy.connect.error_response import Message
from proxy.errors import RequestBodyTooLargeError, forget_frames
from proxy.exchange.answer import Answer, ReadyAnswer
from proxy.server.problems import problem_answer
from proxy.server.request_body import StreamedBody
from proxy.server.response_writer import Asked, TruncatedAnswerError, write_answer

if TYPE_CHECKING:
    import asyncio

    from proxy.server.connection import Connection

_log = logging.getLogger(__name__)
_CONTENT_LENGTH = istr("Content-Length")


class Inbound:
    """One request on one connection."""

    __slots__ = ("_task", "connection", "message", "payload")

    def __init__(self, message: RawRequestMessage, payload: StreamReader, connection: "Connection") -> None:
        self.message = message
        self.payload = payload
        self.connection = connection
        self._task: asyncio.Task[None] | None = None  # aiohttp clears it

    def open_body(self) -> StreamedBody | None:
        """Return the request's body; None if no octet of one follows. Raises RequestBodyTooLargeError."""
        fields = self.message.headers
        length = fields.get(_CONTENT_LENGTH)
        if length is None and not self.message.chunked:
            return None
        if length is not None and int(length) == 0:
            return None
        limits = self.connection.limits
        if length is not None and int(length) > limits.max_body_bytes:
            raise RequestBodyTooLargeError
        waits = self.message.version[1] >= 1 and "Expect" in fields
        return StreamedBody(
            self.payload,
            length_bytes=None if length is None else int(length),
            continue_to=self.connection if waits else None,
            idle_seconds=limits.body_idle_seconds,
            most_bytes=limits.max_body_bytes,
        )

    def _cancel(self, exc: BaseException) -> None:
        self.payload.set_exception(exc)

    def _finish(self) -> None:
        pass


class Reply:
    """An answer on its way to one client."""

    __slots__ = ("_answer", "_inbound", "_lingers", "keep_alive")

    def __init__(self, inbound: Inbound, answer: Answer) -> None:
        self._inbound = inbound
        self._answer = answer
        self._lingers = False
        self.keep_alive = True

    @classmethod
    def refusal(cls, inbound: Inbound, problem: Message) -> "Reply":
        """Return the reply that states a problem and ends the connection."""
        reply = cls(inbound, problem_answer(problem))
        reply._lingers = True
        reply.keep_alive = False
        return reply

    async def prepare(self, _request: object) -> None:
        """Nothing goes out before the whole head does."""

    async def write_eof(self) -> None:
        """Write everything. Raises ConnectionError when the connection is of no more use."""
        inbound, answer = self._inbound, self._answer
        connection, message = inbound.connection, inbound.message
        asked = Asked(
            is_head=message.method == "HEAD",
            minor_version=message.version[1],
            may_persist=self.keep_alive and self._may_persist(),
        )
        try:
            self.keep_alive = await write_answer(connection, answer, asked)
        except TruncatedAnswerError as error:
            forget_frames(error)
            connection.reset()
            raise ConnectionResetError("the answer was cut short") from None
        except ValueError:
            _log.error("server.answer_unwritable: status %d", answer.status)
            self.keep_alive = False
            await write_answer(
                connection, problem_answer(Message.INTERNAL), replace(asked, may_persist=False)
            )
        if self._lingers:
            await connection.linger()

    def _may_persist(self) -> bool:
        """Whether both sides may go on after this answer.

        Not with a body that was left unread; nor after an upgrade that aiohttp does not know (h2c): its
        parser drops what was pipelined behind.
        """
        inbound = self._inbound
        message = inbound.message
        return (
            not message.should_close
            and not message.upgrade
            and inbound.payload.is_eof()
            and not inbound.connection.ends_with_its_answer
        )


class ReadyReply:
    """An answer that is there as octets, on its way to one client."""

    __slots__ = ("_connection", "_octets")

    keep_alive = True

    def __init__(self, inbound: Inbound, answer: ReadyAnswer) -> None:
        self._connection = inbound.connection
        self._octets = answer.octets

    async def prepare(self, _request: object) -> None:
        """Nothing goes out before the whole head does."""

    async def write_eof(self) -> None:
        """Write everything. Raises ConnectionError when the connection is of no more use."""
        self._connection.write(self._octets)
        await self._connection.drain()
