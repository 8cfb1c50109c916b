"""Requests that repeat a hit, but not its head: answered by its ticket, if nobody else decides about them."""

import itertools
import re

import pytest

from proxy.emulator import Emulator
from proxy.exchange.events import ExpressLaneClosed
from tests.support.collector import running_collector
from tests.support.lane_world import LaneWorld, RawWire, Shop, lane_world, until

NUMBERS = itertools.count(1)


@pytest.fixture
async def shop():
    async with Emulator() as emulator:
        yield Shop(emulator)


def another(shop: Shop, *fields: str, **more: str) -> bytes:
    """Return a head that never was."""
    return shop.head(None, f"X-Number: {next(NUMBERS)}", *fields, **more)


def without_budgets(answer: bytes) -> bytes:
    return re.sub(rb"(?<=;[rt]=)\d+", b"", answer)


async def warm(wire: RawWire, shop: Shop, **more: str) -> bytes:
    """Have a request known; return the hit that it is."""
    for _ in range(2):
        hit = await wire.ask(another(shop, **more))
    assert b"; hit; " in hit
    return hit


async def is_known(world: LaneWorld, wire: RawWire, head: bytes) -> bool:
    """Ask; tell whether what was known has answered."""
    before = world.hits.uses
    await wire.ask(head)
    return world.hits.uses > before


@pytest.mark.parametrize("lane", ["true", "false"])
async def test_whatever_its_head_a_request_that_comes_again_is_known_and_answered_alike(shop, lane):
    async with (
        lane_world(shop.emulator, SERVER__EXPRESS_LANE=lane) as world,
        lane_world(shop.emulator, SERVER__KNOWN_HITS="false") as plain,
        world.wire() as wire,
        plain.wire() as to_plain,
    ):
        hit, plain_hit = await warm(wire, shop), await warm(to_plain, shop)
        names = [line.partition(b":")[0] for line in hit.splitlines()]
        assert names == [line.partition(b":")[0] for line in plain_hit.splitlines()]
        for _ in range(5):
            assert without_budgets(await wire.ask(another(shop))) == without_budgets(hit)
        assert world.hits.uses == 5
        assert plain.running.sidecar.hits is plain.running.sidecar.lane is None
        scraped = await world.scraped()
        assert 'requests_total{cache="hit",' in scraped
        assert "connect_sidecar_express_lane_requests_total 0.0" in scraped


@pytest.mark.parametrize(
    "fields",
    [
        ["Cache-Control: no-cache"],
        ["Pragma: no-cache"],
        ["Range: bytes=0-3"],
        ['If-None-Match: "a"'],
        ["Connection: close"],
        ["Upgrade: h2c"],
        ["Content-Length: 0"],
        ["Via: 1.1 SELF"],
    ],
)
async def test_what_shapes_an_answer_has_it_decided_anew(shop, fields):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        hit = await warm(wire, shop)
        itself = re.search(rb"Via: 1\.1 (\S+)", hit)[1].decode()
        head = another(shop, *(field.replace("SELF", itself) for field in fields))
        assert not await is_known(world, wire, head)
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await warm(wire, shop)
        assert not await is_known(world, wire, another(shop, version="1.0"))


async def test_another_token_another_item_and_another_client_are_others(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await warm(wire, shop)
        assert not await is_known(world, wire, another(shop, token=shop.other))
        assert not await is_known(world, wire, shop.head(shop.second))
        async with world.wire(source="127.0.0.2") as elsewhere:
            assert not await is_known(world, elsewhere, another(shop))
        assert await is_known(world, wire, another(shop))


async def test_what_is_known_already_is_not_learnt_again(shop):
    """Above its budget, which is only counted, a token's requests are decided about."""
    few = {"LIMITS__REQUESTS_PER_SECOND": "1", "LIMITS__REQUEST_BURST": "4"}
    async with lane_world(shop.emulator, **few) as world, world.wire() as wire:
        await warm(wire, shop)
        for _ in range(6):
            assert (await wire.ask(another(shop))).startswith(b"HTTP/1.1 200 ")
        assert 0 < world.hits.uses < 6
        ((_,),) = (found.companions for found in world.running.sidecar._store._entries.values())


async def test_an_answer_that_would_be_another_is_not_given_and_ends_it_for_the_lane_too(shop, told):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        hit = await warm(wire, shop)
        store = world.running.sidecar._store
        ((entry,),) = (found.companions for found in store._entries.values())
        entry.opening = entry.opening.replace(b"200 OK", b"203 OK")
        world.hits.uses = 4095
        assert without_budgets(await wire.ask(another(shop))) == without_budgets(hit)
        assert not world.hits.is_open
        assert not world.lane.is_open
        assert not await is_known(world, wire, another(shop))
        (line,) = [
            line for line in await told.until("express_lane.closed") if line["event"] == "express_lane.closed"
        ]
        assert line["why"] == ExpressLaneClosed.MISMATCH


async def test_after_an_error_of_its_own_everything_is_decided_anew(shop, told):
    async with lane_world(shop.emulator, SERVER__EXPRESS_LANE="false") as world, world.wire() as wire:
        hit = await warm(wire, shop)
        ((entry,),) = (found.companions for found in world.running.sidecar._store._entries.values())
        entry.common = None
        assert without_budgets(await wire.ask(another(shop))) == without_budgets(hit)
        assert not world.hits.is_open
        await told.until("express_lane.closed")


async def test_whoever_may_not_use_a_lent_token_gets_nothing_that_others_got_with_it(shop, tmp_path):
    (tmp_path / "token").write_text(shop.reader)
    lending = {
        "TOKEN_INJECTION__TOKEN_FILE": str(tmp_path / "token"),
        "TOKEN_INJECTION__ALLOW_LOOPBACK": "true",
        "TOKEN_INJECTION__PLACEHOLDER": "lend-me-one",
        "TOKEN_INJECTION__VAULTS": shop.sample.demo.id,
    }
    async with lane_world(shop.emulator, **lending) as world, world.wire() as wire:
        await warm(wire, shop, token="lend-me-one")
        assert await is_known(world, wire, another(shop, token="lend-me-one"))
        for head in (
            another(shop, token="a.b.c"),
            another(shop, "X-Forwarded-For: a", token="lend-me-one"),
        ):
            before = world.hits.uses
            assert not (await wire.ask(head)).startswith(b"HTTP/1.1 200 ")
            assert world.hits.uses == before


async def test_without_the_required_field_nothing_is_known(shop, tmp_path):
    (tmp_path / "secret").write_text("open sesame")
    asked = {"SERVER__REQUIRED_FIELD": "X-Mine", "SERVER__REQUIRED_FIELD_FILE": str(tmp_path / "secret")}
    async with lane_world(shop.emulator, **asked) as world, world.wire() as wire:
        for _ in range(2):
            await wire.ask(another(shop, "X-Mine: open sesame"))
        assert await is_known(world, wire, another(shop, "X-Mine: open sesame"))
        for fields in ([], ["X-Mine: closed"], ["X-Mine: open sesame", "X-Forwarded-For: a"]):
            before = world.hits.uses
            assert (await wire.ask(another(shop, *fields))).startswith(b"HTTP/1.1 403 ")
            assert world.hits.uses == before


async def test_while_traces_are_kept_only_what_is_not_kept_is_known(shop, monkeypatch):
    number = next(NUMBERS)
    unsampled = f"00-{number:032x}-{number:016x}-00"
    async with running_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        async with lane_world(shop.emulator, SERVER__EXPRESS_LANE="false") as world, world.wire() as wire:
            for _ in range(2):
                await wire.ask(another(shop, f"traceparent: {unsampled}"))
            assert await is_known(world, wire, another(shop, f"traceparent: {unsampled}"))
            assert await is_known(world, wire, another(shop, f"b3: {number:032x}-{number:016x}-0"))
            for fields in (
                [],
                [f"traceparent: {unsampled[:-1]}1"],
                ["traceparent: 0-1-2-00"],
                [f"traceparent: {unsampled}"] * 2,
                [f"b3: {number:032x}-{number:016x}-1"],
            ):
                assert not await is_known(world, wire, another(shop, *fields))


async def test_while_it_drains_each_answer_ends_its_connection(shop):
    async with lane_world(shop.emulator, SERVER__EXPRESS_LANE="false") as world, world.wire() as wire:
        await warm(wire, shop)
        assert await is_known(world, wire, another(shop))
        world.running.sidecar._traffic.begin_drain()
        before = world.hits.uses
        assert b"\r\nConnection: close\r\n" in await wire.ask(another(shop))
        assert await wire.rest() == b""
        assert world.hits.uses == before


async def test_with_its_response_it_goes(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await warm(wire, shop)
        assert len(world.hits._unlisted) == 1
        await world.tell("/purge", {"scope": "all"})
        await until(lambda: not world.hits._unlisted)
        assert not await is_known(world, wire, another(shop))
