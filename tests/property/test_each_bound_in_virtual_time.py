"""Each cell of README's table of bounds by itself, in virtual time: reached, never passed, the clock stepped or not.

{normal, Connect away} x {oldest answer, longest a revoked token reads}; then what dates an answer, what a list under
change checks may be, and what counts after a write. A `Witness` watches every read beside what each test asks.
"""

import asyncio
from typing import Any

import pytest

from proxy.connect.profile import ConnectRules, UnverifiedTokens
from tests.support.bounds_run import START_SECONDS, TARGETS, Change, Poller, Run, Script
from tests.support.unlucky_upstream import LIST, Luck, Spell
from tests.support.virtual_time import in_virtual_time

HOUR_SECONDS = 3600.0
ITEM = TARGETS[0]
DEFAULTS = ConnectRules()
AWAY = Spell(begins=50.0, ends=99_999.0, luck=Luck.REFUSED)
SHORT_OUTAGES = ConnectRules(stale_if_error_seconds=900.0)
HARD_MAXIMUM = SHORT_OUTAGES.item_freshness_seconds + SHORT_OUTAGES.stale_if_error_seconds
UNCHECKED = ConnectRules(change_check_interval_seconds=0.0)


async def begin(*spells: Spell, rules: ConnectRules = DEFAULTS, **more: Any) -> Run:
    run = Run(Script(rules=rules, pollers=(), spells=spells, **more))
    run.begin()
    return run


async def last_answer_seconds(
    run: Run, token: int, target: str, *, until: float, step: float = 0.25
) -> float:
    """Read again and again; return when (seconds since the start) the last 200 from the store came."""
    last = 0.0
    while (now := run.loop.time() - START_SECONDS) < until:
        read = await run.read(token, target)
        if read.status == 200 and "; hit" in read.cache_status:
            last = now
        await asyncio.sleep(step)
    return last


@pytest.mark.parametrize("step", [0.0, HOUR_SECONDS, -HOUR_SECONDS])
@in_virtual_time
async def test_connect_answers_and_an_item_is_as_old_as_its_freshness_at_most(step):
    run = await begin(rules=UNCHECKED, wall_steps=((30.0, step),), changes=(Change(at_seconds=1.0),))
    await last_answer_seconds(run, 0, ITEM, until=130.0)
    assert 58 <= run.witness.oldest_shown_seconds[ITEM] <= 60


@pytest.mark.parametrize("step", [0.0, HOUR_SECONDS, -HOUR_SECONDS])
@in_virtual_time
async def test_connect_is_away_and_an_item_is_as_old_as_the_hard_maximum_at_most(step):
    run = await begin(
        AWAY, rules=SHORT_OUTAGES, wall_steps=((99.0, step),), changes=(Change(at_seconds=1.0),)
    )
    await run.read(0, ITEM)
    await asyncio.sleep(60)
    last = await last_answer_seconds(run, 0, ITEM, until=HARD_MAXIMUM + 60.0, step=10.0)
    assert HARD_MAXIMUM - 10 <= last <= HARD_MAXIMUM


@pytest.mark.parametrize("step", [0.0, HOUR_SECONDS, -HOUR_SECONDS])
@in_virtual_time
async def test_connect_answers_and_a_revoked_token_reads_as_long_as_its_lease_at_most(step):
    rules = ConnectRules(item_freshness_seconds=600.0, change_check_interval_seconds=0.0)
    run = await begin(rules=rules, revoked_at_seconds=0.5, wall_steps=((30.0, step),))
    last = await last_answer_seconds(run, 0, ITEM, until=130.0)
    assert 59.0 <= last <= 60.0


@pytest.mark.parametrize("unverified", list(UnverifiedTokens))
@pytest.mark.parametrize("step", [0.0, HOUR_SECONDS, -HOUR_SECONDS])
@in_virtual_time
async def test_connect_is_away_and_a_revoked_token_reads_as_the_setting_says(step, unverified):
    rules = ConnectRules(unverified_tokens=unverified, stale_if_error_seconds=900.0)
    run = await begin(AWAY, rules=rules, revoked_at_seconds=0.5, wall_steps=((99.0, step),))
    last = await last_answer_seconds(run, 0, ITEM, until=HARD_MAXIMUM + 60.0, step=10.0)
    longest = 60.0 if unverified is UnverifiedTokens.REFUSE else HARD_MAXIMUM
    assert longest - 10 <= last <= longest


@in_virtual_time
async def test_connect_is_away_and_an_expired_token_reads_nothing():
    run = await begin(AWAY, expires_at_seconds=200.0)
    assert 199 <= await last_answer_seconds(run, 1, ITEM, until=400.0) < 200


@in_virtual_time
async def test_a_token_that_has_expired_by_the_wall_clock_reads_nothing_although_connect_is_away():
    run = await begin(AWAY, expires_at_seconds=3_700.0, wall_steps=((150.0, HOUR_SECONDS),))
    assert 149 <= await last_answer_seconds(run, 1, ITEM, until=400.0) <= 150


@pytest.mark.parametrize("latency", [None, Luck.SLOW_BODY, Luck.SLOW_HEAD])
@in_virtual_time
async def test_a_list_read_all_the_time_while_checks_run_is_no_older_than_the_check_interval(latency):
    spells = [] if latency is None else [Spell(begins=100.0, ends=400.0, luck=latency, seconds=4.0)]
    changes = tuple(Change(at_seconds=at) for at in range(2, 800, 7))
    pollers = (
        Poller(token=0, target=ITEM, begins_seconds=0.0, period_seconds=1.5, reads=500),
        Poller(token=0, target=TARGETS[1], begins_seconds=0.0, period_seconds=2.5, reads=300),
        # A client that fetches the list itself spares the checks: it comes when they have begun.
        Poller(token=0, target=LIST, begins_seconds=70.0, period_seconds=1.0, reads=700),
    )
    run = Run(Script(rules=DEFAULTS, pollers=pollers, changes=changes, spells=tuple(spells)))
    await run.play()
    lists = [attempt for attempt in run.upstream.attempts if attempt.target == LIST]
    assert sum(attempt.is_background for attempt in lists) >= 10
    assert run.witness.oldest_shown_seconds[LIST] <= DEFAULTS.change_check_interval_seconds
    assert run.witness.oldest_shown_seconds[LIST] > DEFAULTS.list_freshness_seconds
    assert run.witness.oldest_shown_seconds[ITEM] <= DEFAULTS.item_freshness_seconds


@in_virtual_time
async def test_without_checks_a_list_is_as_old_as_its_freshness_at_most():
    run = await begin(rules=UNCHECKED, changes=tuple(Change(at_seconds=at) for at in range(2, 200, 7)))
    await last_answer_seconds(run, 0, LIST, until=200.0)
    assert 25 <= run.witness.oldest_shown_seconds[LIST] <= 30


@in_virtual_time
async def test_a_slow_connect_covers_only_for_a_token_whose_lease_still_runs():
    rules = ConnectRules(
        item_freshness_seconds=10.0, token_verification_seconds=40.0, change_check_interval_seconds=0.0
    )
    run = await begin(Spell(begins=5.0, ends=999.0, luck=Luck.SLOW_HEAD, seconds=14.0), rules=rules)
    await run.read(0, ITEM)
    await asyncio.sleep(15.0)
    assert "detail=slow" in (await run.read(0, ITEM)).cache_status.replace('"', "")
    await asyncio.sleep(70.0)
    late = await run.read(0, ITEM)
    assert "fwd=stale" in late.cache_status


@in_virtual_time
async def test_an_answer_is_as_old_as_its_request_however_long_it_took():
    run = await begin(Spell(begins=0.0, ends=1.0, luck=Luck.SLOW_BODY, seconds=14.0))
    await run.read(0, ITEM)
    assert (await run.read(0, ITEM)).age_seconds == 14


@in_virtual_time
async def test_a_list_asked_for_before_a_write_is_no_evidence_after_it():
    run = await begin(Spell(begins=10.0, ends=11.0, luck=Luck.SLOW_BODY, seconds=5.0))
    for target in (ITEM, LIST):
        await run.read(0, target)
    await asyncio.sleep(10.2)
    listing = asyncio.create_task(run.read(0, LIST, **{"Cache-Control": "no-cache"}))
    await asyncio.sleep(2.0)
    await run.write(ITEM)
    await listing
    for _ in range(10):
        for target in (ITEM, LIST):
            assert (await run.read(0, target)).state[0][1] == 2
        await asyncio.sleep(1.0)


@pytest.mark.parametrize("luck", [None, Luck.RESET])
@in_virtual_time
async def test_a_replica_behind_a_write_is_asked_until_it_has_caught_up_and_is_not_stored(luck):
    lag = Spell(begins=11.0, ends=25.0, luck=Luck.LAGGING, seconds=14.0)
    lost = [] if luck is None else [Spell(begins=10.0, ends=11.0, luck=luck)]
    run = await begin(*lost, lag)
    for target in (ITEM, LIST):
        await run.read(0, target)
    await asyncio.sleep(10.2)
    await run.write(ITEM)
    last = await last_answer_seconds(run, 0, ITEM, until=60.0)
    assert last > 59.0
    assert (await run.read(0, ITEM)).state[0][1] == 2


@in_virtual_time
async def test_who_joins_a_request_under_way_gets_something_as_old_as_a_request_may_be_at_most():
    """Also where that is longer than the freshness: README says so."""
    rules = ConnectRules(item_freshness_seconds=4.0, change_check_interval_seconds=0.0)
    slow = Spell(begins=0.0, ends=1.0, luck=Luck.SLOW_BODY, seconds=14.0)
    run = await begin(slow, rules=rules, changes=(Change(at_seconds=2.0),))
    first = asyncio.create_task(run.read(0, ITEM))
    await asyncio.sleep(12.0)
    joined = await run.read(0, ITEM)
    await first
    assert "collapsed" in joined.cache_status
    untrue = run.upstream.history.untrue_for_seconds(ITEM, joined.state, joined.ended)
    assert 4.0 < untrue <= 15.0


@in_virtual_time
async def test_in_an_outage_no_item_goes_back_behind_what_the_same_token_has_just_read():
    """Another token's list raises the item's generation while the new version is on its way: it can't be stored."""
    slow = Spell(begins=10.0, ends=10.5, luck=Luck.SLOW_BODY, seconds=5.0)
    away = Spell(begins=20.0, ends=999.0, luck=Luck.REFUSED)
    run = await begin(slow, away, changes=(Change(at_seconds=5.0),))
    await run.read(0, ITEM)
    await asyncio.sleep(10.1)
    newer = asyncio.create_task(run.read(0, ITEM, **{"Cache-Control": "no-cache"}))
    await asyncio.sleep(1.0)
    await run.read(1, LIST)
    assert (await newer).state[0][1] == 2
    await asyncio.sleep(10.0)
    assert (await run.read(0, ITEM)).status == 502
