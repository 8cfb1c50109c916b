"""contentVersion: a hint by default, a proof where it is trusted (facts.md 4.4)."""

import asyncio

from proxy.connect.profile import ConnectRules, SyncState
from tests.support.model_account import item_id
from tests.support.one_vault import ITEMS, VAULT, in_virtual_time, item, search

TRUSTED = ConnectRules(change_check_interval_seconds=0, trust_content_version=True)
OBJECT = f"/v1/vaults/{VAULT}"


async def see(world, token="a"):
    await world.get(OBJECT, token, **{"Cache-Control": "no-cache"})


@in_virtual_time(TRUSTED)
async def test_one_that_has_not_moved_freshens_all_that_was_read_since_it_was_first_seen(world):
    await see(world)
    await asyncio.sleep(1)
    for target in (item(0), search(1), ITEMS, f"{item(2)}/files"):
        await world.get(target)
    await asyncio.sleep(28)
    await see(world)
    await asyncio.sleep(20)
    for target in (item(0), search(1), ITEMS):
        status, age, _ = await world.get(target)
        assert "hit" in status
        assert age == 20


@in_virtual_time(TRUSTED)
async def test_what_was_read_before_it_was_first_seen_is_not_freshened(world):
    await world.get(item(0))
    await asyncio.sleep(1)
    for _ in range(2):
        await see(world)
        await asyncio.sleep(25)
    assert (await world.get(item(0)))[1] == 51


@in_virtual_time(TRUSTED)
async def test_one_that_has_moved_freshens_nothing_read_before(world):
    await see(world)
    await asyncio.sleep(1)
    await world.get(item(0))
    await world.get(item(1))
    world.vault.change(item_id(1))
    await asyncio.sleep(40)
    for _ in range(2):
        await see(world)
        await asyncio.sleep(10)
    assert not await world.is_hit(item(0))
    assert not await world.is_hit(item(1))


@in_virtual_time(TRUSTED)
async def test_it_proves_nothing_to_another_token(world):
    await see(world, "a")
    await asyncio.sleep(1)
    await world.get(item(0), "b")
    await asyncio.sleep(30)
    await see(world, "a")
    assert (await world.get(item(0), "b"))[1] == 30


@in_virtual_time(TRUSTED)
async def test_it_proves_nothing_while_the_vault_is_fenced_or_connect_is_not_synced(world):
    await see(world)
    await asyncio.sleep(1)
    await world.get(item(0))
    world.profile.health_seen(SyncState.UNSYNCED, world.clock.now())
    await asyncio.sleep(10)
    await see(world)
    assert (await world.get(item(0)))[1] == 10
    world.profile.health_seen(SyncState.SYNCED, world.clock.now())
    world.account.sync_seconds = 20
    await world.send("PUT", item(1))
    await asyncio.sleep(10)
    await see(world)
    assert "hit" not in (await world.get(item(0)))[0]


@in_virtual_time(ConnectRules(change_check_interval_seconds=0))
async def test_by_default_it_freshens_nothing(world):
    await see(world)
    await asyncio.sleep(1)
    await world.get(item(0))
    await asyncio.sleep(30)
    await see(world)
    assert (await world.get(item(0)))[1] == 30


async def use(world, seconds):
    for _ in range(seconds):
        await world.get(item(0))
        await world.get(item(1))
        await asyncio.sleep(1)


def checks_since(world, moment):
    return [target for at, _, target in world.account.log if at >= moment and target in (OBJECT, ITEMS)]


@in_virtual_time(ConnectRules(trust_content_version=True))
async def test_where_it_is_trusted_change_checks_ask_for_it_and_for_the_list_when_it_has_moved(world):
    await use(world, 200)
    began = asyncio.get_running_loop().time()
    await use(world, 200)
    asked = {target for at, _, target in world.account.log if at >= began}
    assert asked == {OBJECT}
    world.vault.change(item_id(0))
    changed = asyncio.get_running_loop().time()
    await use(world, 65)
    assert checks_since(world, changed)[:2] == [OBJECT, ITEMS]
    assert item(0) in [target for at, _, target in world.account.log if at >= changed]


@in_virtual_time(ConnectRules())
async def test_by_default_one_that_has_moved_has_the_list_looked_at_at_once(world):
    await see(world)
    began = asyncio.get_running_loop().time()
    while ITEMS not in checks_since(world, began):
        await use(world, 1)
    await use(world, 10)  # far from the next one
    world.vault.change(item_id(0))
    moment = asyncio.get_running_loop().time()
    await see(world)
    await use(world, 3)
    assert checks_since(world, moment) == [OBJECT, ITEMS]


@in_virtual_time(ConnectRules(trust_content_version=True))
async def test_the_first_one_that_is_seen_proves_nothing_and_the_list_is_asked_for(world):
    began = asyncio.get_running_loop().time()
    while not checks_since(world, began):
        await use(world, 1)
    await use(world, 3)
    assert checks_since(world, began) == [OBJECT, ITEMS]
