"""How late the loop was, in virtual time: whoever moves the clock has blocked it."""

import asyncio

from proxy.adapters.metrics.event_loop_lag import EventLoopLag
from tests.support.virtual_time import in_virtual_time


def block(seconds):
    """Do what a blocking call does: time passes and nothing else happens."""
    asyncio.get_running_loop()._travel.now += seconds


@in_virtual_time
async def test_a_loop_that_nothing_blocks_has_no_lag():
    lag = EventLoopLag()
    assert lag.lag_seconds == 0
    lag.begin()
    await asyncio.sleep(100)
    assert lag.lag_seconds < 0.001
    lag.end()


@in_virtual_time
async def test_the_greatest_lag_is_told_for_a_minute():
    lag = EventLoopLag()
    lag.begin()
    await asyncio.sleep(10.5)
    for seconds in (0.8, 3.5, 1.0):
        block(seconds)
        await asyncio.sleep(2)
    assert 2.5 <= lag.lag_seconds <= 3.5, "a stall is seen from when the next look was due"
    await asyncio.sleep(40)
    assert lag.lag_seconds >= 2.5
    await asyncio.sleep(30)
    assert lag.lag_seconds < 0.001
    lag.end()


@in_virtual_time
async def test_what_is_overdue_at_this_moment_is_told_at_once():
    lag = EventLoopLag()
    lag.begin()
    block(6.0)
    assert lag.lag_seconds == 5.0
    lag.end()


@in_virtual_time
async def test_nothing_is_left_on_the_loop_once_it_is_ended():
    lag = EventLoopLag()
    lag.begin()
    await asyncio.sleep(5.5)
    lag.end()
    assert [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()] == []
    assert lag.lag_seconds == 0
    lag.end()
