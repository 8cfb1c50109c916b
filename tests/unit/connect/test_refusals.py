"""Damping: how often a refused token may ask, what it gets meanwhile, and what ends it."""

import asyncio
from itertools import pairwise

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.clock import Instant
from proxy.connect.profile import ConnectRules
from proxy.connect.refusals import Refusals
from proxy.exchange.mode import Mode
from proxy.semantics.message import Response
from tests.support.one_vault import ITEMS, in_virtual_time, item
from tests.unit.connect.samples import at

RULES = ConnectRules(change_check_interval_seconds=0)


async def asks(world, seconds, token="junk", every=0.25):
    """Keep asking; return when Connect was asked, counted from the beginning."""
    began, before = asyncio.get_running_loop().time(), len(world.account.log)
    while asyncio.get_running_loop().time() - began < seconds:
        await world.get(item(0), token)
        await asyncio.sleep(every)
    return [at - began for at, _, target in world.account.log[before:] if target != "/health"]


@in_virtual_time(RULES)
async def test_a_token_that_keeps_being_refused_asks_ever_more_rarely_but_every_ten_seconds(world):
    world.account.refused.add("Bearer junk")
    asked = await asks(world, 60)
    pauses = [int(after - before) for before, after in pairwise(asked)]
    assert pauses == [0, 1, 2, 4, 8, 10, 10, 10, 10]


@in_virtual_time(RULES)
async def test_meanwhile_it_gets_the_same_bytes_and_the_time_to_wait(world):
    world.account.refused.add("Bearer junk")
    first = await world.send("GET", item(0), "junk")
    await world.send("GET", item(1), "junk")
    damped = await world.send("GET", ITEMS, "junk")
    assert (damped.status, damped.body) == (first.status, first.body)
    assert damped.fields["Content-Type"] == first.fields["Content-Type"]
    assert damped.fields["Retry-After"] == "1"
    assert damped.fields["Cache-Status"] == "connect-sidecar; detail=refused_before"
    assert "Retry-After" not in first.fields
    assert (await world.send("HEAD", item(0), "junk")).body == b""


@in_virtual_time(RULES)
async def test_an_attempt_that_succeeds_ends_it_at_once(world):
    world.account.refused.add("Bearer a")
    await asks(world, 8, "a")
    world.account.refused.clear()
    await asyncio.sleep(10)
    assert (await world.get(item(0), "a"))[2] == 200
    world.account.refused.add("Bearer a")
    asked = world.account.requests
    assert (await world.get(item(1), "a"))[2] == 401
    assert world.account.requests > asked


@in_virtual_time(RULES)
async def test_a_write_that_is_answered_ends_it_too(world):
    world.account.refused.add("Bearer a")
    await asks(world, 8, "a")
    world.account.refused.clear()
    await asyncio.sleep(10)
    assert (await world.send("PUT", item(0), "a")).status == 200
    assert (await world.get(item(0), "a"))[2] == 200


@in_virtual_time(RULES)
async def test_an_attempt_that_finds_an_outage_ends_nothing(world):
    world.account.refused.add("Bearer a")
    await asks(world, 8, "a")
    world.account.failing = 503
    await asyncio.sleep(10)
    for method in ("GET", "PUT"):
        assert (await world.send(method, item(0), "a")).status in {401, 503}
    assert (await world.get(item(0), "a"))[0] == "connect-sidecar; detail=refused_before"


@in_virtual_time(RULES)
async def test_of_refusals_under_way_together_only_the_first_counts(world):
    world.account.refused.add("Bearer junk")
    await asyncio.gather(*(world.get(item(number), "junk") for number in range(5)))
    asked = world.account.requests
    await asyncio.gather(*(world.get(item(number), "junk") for number in range(5)))
    assert world.account.requests == asked + 5


@in_virtual_time(RULES)
async def test_while_an_attempt_is_under_way_all_others_wait(world):
    world.account.refused.add("Bearer junk")
    await asks(world, 8)
    await asyncio.sleep(10)
    asked = world.account.requests
    await asyncio.gather(*(world.get(item(number), "junk") for number in range(5)))
    assert world.account.requests == asked + 1


@in_virtual_time(RULES)
async def test_no_other_token_is_concerned_nor_what_is_not_below_v1(world):
    world.account.refused.add("Bearer junk")
    await asks(world, 2)
    assert (await world.get(item(0), "good"))[2] == 200
    assert (await world.get("/health", "junk"))[2] == 200


@in_virtual_time(RULES)
async def test_a_connect_that_is_not_synced_refuses_nobody(world):
    await world.get(item(0))
    world.account.synced = False
    await asyncio.sleep(61)
    await asks(world, 5, "a")
    world.account.synced = True
    assert (await world.get(item(1)))[2] == 200


@in_virtual_time(RULES)
async def test_outside_mode_cache_every_request_passes(world):
    world.account.refused.add("Bearer junk")
    await asks(world, 20)
    world.exchange.switch(Mode.PASSTHROUGH)
    assert len(await asks(world, 5, every=1)) == 5


def test_the_table_is_bounded_and_long_answers_are_not_kept():
    refusals, now = Refusals(capacity=10), Instant(wall_seconds=0, boot_seconds=100)
    answer = Response(status=401, reason="", fields={}, body=b"x" * 5000)
    for number in range(100):
        for _ in range(2):
            refusals.refused(bytes([number]), answer, now, now)
    assert len(refusals) == 10
    assert refusals.refused_before(bytes([99]), now) is None


def test_telling_how_long_it_is_damped_lets_nobody_pass():
    refusals, digest = Refusals(), b"d"
    refusal = Response(status=401, reason="", fields=CIMultiDictProxy(CIMultiDict()), body=b"{}")
    assert refusals.left_seconds(digest, at(0)) == 0
    for moment in (0, 1, 2):
        refusals.refused(digest, refusal, at(moment), at(moment))
    assert refusals.left_seconds(digest, at(3)) == 1
    assert refusals.left_seconds(digest, at(4)) == refusals.left_seconds(digest, at(4)) == 0
    assert refusals.refused_before(digest, at(4)) is None  # this one passes, for all others wait then
    assert refusals.left_seconds(digest, at(4)) == 2
