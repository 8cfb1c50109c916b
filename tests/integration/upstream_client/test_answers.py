"""Answers that are in order, however they come."""

import asyncio

import pytest

from proxy.errors import UpstreamError
from tests.integration.upstream_client.conftest import OK, fetch, kind_of, request, until


def saying(*answers: bytes, then_close=False):
    """A script: these octets after each request head."""

    async def script(peer):
        while True:
            await peer.head()
            for octets in answers:
                peer.send(octets)
                await peer.writer.drain()
                await asyncio.sleep(0)
            if then_close:
                return

    return script


async def test_fields_come_with_their_spelling_order_repeats_and_octets(origin, client):
    server = await origin(
        saying(
            b"HTTP/1.1 200 OK\r\nx-B: 2\r\nSet-Cookie: a\r\nX-b:3\r\nSET-cookie: b\r\nE:\r\n"
            b"O: \xff\xc3\xa9 \t \r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"
        )
    )
    answer = await client(server).send(request())
    assert list(answer.head.fields.items()) == [
        ("x-B", "2"),
        ("Set-Cookie", "a"),
        ("X-b", "3"),
        ("SET-cookie", "b"),
        ("E", ""),
        ("O", "\udcffé"),
        ("Content-Encoding", "gzip"),
        ("Content-Length", "2"),
    ]
    assert await answer.read_complete(2) == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("line", "status", "reason"),
    [
        (b"200 OK", 200, "OK"),
        (b"999 \xff caf\xc3\xa9", 999, "\udcff café"),
        (b"200", 200, ""),
        (b"299 ", 299, ""),
        (b"306 one  two\t3", 306, "one  two\t3"),
    ],
)
async def test_any_status_and_reason_pass(origin, client, line, status, reason):
    server = await origin(saying(b"HTTP/1.1 " + line + b"\r\nContent-Length: 0\r\n\r\n"))
    sender = client(server)
    for _ in range(2):
        answer = await sender.send(request())
        assert (answer.head.status, answer.head.reason) == (status, reason)
        assert answer.content_length_bytes == 0
    assert server.accepted == 1


async def test_redirects_and_challenges_are_answers_like_any_other(origin, client):
    head = b"HTTP/1.1 307 Go\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nWWW-Authenticate: Basic\r\n"
    server = await origin(saying(head + b"Content-Length: 0\r\n\r\n"))
    sender = client(server)
    for _ in range(2):
        assert (await sender.send(request())).head.status == 307
    assert [head.count(b"\r\n") for head in server.heads] == [3, 3]


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        (b"{origin}/v1/vaults?x=1#y", b"/v1/vaults?x=1#y"),
        (b"{origin}", b"/"),
        (b"{origin}?x", b"/?x"),
        (b"HTTP{rest}/v1", b"/v1"),
        (b"{origin}//evil.example/", b"{origin}//evil.example/"),
        (b"{origin}0/v1", b"{origin}0/v1"),
        (b"{origin}@evil.example/", b"{origin}@evil.example/"),
        (b"http://elsewhere/v1", b"http://elsewhere/v1"),
        (b"/v1", b"/v1"),
    ],
)
async def test_a_location_inside_the_upstream_loses_its_authority_and_no_other_does(
    origin, client, location, shown
):
    values = {}

    async def script(peer):
        await peer.head()
        peer.send(b"HTTP/1.1 307 Go\r\nlocation: " + values["location"] + b"\r\nContent-Length: 0\r\n\r\n")
        await peer.writer.drain()

    server = await origin(script)
    own = f"http://127.0.0.1:{server.port}".encode()

    def filled(text):
        return text.replace(b"{origin}", own).replace(b"{rest}", own.removeprefix(b"http"))

    values["location"] = filled(location)
    answer = await client(server).send(request())
    assert answer.head.fields["Location"] == filled(shown).decode()


async def test_interim_answers_are_dropped(origin, client):
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    server = await origin(saying(interim, b"HTTP/1.1 199 x\r\n\r\n", OK))
    sender = client(server)
    assert [await fetch(sender, request()) for _ in range(2)] == [b"ok", b"ok"]
    assert server.accepted == 1


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    ],
)
async def test_answers_without_body_leave_the_connection_usable(origin, client, method, answer):
    server = await origin(saying(answer))
    sender = client(server)
    for _ in range(2):
        received = await sender.send(request(method))
        assert received.content_length_bytes == 0
        assert await received.read_complete(0) == b""
        assert [octets async for octets in received] == []
    assert server.accepted == 1


async def test_chunked_body_loses_its_coding_extensions_and_trailer(origin, client):
    server = await origin(
        saying(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n",
            b"2\r\nde\r\n0\r\nChecksum: 1\r\nX: y\r\n\r\n",
        )
    )
    sender = client(server)
    for _ in range(2):
        answer = await sender.send(request())
        assert answer.content_length_bytes is None
        assert await answer.read_complete(5) == b"abcde"
        assert list(answer.head.fields) == ["Transfer-Encoding"]
    assert server.accepted == 1


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_body_that_only_the_end_delimits(origin, client, version):
    server = await origin(saying(b"HTTP/" + version + b" 200 OK\r\n\r\nabc", b"def", then_close=True))
    sender = client(server)
    answer = await sender.send(request())
    assert answer.content_length_bytes is None
    assert await answer.read_complete(6) == b"abcdef"
    assert sender.open_connections == 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_connection_that_is_to_be_closed_is_not_used_again(origin, client, answer):
    server = await origin(saying(answer))
    sender = client(server)
    assert [await fetch(sender, request()) for _ in range(2)] == [b"ok", b"ok"]
    assert server.accepted == 2


async def test_offered_upgrade_is_ignored(origin, client):
    offer = b"HTTP/1.1 200 OK\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok"
    server = await origin(saying(offer))
    sender = client(server)
    assert [await fetch(sender, request()) for _ in range(2)] == [b"ok", b"ok"]
    assert server.accepted == 1


async def test_fields_of_64_kibibytes_pass(origin, client):
    value = b"v" * 64 * 1024
    server = await origin(saying(b"HTTP/1.1 200 OK\r\nX: " + value + b"\r\nContent-Length: 2\r\n\r\nok"))
    answer = await client(server).send(request("GET", "/", ("Authorization", "t" * 64 * 1024)))
    assert answer.head.fields["X"] == value.decode()
    assert b"t" * 64 * 1024 in server.heads[0]
    answer.close()


async def test_answer_arriving_octet_by_octet(origin, client):
    octets = b"HTTP/1.1 200 OK\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    server = await origin(saying(*(octets[i : i + 1] for i in range(len(octets)))))
    sender = client(server)
    assert [await fetch(sender, request()) for _ in range(2)] == [b"abc", b"abc"]
    assert server.accepted == 1


async def test_body_larger_than_the_limit_is_refused_at_once_if_its_length_is_known(origin, client):
    server = await origin(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"))
    answer = await client(server).send(request())
    assert await answer.read_complete(3) is None
    answer.close()


async def test_what_was_read_of_a_body_too_large_comes_first_from_the_iterator(origin, client):
    go_on = asyncio.Event()

    async def script(peer):
        await peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n")
        await go_on.wait()
        peer.send(b"3\r\nghi\r\n0\r\n\r\n")
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    answer = await sender.send(request())
    assert await answer.read_complete(4) is None
    assert await answer.read_complete(4) is None
    go_on.set()
    assert b"".join([octets async for octets in answer]) == b"abcdefghi"
    assert sender.idle_connections == 1


async def test_large_body_passes_through_small_buffers(origin, client):
    block, blocks = b"x" * 2**20, 100
    written = 0

    async def script(peer):
        nonlocal written
        await peer.head()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(block) * blocks))
        for _ in range(blocks):
            peer.send(block)
            await peer.writer.drain()
            written += len(block)
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    answer = await sender.send(request())
    received, largest, stalled_at = 0, 0, None
    async for octets in answer:
        received += len(octets)
        largest = max(largest, len(octets))
        if stalled_at is None and received > 2**20:
            # A reader that stops stops the writer: only kernel buffers fill up.
            stalled_at = received
            previous = -1
            while written != previous:
                previous = written
                await asyncio.sleep(0.05)
            assert written < len(block) * blocks
    assert received == len(block) * blocks
    assert largest <= 512 * 1024
    assert sender.idle_connections == 1


async def test_closing_early_costs_the_connection_and_nothing_else(origin, client):
    server = await origin(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"))
    sender = client(server)
    answer = await sender.send(request())
    answer.close()
    answer.close()
    assert sender.open_connections == 0
    assert await kind_of(answer.read_complete(100)) == ("http_response_incomplete", True)


async def test_cancelled_reader_gives_the_connection_up(origin, client):
    server = await origin(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"))
    sender = client(server)
    answer = await sender.send(request())
    reading = asyncio.create_task(answer.read_complete(9))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert sender.open_connections == 0
    with pytest.raises(UpstreamError):
        await answer.read_complete(9)


async def test_cancelled_request_gives_the_connection_up(origin, client):
    async def script(peer):
        await peer.head()
        await peer.reader.read()

    server = await origin(script)
    sender = client(server)
    sending = asyncio.create_task(sender.send(request()))
    await until(lambda: server.heads)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert sender.open_connections == 0
