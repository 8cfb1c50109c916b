"""What is learnt ends the decisions that it may concern, and no others: a ticket says whether its own still holds.

That something else is stored under its key it hears from the store (test_companions).
"""

import asyncio
from dataclasses import replace

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.rules import ConnectRules
from proxy.semantics.message import Request
from tests.support.model_connect import item_id
from tests.support.virtual_time import in_virtual_time
from tests.unit.exchange.test_said_again import LIST, RULES, World, target


async def another_token_sees_a_newer_version(world: World) -> None:
    world.connect.items[item_id(0)].changes.append((0.0, 2))
    await world.get(target(0), "beta")


async def another_token_lists_a_newer_version(world: World) -> None:
    world.connect.items[item_id(0)].changes.append((0.0, 2))
    await world.get(LIST, "beta", anew=True)


async def something_becomes_known(world: World) -> None:
    """Somebody may have an older version of it."""
    world.connect.items[item_id(9)] = world.connect.items[item_id(0)]
    await world.get(target(9), "beta")


async def its_token_is_doubted(world: World) -> None:
    world.connect.tokens = frozenset({"beta"})
    asking = asyncio.create_task(world.get(target(3)))
    await asyncio.sleep(0.05)  # it is asked once more before it is believed
    assert not asking.done()


@in_virtual_time
async def test_a_version_that_is_seen_after_the_last_was_forgotten_ends_a_decision():
    """What was shown too long ago is not known: nothing moves, but what is stored with less must be validated."""
    world, ticket = await begun(replace(RULES, stale_if_error_seconds=5.0))
    await asyncio.sleep(10.0)
    await another_token_sees_a_newer_version(world)
    assert not ticket.still_holds(world.clock.now())
    answer = await world.get(target(0))
    assert "hit" not in answer.fields["Cache-Status"]
    await world.exchange.close()


@pytest.mark.parametrize(
    "act",
    [
        *(another_token_sees_a_newer_version, another_token_lists_a_newer_version, something_becomes_known),
        its_token_is_doubted,
    ],
)
@in_virtual_time
async def test_what_may_concern_it_ends_a_decision(act):
    world, ticket = await begun()
    await act(world)
    assert not ticket.still_holds(world.clock.now())
    await world.exchange.close()


async def another_token_reads_the_same(world: World) -> None:
    await world.get(target(0), "beta")
    await world.get(target(0), "beta", anew=True)


async def another_item_is_fetched_anew(world: World) -> None:
    await world.get(target(1), anew=True)


async def nobody_is_refused(world: World) -> None:
    assert (await world.get(target(0), "")).status == 401


@pytest.mark.parametrize(
    "act", [another_token_reads_the_same, another_item_is_fetched_anew, nobody_is_refused]
)
@in_virtual_time
async def test_what_shows_nothing_new_leaves_it_alone(act):
    world, ticket = await begun()
    await act(world)
    assert ticket.still_holds(world.clock.now())
    await world.exchange.close()


async def begun(rules: ConnectRules = RULES):
    """Return a world, and a ticket for the first of its items."""
    world = World()
    await world.begin(rules)
    await world.get(LIST, "beta", anew=True)
    fields = CIMultiDictProxy(CIMultiDict(Authorization="Bearer alpha"))
    now = world.clock.now()
    issued = world.exchange.tickets.issue(Request(method="GET", target=target(0), fields=fields), now)
    assert issued is not None
    assert issued.ticket.still_holds(now)
    return world, issued.ticket
