"""Long work gives everybody a turn, and what happens meanwhile counts: a vault's list of a thousand items, say."""

import asyncio
import json

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.clock import SystemClock
from proxy.exchange.exchange import ExchangeLimits
from proxy.exchange.landing import Landed
from proxy.exchange.turns import Turns
from proxy.semantics.message import Request
from tests.support.exchanges import make_exchange
from tests.support.scripted_upstream import ScriptedAnswer, ScriptedUpstream
from tests.support.virtual_time import run_in_virtual_time

COUNT = 1_000
VAULT = "v" * 26
LIST = f"/v1/vaults/{VAULT}/items"
FIELDS = CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer t", "Host": "sidecar"}))


def listed(count=COUNT):
    items = [{"id": f"{number:026}", "version": 1, "vault": {"id": VAULT}} for number in range(count)]
    return ScriptedAnswer(body=json.dumps(items).encode(), Content_Type="application/json")


def get(target):
    return Request(method="GET", target=target, fields=FIELDS)


async def turns_until(task):
    """Return how often others had a turn before it was done."""
    count = 0
    while not task.done():
        await asyncio.sleep(0)
        count += 1
    return count


async def turns_of(count):
    exchange = make_exchange(upstream=ScriptedUpstream(listed(count)), clock=SystemClock())
    task = asyncio.create_task(exchange.handle(get(LIST), None))
    turns = await turns_until(task)
    assert (await task).status == 200
    return turns, exchange


async def test_everybody_has_a_turn_between_two_pieces():
    done = []

    def pieces():
        for number in range(3):
            done.append(number)
            yield
        return "all"

    task = asyncio.create_task(Turns().take(pieces()))
    await asyncio.sleep(0)
    assert done == [0]
    await asyncio.sleep(0)
    assert done == [0, 1]
    assert await task == "all"


async def test_no_two_long_works_are_done_in_the_same_turn_and_what_is_short_waits_for_none():
    turns, done, turn = Turns(), [], 0

    def pieces(name, count):
        for _ in range(count):
            done.append((name, turn))
            yield

    tasks = [
        asyncio.create_task(turns.take(pieces(name, count))) for name, count in (("a", 5), ("b", 5), ("c", 0))
    ]
    while not all(task.done() for task in tasks):
        turn += 1
        await asyncio.sleep(0)
        assert turn > 1 or tasks[2].done()
    later = [when for _, when in done if when > 1]
    assert len(done) == 10
    assert len(set(later)) == len(later) == 8


async def test_what_comes_when_many_wait_is_done_at_once():
    turns = Turns()

    def pieces():
        for _ in range(3):
            yield
        return "all"

    waiting = [asyncio.create_task(turns.take(pieces())) for _ in range(8)]
    await asyncio.sleep(0)
    late = asyncio.create_task(turns.take(pieces()))
    await asyncio.sleep(0)
    assert late.done()
    assert not any(task.done() for task in waiting)
    assert await asyncio.gather(late, *waiting) == ["all"] * 9
    after = asyncio.create_task(turns.take(pieces()))
    await asyncio.sleep(0)
    assert not after.done()
    assert await after == "all"


async def test_who_is_cancelled_while_waiting_holds_nobody_up():
    turns = Turns()

    def pieces():
        yield
        yield

    first, second, third = (asyncio.create_task(turns.take(pieces())) for _ in range(3))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.wait_for(asyncio.gather(first, third), 5)


async def test_an_error_reaches_whoever_waits():
    def failing():
        yield
        raise LookupError

    with pytest.raises(LookupError):
        await Turns().take(failing())


async def test_a_list_of_a_thousand_is_read_in_pieces_of_a_few_dozen_and_stored():
    few, _ = await turns_of(10)
    turns, exchange = await turns_of(COUNT)
    assert turns - few >= COUNT // 40
    answer = await exchange.handle(get(LIST), None)
    assert "; hit" in answer.fields["Cache-Status"]


async def test_a_purge_while_a_list_is_read_is_not_undone_by_it():
    upstream = ScriptedUpstream(listed(), listed())
    exchange = make_exchange(upstream=upstream, clock=SystemClock())
    task = asyncio.create_task(exchange.handle(get(LIST), None))
    while not upstream.answers:
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    exchange.purge_all()
    assert (await task).status == 200
    assert "fwd=uri-miss" in (await exchange.handle(get(LIST), None)).fields["Cache-Status"]
    assert len(upstream.requests) == 2


def test_the_time_that_a_list_waits_for_its_turn_is_not_the_upstreams():
    async def fetch():
        clock = SystemClock()
        exchange = make_exchange(upstream=ScriptedUpstream(listed()), clock=clock)
        taken = exchange._learner._turns._taken
        await taken.acquire()
        request = get(LIST)
        task = asyncio.create_task(
            exchange._reader.fetch(exchange.profile.subject(request, clock.now()), request)
        )
        await asyncio.wait([task], timeout=2 * ExchangeLimits().total_seconds)
        taken.release()
        return await task

    assert isinstance(run_in_virtual_time(fetch()), Landed)
