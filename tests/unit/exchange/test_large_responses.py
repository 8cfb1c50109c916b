"""Turns for answers too large to collect, and the bound on bytes under collection."""

import asyncio

from proxy.caching.key import CacheKey
from proxy.exchange.buffering import BufferBudget
from proxy.exchange.relay import LargeResponses

KEY = CacheKey(b"p", "GET", "/v1/vaults/x/items/y/files/z/content")


async def test_only_so_many_pass_and_the_rest_wait_in_order():
    turns = LargeResponses(2)
    first, second = await turns.acquire(KEY), await turns.acquire(KEY)
    third, fourth = asyncio.create_task(turns.acquire(KEY)), asyncio.create_task(turns.acquire(KEY))
    await asyncio.sleep(0)
    assert not third.done()
    first()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert third.done()
    assert not fourth.done()
    second()
    (await third)()
    (await fourth)()
    assert not turns.is_busy(KEY)


async def test_a_key_is_busy_while_one_passes():
    turns = LargeResponses(1)
    release = turns.occupy(KEY)
    assert turns.is_busy(KEY)
    release()
    assert not turns.is_busy(KEY)


async def test_who_leaves_while_waiting_takes_no_turn():
    turns = LargeResponses(1)
    release = await turns.acquire(KEY)
    leaver, stayer = asyncio.create_task(turns.acquire(KEY)), asyncio.create_task(turns.acquire(KEY))
    await asyncio.sleep(0)
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    release()
    (await stayer)()
    assert not turns.is_busy(KEY)


async def test_a_turn_that_comes_together_with_a_cancellation_is_passed_on():
    turns = LargeResponses(1)
    release = await turns.acquire(KEY)
    leaver, stayer = asyncio.create_task(turns.acquire(KEY)), asyncio.create_task(turns.acquire(KEY))
    await asyncio.sleep(0)
    release()
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    (await stayer)()
    assert not turns.is_busy(KEY)


def test_the_budget_grants_until_it_is_spent_and_takes_back():
    budget = BufferBudget(10)
    with budget.reserve(6) as first, budget.reserve(6) as second:
        assert (first, second) == (True, False)
        assert budget.reserved_bytes == 6
    assert budget.reserved_bytes == 0
