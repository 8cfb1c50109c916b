"""A connection before its parser: when the lane is asked at all, and how long a client may take nothing."""

import asyncio

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.exchange.answer import Answer
from proxy.server.connection_limits import ConnectionLimits
from proxy.server.express_shelves import Shelf
from proxy.server.http_server import HttpServer, HttpServerSettings
from tests.support.one_connection import OneConnection
from tests.support.virtual_time import in_virtual_time

HEAD = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
FROM_THE_LANE = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlane"


class FullPath:
    """Answers everything, in its own time."""

    def __init__(self) -> None:
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.targets: list[str] = []

    async def handle(self, request, body):
        self.targets.append(request.target)
        await self.may_go_on.wait()
        return Answer(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict()), body=b"full")


class WillingLane:
    """Knows every head, while it is open; notes what it is asked and what it might learn."""

    def __init__(self) -> None:
        self.is_open = True
        self.asked: list[bytes] = []
        self.learnt: list[bytes] = []
        self.closed: list[object] = []
        self.knows = True

    def shelf(self, peer):
        return Shelf(peer)

    def answer(self, octets, shelf):
        self.asked.append(octets)
        return FROM_THE_LANE if self.knows else None

    def learn(self, octets, request, shelf):
        self.learnt.append(octets)

    def close(self, why):
        self.closed.append(why)
        self.is_open = False


class World:
    def __init__(self, **limits) -> None:
        self.lane, self.full_path = WillingLane(), FullPath()
        settings = HttpServerSettings(limits=ConnectionLimits(**limits))
        self.server = HttpServer(self.full_path, settings=settings, lane=self.lane)
        self.connection = OneConnection(self.server)
        self.protocol, self.transport = self.connection.protocol, self.connection.transport

    async def begin(self) -> "World":
        await asyncio.sleep(0)
        return self

    async def from_the_lane(self) -> bool:
        """Ask once; tell whether the lane has answered."""
        return (await self.connection.ask(HEAD)).endswith(b"lane")


@in_virtual_time
async def test_only_while_nothing_else_goes_on_is_the_lane_asked():
    world = await World().begin()
    assert await world.from_the_lane()
    world.full_path.may_go_on.clear()
    world.lane.knows = False
    world.connection.send(HEAD)
    await asyncio.sleep(0)
    world.lane.knows = True
    asked = len(world.lane.asked)
    world.connection.send(HEAD)
    for _ in range(5):
        await asyncio.sleep(0)
    assert len(world.lane.asked) == asked
    world.full_path.may_go_on.set()
    assert [(await world.connection.answer())[-4:] for _ in range(2)] == [b"full", b"full"]
    await asyncio.sleep(0)
    assert await world.from_the_lane()


@in_virtual_time
async def test_octets_that_come_before_anybody_waits_are_looked_at_in_the_next_turn():
    world = World()
    world.connection.send(HEAD)
    assert world.lane.asked == []
    assert (await world.connection.answer()).endswith(b"lane")


@in_virtual_time
async def test_what_comes_meanwhile_is_one_with_it():
    world = World()
    world.connection.send(HEAD[:7], HEAD[7:20], HEAD[20:])
    assert (await world.connection.answer()).endswith(b"lane")
    assert world.lane.asked == [HEAD]


@in_virtual_time
async def test_who_leaves_meanwhile_is_not_answered():
    world = World()
    world.connection.send(HEAD)
    world.connection.leave()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert world.lane.asked == []


@pytest.mark.parametrize(
    "octets", [HEAD + HEAD, HEAD + HEAD[:5], b"\r\n" + HEAD, HEAD.replace(b"GET", b"PUT")]
)
def test_what_is_not_one_head_is_never_learnt(octets):
    @in_virtual_time
    async def run():
        world = await World().begin()
        world.lane.knows = False
        world.connection.send(octets)
        await world.connection.answer()
        assert world.lane.learnt == []
        world.connection.leave()

    run()


@in_virtual_time
async def test_a_head_is_learnt_as_it_came_whether_whole_or_in_pieces():
    world = await World().begin()
    world.lane.knows = False
    await world.connection.ask(HEAD)
    await asyncio.sleep(0)
    await world.connection.ask(HEAD[:9], HEAD[9:])
    assert world.lane.learnt == [HEAD, HEAD]


@in_virtual_time
async def test_the_answer_to_one_request_is_not_learnt_for_another():
    """What came behind a head before it was answered belongs to nobody's answer."""
    world = await World().begin()
    world.lane.knows = False
    world.full_path.may_go_on.clear()
    world.connection.send(HEAD)
    await asyncio.sleep(0)
    world.connection.send(b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.full_path.may_go_on.set()
    for _ in range(2):
        await world.connection.answer()
    assert world.full_path.targets == ["/1", "/2"]
    assert world.lane.learnt == []


@in_virtual_time
async def test_once_the_lane_is_closed_nothing_is_held_back():
    world = await World().begin()
    world.lane.is_open = world.lane.knows = False
    world.connection.send(HEAD[:5])
    assert world.protocol._held == b""
    assert (await world.connection.ask(HEAD[5:])).endswith(b"full")
    assert world.lane.learnt == []


@in_virtual_time
async def test_an_error_of_the_lane_closes_it_and_the_full_path_answers():
    world = await World().begin()
    world.lane.answer = None
    assert (await world.connection.ask(HEAD)).endswith(b"full")
    assert world.lane.closed == ["fault"]


# --- clients that take nothing


@in_virtual_time
async def test_a_client_that_takes_nothing_is_let_go_after_its_time_and_not_before():
    world = await World(write_stall_seconds=60.0, idle_seconds=1000.0).begin()
    world.transport.write = lambda data: world.protocol.pause_writing()
    world.connection.send(HEAD)
    await asyncio.sleep(59.9)
    assert not world.transport.is_closing()
    await asyncio.sleep(0.2)
    assert world.transport.is_closing()


@in_virtual_time
async def test_who_reads_on_and_stops_again_has_the_whole_time_again():
    world = await World(write_stall_seconds=60.0, idle_seconds=1000.0).begin()
    world.transport.write = lambda data: world.protocol.pause_writing()
    world.connection.send(HEAD)
    await asyncio.sleep(30.0)
    world.protocol.resume_writing()
    await asyncio.sleep(20.0)
    world.connection.send(HEAD)
    await asyncio.sleep(59.9)
    assert not world.transport.is_closing()
    await asyncio.sleep(0.2)
    assert world.transport.is_closing()


@in_virtual_time
async def test_who_reads_on_is_kept():
    world = await World(write_stall_seconds=60.0, idle_seconds=1000.0).begin()
    write = world.transport.write
    world.transport.write = lambda data: world.protocol.pause_writing()
    world.connection.send(HEAD)
    await asyncio.sleep(59.9)
    world.protocol.resume_writing()
    world.transport.write = write
    await asyncio.sleep(100.0)
    assert await world.from_the_lane()


@in_virtual_time
async def test_while_a_client_takes_nothing_the_lane_is_not_asked():
    world = await World(write_stall_seconds=60.0).begin()
    world.transport.write = lambda data: world.protocol.pause_writing()
    world.connection.send(HEAD)
    world.connection.send(HEAD)
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(world.lane.asked) == 1
    assert world.full_path.targets == ["/1"]


@in_virtual_time
async def test_an_ended_connection_leaves_no_timer():
    world = await World(write_stall_seconds=60.0).begin()
    world.transport.write = lambda data: world.protocol.pause_writing()
    world.connection.send(HEAD)
    world.connection.leave()
    await asyncio.sleep(0)
    assert world.protocol._stall_timer is None
    assert world.protocol._head_timer is None


@in_virtual_time
async def test_what_comes_after_an_answer_in_the_same_turn_comes_after_it():
    world = await World().begin()
    world.connection.send(HEAD)
    assert world.transport.written == FROM_THE_LANE
    world.lane.knows = False
    world.connection.send(HEAD)
    assert world.transport.written == FROM_THE_LANE
    assert [(await world.connection.answer())[-4:] for _ in range(2)] == [b"lane", b"full"]


@in_virtual_time
async def test_a_connection_that_is_closed_to_make_room_has_its_answer():
    world = await World().begin()
    world.connection.send(HEAD)
    assert world.protocol.retire()
    assert world.transport.written == FROM_THE_LANE
    await asyncio.sleep(0)
    assert world.transport.written == FROM_THE_LANE


@in_virtual_time
async def test_who_says_in_the_same_turn_that_nothing_more_comes_has_its_answer():
    world = await World().begin()
    world.connection.send(HEAD)
    world.protocol.eof_received()
    assert world.transport.written == FROM_THE_LANE
