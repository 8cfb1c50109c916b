"""More requests than may wait: 503 at once, and hits are answered all the same."""

import asyncio

from proxy.connect.profile import ConnectRules
from proxy.exchange.exchange import ExchangeLimits
from tests.support.one_vault import ITEMS, in_virtual_time, item

RULES = ConnectRules(change_check_interval_seconds=0)


@in_virtual_time(RULES, limits=ExchangeLimits(most_waiting=3))
async def test_who_would_have_to_wait_is_refused_at_once_and_hits_are_not(world):
    await world.get(ITEMS)
    await asyncio.sleep(31)  # past the first seconds, in which little is fresh
    await world.get(item(0))
    world.account.latency_seconds = 5.0
    waiting = [asyncio.create_task(world.send("GET", item(number))) for number in (1, 2, 3)]
    await asyncio.sleep(0.1)
    began = world.clock.now().boot_seconds
    refused = [
        await world.send("GET", item(4)),
        await world.send("GET", item(1)),
        await world.send("GET", "/v1/activity"),
        await world.send("DELETE", item(4)),
    ]
    assert [answer.status for answer in refused] == [503] * 4
    assert {answer.fields["Retry-After"] for answer in refused} == {"1"}
    assert await world.is_hit(item(0))
    assert world.clock.now().boot_seconds == began, "nobody waited"
    assert {answer.status for answer in await asyncio.gather(*waiting)} == {200}
    world.account.latency_seconds = 0.01
    assert (await world.get(item(4)))[2] == 200, "there is room again"
