"""One connection to the upstream, one exchange at a time.

aiohttp's connector makes it; from then on this protocol stands in place of aiohttp's ResponseHandler, because
three things must be known to the octet: whether anything of an answer came (else a safe request may be sent
again), whether anything came while idle (response desync), and how a body ended.
"""

import asyncio
import select

from aiohttp.base_protocol import BaseProtocol
from aiohttp.connector import Connection
from aiohttp.http_parser import HttpParser, HttpResponseParser, RawResponseMessage
from aiohttp.streams import StreamReader

from proxy.adapters.upstream_client import response_head
from proxy.adapters.upstream_client.response_head import BrokenAnswerError
from proxy.adapters.upstream_client.settings import UpstreamClientSettings
from proxy.errors import ErrorKind, UpstreamError


class UpstreamConnection(BaseProtocol):
    """Parses what comes, tells apart how it may end, and says whether it can be used again."""

    __slots__ = (
        "_connection",
        "_fault",
        "_message",
        "_payload",
        "_poll",
        "_settings",
        "_spoiled",
        "answer_began",
        "closed",
        "head_arrived",
        "idle_since",
        "request_began",
        "request_complete",
        "reused",
    )

    def __init__(
        self, connection: Connection, settings: UpstreamClientSettings, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(loop)
        self._connection = connection
        self._settings = settings
        self._fault: UpstreamError | None = None
        self._message: RawResponseMessage | None = None
        self._payload: StreamReader | None = None
        self._spoiled = False
        self.reused = False
        self.idle_since = 0.0
        self.answer_began = False
        self.request_began = False
        self.request_complete = False
        self.head_arrived: asyncio.Future[None] = loop.create_future()
        """Done when there is a head, or when there will be none."""
        self.closed: asyncio.Future[None] = loop.create_future()
        self._take_over(connection)

    def _take_over(self, connection: Connection) -> None:
        predecessor, transport = connection.protocol, connection.transport
        if predecessor is None or transport is None or predecessor.should_close:
            connection.close()
            raise UpstreamError(ErrorKind.CONNECTION_TERMINATED, sent=False)
        self.transport = transport
        transport.set_protocol(self)
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def begin(self, method: str) -> None:
        """Get ready for the answer to a request."""
        settings = self._settings
        self._parser = HttpResponseParser(
            self,
            self._loop,
            settings.read_buffer_bytes,
            max_line_size=settings.max_reason_bytes,
            max_field_size=settings.max_field_bytes,
            max_headers=settings.max_fields,
            response_with_body=method != "HEAD",
            read_until_eof=True,
            auto_decompress=False,
        )
        self._message = self._payload = self._fault = None
        self.answer_began = self.request_began = self.request_complete = False
        self.head_arrived = self._loop.create_future()

    def write(self, octets: bytes) -> None:
        """Hand octets to the transport."""
        if self.transport is None or self.transport.is_closing():
            raise self._fault or UpstreamError(ErrorKind.CONNECTION_TERMINATED, sent=self.request_began)
        self.request_began = True
        self.transport.write(octets)

    async def drain(self) -> None:
        """Wait until the transport takes more."""
        try:
            await self._drain_helper()
        except ConnectionError as error:
            raise self._fault or UpstreamError(ErrorKind.CONNECTION_TERMINATED, sent=True) from error

    async def wait_for_head(self, seconds: float) -> None:
        """Wait until there is a head or there will be none; one that comes too late ends the connection."""
        if self.head_arrived.done():
            return
        late = self._loop.call_later(seconds, self._fail, ErrorKind.HTTP_RESPONSE_TIMEOUT, None)
        try:
            await self.head_arrived
        finally:
            late.cancel()

    def answer(self) -> tuple[RawResponseMessage, StreamReader]:
        """Return what has arrived; the body follows in the stream, errors included."""
        if self._message is None or self._payload is None:
            raise self._fault or UpstreamError(ErrorKind.CONNECTION_TERMINATED, sent=True)
        return self._message, self._payload

    @property
    def has_answer(self) -> bool:
        """Whether the head of the final answer has arrived."""
        return self._message is not None

    def finish(self) -> bool:
        """End the exchange once its body is read; tell whether the connection is as good as new."""
        parser, self._parser = self._parser, None
        self._payload = None
        message, transport = self._message, self.transport
        if parser is None or message is None or transport is None:
            return False
        if self._spoiled or message.should_close or not self.request_complete:
            return False
        if transport.is_closing() or transport.get_write_buffer_size():
            return False
        self.reused = True
        return not _has_begun_another(parser)

    def is_quiet(self) -> bool:
        """Tell whether nothing has come, not even the end, since the last exchange.

        Asks the socket itself: octets that wait there would be taken for the answer to the next request.
        """
        return not self._spoiled and self.is_open() and not self.has_unread()

    def is_open(self) -> bool:
        """Tell whether both sides may still go on, as far as the loop has seen."""
        return self.transport is not None and not self.transport.is_closing()

    def has_unread(self) -> bool:
        """Tell whether the socket holds something, be it the end, that the loop has not read yet."""
        if self.transport is None or self.transport.is_closing():
            return False
        return bool(self._poll.poll(0))

    def close(self) -> None:
        """Close in good order."""
        self._parser = self._payload = None
        if self.transport is not None:
            self.transport.close()
        self._connection.close()

    def abort(self) -> None:
        """Close at once; what has not left never will, so that a cut request looks cut."""
        if self._parser is not None:
            self._fail(
                ErrorKind.HTTP_RESPONSE_INCOMPLETE if self.has_answer else ErrorKind.CONNECTION_TERMINATED,
                None,
            )
        self._payload = (
            None  # it refers to us: else nothing but a garbage collection would free an abandoned answer
        )
        if self.transport is not None:
            self.transport.abort()
        self._connection.close()

    def data_received(self, data: bytes) -> None:
        """Parse. Empty data means that reading goes on after a pause."""
        if self._parser is None:
            if data:
                self._spoil()
            return
        if data:
            self.answer_began = True
        try:
            messages, upgraded, _ = self._parser.feed_data(data)
            for message, payload in messages:
                self._on_message(message, payload)
        except BrokenAnswerError as broken:
            self._fail(ErrorKind.HTTP_PROTOCOL_ERROR, broken)
        except Exception as error:  # noqa: BLE001 - its text quotes the answer, so it must not reach the loop's log
            self._fail(ErrorKind.HTTP_PROTOCOL_ERROR, BrokenAnswerError(type(error).__name__))
        else:
            if upgraded:
                self._fail(ErrorKind.HTTP_PROTOCOL_ERROR, BrokenAnswerError("upgrade"))

    def _on_message(self, message: RawResponseMessage, payload: StreamReader) -> None:
        if self._message is not None:
            self._spoiled = True  # an answer to a request nobody sent
            return
        if response_head.is_interim(message):
            return
        response_head.check(message)
        self._message, self._payload = message, payload
        self._announce()

    def eof_received(self) -> None:
        """Take the upstream's end; the transport then closes."""
        self._on_end(None)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Take any end."""
        self._on_end(exc)
        super().connection_lost(exc)
        self._connection.close()
        if not self.closed.done():
            self.closed.set_result(None)

    def _on_end(self, exc: BaseException | None) -> None:
        parser = self._parser
        self._spoiled = True
        if parser is None:
            return
        if self._payload is None:
            self._fail(ErrorKind.CONNECTION_TERMINATED, exc)
        elif not self._payload.is_eof():
            self._end_body(parser, exc)
        self._parser = None

    def _end_body(self, parser: HttpParser[RawResponseMessage], exc: BaseException | None) -> None:
        if exc is not None:
            # A body that only the end delimits is complete after an orderly end, never after a reset. (asyncio
            # hides whether TLS said goodbye, so over TLS an end that an attacker made looks orderly, too.)
            self._fail(ErrorKind.HTTP_RESPONSE_INCOMPLETE, exc)
            return
        try:
            parser.feed_eof()
        except Exception as error:  # noqa: BLE001 - the parser's word for "too early"
            self._fail(ErrorKind.HTTP_RESPONSE_INCOMPLETE, BrokenAnswerError(type(error).__name__))

    def _fail(self, kind: ErrorKind, cause: BaseException | None) -> None:
        self._spoil()
        self._parser = None
        if self._fault is not None:
            return
        self._fault = UpstreamError(kind, sent=True)
        self._fault.__cause__ = cause
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(self._fault)
        self._announce()

    def _spoil(self) -> None:
        self._spoiled = True
        if self.transport is not None:
            self.transport.abort()

    def _announce(self) -> None:
        if not self.head_arrived.done():
            self.head_arrived.set_result(None)


def _has_begun_another(parser: HttpParser[RawResponseMessage]) -> bool:
    """Tell whether octets of a further answer followed the body: only the parser's end reveals a partial one."""
    try:
        return parser.feed_eof() is not None
    except Exception:  # noqa: BLE001 - whatever it is, it should not be there
        return True
