"""Change checks: hot reads never wait, changes show in time, and nothing is asked that was not earned (rules 6, 11)."""

import asyncio
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.clock import Instant
from proxy.connect.change_checks import ChangeChecks
from proxy.connect.earnings import WINDOW_SECONDS, Earnings
from proxy.connect.profile import ConnectRules
from tests.support.model_account import item_id
from tests.support.one_vault import ITEMS, in_virtual_time, item, search

RULES = ConnectRules()


async def read_for(world, seconds, every_seconds, targets, token="a"):
    """Read in turn; return the answers that waited for Connect, by their number."""
    waited = []
    for number in range(int(seconds / every_seconds)):
        target = targets[number % len(targets)]
        before = asyncio.get_running_loop().time()
        await world.get(target, token)
        if asyncio.get_running_loop().time() > before:
            waited.append(number)
        await asyncio.sleep(every_seconds)
    return waited


HOT = [item(0), item(1), search(2)]


@in_virtual_time(RULES)
async def test_hot_reads_wait_for_connect_only_the_first_time(world):
    waited = await read_for(world, 1800, 2, HOT)
    late = [number for number in waited if number > 120 / 2]
    assert late == [], "after two checks nothing ever waits"
    assert world.account.asked["background"] <= 1800 / (60 * 0.8) + 1


@in_virtual_time(RULES)
async def test_a_change_made_elsewhere_shows_within_the_interval(world):
    await read_for(world, 300, 2, HOT)
    world.vault.change(item_id(0))
    changed = asyncio.get_running_loop().time()
    while "hit" in (await world.get(item(0)))[0]:
        await asyncio.sleep(1)
    assert asyncio.get_running_loop().time() - changed <= 60 + 1


@in_virtual_time(RULES)
async def test_a_check_says_what_it_is_and_asks_in_the_tokens_own_name(world):
    seen = []
    send = world.account.send

    async def watching(request):
        seen.append(request)
        return await send(request)

    world.account.send = watching
    await read_for(world, 100, 2, HOT)
    (check,) = [request for request in seen if "probe" in request.fields.get("User-Agent", "")]
    assert re.fullmatch(r"connect-sidecar/\S+ \(probe\)", check.fields["User-Agent"])
    assert check.fields["Authorization"] == "Bearer a"
    assert check.target == ITEMS


@in_virtual_time(RULES)
async def test_a_check_verifies_the_token_a_revoked_one_reads_no_longer_than_its_verification_lasts(world):
    await read_for(world, 300, 2, HOT)
    world.account.refused.add("Bearer a")
    revoked = asyncio.get_running_loop().time()
    while (await world.get(item(0)))[2] == 200:
        await asyncio.sleep(1)
    assert asyncio.get_running_loop().time() - revoked <= 60


@in_virtual_time(RULES)
async def test_a_reader_that_comes_once_a_minute_earns_nothing(world):
    await read_for(world, 3600, 60, [item(0)])
    assert world.account.asked["background"] == 0


@in_virtual_time(RULES)
async def test_one_burst_of_reads_earns_nothing(world):
    await read_for(world, 10, 0.1, HOT)
    await asyncio.sleep(600)
    assert world.account.asked["background"] == 0


@in_virtual_time(RULES)
async def test_an_idle_vault_costs_nothing_and_its_token_is_forgotten(world):
    await read_for(world, 300, 2, HOT)
    await asyncio.sleep(180)
    before = world.account.requests
    await asyncio.sleep(3600)
    assert world.account.requests == before
    assert world.profile.foresight.background_wait_seconds(world.clock.now()) is None


@in_virtual_time(RULES)
async def test_checks_that_save_nothing_become_rare(world):
    # One hot item: a check costs what it saves.
    await read_for(world, 7200, 3, [item(0)])
    assert world.account.asked["background"] <= 60


@in_virtual_time(RULES)
async def test_after_a_write_the_vault_is_looked_at_early_and_its_other_items_do_not_wait(world):
    await read_for(world, 300, 2, HOT)
    world.account.log.clear()
    await world.send("PUT", item(3))
    written = asyncio.get_running_loop().time()
    await asyncio.sleep(0.8)
    looks = [at - written for at, method, target in world.account.log if target == ITEMS]
    assert len(looks) == 1
    assert 0.45 <= looks[0] <= 0.6
    assert "hit" in (await world.get(item(0)))[0]


@in_virtual_time(ConnectRules(change_check_interval_seconds=0))
async def test_an_interval_of_nothing_turns_checks_off(world):
    await read_for(world, 600, 2, HOT)
    assert world.account.asked["background"] == 0


@in_virtual_time(RULES, items=6000)
async def test_a_vault_whose_list_is_too_large_to_collect_is_not_asked_for_again_soon(world):
    await read_for(world, 650, 2, HOT)
    assert world.account.asked["background"] <= 2


moments = st.lists(st.tuples(st.floats(0.0, 120.0), st.booleans()), max_size=80)


@settings(deadline=None)
@given(moments)
def test_in_no_ten_minutes_more_is_spent_than_earned(script):
    earnings, now, events = Earnings(), 0.0, []
    for pause, spends in script:
        now += pause
        instant = Instant(wall_seconds=0.0, boot_seconds=now)
        if not spends:
            earnings.earn(instant)
            events.append((now, 1))
        elif earnings.try_spend(instant):
            events.append((now, -1))
            within = sum(worth for at, worth in events if at > now - WINDOW_SECONDS)
            assert within >= 0


def test_what_is_due_and_has_no_room_yet_is_sent_later():
    checks, sent = ChangeChecks(interval_seconds=60, active_seconds=1000), []
    for seconds in (0, 50, 99):
        for vault in "abcde":
            checks.asked(b"t", vault, "Bearer t", _at(seconds), is_verified=True)
            for _ in range(3):
                checks.answered(b"t", vault, 1, frozenset(), _at(seconds))
    for seconds in (100, 101, 102, 103):
        sent += [check.vault for check in checks.due(_at(seconds), 2)]
    assert sorted(sent) == list("abcde")


@in_virtual_time(RULES)
async def test_refused_tokens_and_vaults_nobody_may_read_are_not_watched(world):
    for number in range(50):
        world.account.refused.add(f"Bearer junk{number}")
        await world.get(item(0), f"junk{number}")
    assert world.profile.foresight.background_wait_seconds(world.clock.now()) is None
    await world.get(item(0))
    assert world.profile.foresight.background_wait_seconds(world.clock.now()) is not None


def test_the_watch_used_longest_ago_goes_first():
    checks = ChangeChecks(interval_seconds=60, active_seconds=1000, capacity=2)
    for second, vault in enumerate(["a", "b", "a", "c"]):
        checks.asked(b"t", vault, "Bearer t", _at(second), is_verified=True)
    checks.prime(_at(5), 0.0)
    checks.answered(b"t", "a", 1, frozenset(), _at(5))
    assert len(checks) == 2
    checks.forget_vault(b"t", "a")
    assert len(checks) == 1, "it was b that had gone"


def test_a_vault_that_nobody_watches_is_not_remembered_when_written_to():
    checks = ChangeChecks(interval_seconds=60, active_seconds=120)
    for number in range(1000):
        checks.written(f"vault{number}", _at(0))
    assert not checks._written


def _at(seconds):
    return Instant(wall_seconds=0.0, boot_seconds=float(seconds))
