"""A refused token, a Connect that does not know its tokens yet, and one that is slow: the exchange in virtual time."""

import asyncio

from proxy.connect.profile import ConnectRules
from tests.support.one_vault import ITEMS, in_virtual_time, item

RULES = ConnectRules(change_check_interval_seconds=0)


@in_virtual_time(RULES)
async def test_a_refused_token_is_asked_for_again_and_then_loses_what_it_had(world):
    await world.get(item(0))
    world.account.refused.add("Bearer a")
    assert (await world.get(item(1)))[2] == 401
    assert [target for _, _, target in world.account.log[1:]] == [item(1), "/health", item(1)]
    world.account.down = True
    await asyncio.sleep(1)  # until then it would be refused without being asked for
    assert (await world.get(item(0)))[2] == 502


@in_virtual_time(RULES)
async def test_a_witness_that_says_nothing_is_not_waited_for(world):
    await world.get(item(0))
    world.account.refused.add("Bearer a")
    world.account.health_seconds = 100
    asked = world.clock.now().boot_seconds
    assert (await world.get(item(1)))[2] == 401
    assert world.clock.now().boot_seconds - asked < 2.5


@in_virtual_time(RULES)
async def test_a_token_refused_by_mistake_is_suspended_and_restored(world):
    await world.get(item(0))
    world.account.refused.add("Bearer a")
    asking = asyncio.create_task(world.get(item(1)))
    await asyncio.sleep(0.05)
    other = asyncio.create_task(world.get(item(0)))
    await asyncio.sleep(0)
    assert not other.done(), "nothing is served to it meanwhile"
    world.account.refused.clear()
    assert (await asking)[2] == 200
    await other
    assert "hit" in (await world.get(item(0)))[0]


@in_virtual_time(RULES)
async def test_a_stranger_is_refused_at_once(world):
    world.account.refused.add("Bearer a")
    assert (await world.get(item(0)))[2] == 401
    assert world.account.requests == 1


@in_virtual_time(RULES)
async def test_while_connect_is_not_synced_a_refusal_is_an_outage(world):
    await world.get(item(0))
    await asyncio.sleep(61)
    world.account.synced = False
    status, age, code = await world.get(item(0))
    assert code == 200
    assert age == 61
    assert "detail=destination_unavailable" in status
    world.account.synced = True
    await asyncio.sleep(31)
    assert "fwd=stale" in (await world.get(item(0)))[0]


@in_virtual_time(ConnectRules(list_freshness_seconds=30, token_verification_seconds=60))
async def test_when_connect_is_slow_a_verified_token_gets_what_is_stored_and_the_request_goes_on(world):
    await world.get(ITEMS)
    await asyncio.sleep(31)
    world.account.latency_seconds = 5.0
    began = asyncio.get_running_loop().time()
    status, age, _ = await world.get(ITEMS)
    assert asyncio.get_running_loop().time() - began == 2.0
    assert age == 33
    assert "detail=slow" in status
    assert "ttl=-4" in status
    await asyncio.sleep(3.1)
    assert "hit; ttl=2" in (await world.get(ITEMS))[0]
    assert len([target for _, _, target in world.account.log if target == ITEMS]) == 2


@in_virtual_time(RULES)
async def test_when_connect_is_slow_a_token_that_was_not_verified_lately_waits(world):
    await world.get(item(0))
    await asyncio.sleep(61)
    world.account.latency_seconds = 5.0
    began = asyncio.get_running_loop().time()
    assert "fwd=stale" in (await world.get(item(0)))[0]
    assert asyncio.get_running_loop().time() - began == 5.0


@in_virtual_time(RULES)
async def test_after_a_write_slowness_never_brings_back_what_was_before(world):
    await world.get(ITEMS)
    await world.get(item(0))
    await world.send("PUT", item(1))
    world.account.latency_seconds = 5.0
    assert "fwd=" in (await world.get(item(0)))[0]


@in_virtual_time(ConnectRules())
async def test_when_connect_is_back_it_gets_a_request_though_all_reads_are_hits(world):
    await world.get(item(0))
    await asyncio.sleep(1)
    for _ in range(2):
        await world.get(item(0))
    world.exchange.origin_is_back(0.5)
    await asyncio.sleep(2)
    assert world.account.asked["background"] == 1
    assert world.account.log[-1][2] == ITEMS
