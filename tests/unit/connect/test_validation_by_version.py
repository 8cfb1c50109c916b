"""One list of a vault proves what is stored of it, or drops it (rule 6): the whole exchange in virtual time."""

import asyncio

import pytest

from proxy.connect.profile import ConnectRules, SyncState
from tests.support.model_account import item_id, title_of
from tests.support.one_vault import OneVault, in_virtual_time, item, search
from tests.support.virtual_time import run_in_virtual_time

BY_HAND = ConnectRules(change_check_interval_seconds=0)


@in_virtual_time(BY_HAND)
async def test_a_list_freshens_every_stored_item_that_has_not_changed(world):
    for number in range(3):
        await world.get(item(number))
    await asyncio.sleep(50)
    await world.look()
    await asyncio.sleep(30)
    for number in range(3):
        status, age, _ = await world.get(item(number))
        assert "hit" in status
        assert age == 30


@in_virtual_time(BY_HAND)
async def test_a_list_freshens_nothing_of_another_token(world):
    await world.get(item(0), "b")
    await asyncio.sleep(50)
    await world.look("a")
    await asyncio.sleep(30)
    assert not await world.is_hit(item(0), "b")


@in_virtual_time(BY_HAND)
async def test_a_changed_item_is_fetched_again_and_the_others_are_not(world):
    for number in range(3):
        await world.get(item(number))
    await asyncio.sleep(50)
    world.vault.change(item_id(1))
    await world.look()
    assert not await world.is_hit(item(1))
    assert await world.is_hit(item(0))
    assert await world.is_hit(item(2))


@pytest.mark.parametrize("changed", ["updatedAt", "state"])
def test_the_same_version_with_another_date_or_state_proves_nothing(changed):
    async def play():
        world = OneVault(BY_HAND)
        await world.get(item(0))
        await asyncio.sleep(50)
        world.vault.extra[changed] = "x"
        world.vault.bodies.clear()
        await world.look()
        await asyncio.sleep(30)
        assert not await world.is_hit(item(0))
        await world.exchange.close()

    run_in_virtual_time(play())


@in_virtual_time(BY_HAND)
async def test_a_list_that_was_sent_before_the_item_freshens_nothing(world):
    world.account.latency_seconds = 5.0
    listing = asyncio.create_task(world.look())
    await asyncio.sleep(1)
    world.account.latency_seconds = 0.0
    await world.get(item(0))
    await listing
    assert (await world.get(item(0)))[1] == 4


@in_virtual_time(BY_HAND)
async def test_while_connect_is_not_synced_a_list_proves_nothing(world):
    await world.get(item(0))
    await asyncio.sleep(50)
    world.profile.health_seen(SyncState.UNSYNCED, world.clock.now())
    await world.look()
    await asyncio.sleep(30)
    assert not await world.is_hit(item(0))


@in_virtual_time(BY_HAND)
async def test_a_list_with_a_version_that_went_backwards_proves_nothing(world):
    await world.get(item(0))
    await world.get(item(1), "b")
    world.vault.change(item_id(1))
    await world.look("b")
    world.vault.versions[item_id(1)] -= 1
    world.vault.bodies.clear()
    await asyncio.sleep(50)
    await world.look()
    await asyncio.sleep(30)
    assert not await world.is_hit(item(0))


@in_virtual_time(BY_HAND)
async def test_what_was_outdated_while_the_list_was_under_way_is_not_freshened_by_it(world):
    await world.get(item(0))
    world.account.latency_seconds = 5.0
    listing = asyncio.create_task(world.look())
    await asyncio.sleep(1)
    world.exchange.purge_all()
    await listing
    assert not await world.is_hit(item(0))


@in_virtual_time(BY_HAND)
async def test_what_a_write_outdated_while_the_list_was_under_way_is_not_freshened_by_it(world):
    await world.get(item(0))
    world.account.latency_seconds = 5.0
    listing = asyncio.create_task(world.look())
    await asyncio.sleep(1)
    world.account.latency_seconds = 0.0
    await world.send("PUT", item(1))
    await listing
    assert not await world.is_hit(item(0))


@in_virtual_time(BY_HAND)
async def test_after_a_write_one_list_freshens_the_rest_of_the_vault(world):
    for number in range(3):
        await world.get(item(number))
    await world.send("PUT", item(0))
    await world.look()
    assert await world.is_hit(item(1))
    assert await world.is_hit(item(2))
    assert not await world.is_hit(item(0))


@in_virtual_time(BY_HAND)
async def test_an_unchanged_vault_freshens_searches_that_were_asked_after_it_was_first_seen_so(world):
    await world.look()
    await asyncio.sleep(1)
    await world.get(search(0))
    await asyncio.sleep(25)
    await world.look()
    await asyncio.sleep(20)
    assert await world.is_hit(search(0))


@in_virtual_time(BY_HAND)
async def test_a_search_from_before_the_first_list_is_not_freshened(world):
    await world.get(search(0))
    await asyncio.sleep(1)
    await world.look()
    assert await world.is_hit(search(0)), "nothing speaks against it, either"
    await asyncio.sleep(20)
    await world.look()
    await asyncio.sleep(20)
    assert not await world.is_hit(search(0))


@in_virtual_time(BY_HAND)
async def test_a_change_drops_the_searches_that_it_may_concern_and_only_those(world):
    await world.look()
    for target in (search(0), search(1), search(2, 'id eq "{}"')):
        await world.get(target)
    await world.look()
    world.vault.change(item_id(1))
    await world.look()
    assert await world.is_hit(search(0))
    assert not await world.is_hit(search(1)), "it shows the changed item"
    assert not await world.is_hit(search(2, 'id eq "{}"')), "what it chooses by is not known"


@in_virtual_time(BY_HAND)
async def test_a_change_after_many_unchanged_lists_drops_only_the_searches_that_it_may_concern(world):
    await world.look()
    await asyncio.sleep(1)
    for target in (search(0), search(1)):
        await world.get(target)
    for _ in range(4):
        await asyncio.sleep(20)
        await world.look()
    assert await world.is_hit(search(0))
    world.vault.change(item_id(1))
    await asyncio.sleep(5)
    await world.look()
    assert await world.is_hit(search(0))
    assert not await world.is_hit(search(1))


@in_virtual_time(BY_HAND)
async def test_a_new_title_drops_every_search(world):
    await world.look()
    await world.get(search(0))
    await world.look()
    world.vault.titles[item_id(1)] = title_of(0)
    world.vault.change(item_id(1))
    await world.look()
    assert not await world.is_hit(search(0))


@in_virtual_time(BY_HAND)
async def test_a_title_that_came_and_went_between_two_lists_leaves_no_search_behind(world):
    await world.look()
    await asyncio.sleep(1)
    title = world.vault.titles[item_id(0)]
    world.vault.titles[item_id(0)] = "other"
    world.vault.change(item_id(0))
    world.vault.titles[item_id(1)] = title
    world.vault.change(item_id(1))
    await world.get(search(0))  # shows item 1
    world.vault.titles[item_id(0)] = title
    world.vault.change(item_id(0))
    world.vault.titles[item_id(1)] = title_of(1)
    world.vault.change(item_id(1))
    await world.look()
    assert not await world.is_hit(search(0))


@in_virtual_time(BY_HAND)
async def test_while_anything_may_have_changed_a_list_freshens_nothing(world):
    await world.look()
    await world.get(item(0))
    await world.get(search(0))
    await world.send("POST", "/v1/vaults/import")  # a route nobody knows: it may have changed anything
    await asyncio.sleep(1)
    await world.look()  # Connect may not show it yet
    await asyncio.sleep(30)
    assert not await world.is_hit(item(0))
    assert not await world.is_hit(search(0))


@in_virtual_time(BY_HAND)
async def test_an_item_that_is_stored_again_after_its_fence_is_freshened_again(world):
    await world.get(item(0))
    await world.send("PUT", item(0))
    await asyncio.sleep(1)
    await world.get(item(0))
    await asyncio.sleep(50)
    await world.look()
    await asyncio.sleep(30)
    assert await world.is_hit(item(0))
