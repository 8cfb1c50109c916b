"""What the parser keeps to itself: whenever nothing is said to be left, a fresh head is read as just that.

The property holds the account against aiohttp's own parser, on a real connection: what the account says after every
piece of anything is tried by having that parser read one more head.
"""

import asyncio
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.errors import RequestBodyError
from proxy.exchange.answer import Answer
from proxy.server.express_shelves import Shelf
from proxy.server.http_server import HttpServer, HttpServerSettings
from proxy.server.unread import Unread
from tests.support.one_connection import OneConnection

GET = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
FRESH = b"GET /fresh HTTP/1.1\r\nHost: a\r\n\r\n"
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a\r\n\r\n"


def put(body: bytes, *lines: bytes) -> bytes:
    lines = (b"PUT /2 HTTP/1.1", b"Host: a", *lines, b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def head(*lines: bytes, line: bytes = b"PUT /3 HTTP/1.1") -> bytes:
    return b"\r\n".join((line, b"Host: a", *lines)) + b"\r\n\r\n"


def chunked(*chunks: bytes, trailer: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head(b"Transfer-Encoding: chunked") + body + b"0\r\n" + trailer + b"\r\n"


# --- by itself


def test_at_first_there_is_nothing():
    assert Unread().is_none


def test_a_head_is_unread_until_it_is_given_out():
    unread = Unread()
    for place in range(len(GET)):
        unread.fed(GET[place : place + 1])
        assert not unread.is_none
    unread.given_out(0)
    assert unread.is_none


def test_a_body_belongs_to_its_head_wherever_it_is_cut():
    for cut in range(1, len(put(HIDDEN))):
        unread, octets = Unread(), put(HIDDEN)
        unread.fed(octets[:cut])
        if b"\r\n\r\n" in octets[:cut]:
            unread.given_out(len(HIDDEN))
            assert not unread.is_none
            unread.fed(octets[cut:])
        else:
            unread.fed(octets[cut:])
            unread.given_out(len(HIDDEN))
        assert unread.is_none


def test_what_is_behind_a_body_is_unread():
    unread = Unread()
    unread.fed(put(b"abc") + GET[:10])
    unread.given_out(3)
    assert not unread.is_none
    unread.fed(GET[10:])
    assert not unread.is_none
    unread.given_out(0)
    assert unread.is_none


def test_a_body_whose_end_nobody_knows_ends_the_account_for_good():
    unread = Unread()
    unread.fed(chunked(b"a"))
    unread.given_out(None)
    unread.fed(GET)
    unread.given_out(0)
    assert not unread.is_none
    assert unread._octets == b""


def test_a_message_that_was_never_seen_to_end_ends_it_as_well():
    unread = Unread()
    unread.fed(b"GET /1 HTTP/1.1\n\n")
    unread.given_out(0)
    assert not unread.is_none
    unread.fed(b"\r\n\r\n")
    assert not unread.is_none


def test_empty_lines_before_a_head_are_a_part_of_it():
    unread = Unread()
    unread.fed(b"\r\n" + GET)
    unread.given_out(0)
    assert unread.is_none


def test_what_it_keeps_is_bounded():
    unread = Unread()
    for _ in range(300):
        unread.fed(b"x" * 1024)
    assert unread._octets == b""
    assert not unread.is_none


# --- against the parser


class Prompt:
    """Reads a request's body, and answers."""

    async def handle(self, request, body):
        if body is not None:
            async for _ in body:
                pass
        return Answer(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict()), body=b"")


class NoLane:
    """A lane that knows no head."""

    is_open = False

    def shelf(self, peer):
        return Shelf(peer)

    def answer(self, octets, shelf):
        return None


class Watched:
    """A connection; after every piece its account is tried by its parser."""

    def __init__(self) -> None:
        server = HttpServer(Prompt(), settings=HttpServerSettings(), lane=NoLane())
        self.connection = OneConnection(server)
        self.protocol = self.connection.protocol
        self.times_none = 0

    async def send(self, piece: bytes, turns: int) -> None:
        self.connection.send(piece)
        self.try_it()
        for _ in range(turns):
            await asyncio.sleep(0)
            self.try_it()

    def try_it(self) -> None:
        parser = self.protocol._parser
        if not self.protocol._unread.is_none or parser is None or self.connection.transport.is_closing():
            return
        self.times_none += 1
        messages, upgraded, rest = parser.feed_data(FRESH)
        assert [(message.path, payload.is_eof()) for message, payload in messages] == [("/fresh", True)]
        assert (upgraded, rest) == (False, b"")
        parser.message_consumed()

    async def leave(self) -> None:
        task = self.protocol.answering
        self.connection.leave()
        if task is not None:
            with suppress(asyncio.CancelledError, RequestBodyError):
                await task


PLAIN = [GET, b"\r\n" + GET, b"\r\n\r\n" + GET, head(b"X: y", line=b"GET /?%0d%0a HTTP/1.1"), GET * 3]
SIZED = [
    put(b""),
    put(b"{}"),
    put(HIDDEN),
    put(b"\r\n\r\n"),
    put(HIDDEN * 30),
    put(HIDDEN, b"Expect: 100-continue"),
]
ODD = [
    chunked(b"abc", HIDDEN),
    chunked(),
    chunked(b"a", trailer=b"X: y\r\n"),
    head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    head(b"Transfer-Encoding: gzip"),
    head(b"Transfer-Encoding:"),
    head(b"Content-Length: 18446744073709551615"),
    head(b"Content-Length: 5", b"Content-Length: 5") + b"abcde",
    head(b"Content-Length: 3, 3") + b"abc",
    head(b"Content-Length: 0003") + b"abc",
    head(b"Content-Length: 3", line=b"GET /5 HTTP/1.1") + b"abc",
    head(b"Content-Length: 3", line=b"HEAD /5 HTTP/1.1") + b"abc",
    head(b"Connection: Upgrade", b"Upgrade: h2c", line=b"GET /6 HTTP/1.1"),
    head(b"Connection: Upgrade", b"Upgrade: websocket", line=b"GET /6 HTTP/1.1") + HIDDEN,
    head(b"Connection: close", line=b"GET /7 HTTP/1.1"),
    head(line=b"CONNECT a:80 HTTP/1.1"),
    head(line=b"GET /8 HTTP/1.0"),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /9 HTTP/1.1\nHost: a\n\n",
    b"GET /9 HTTP/1.1\r\nHost: a\n\r\n",
    b"GET /9 HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
    b"GET /9 HTTP/1.1\r\nHost : a\r\n\r\n",
    b"GET /9 HTTP/1.1\r\nHost: a\r\n\r",
    b"\r",
    b"\n",
    b"\r\n",
    b"\0",
    b"G",
    GET * 130,
]
HARMLESS = {
    head(b"Transfer-Encoding:"),
    head(b"Content-Length: 0003") + b"abc",
    head(b"Content-Length: 3", line=b"GET /5 HTTP/1.1") + b"abc",
    head(b"Content-Length: 3", line=b"HEAD /5 HTTP/1.1") + b"abc",
}
messages = st.lists(
    st.one_of(st.sampled_from(PLAIN), st.sampled_from(SIZED), st.sampled_from(ODD)), max_size=7
)


def pieces_of(octets: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(octets) + 1) for cut in cuts} | {0, len(octets)})
    return [octets[start:end] for start, end in pairwise(places)]


def watch(pieces: list[bytes], turns: int) -> int:
    async def run() -> int:
        watched = Watched()
        await asyncio.sleep(0)
        watched.try_it()
        for piece in pieces:
            if watched.connection.transport.is_closing():
                break
            await watched.send(piece, turns)
        await watched.leave()
        return watched.times_none

    return asyncio.run(run())


@settings(max_examples=300, deadline=None)
@given(messages, st.lists(st.integers(0, 10_000), max_size=8), st.integers(0, 6))
@example([GET * 130, GET], [], 0)
@example([GET * 130, GET], [4000], 6)
@example([put(HIDDEN), GET], [3, 60], 6)
@example([b"\r\n", GET], [2], 6)
def test_where_nothing_is_said_to_be_left_the_parser_reads_a_fresh_head_as_just_that(sent, cuts, turns):
    watch(pieces_of(b"".join(sent), cuts), turns)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PLAIN[:1] + SIZED[:5]), min_size=1, max_size=5))
def test_after_messages_whose_end_is_plain_nothing_is_said_to_be_left(sent):
    """Once at first; then after each, as it arrives and in every turn of the loop."""
    assert watch(sent, turns=3) == 1 + 4 * len(sent)


@pytest.mark.parametrize("message", [each for each in ODD[:17] if each not in HARMLESS])
def test_after_what_ends_in_another_way_it_is_lost_or_left(message):
    assert watch([message, GET], turns=3) == 1
