"""What proxy/server relies on inside aiohttp. If one fails, read the new release before trusting it."""

import asyncio
import inspect
import re
from types import SimpleNamespace

import aiohttp
import pytest
from aiohttp import web_protocol
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import BadHttpMessage, BadStatusLine, InvalidURLError, LineTooLong
from aiohttp.http_parser import HttpRequestParser, HttpRequestParserPy
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.clock import SystemClock
from proxy.config import load
from proxy.exchange.answer import Answer
from proxy.exchange.events import ExpressLaneClosed
from proxy.exchange.spans import NO_TRACING
from proxy.expressing import make_hits, make_lane
from proxy.server import express_connection
from proxy.server.connection import Connection
from proxy.server.express_connection import is_known_aiohttp
from proxy.server.http_server import HttpServer, HttpServerSettings
from tests.support.one_connection import OneConnection

HOST = b"Host: a\r\n"


async def parse(octets: bytes):
    loop = asyncio.get_running_loop()
    protocol = BaseProtocol(loop)
    parser = HttpRequestParser(
        protocol,
        loop,
        65_536,
        max_line_size=8_000,
        max_field_size=9_000,
        max_headers=10,
        auto_decompress=False,
    )
    protocol._parser = parser
    return parser.feed_data(octets)


async def test_the_parser_is_the_compiled_one():
    assert HttpRequestParser is not HttpRequestParserPy


@pytest.mark.parametrize("target", ["//a/../b", "/?", "/%2f%2E", '/{"}', "http://a:80//x?y", "*"])
async def test_path_holds_the_exact_octets_of_the_target(target):
    method = b"OPTIONS " if target == "*" else b"GET "
    ((message, _),), _, _ = await parse(method + target.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert message.path == target


async def test_values_pass_any_octet_and_repeats_stay_in_order():
    ((message, _),), _, _ = await parse(b"GET / HTTP/1.1\r\n" + HOST + b"X: \xff\r\nx: \xc3\xa9\r\n\r\n")
    assert message.headers.getall("X") == ["\udcff", "é"]


@pytest.mark.parametrize(
    ("octets", "kind", "beginning"),
    [
        (
            b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 20 + b"\r\n",
            BadHttpMessage,
            "Too many headers received",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", BadHttpMessage, "Missing 'Host' header"),
        (b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n", BadHttpMessage, "Duplicate 'Host'"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", BadHttpMessage, "Pause on PRI/Upgrade"),
        (b"GET / HTTP/1.2\r\n" + HOST + b"\r\n", BadStatusLine, "Bad status line:\n  Invalid HTTP version"),
        (b"FROB / HTTP/1.1\r\n" + HOST + b"\r\n", BadStatusLine, ""),
        (b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n", InvalidURLError, ""),
        (
            b"PUT / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            BadHttpMessage,
            "Transfer-Encoding can't be present",
        ),
        (
            b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            BadHttpMessage,
            "Invalid character in chunk size",
        ),
    ],
)
async def test_errors_are_told_apart_by_these_words(octets, kind, beginning):
    with pytest.raises(kind) as raised:
        await parse(octets)
    assert raised.value.message.startswith(beginning)


@pytest.mark.parametrize(
    ("octets", "limit"),
    [
        (b"GET /" + b"a" * 8_500 + b" HTTP/1.1\r\n", 8_000),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 9_500 + b"\r\n\r\n", 9_000),
    ],
)
async def test_lines_and_fields_too_long_are_told_apart_by_the_limit(octets, limit):
    with pytest.raises(LineTooLong) as raised:
        await parse(octets)
    assert raised.value.args[1] == limit


async def test_unknown_upgrade_loses_what_is_pipelined_behind():
    """Why such a connection is closed after its answer. If this fails, keep it open."""
    upgrade = b"GET /1 HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    messages, upgraded, tail = await parse(upgrade + b"GET /2 HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (len(messages), upgraded, tail) == (1, False, b"")


async def test_what_the_parser_lets_through_and_we_refuse():
    """Why request_checks looks at these again."""
    for field in (
        b"Transfer-Encoding:",
        b"Transfer-Encoding: gzip, chunked",
    ):
        (entry,), _, _ = await parse(b"PUT / HTTP/1.1\r\n" + HOST + field + b"\r\n\r\n")
        assert entry[0].method == "PUT"
    huge = b"Content-Length: 18446744073709551615"
    ((_, payload),), _, _ = await parse(b"PUT / HTTP/1.1\r\n" + HOST + huge + b"\r\n\r\n")
    assert payload is EMPTY_PAYLOAD


def test_members_we_override_or_read_exist():
    source = inspect.getsource(RequestHandler)
    for member in ("_waiter", "_messages", "_task_handler", "_make_error_handler", "_handler_waiter"):
        assert f"self.{member}" in source or f"def {member}" in source
    assert list(inspect.signature(RequestHandler._make_error_handler).parameters) == ["self", "err_info"]
    assert list(inspect.signature(RequestHandler.handle_error).parameters) == [
        "self",
        "request",
        "status",
        "exc",
        "message",
    ]
    assert [field.name for field in web_protocol._ErrInfo.__attrs_attrs__] == ["status", "exc", "message"]
    assert "self._connections" in inspect.getsource(Server)


def test_the_loop_touches_a_request_and_a_response_only_where_ours_fit():
    source = inspect.getsource(RequestHandler.start) + inspect.getsource(RequestHandler._handle_request)
    source += inspect.getsource(RequestHandler.finish_response) + inspect.getsource(RequestHandler.shutdown)
    source += inspect.getsource(RequestHandler.connection_lost)
    touched = set(re.findall(r"\b(?:request|_current_request)\.(\w+)", source))
    assert touched <= {"_task", "_finish", "_cancel"}
    assert set(re.findall(r"\bresp\.(\w+)", source)) <= {"keep_alive", "prepare", "write_eof"}


# --- what the express lane relies on (proxy/server/express_connection.py)


class Answering:
    """Answers requests as they come, once it may."""

    def __init__(self):
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def handle(self, request, body):
        await self.may_go_on.wait()
        return Answer(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict()), body=b"fine")


def plain_head(number: int = 1) -> bytes:
    return b"GET /%d HTTP/1.1\r\n%b\r\n" % (number, HOST)


@pytest.fixture
async def connection():
    """One connection as aiohttp has it, with nothing of ours before its parser."""
    handler = Answering()
    one = OneConnection(HttpServer(handler, settings=HttpServerSettings()))
    one.handler = handler
    await asyncio.sleep(0)
    yield one
    task = one.protocol.answering
    one.leave()
    if task is not None:
        await asyncio.gather(task, return_exceptions=True)


async def test_there_is_a_waiter_only_while_nothing_is_queued_or_answered(connection):
    protocol = connection.protocol
    assert not protocol._waiter.done()
    connection.handler.may_go_on.clear()
    connection.send(plain_head(1))
    assert protocol._waiter.done()
    await asyncio.sleep(0)
    assert protocol._waiter is None
    connection.send(plain_head(2))
    for _ in range(5):
        assert protocol._waiter is None
        await asyncio.sleep(0)
    connection.handler.may_go_on.set()
    while protocol._waiter is None:
        assert protocol._messages or protocol._current_request is not None or connection.transport.written
        await asyncio.sleep(0)
    assert not protocol._waiter.done()
    assert not protocol._messages
    assert connection.transport.written.count(b"HTTP/1.1 200 OK") == 2


async def test_who_has_written_an_answer_comes_back_to_wait_within_one_turn_of_the_loop(connection):
    """Why octets that come right then are looked at again in the next turn. If this fails, look twice."""
    protocol = connection.protocol
    connection.send(plain_head())
    while not connection.transport.written:
        await asyncio.sleep(0)
    turns = 0
    while protocol._waiter is None:
        turns += 1
        await asyncio.sleep(0)
    assert turns <= 1


async def test_messages_are_queued_in_order_and_counted_when_they_are_given_out(connection):
    protocol = connection.protocol
    connection.send(plain_head(1)[:10])
    assert (protocol._request_count, len(protocol._messages)) == (0, 0)
    connection.send(plain_head(1)[10:] + plain_head(2) + plain_head(3)[:5])
    assert [message.path for message, _ in protocol._messages] == ["/1", "/2"]
    assert protocol._request_count == 2
    connection.send(plain_head(3)[5:])
    assert [message.path for message, _ in protocol._messages] == ["/1", "/2", "/3"]
    assert protocol._request_count == 3


async def test_a_parser_that_has_given_out_enough_keeps_the_rest_and_is_called_with_nothing_to_go_on(
    connection,
):
    protocol, fed = connection.protocol, []
    data_received = type(protocol).data_received

    class Listening(type(protocol)):
        __slots__ = ()

        def data_received(self, data):
            fed.append(data)
            data_received(self, data)

    protocol.__class__ = Listening
    connection.handler.may_go_on.clear()
    connection.send(b"".join(plain_head(number) for number in range(100)))
    assert protocol._request_count == len(protocol._messages) == web_protocol.MAX_MSG_QUEUE_SIZE
    connection.handler.may_go_on.set()
    while connection.transport.written.count(b"HTTP/1.1 200 OK") < 100:
        await asyncio.sleep(0)
    assert protocol._request_count == 100
    assert len(fed) > 1
    assert set(fed[1:]) == {b""}


async def test_an_idle_connection_is_closed_by_the_time_that_stands_on_it(connection):
    protocol = connection.protocol
    handle = protocol._keepalive_handle
    protocol._next_keepalive_close_time = asyncio.get_running_loop().time() + 1000.0
    protocol._process_keepalive()
    assert not connection.transport.is_closing()
    assert protocol._keepalive_handle.when() == protocol._next_keepalive_close_time
    protocol._next_keepalive_close_time = 0.0
    protocol._process_keepalive()
    assert connection.transport.is_closing()
    handle.cancel()


async def test_a_message_says_what_is_asked_of_it():
    ((message, payload),), _, _ = await parse(plain_head())
    assert (message.upgrade, message.chunked, message.should_close, payload.is_eof()) == (False,) * 3 + (
        True,
    )
    ((message, _),), _, _ = await parse(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert message.should_close
    chunked = b"PUT / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    ((message, payload),), _, _ = await parse(chunked)
    assert (message.chunked, payload.is_eof()) == (True, False)


async def test_a_transport_that_asks_for_a_pause_says_so_on_the_connection(connection):
    protocol = connection.protocol
    assert not protocol._paused
    protocol.pause_writing()
    assert protocol._paused
    assert protocol.writing_paused
    protocol.resume_writing()
    assert not protocol._paused


# --- and what becomes of it in another release


def test_this_release_of_aiohttp_is_known():
    assert is_known_aiohttp()


@pytest.mark.parametrize("version", ["3.13.9", "3.15.0", "4.0.0", "3.140.1", ""])
def test_another_release_is_not(monkeypatch, version):
    monkeypatch.setattr(aiohttp, "__version__", version)
    assert not is_known_aiohttp()


def test_a_release_without_something_that_is_relied_on_is_not(monkeypatch):
    monkeypatch.setattr(express_connection, "_RELIED_ON", express_connection._RELIED_ON | {"_waiter_renamed"})
    assert not is_known_aiohttp()


def test_everything_that_is_read_or_set_inside_aiohttp_is_asked_for():
    """Whatever the lane's connection touches that neither it nor ours has is on the list."""
    source = inspect.getsource(express_connection.ExpressConnection)
    touched = set(re.findall(r"self\.(_?\w+)", source))
    ours = {
        name
        for kind in (express_connection.ExpressConnection, Connection)
        for name in (*kind.__dict__, *kind.__slots__)
    }
    of_aiohttp = {name for name in touched - ours if not callable(getattr(RequestHandler, name, None))}
    assert of_aiohttp - {"writing_paused"} <= express_connection._RELIED_ON


@pytest.fixture
def no_tickets():
    return SimpleNamespace(clock=SystemClock())


def lane_with(environ, tickets, told):
    loaded = load(None, environ)
    hits = make_hits(loaded, tickets, NO_TRACING, told.append)
    return make_lane(loaded, hits, NO_TRACING, told.append)


def test_in_another_release_there_is_no_lane_and_it_is_said_why(monkeypatch, no_tickets):
    told = []
    environ = {"CONNECT_SIDECAR__UPSTREAM__URL": "http://connect:8080"}
    assert lane_with(environ, no_tickets, told) is not None
    assert told == []
    monkeypatch.setattr(aiohttp, "__version__", "3.15.0")
    assert lane_with(environ, no_tickets, told) is None
    assert told == [ExpressLaneClosed.UNKNOWN_AIOHTTP]


def test_where_the_lane_is_not_wanted_nothing_is_said(monkeypatch, no_tickets):
    told = []
    monkeypatch.setattr(aiohttp, "__version__", "3.15.0")
    environ = {
        "CONNECT_SIDECAR__UPSTREAM__URL": "http://connect:8080",
        "CONNECT_SIDECAR__SERVER__EXPRESS_LANE": "false",
    }
    assert lane_with(environ, no_tickets, told) is None
    assert told == []
