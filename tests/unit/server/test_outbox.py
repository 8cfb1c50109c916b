"""Answers of one turn are written together at its end, in order, and not for who has left."""

import asyncio

import pytest

from proxy.server.outbox import Outbox
from tests.support.one_connection import OneConnection
from tests.support.virtual_time import in_virtual_time
from tests.unit.server.test_express_connection import FROM_THE_LANE, HEAD, World


class Slip:
    """Notes who sends, and when."""

    def __init__(self, sent: list["Slip"]) -> None:
        self._sent = sent

    def send_off(self) -> None:
        self._sent.append(self)


@in_virtual_time
async def test_all_of_a_turn_are_sent_at_its_end_in_their_order():
    outbox, sent = Outbox(), []
    slips = [Slip(sent) for _ in range(5)]
    for slip in slips:
        outbox.put(slip)
    assert sent == []
    await asyncio.sleep(0)
    assert sent == slips
    outbox.put(slips[0])
    await asyncio.sleep(0)
    assert sent == [*slips, slips[0]]


@pytest.mark.parametrize("more", [0, 1, 3])
def test_a_full_one_is_not_kept_waiting(more):
    @in_virtual_time
    async def run():
        outbox, sent = Outbox(most=3), []
        slips = [Slip(sent) for _ in range(3 + more)]
        for slip in slips:
            outbox.put(slip)
        full = len(slips) // 3 * 3
        assert sent == slips[:full]
        await asyncio.sleep(0)
        assert sent == slips

    run()


class Broken:
    """Can't send; its reason may have been a secret."""

    def send_off(self) -> None:
        raise RuntimeError("hunter2")


@in_virtual_time
async def test_the_trouble_of_one_is_not_that_of_the_others(caplog):
    outbox, sent = Outbox(), []
    slips = [Slip(sent) for _ in range(2)]
    for sender in (slips[0], Broken(), slips[1]):
        outbox.put(sender)
    await asyncio.sleep(0)
    assert sent == slips
    assert "RuntimeError" in caplog.text
    assert "hunter2" not in caplog.text


@in_virtual_time
async def test_an_answer_is_written_at_the_end_of_the_turn():
    world = await World().begin()
    world.connection.send(HEAD)
    assert world.transport.written == b""
    await asyncio.sleep(0)
    assert world.transport.written == FROM_THE_LANE


@in_virtual_time
async def test_what_comes_after_it_in_the_same_turn_comes_after_it():
    world = await World().begin()
    world.connection.send(HEAD)
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


@in_virtual_time
async def test_who_leaves_before_it_is_written_takes_nobody_along():
    world = await World().begin()
    other = OneConnection(world.server)
    await asyncio.sleep(0)
    world.connection.send(HEAD)
    other.send(HEAD)
    world.connection.leave()
    await asyncio.sleep(0)
    assert (world.transport.written, other.transport.written) == (b"", FROM_THE_LANE)
