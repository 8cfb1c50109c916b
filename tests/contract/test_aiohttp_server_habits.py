"""What proxy/server relies on inside aiohttp. If one fails, read the new release before trusting it."""

import asyncio
import inspect
import re

import pytest
from aiohttp import web_protocol
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http_exceptions import BadHttpMessage, BadStatusLine, InvalidURLError, LineTooLong
from aiohttp.http_parser import HttpRequestParser, HttpRequestParserPy
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import RequestHandler
from aiohttp.web_server import Server

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
