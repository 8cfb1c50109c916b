"""The lane and the octets that come: heads in pieces, several at once, bodies, and clients that are slow or silent."""

import asyncio
import socket

import pytest

from proxy.emulator import Emulator
from tests.support.lane_world import LaneWorld, RawWire, Shop, alike, lane_world, until


@pytest.fixture
async def shop():
    async with Emulator() as emulator:
        yield Shop(emulator)


@pytest.fixture
async def worlds(shop):
    """One with the lane, one without; the first knows the heads of the items."""
    async with (
        lane_world(shop.emulator) as world,
        lane_world(shop.emulator, world.clock, SERVER__EXPRESS_LANE="false") as plain,
    ):
        for each in (world, plain):
            async with each.wire() as wire:
                for _ in range(3):
                    for path in (shop.item, shop.second, shop.third):
                        await wire.ask(shop.head(path))
        assert world.answered == 3
        yield world, plain


async def in_pieces(world: LaneWorld, wire: RawWire, *pieces: bytes) -> None:
    """Send each piece once the one before has arrived: it is held back, or was parsed."""
    (connection,) = world.connections
    for piece in pieces[:-1]:
        before = connection._held, connection._head_bytes, connection._request_count, connection.answering
        wire.send(piece)
        await until(
            lambda before=before: (
                before
                != (connection._held, connection._head_bytes, connection._request_count, connection.answering)
            )
        )
    wire.send(pieces[-1])


# --- heads in pieces


async def test_a_known_head_takes_the_lane_wherever_it_is_cut(worlds, shop):
    world, _ = worlds
    async with world.wire() as wire:
        head = shop.head()
        whole = await wire.ask(head)
        for cut in range(1, len(head)):
            before = world.answered
            await in_pieces(world, wire, head[:cut], head[cut:])
            assert await wire.answer() == whole
            assert world.answered == before + 1, cut


async def test_octet_by_octet_as_well(worlds, shop):
    world, _ = worlds
    async with world.wire() as wire:
        head = shop.head()
        whole = await wire.ask(head)
        before = world.answered
        await in_pieces(world, wire, *(head[place : place + 1] for place in range(len(head))))
        assert await wire.answer() == whole
        assert world.answered == before + 1


async def test_a_head_that_is_not_known_gets_the_same_wherever_it_is_cut(worlds, shop):
    world, plain = worlds
    head = shop.head(None, "X-Unknown: 1", "Range: bytes=0-3")
    async with world.wire() as wire, plain.wire() as plain_wire:
        expected = alike(await plain_wire.ask(head))
        for cut in range(1, len(head), 7):
            await in_pieces(world, wire, head[:cut], head[cut:])
            assert alike(await wire.answer()) == expected


@pytest.mark.parametrize("cut", [1, 30, -1])
async def test_half_a_head_and_then_silence_is_a_time_out(shop, cut):
    settings = {"SERVER__HEAD_READ_SECONDS": "0.2"}
    async with (
        lane_world(shop.emulator, **settings) as world,
        lane_world(shop.emulator, world.clock, SERVER__EXPRESS_LANE="false", **settings) as plain,
        world.wire() as wire,
        plain.wire() as plain_wire,
    ):
        await world.warm(wire, shop.head())
        for each in (wire, plain_wire):
            each.send(shop.head()[:cut])
        refusal, plain_refusal = [await each.rest() for each in (wire, plain_wire)]
        assert refusal.startswith(b"HTTP/1.1 408 ")
        assert alike(refusal) == alike(plain_refusal)


async def test_a_head_that_trickles_has_no_more_time_than_one_that_stops(shop):
    """The time runs from its first octet: what comes later gives it no more."""
    async with lane_world(shop.emulator, SERVER__HEAD_READ_SECONDS="0.3") as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        (connection,) = world.connections
        wire.send(b"GET ")
        await until(lambda: connection._head_timer is not None)
        ends_at = connection._head_timer.when()
        for octet in b"/v1/vaults":
            wire.send(bytes([octet]))
            await until(lambda octet=octet: connection._held.endswith(bytes([octet])))
            assert connection._head_timer.when() == ends_at
        assert (await wire.rest()).startswith(b"HTTP/1.1 408 ")


async def test_after_a_head_in_pieces_the_time_for_it_is_over(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        (connection,) = world.connections
        await in_pieces(world, wire, shop.head()[:9], shop.head()[9:])
        await wire.answer()
        assert connection._head_timer is None
        assert connection._held == b""


@pytest.mark.parametrize(
    "octets",
    [
        b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /v1 HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"GET /v1 HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET /v1 HTTP/1.1\r\nHost: a\r\n" + (b"X: " + b"y" * 60_000 + b"\r\n") * 5,
        b"GET /" + b"x" * 300_000,
        b"GET /v1 HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n",
        b"GET /v1 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /v1 HTTP/1.1\r\n\r\n",
        b"GET /v1\r\n\r\n",
        b"GET /\r\n\r\n",
    ],
    ids=lambda octets: f"{octets[:5]!r}, {len(octets)}",
)
@pytest.mark.parametrize("piece_bytes", [1_000_000, 1_000, 16_384])
async def test_a_head_that_is_refused_is_refused_alike(worlds, octets, piece_bytes):
    refusals = []
    for world in worlds:
        async with world.wire() as wire:
            for place in range(0, len(octets), piece_bytes):
                wire.send(octets[place : place + piece_bytes])
                await asyncio.sleep(0)
            refusals.append(alike(await wire.rest()))
    assert refusals[0] == refusals[1]
    assert refusals[0].startswith((b"HTTP/1.1 4", b"HTTP/1.1 505 "))


# --- several at once


def heads_for(shop: Shop, count: int) -> list[bytes]:
    paths = (shop.item, shop.second, shop.third)
    return [shop.head(paths[number % 3]) for number in range(count)]


async def answers_of(wire: RawWire, count: int) -> list[bytes]:
    return [alike(await wire.answer()) for _ in range(count)]


@pytest.mark.parametrize("count", [2, 3, 31, 32, 33, 50, 130])
async def test_heads_in_one_segment_are_answered_in_order(worlds, shop, count):
    found = []
    for world in worlds:
        async with world.wire() as wire:
            wire.send(b"".join(heads_for(shop, count)))
            found.append(await answers_of(wire, count))
            if world is worlds[0]:
                await expect_the_lane(world, wire, shop)
    assert found[0] == found[1]
    assert len(set(found[0])) == min(3, count)


async def expect_the_lane(world: LaneWorld, wire: RawWire, shop: Shop) -> None:
    """Whatever was before, the next known head takes the lane."""
    before = world.answered
    assert b"; hit; " in await wire.ask(shop.head())
    assert world.answered == before + 1


@pytest.mark.parametrize("cut", [1, 20, -1])
@pytest.mark.parametrize("count", [1, 2, 40])
async def test_heads_and_half_a_head_and_then_the_rest(worlds, shop, count, cut):
    heads = heads_for(shop, count)
    last = shop.head(shop.second)
    found = []
    for world in worlds:
        async with world.wire() as wire:
            wire.send(b"".join(heads) + last[:cut])
            answers = await answers_of(wire, count)
            wire.send(last[cut:])
            found.append([*answers, *await answers_of(wire, 1)])
            if world is worlds[0]:
                await expect_the_lane(world, wire, shop)
    assert found[0] == found[1]


async def test_half_a_head_and_then_its_rest_with_more_behind_it(worlds, shop):
    first, second, third = heads_for(shop, 3)
    found = []
    for world in worlds:
        async with world.wire() as wire:
            wire.send(first[:25])
            await until(lambda world=world: world.connections[0]._head_timer is not None)
            wire.send(first[25:] + second + third[:30])
            answers = await answers_of(wire, 2)
            wire.send(third[30:])
            found.append([*answers, *await answers_of(wire, 1)])
            if world is worlds[0]:
                await expect_the_lane(world, wire, shop)
    assert found[0] == found[1]


async def test_a_head_that_comes_while_another_is_answered_waits_for_its_turn(worlds, shop):
    world, _ = worlds
    async with world.wire() as wire:
        hold = shop.emulator.hold(path=shop.items, times=1)
        wire.send(shop.head(shop.items))
        await hold.arrived()
        before = world.answered
        wire.send(shop.head())
        await until(lambda: world.connections[0]._messages)
        assert world.answered == before
        hold.release()
        assert (await wire.answer()).endswith(b"]")
        assert b'"Web shop"' in await wire.answer()
        await expect_the_lane(world, wire, shop)


async def test_empty_lines_before_a_head_change_nothing(worlds, shop):
    found = []
    for world in worlds:
        async with world.wire() as wire:
            answers = [await wire.ask(b"\r\n" + shop.head())]
            wire.send(b"\r\n")
            answers.append(await wire.ask(shop.head()))
            found.append([alike(answer) for answer in answers])
    assert found[0] == found[1]


# --- bodies


@pytest.mark.parametrize("in_two", [True, False])
async def test_a_body_that_is_a_known_head_is_a_body(worlds, shop, in_two):
    world, _ = worlds
    async with world.wire() as wire:
        hidden = shop.head()
        put = shop.head(shop.second, f"Content-Length: {len(hidden)}", method="PUT", token=shop.writer)
        before = world.answered
        if in_two:
            wire.send(put)
            await world.running.wait_until_under_way(1)
            wire.send(hidden)
        else:
            wire.send(put + hidden)
        assert (await wire.answer()).startswith(b"HTTP/1.1 400 ")
        assert shop.emulator.requests_to(shop.second, method="PUT")[-1].body == hidden
        assert world.answered == before
        await expect_the_lane(world, wire, shop)


async def test_a_body_whose_rest_is_a_known_head_is_a_body_to_its_end(worlds, shop):
    """The head stands at a place where a body is awaited, in a segment of its own, again and again."""
    world, _ = worlds
    async with world.wire() as wire:
        hidden = shop.head()
        body = hidden * 3
        put = shop.head(shop.second, f"Content-Length: {len(body)}", method="PUT", token=shop.writer)
        before = world.answered
        wire.send(put)
        await world.running.wait_until_under_way(1)
        for place in range(3):
            (connection,) = world.connections
            unread = connection._unread
            left = unread._left_bytes
            wire.send(body[place * len(hidden) :][: len(hidden)])
            await until(lambda unread=unread, left=left: unread._left_bytes < left)
        assert (await wire.answer()).startswith(b"HTTP/1.1 400 ")
        assert world.answered == before
        await expect_the_lane(world, wire, shop)


async def test_after_a_chunked_body_everything_is_right_and_takes_the_full_path(worlds, shop):
    world, _ = worlds
    async with world.wire() as wire:
        hidden = shop.head()
        put = shop.head(shop.second, "Transfer-Encoding: chunked", method="PUT", token=shop.writer)
        before = world.answered
        wire.send(put)
        await world.running.wait_until_under_way(1)
        wire.send(b"%x\r\n" % len(hidden))
        wire.send(hidden)
        wire.send(b"\r\n0\r\n\r\n")
        assert (await wire.answer()).startswith(b"HTTP/1.1 400 ")
        for _ in range(3):
            assert b"; hit; " in await wire.ask(shop.head())
        assert world.answered == before


async def test_who_is_told_to_go_on_with_a_body_is_answered_and_the_lane_goes_on(worlds, shop):
    world, _ = worlds
    async with world.wire() as wire:
        put = shop.head(
            shop.second, "Content-Length: 2", "Expect: 100-continue", method="PUT", token=shop.writer
        )
        assert (await wire.ask(put)).startswith(b"HTTP/1.1 100 ")
        assert (await wire.ask(b"{}")).startswith(b"HTTP/1.1 400 ")
        await expect_the_lane(world, wire, shop)


# --- who reads slowly, or not at all


async def deaf(world: LaneWorld) -> socket.socket:
    """Return a connected client that takes next to nothing."""
    host, _, port = world.running.address.rpartition(":")
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.setblocking(False)
    await asyncio.get_running_loop().sock_connect(client, (host, int(port)))
    return client


async def send_until_paused(world: LaneWorld, client: socket.socket, head: bytes) -> int:
    """Ask again and again without reading; return how often, once nothing more is taken."""
    loop, connection, sent = asyncio.get_running_loop(), world.connections[-1], 0
    async with asyncio.timeout(20):
        while not connection._paused:
            asked = world.answered
            await loop.sock_sendall(client, head)
            sent += 1
            await until(lambda asked=asked: world.answered > asked or connection._paused)
    return sent


async def test_a_client_that_never_reads_is_let_go_and_little_is_held_for_it(shop):
    async with lane_world(shop.emulator, SERVER__WRITE_STALL_SECONDS="0.5") as world:
        head = shop.head(shop.file)
        async with world.wire() as wire:
            await world.warm(wire, head)
        await until(lambda: not world.connections)
        client = await deaf(world)
        await until(lambda: world.connections)
        (connection,) = world.connections
        assert await send_until_paused(world, client, head) > 1
        assert connection.transport.get_write_buffer_size() <= 65_536 + 49_152 + 2_048
        stuck = world.answered
        await asyncio.get_running_loop().sock_sendall(client, head * 20)
        await until(lambda: not world.connections)
        assert world.answered == stuck
        client.close()


async def test_a_client_that_reads_on_gets_everything_and_is_kept(shop):
    async with lane_world(shop.emulator) as world:
        head = shop.head(shop.file)
        async with world.wire() as wire:
            (whole,) = await world.warm(wire, head)
        await until(lambda: not world.connections)
        client = await deaf(world)
        await until(lambda: world.connections)
        loop = asyncio.get_running_loop()
        sent = await send_until_paused(world, client, head)
        await loop.sock_sendall(client, head * 3)
        expected, received = whole * (sent + 3), bytearray()
        async with asyncio.timeout(60):
            while len(received) < len(expected):
                received += await loop.sock_recv(client, 262_144)
        assert bytes(received) == expected
        before = world.answered
        await loop.sock_sendall(client, head)
        while len(received) < len(expected) + len(whole):
            received += await loop.sock_recv(client, 262_144)
        assert received.endswith(whole)
        assert world.answered == before + 1
        client.close()


# --- how long a connection lives


async def test_an_answer_of_the_lane_keeps_its_connection_alive_as_any_other(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        (connection,) = world.connections
        for _ in range(3):
            connection._next_keepalive_close_time = 0.0
            before = world.answered
            await wire.ask(shop.head())
            assert world.answered == before + 1
            connection._process_keepalive()
            assert world.connections == [connection]
        connection._next_keepalive_close_time = 0.0
        connection._process_keepalive()
        assert await wire.rest() == b""


async def test_a_connection_that_the_lane_has_answered_is_closed_once_it_is_idle(shop):
    async with lane_world(shop.emulator, SERVER__KEEP_ALIVE_SECONDS="0.3") as world, world.wire() as wire:
        for _ in range(4):
            await wire.ask(shop.head())
        assert world.answered
        assert await wire.rest() == b""


async def test_a_service_that_ends_says_so_and_the_lane_rests(worlds, shop):
    world, _ = worlds
    async with world.wire() as wire:
        await expect_the_lane(world, wire, shop)
        before = world.answered
        world.running.sidecar._traffic.begin_drain()
        assert b"\r\nConnection: close\r\n" in await wire.ask(shop.head())
        assert await wire.rest() == b""
    async with world.wire() as late:
        assert b"\r\nConnection: close\r\n" in await late.ask(shop.head())
    assert world.answered == before
    assert "connect_sidecar_express_lane_open 0.0" in await world.scraped()
