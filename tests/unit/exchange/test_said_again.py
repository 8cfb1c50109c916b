"""A list that says what the last one said renews all that one confirmed, unread; unless anything was learnt since."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.connect import purging
from proxy.connect.rules import ConnectRules, SyncState
from proxy.exchange.answer import Answer
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.dates import format_date
from proxy.semantics.message import Request, ResponseHead
from tests.support.exchanges import make_exchange
from tests.support.model_answer import ModelAnswer
from tests.support.model_connect import VAULT, ModelConnect, Weather, item_id
from tests.support.virtual_time import VirtualClock, in_virtual_time

LIST = f"/v1/vaults/{VAULT}/items"
RULES = ConnectRules(change_check_interval_seconds=0.0, token_verification_seconds=3600.0)


NO_MORE: dict[str, str] = {}


def target(item: int) -> str:
    return f"{LIST}/{item_id(item)}"


class Connect(ModelConnect):
    """A Connect whose lists may be given other fields, and be slow."""

    def __init__(self) -> None:
        super().__init__(items=4, tokens=frozenset({"alpha", "beta"}), order=iter(range(10**6)))
        self.fields: list[tuple[str, str]] = []
        self.under_way: Callable[[], object] = int

    async def send(self, request: UpstreamRequest) -> ModelAnswer:
        answer = await super().send(request)
        if request.target.partition("?")[0] == LIST:
            self.under_way()
            fields = CIMultiDict(answer.head.fields)
            for name, value in self.fields:
                if value:
                    fields[name] = value  # in its place
                else:
                    fields.popall(name, None)
            answer.head = ResponseHead(status=200, reason="", fields=CIMultiDictProxy(fields))
        return answer


class World:
    """An exchange with three of four items stored, and a list that has confirmed them."""

    async def begin(
        self, rules: ConnectRules = RULES, *, items: int = 3, fields: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self.connect = Connect()
        self.connect.fields = list(fields)
        self.clock = VirtualClock(asyncio.get_running_loop())
        self.exchange = make_exchange(upstream=self.connect, clock=self.clock, rules=rules)
        self.profile = self.exchange.profile
        self.read_lists = 0
        examine = self.profile.examine

        def counting(subject, response):
            self.read_lists += subject.key.target.partition("?")[0] == LIST
            return examine(subject, response)

        self.profile.examine = counting
        await asyncio.sleep(31.0)
        for item in range(items):
            await self.get(target(item))
        await asyncio.sleep(10.0)
        await self.list()
        await asyncio.sleep(10.0)

    async def get(
        self, asked: str, token: str = "alpha", *, anew: bool = False, more: dict[str, str] = NO_MORE
    ) -> Answer:
        fields = {"Authorization": f"Bearer {token}"} | ({"Cache-Control": "no-cache"} if anew else {}) | more
        request = Request(method="GET", target=asked, fields=CIMultiDictProxy(CIMultiDict(fields)))
        return await self.exchange.handle(request, None)

    async def list(self, asked: str = LIST, token: str = "alpha", **more: str) -> bool:
        """Ask for a list; tell whether it was read."""
        before = self.read_lists
        assert (await self.get(asked, token, anew=True, more=more)).status == 200
        return self.read_lists > before

    async def put(self, item: int, **more: str) -> None:
        fields = CIMultiDictProxy(CIMultiDict({"Authorization": "Bearer alpha"} | more))
        await self.exchange.handle(Request(method="PUT", target=target(item), fields=fields), None)

    async def age(self, item: int = 0) -> int:
        """Return the age that a hit shows."""
        answer = await self.get(target(item))
        assert "hit" in answer.fields["Cache-Status"]
        return int(answer.fields["Age"])


@in_virtual_time
async def test_the_same_list_again_renews_all_that_the_last_one_confirmed_and_ends_no_decision():
    world = World()
    await world.begin()
    assert await world.age() == 10
    issued = world.exchange.tickets.issue(
        Request(
            method="GET", target=target(0), fields=CIMultiDictProxy(CIMultiDict(Authorization="Bearer alpha"))
        ),
        world.clock.now(),
    )
    assert issued is not None
    for _ in range(3):
        assert not await world.list()
        assert [await world.age(item) for item in range(3)] == [0, 0, 0]
        now = world.clock.now()
        answer = await world.get(target(1))
        assert answer.fields["Date"] == format_date(now.wall_seconds)
        assert issued.ticket.still_holds(now)
        assert issued.ticket.figures(now.boot_seconds) == (0, 60)
        await asyncio.sleep(15.0)
    await world.exchange.close()


async def _nothing(world: World) -> None:
    pass


async def _another_token_reads(world: World) -> None:
    await world.get(target(0), "beta")
    await world.list(token="beta")


async def _another_token_is_refused(world: World) -> None:
    world.connect.tokens = frozenset({"alpha"})
    await world.get(target(0), "beta")


@pytest.mark.parametrize("act", [_nothing, _another_token_reads, _another_token_is_refused])
@in_virtual_time
async def test_what_says_nothing_against_it_changes_nothing(act):
    world = World()
    await world.begin()
    await act(world)
    assert not await world.list()
    assert await world.age() == 0
    await world.exchange.close()


async def _reads_another_item(world: World) -> None:
    await world.get(target(3))


async def _reads_an_item_anew(world: World) -> None:
    await world.get(target(0), anew=True)


async def _reads_one_that_has_gone_and_comes_back(world: World) -> None:
    known = world.connect.items[item_id(0)]
    world.connect.items[item_id(0)] = replace(known, changes=[(0.0, None)])
    assert (await world.get(target(0), anew=True)).status == 404
    world.connect.items[item_id(0)] = known


async def _another_list_is_read(world: World) -> None:
    await world.list(LIST + "?inline_files=true")


async def _an_item_changes(world: World) -> None:
    world.connect.items[item_id(1)].changes.append((0.0, 2))


async def _a_write(world: World) -> None:
    await world.put(3)


async def _a_purge(world: World) -> None:
    world.exchange.purge_all()
    await world.get(target(0))


async def _another_token_sees_an_unknown_item(world: World) -> None:
    known = world.connect.items.pop(item_id(1))
    world.connect.items["other".ljust(26, "b")] = known
    await world.get(f"{LIST}/{'other'.ljust(26, 'b')}", "beta")
    del world.connect.items["other".ljust(26, "b")]
    world.connect.items[item_id(1)] = known
    world.connect.items = dict(sorted(world.connect.items.items()))  # in the order in which they were listed


async def _other_settings(world: World) -> None:
    world.profile.adopt(replace(RULES, item_freshness_seconds=59.0))


async def _ten_minutes(world: World) -> None:
    await asyncio.sleep(601.0)


async def _another_field(world: World) -> None:
    world.connect.fields = [("1Password-Connect-Version", "2")]


async def _no_date(world: World) -> None:
    world.connect.fields = [("Date", "")]


async def _an_odd_date(world: World) -> None:
    world.connect.fields = [("Date", "\udcff")]


async def _a_lifetime(world: World) -> None:
    world.connect.fields = [("Cache-Control", "max-age=5")]


async def _connect_is_not_synced(world: World) -> None:
    world.profile.health_seen(SyncState.UNSYNCED, world.clock.now())


async def _something_is_outdated_meanwhile(world: World) -> None:
    world.connect.under_way = lambda: world.exchange.purge(purging.vault("another"))


AGAINST = [
    *(
        _reads_another_item,
        _reads_an_item_anew,
        _reads_one_that_has_gone_and_comes_back,
        _another_list_is_read,
    ),
    *(
        _an_item_changes,
        _a_write,
        _a_purge,
        _another_token_sees_an_unknown_item,
        _other_settings,
        _ten_minutes,
    ),
    *(
        _another_field,
        _no_date,
        _an_odd_date,
        _a_lifetime,
        _connect_is_not_synced,
        _something_is_outdated_meanwhile,
    ),
]


@pytest.mark.parametrize("act", AGAINST)
@in_virtual_time
async def test_it_is_read_after_anything_that_it_has_to_be_held_against(act):
    world = World()
    await world.begin()
    await act(world)
    assert await world.list()
    await world.exchange.close()


@in_virtual_time
async def test_a_list_that_is_behind_what_another_token_has_seen_proves_nothing_however_often_it_comes():
    world = World()
    await world.begin()
    changes = world.connect.items[item_id(1)].changes
    changes.append((0.0, 2))
    await world.get(target(1), "beta")
    changes.pop()
    for _ in range(3):
        assert await world.list()
    assert await world.age() == 10
    await world.exchange.close()


@in_virtual_time
async def test_what_the_last_list_could_not_renew_keeps_the_next_from_being_taken_unread():
    """What says more of its age than its Date has a lifetime of its own, which shrinks as its Date moves."""
    world = World()
    await world.begin()
    for stored in world.exchange.tickets.store.tagged([("item", VAULT, item_id(0))]):
        fields = CIMultiDict(stored.response.fields, Expires="Thu, 01 Jan 2099 00:00:00 GMT")
        response = replace(stored.response, fields=CIMultiDictProxy(fields))
        world.exchange.tickets.store.renew(replace(stored, response=response))
    await world.get(target(3))  # so that the next list is read
    for _ in range(3):
        await asyncio.sleep(1.0)
        assert await world.list()
        assert [await world.age(item) for item in range(3)] == [0, 0, 0]
    await world.exchange.close()


@in_virtual_time
async def test_what_was_fetched_while_the_last_list_was_under_way_is_confirmed_by_the_next():
    world = World()
    await world.begin()
    await world.get(target(3))
    world.connect.weather["slow"] = Weather(after_seconds=5.0)
    slow = asyncio.create_task(world.list(**{"X-Weather": "slow"}))
    await asyncio.sleep(1.0)
    await world.get(target(0), anew=True)
    assert await slow
    await asyncio.sleep(1.0)
    assert await world.list()
    assert [await world.age(item) for item in range(3)] == [0, 0, 0]
    await world.exchange.close()


@in_virtual_time
async def test_a_list_that_was_asked_for_earlier_and_comes_later_renews_nothing():
    world = World()
    await world.begin()
    world.connect.weather["slow"] = Weather(after_seconds=5.0)
    slow = asyncio.create_task(world.list(**{"X-Weather": "slow"}))
    await asyncio.sleep(3.0)
    assert not await world.list()
    await slow
    assert await world.age() == 2
    await world.exchange.close()


@in_virtual_time
async def test_a_list_for_which_a_client_names_fields_is_read():
    world = World()
    await world.begin(fields=(("Vary", "Accept"),))
    assert await world.list(Accept="a")
    assert await world.list(Accept="b")
    await world.exchange.close()


@in_virtual_time
async def test_one_list_under_two_targets_is_read_when_it_goes_back_to_what_it_was():
    world = World()
    await world.begin(items=0)
    new = item_id(9)
    world.connect.items[new] = replace(world.connect.items[item_id(0)])
    assert await world.list(LIST + "?inline_files=true")
    del world.connect.items[new]
    assert await world.list()
    await world.exchange.close()


@in_virtual_time
async def test_lists_are_read_while_there_is_a_fence_and_once_more_when_it_has_lapsed():
    world = World()
    await world.begin()
    world.connect.weather["lost"] = Weather(never_applied=True)
    await world.put(0, **{"X-Weather": "lost"})
    for pause_seconds in (1.0, 5.0, 40.0):
        await asyncio.sleep(pause_seconds)
        assert await world.list()
    assert [await world.age(item) for item in (1, 2)] == [0, 0]
    await asyncio.sleep(1.0)
    assert not await world.list()
    await world.exchange.close()


@in_virtual_time
async def test_it_counts_as_a_look_at_the_vault():
    """Whoever asks for lists often enough leaves nothing to be looked at in the background."""
    world = World()
    await world.begin(replace(RULES, change_check_interval_seconds=20.0, item_freshness_seconds=60.0))
    asked = len(world.connect.sent_order)
    for _ in range(30):
        await asyncio.sleep(10.0)
        await world.list()
        for _ in range(5):
            await world.get(target(0))
    assert len(world.connect.sent_order) == asked + 30
    await world.exchange.close()
