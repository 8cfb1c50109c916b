"""Budgets in the exchange: who is charged for what, what the refused get, and what nobody loses or gains by them."""

import asyncio
from fractions import Fraction

from proxy.admission.rate_limiter import Budget, RateLimiter
from proxy.admission.token_bucket import Limit
from proxy.connect.profile import ConnectRules
from proxy.exchange.events import Limited
from proxy.exchange.exchange import ExchangeLimits
from proxy.exchange.mode import Mode
from proxy.exchange.rate_limits import LimitMode
from tests.support.one_vault import ITEMS, in_virtual_time, item

RULES = ConnectRules(change_check_interval_seconds=0)


def budgets(requests=1000, upstream=1000, mode=LimitMode.ENFORCE, **limits):
    """Return settings of a world whose budgets refill once in a thousand seconds."""
    slow = Fraction(1, 1000)
    each = {Budget.REQUESTS: requests, Budget.UPSTREAM: upstream}
    return {
        "limiter": RateLimiter(
            limits={budget: Limit(per_second=slow, burst=burst) for budget, burst in each.items()}
        ),
        "limits": ExchangeLimits(limit_mode=mode, **limits),
    }


def statuses(answers):
    return [status for _, _, status in answers]


@in_virtual_time(RULES, **budgets(requests=5))
async def test_above_the_budget_for_all_requests_even_hits_are_refused(world):
    assert (
        statuses([await world.get(item(0)) for _ in range(8)]) == [200] * 6 + [429] * 2
    )  # the first came as a stranger


@in_virtual_time(RULES, **budgets(upstream=2))
async def test_hits_do_not_count_against_the_budget_for_connect(world):
    for number in range(3):
        assert (await world.get(item(number)))[2] == 200
    assert (await world.get(item(3)))[2] == 429
    assert statuses([await world.get(item(0)) for _ in range(50)]) == [200] * 50
    assert world.account.requests == 3


@in_virtual_time(RULES, **budgets(upstream=2))
async def test_a_refusal_says_when_to_come_back_in_connects_shape(world):
    for number in range(3):
        await world.get(item(number))
    refused = await world.send("GET", item(3))
    assert refused.status == 429
    assert b'"status":429' in refused.body
    assert refused.fields["Retry-After"] == "1000"
    assert refused.fields["Cache-Status"] == "connect-sidecar; detail=rate_limited"
    await asyncio.sleep(1000)
    assert (await world.get(item(3)))[2] == 200


@in_virtual_time(RULES, **budgets(requests=5, upstream=2))
async def test_every_answer_to_a_known_token_says_what_is_left(world):
    stranger = await world.send("GET", item(0))
    hit = await world.send("GET", item(0))
    assert stranger.fields["RateLimit"] == '"requests";r=5;t=0, "upstream";r=2;t=0'
    assert hit.fields["RateLimit-Policy"] == '"requests";q=5;w=5000, "upstream";q=2;w=2000'
    assert hit.fields["RateLimit"] == '"requests";r=4;t=1000, "upstream";r=2;t=0'


@in_virtual_time(RULES, **budgets(upstream=1))
async def test_writes_and_what_is_passed_on_count_against_the_budget_for_connect(world):
    await world.get(item(0))
    assert (await world.send("PUT", item(0))).status == 200
    asked = world.account.requests
    assert (await world.send("PUT", item(0))).status == 429
    assert (await world.send("DELETE", item(1))).status == 429
    assert world.account.requests == asked


@in_virtual_time(RULES, **budgets(upstream=1))
async def test_who_joins_a_flight_pays_nothing(world):
    await world.get(item(0))
    answers = await asyncio.gather(*(world.get(item(1)) for _ in range(20)))
    assert statuses(answers) == [200] * 20


@in_virtual_time(RULES, **budgets(requests=1, upstream=1))
async def test_one_tokens_budget_is_not_anothers(world):
    for _ in range(3):
        await world.get(item(0), "greedy")
    assert (await world.get(item(0), "greedy"))[2] == 429
    assert statuses([await world.get(item(0), "calm") for _ in range(2)]) == [200, 200]


@in_virtual_time(RULES, **budgets(requests=1, upstream=1, mode=LimitMode.SHADOW))
async def test_in_shadow_everything_passes_and_is_counted(world):
    for number in range(4):
        answer = await world.send("GET", item(number))
        assert answer.status == 200
        assert "RateLimit" not in answer.fields
    counted = [(event.budget, event.is_enforced) for event in world.events if isinstance(event, Limited)]
    assert counted == [(budget, False) for budget in (Budget.REQUESTS, Budget.UPSTREAM)] * 2


@in_virtual_time(RULES, **budgets(requests=1, upstream=1))
async def test_the_kill_switch_ends_limits_too(world):
    for _ in range(3):
        await world.get(item(0))
    assert (await world.get(item(0)))[2] == 429
    world.exchange.switch(Mode.PASSTHROUGH)
    assert statuses([await world.get(item(0)) for _ in range(10)]) == [200] * 10


@in_virtual_time(RULES, **budgets(upstream=1))
async def test_unless_it_is_wanted_nothing_stale_is_served_instead_of_a_refusal(world):
    await world.get(ITEMS)
    await world.get(item(0))
    await asyncio.sleep(31)
    assert (await world.get(ITEMS))[2] == 429


@in_virtual_time(
    ConnectRules(change_check_interval_seconds=0, list_freshness_seconds=30),
    **budgets(upstream=1, stale_instead_of_429=True),
)
async def test_a_read_above_the_budget_may_get_something_stale_while_its_lease_is_current(world):
    await world.get(ITEMS)
    await world.get(item(0))
    await asyncio.sleep(31)
    status, age, code = await world.get(ITEMS)
    assert (code, age) == (200, 31)
    assert "ttl=-" in status
    assert "detail=rate_limited" in status
    assert world.account.requests == 2


@in_virtual_time(RULES, **budgets(upstream=1, stale_instead_of_429=True))
async def test_a_token_that_must_be_verified_passes_once_outside_its_budget(world):
    await world.get(item(0))
    await world.get(item(1))
    assert (await world.get(item(2)))[2] == 429
    await asyncio.sleep(61)
    assert (await world.get(item(0)))[2] == 200
    assert "detail=rate_limited" in (await world.get(item(1)))[0], "now it may have what is stale"
    assert (await world.get(item(2)))[2] == 429


@in_virtual_time(RULES, **budgets(upstream=1, stale_instead_of_429=True))
async def test_a_token_whose_verification_came_to_nothing_gets_nothing_stale(world):
    await world.get(item(0))
    await world.get(item(1))
    await asyncio.sleep(61)
    world.account.failing = 429
    await world.get(item(0))  # the one that would have verified it
    world.account.failing = None
    status, _, code = await world.get(item(0))
    assert (status, code) == ("connect-sidecar; detail=rate_limited", 429)


@in_virtual_time(RULES, **budgets(upstream=1, stale_instead_of_429=True))
async def test_a_revoked_token_with_its_budget_used_up_gets_nothing(world):
    for number in range(2):
        await world.get(item(number))
    world.account.refused.add("Bearer a")
    await asyncio.sleep(61)
    assert set(statuses([await world.get(item(number % 3)) for number in range(10)])) <= {401, 429}
    await asyncio.sleep(15)
    world.account.down = True  # nor does an outage help it
    assert set(statuses([await world.get(item(number % 3)) for number in range(10)])) <= {401, 429, 502}
