"""The mode: what is forwarded, kept and counted in each, and what a switch does to what is stored."""

import asyncio

from proxy.connect.profile import ConnectRules
from proxy.exchange.events import ModeChanged, WouldBeHit
from proxy.exchange.mode import Mode
from tests.support.model_account import item_id
from tests.support.one_vault import in_virtual_time, item

RULES = ConnectRules(change_check_interval_seconds=0)


def would_be_hits(world):
    return [event.is_wrong for event in world.events if isinstance(event, WouldBeHit)]


@in_virtual_time(RULES)
async def test_passthrough_asks_for_every_request_by_itself(world):
    world.exchange.switch(Mode.PASSTHROUGH)
    answers = await asyncio.gather(*(world.get(item(0)) for _ in range(5)))
    assert {status for status, _, _ in answers} == {"connect-sidecar; fwd=bypass; fwd-status=200"}
    assert world.account.requests == 5


@in_virtual_time(RULES)
async def test_passthrough_answers_nothing_from_the_store_in_an_outage_either(world):
    await world.get(item(0))
    world.exchange.switch(Mode.PASSTHROUGH)
    world.account.down = True
    assert (await world.get(item(0)))[2] == 502


@in_virtual_time(RULES)
async def test_what_was_stored_before_a_switch_is_fetched_again_before_it_is_used(world):
    await world.get(item(0))
    world.exchange.switch(Mode.PASSTHROUGH)
    world.vault.change(item_id(0))
    world.exchange.switch(Mode.CACHE)
    assert not await world.is_hit(item(0))
    assert await world.is_hit(item(0))


@in_virtual_time(RULES)
async def test_a_write_in_passthrough_takes_what_it_outdates(world):
    await world.get(item(0))
    world.exchange.switch(Mode.PASSTHROUGH)
    await world.send("PUT", item(0))
    world.exchange.switch(Mode.CACHE)
    world.account.down = True
    assert (await world.get(item(0)))[2] == 502


@in_virtual_time(RULES)
async def test_a_token_refused_in_passthrough_gets_nothing_afterwards(world):
    await world.get(item(0))
    world.exchange.switch(Mode.PASSTHROUGH)
    world.account.refused.add("Bearer a")
    for _ in range(2):
        await world.get(item(1))
    world.exchange.switch(Mode.CACHE)
    world.account.down = True
    assert (await world.get(item(0)))[2] == 502


@in_virtual_time(RULES)
async def test_observe_forwards_each_request_and_counts_what_would_have_been_a_hit(world):
    world.exchange.switch(Mode.OBSERVE)
    for _ in range(3):
        status, _, _ = await world.get(item(0))
        assert "fwd=bypass" in status
    assert world.account.requests == 3
    assert would_be_hits(world) == [False, False]


@in_virtual_time(RULES)
async def test_observe_counts_wrong_bytes_for_as_long_as_a_cache_would_have_served_them(world):
    world.exchange.switch(Mode.OBSERVE)
    await world.get(item(0))
    world.vault.change(item_id(0))
    for _ in range(5):  # every 12 s: the fifth comes when the stored one is no longer fresh
        await asyncio.sleep(12.1)
        await world.get(item(0))
    await world.get(item(0))
    assert would_be_hits(world) == [True, True, True, True, False]


@in_virtual_time(RULES)
async def test_observe_collapses_nothing_and_shows_nothing_stale(world):
    world.exchange.switch(Mode.OBSERVE)
    await asyncio.gather(*(world.get(item(0)) for _ in range(5)))
    assert world.account.requests == 5
    world.account.down = True
    assert (await world.get(item(0)))[2] == 502
    await asyncio.sleep(61)
    assert (await world.get(item(0)))[2] == 502
    assert would_be_hits(world) == []


@in_virtual_time(RULES)
async def test_observe_takes_an_outage_for_nothing_to_compare_with(world):
    world.exchange.switch(Mode.OBSERVE)
    await world.get(item(0))
    for status in (503, 429):
        world.account.failing = status
        assert (await world.get(item(0)))[2] == status
    assert would_be_hits(world) == []
    world.account.failing = 403
    await world.get(item(0))
    assert would_be_hits(world) == [True]


@in_virtual_time(RULES)
async def test_observe_passes_conditional_requests_on_untouched(world):
    world.exchange.switch(Mode.OBSERVE)
    await world.get(item(0))
    status, _, code = await world.get(item(0), **{"If-None-Match": "*"})
    assert (status, code) == ("connect-sidecar; fwd=bypass; fwd-status=200", 200)
    assert would_be_hits(world) == []


@in_virtual_time(RULES)
async def test_writes_wait_for_each_other_only_in_mode_cache(world):
    world.account.latency_seconds = 1
    for mode, seconds in [(Mode.CACHE, 2), (Mode.OBSERVE, 1), (Mode.PASSTHROUGH, 1)]:
        world.exchange.switch(mode)
        began = world.clock.now().boot_seconds
        await asyncio.gather(*(world.send("PUT", item(number)) for number in range(2)))
        assert world.clock.now().boot_seconds - began == seconds


@in_virtual_time(ConnectRules(change_check_interval_seconds=60))
async def test_nothing_is_asked_in_the_background_outside_mode_cache(world):
    async def use(seconds):
        for _ in range(seconds):
            await world.get(item(0))
            await world.get(item(1))
            await asyncio.sleep(1)

    await use(100)
    assert world.account.asked["background"] > 0
    for mode in (Mode.OBSERVE, Mode.PASSTHROUGH):
        world.exchange.switch(mode)
        world.account.asked.clear()
        await use(100)
        assert world.account.asked["background"] == 0
        assert world.account.asked["client"] == 200
    world.exchange.switch(Mode.CACHE)
    await use(100)
    assert world.account.asked["background"] > 0


@in_virtual_time(RULES)
async def test_the_mode_that_is_set_already_changes_nothing(world):
    await world.get(item(0))
    world.exchange.switch(Mode.CACHE)
    assert await world.is_hit(item(0))
    world.exchange.switch(Mode.OBSERVE)
    changes = [event for event in world.events if isinstance(event, ModeChanged)]
    assert changes == [ModeChanged(before=Mode.CACHE, mode=Mode.OBSERVE)]
