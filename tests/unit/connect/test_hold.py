"""`read_your_writes_hold_seconds`: a read of what was just written waits for the new version, asking again."""

import asyncio
import json

from proxy.connect.profile import ConnectRules
from proxy.exchange.mode import Mode
from tests.support.one_vault import ITEMS, in_virtual_time, item

HOLD = ConnectRules(change_check_interval_seconds=0, read_your_writes_hold_seconds=3)


WRITTEN = item(0)


async def read(world, target=WRITTEN):
    """Return what a read shows and how long it took."""
    began = world.clock.now().boot_seconds
    answer = await world.send("GET", target)
    shown = json.loads(answer.body)["version"] if answer.status == 200 and target != ITEMS else answer.status
    return shown, world.clock.now().boot_seconds - began


@in_virtual_time(HOLD)
async def test_a_read_of_the_written_item_waits_for_the_new_version(world):
    await read(world)
    world.account.sync_seconds = 1
    await world.send("PUT", item(0))
    version, seconds = await read(world)
    assert version == 2
    assert 1 <= seconds < 2
    assert await world.is_hit(item(0))


@in_virtual_time(HOLD)
async def test_when_it_does_not_come_in_time_the_read_gets_what_connect_has(world):
    world.account.sync_seconds = 20
    await world.send("PUT", item(0))
    version, seconds = await read(world)
    assert version == 1
    assert 3 <= seconds < 3.1
    assert world.account.requests < 10


@in_virtual_time(HOLD)
async def test_those_who_read_at_once_wait_together(world):
    world.account.sync_seconds = 1
    await world.send("PUT", item(0))
    asked = world.account.requests
    assert {version for version, _ in await asyncio.gather(*(read(world) for _ in range(50)))} == {2}
    assert world.account.requests - asked < 6


@in_virtual_time(HOLD)
async def test_nothing_else_waits(world):
    world.account.sync_seconds = 20
    await world.send("PUT", item(0))
    for target in (item(1), ITEMS, f"{WRITTEN}/files"):
        assert (await read(world, target))[1] < 0.1


@in_virtual_time(HOLD)
async def test_a_write_of_unknown_outcome_is_not_waited_for(world):
    world.account.failing = 500
    await world.send("PUT", item(0))
    world.account.failing = None
    await asyncio.sleep(1)
    assert (await read(world))[1] < 0.1


@in_virtual_time(HOLD)
async def test_a_fault_during_the_wait_leaves_the_answer_there_was(world):
    world.account.sync_seconds = 20
    await world.send("PUT", item(0))
    for fault in ("down", "failing"):
        reading = asyncio.create_task(read(world))
        await asyncio.sleep(0.05)
        setattr(world.account, fault, 503 if fault == "failing" else True)
        assert (await reading)[0] == 1
        setattr(world.account, fault, None)


@in_virtual_time(HOLD)
async def test_mode_observe_holds_nothing_back(world):
    world.exchange.switch(Mode.OBSERVE)
    world.account.sync_seconds = 20
    await world.send("PUT", item(0))
    assert (await read(world))[1] < 0.1


@in_virtual_time(ConnectRules(change_check_interval_seconds=0))
async def test_by_default_a_read_gets_what_connect_has(world):
    world.account.sync_seconds = 1
    await world.send("PUT", item(0))
    version, seconds = await read(world)
    assert version == 1
    assert seconds < 0.1
