"""README's table of bounds over random faults, changes elsewhere, revocations and steps of the wall clock.

The whole exchange runs, breaker and retries included; only Connect is a model, of which it is known what was true when.
For every answer: how long ago did what it shows stop being true, how long ago was the token revoked, and does its Age
own up to that? Taken out one at a time, each of these makes it fail: the hard maximum of staleness, the length of a
lease and its counting from when the request was sent, the same for ages, residence on the boot clock, the comparison of
what a list shows with what is stored.
"""

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect.profile import ConnectRules, UnverifiedTokens
from proxy.exchange.guarded_upstream import GuardedUpstream, GuardSettings
from proxy.semantics.message import Request
from tests.support.exchanges import Silence, make_exchange
from tests.support.model_account import item_id, title_of
from tests.support.unlucky_account import VAULT, History, Spell, UnluckyAccount, Weather
from tests.support.virtual_time import VirtualClock, run_in_virtual_time

ITEMS = 3
MOST_SECONDS = 500.0
SLACK_SECONDS = 0.001
RECOVERS_WITHIN_SECONDS = 45.0  # the breaker's longest pause, a lease's second look, one slow answer

moments = st.sampled_from(
    [float(second) for second in range(0, int(MOST_SECONDS), 7)]
)  # evenly, unlike integers
spells = st.builds(
    Spell,
    st.sampled_from([*Weather, Weather.DOWN, Weather.UNAVAILABLE]),
    moments,
    st.sampled_from([0.1, 2.0, 15.0, 70.0, 300.0]),
)


@dataclass(frozen=True, slots=True)
class Reads:
    """A client: it asks for one thing every so often."""

    token: str
    kind: str
    item: int
    period_seconds: float
    starts: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One answer: versions by item, when it was asked for and when it came, its labels."""

    token: str
    is_item: bool
    status: int
    versions: dict[str, int]
    asked: float
    came: float
    age: float
    is_shared: bool  # stored, or from a request that somebody else had begun
    is_collapsed: bool
    is_rescue: bool  # stored, and labelled with what Connect's answer would have been


readers = st.builds(
    Reads,
    st.sampled_from(["revoked", "kept"]),
    st.sampled_from(["item", "item", "list", "search"]),
    st.integers(0, ITEMS - 1),
    st.sampled_from([2.5, 7.0, 19.0, 47.0]),
    st.sampled_from([0.0, 3.0, 50.0, 200.0]),
)
rules = st.builds(
    ConnectRules,
    item_freshness_seconds=st.sampled_from([60.0, 5.0]),
    list_freshness_seconds=st.sampled_from([5.0, 30.0]),
    token_verification_seconds=st.sampled_from([20.0, 60.0]),
    stale_if_error_seconds=st.sampled_from([0.0, 50.0, 150.0]),
    change_check_interval_seconds=st.sampled_from([0.0, 15.0, 60.0]),
    answer_stale_after_seconds=st.sampled_from([0.0, 2.0]),
    unverified_tokens=st.sampled_from(list(UnverifiedTokens)),
)
steps = st.lists(st.tuples(moments, st.sampled_from([-3600.0, 3600.0])), max_size=3)
changes = st.lists(st.tuples(moments, st.integers(0, ITEMS - 1)), max_size=12)


class Run:
    """One sidecar's eight minutes."""

    def __init__(self, rules, history, spells, lag, revoked):
        self.account = UnluckyAccount(history, spells, sync_lag_seconds=lag, revoked={"revoked": revoked})
        self.clock = VirtualClock(asyncio.get_running_loop())
        guarded = GuardedUpstream(
            self.account,
            number=0,
            settings=GuardSettings(),
            clock=self.clock,
            observer=Silence(),
            jitter=lambda: 0.5,
        )
        self.exchange = make_exchange(upstream=guarded, clock=self.clock, rules=rules)
        self.seen: list[Seen] = []

    async def play(self, readers, steps, lasts_seconds=MOST_SECONDS):
        self.lasts_seconds = lasts_seconds
        async with asyncio.TaskGroup() as group:
            for at, seconds in steps:
                group.create_task(self.step_wall(at, seconds))
            for reader in readers:
                group.create_task(self.read(reader))
        await self.exchange.close()
        return self.seen

    async def step_wall(self, at, seconds):
        await asyncio.sleep(at)
        self.clock.wall_offset_seconds += seconds

    async def read(self, reader):
        await asyncio.sleep(reader.starts)
        while self.account.now() < self.lasts_seconds:
            await self.ask(reader)
            await asyncio.sleep(reader.period_seconds)

    async def ask(self, reader):
        items = f"/v1/vaults/{VAULT}/items"
        wanted = f'title eq "{title_of(reader.item)}"'
        target = {
            "item": f"{items}/{item_id(reader.item)}",
            "list": items,
            "search": f"{items}?filter={quote(wanted)}",
        }[reader.kind]
        fields = CIMultiDictProxy(CIMultiDict({"Authorization": f"Bearer {reader.token}"}))
        asked = self.account.now()
        answer = await self.exchange.handle(Request(method="GET", target=target, fields=fields), None)
        versions = {}
        if answer.status == 200:
            shown = json.loads(answer.body)
            versions = {
                each["id"]: each["version"] for each in (shown if isinstance(shown, list) else [shown])
            }
        label = answer.fields["Cache-Status"]
        self.seen.append(
            Seen(
                token=reader.token,
                is_item=reader.kind == "item",
                status=answer.status,
                versions=versions,
                asked=asked,
                came=self.account.now(),
                age=float(answer.fields.get("Age", 0)),
                is_shared="; hit" in label or "; collapsed" in label,
                is_collapsed="; collapsed" in label,
                is_rescue="; hit" in label and "; detail=" in label,
            )
        )


def oldest_seconds(seen, history):
    """Return for how long something that an answer shows has not been true."""
    return max(
        (seen.came - history.superseded(*shown) for shown in seen.versions.items()), default=float("-inf")
    )


def fresh_seconds(seen, rules):
    if seen.is_item:
        return rules.item_freshness_seconds
    return max(rules.list_freshness_seconds, rules.check_interval_seconds)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(rules, changes, st.lists(spells, max_size=5), st.lists(readers, min_size=1, max_size=4), steps, moments,
       st.sampled_from([0.0, 3.0]))  # fmt: skip
def test_no_answer_is_older_and_no_revoked_token_reads_longer_than_the_table_says(
    rules, changes, spells, readers, steps, revoked, lag
):
    history = History(changes, ITEMS)

    async def play():
        return await Run(rules, history, spells, lag, revoked).play(readers, steps)

    judge(run_in_virtual_time(play()), rules, history, spells, revoked, lag)


@pytest.mark.parametrize("interval_seconds", [0.0, 15.0])
def test_an_answer_that_was_long_on_its_way_counts_from_when_it_was_asked_for(interval_seconds):
    rules = ConnectRules(token_verification_seconds=20.0, change_check_interval_seconds=interval_seconds)
    slow = [Spell(Weather.SLOW, 0.0, MOST_SECONDS)]
    readers = [Reads(token, kind, 0, 1.0, 0.0) for token in ("kept", "revoked") for kind in ("item", "list")]
    for moment in range(40):  # whenever it happens, some answer is under way then
        history = History([(moment + 0.5, 0)], ITEMS)

        async def play(history=history, revoked=moment + 0.5):
            return await Run(rules, history, slow, 0.0, revoked).play(readers, [], lasts_seconds=110.0)

        judge(run_in_virtual_time(play()), rules, history, slow, moment + 0.5, 0.0)


def judge(all_seen, rules, history, spells, revoked, lag):
    for seen in all_seen:
        if seen.status != 200:
            continue
        waited = seen.came - seen.asked  # direct access would have waited, too
        bound = fresh_seconds(seen, rules) if seen.is_shared else 0.0
        if seen.is_rescue:
            bound += rules.stale_if_error_seconds
            assert any(spell.covers(seen.asked - RECOVERS_WITHIN_SECONDS, seen.came) for spell in spells)
        oldest = oldest_seconds(seen, history)
        assert oldest <= bound + lag + waited + SLACK_SECONDS
        assert seen.is_collapsed or oldest <= seen.age + 1 + lag + waited + SLACK_SECONDS
        if seen.token == "revoked":
            reads_for = rules.token_verification_seconds if seen.is_shared else 0.0
            if seen.is_rescue and rules.unverified_tokens is UnverifiedTokens.SERVE_STALE:
                reads_for = bound
            assert seen.came - revoked <= reads_for + waited + SLACK_SECONDS


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(rules, changes, st.lists(spells, max_size=5), st.lists(readers, min_size=1, max_size=4), steps)
def test_non_overlapping_reads_of_an_item_by_one_token_never_go_backwards(
    rules, changes, spells, readers, steps
):
    history = History(changes, ITEMS)

    async def play():
        return await Run(rules, history, spells, 0.0, MOST_SECONDS + 1).play(readers, steps)

    read = [seen for seen in run_in_virtual_time(play()) if seen.is_item and seen.status == 200]
    for later in read:
        ((item, version),) = later.versions.items()
        earlier = [
            seen.versions[item]
            for seen in read
            if seen.came < later.asked and seen.token == later.token and item in seen.versions
        ]
        assert version >= max(earlier, default=0)
