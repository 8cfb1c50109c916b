"""When the lane is off: what it can't take part in, and what it finds wrong with itself. Clients never notice."""

import pytest

from proxy.emulator import Emulator
from proxy.exchange.events import ExpressLaneClosed
from tests.support.lane_world import LaneWorld, RawWire, Shop, lane_world


@pytest.fixture
async def shop():
    async with Emulator() as emulator:
        yield Shop(emulator)


def entries(world: LaneWorld):
    return [
        entry
        for shelf in world.lane._shelves.values()
        for tails in (shelf.tails, shelf.cut_tails)
        for lines in tails.values()
        for entry in lines.values()
    ]


async def expect_closed(
    world: LaneWorld, wire: RawWire, shop: Shop, told, hit: bytes, why: ExpressLaneClosed
) -> None:
    """It is off for good, says so once wherever it should, and has forgotten all heads."""
    before = world.answered
    for _ in range(4):
        assert await wire.ask(shop.head()) == hit
    async with world.wire() as another:
        assert await another.ask(shop.head()) == hit
    assert world.answered == before
    assert not world.lane.is_open
    assert entries(world) == []
    scraped = (await world.scraped()).splitlines()
    assert "connect_sidecar_express_lane_open 0.0" in scraped
    for each in ExpressLaneClosed:
        count = 1.0 if each is why else 0.0
        assert f'connect_sidecar_express_lane_closed_total{{why="{each}"}} {count}' in scraped
    lines = [
        line for line in await told.until("express_lane.closed") if line["event"] == "express_lane.closed"
    ]
    assert [(line["level"], line["why"]) for line in lines] == [("error", why)]


async def test_an_answer_that_is_not_the_full_paths_closes_it_and_never_reaches_a_client(shop, told):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        (hit,) = await world.warm(wire, shop.head())
        (entry,) = entries(world)
        entry.opening = entry.opening.replace(b"200 OK", b"203 OK")
        world.hits.uses = 4095
        assert await wire.ask(shop.head()) == hit
        await expect_closed(world, wire, shop, told, hit, ExpressLaneClosed.MISMATCH)


async def test_another_body_is_found_out_as_well(shop, told):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        hit, other = await world.warm(wire, shop.head(), shop.head(shop.second))
        for entry in entries(world):
            entry.body = other.partition(b"\r\n\r\n")[2]
        world.hits.uses = 4095
        assert await wire.ask(shop.head()) == hit
        await expect_closed(world, wire, shop, told, hit, ExpressLaneClosed.MISMATCH)


async def test_an_error_in_the_lane_closes_it_and_the_client_is_answered(shop, told):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        (hit,) = await world.warm(wire, shop.head())
        for entry in entries(world):
            entry.common = None
        assert await wire.ask(shop.head()) == hit
        await expect_closed(world, wire, shop, told, hit, ExpressLaneClosed.FAULT)


async def test_one_in_so_many_is_checked_and_found_right(shop):
    async with lane_world(shop.emulator, LIMITS__MODE="off") as world, world.wire() as wire:
        (hit,) = await world.warm(
            wire,
            shop.head(),
        )
        world.hits.uses, decide, checked = 4000, world.lane._decide, []
        world.lane._decide = lambda octets, peer: checked.append(world.hits.uses) or decide(octets, peer)
        for _ in range(200):
            assert await wire.ask(shop.head()) == hit
        assert world.hits.uses == 4200
        assert checked == [4096, 4112, 4128, 4144]
        assert world.lane.is_open


async def test_a_closed_lane_leaves_no_token_behind(shop, told):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        world.lane.close(ExpressLaneClosed.FAULT)
        assert all(not shelf.tails and not shelf.cut_tails for shelf in world.lane._shelves.values())
        await told.until("express_lane.closed")


async def test_a_required_field_without_a_file_is_a_part_of_the_head(shop):
    async with (
        lane_world(shop.emulator, SERVER__REQUIRED_FIELD="X-Mine") as world,
        world.wire() as wire,
    ):
        await world.warm(wire, shop.head(None, "X-Mine: true"))
        before = world.answered
        for fields in ([], ["X-Mine: false"], ["X-Mine: true", "X-Forwarded-For: a"], ["X-Mine: true"] * 2):
            for _ in range(3):
                assert (await wire.ask(shop.head(None, *fields))).startswith(b"HTTP/1.1 403 ")
        assert world.answered == before


@pytest.mark.parametrize("kind", ["required_field_file", "token_injection", "setting", "debug"])
async def test_where_more_than_a_head_decides_there_is_none(shop, tmp_path, kind):
    (tmp_path / "secret").write_text("true")
    settings = {
        "required_field_file": {
            "SERVER__REQUIRED_FIELD": "X-Mine",
            "SERVER__REQUIRED_FIELD_FILE": str(tmp_path / "secret"),
        },
        "token_injection": {
            "TOKEN_INJECTION__TOKEN_FILE": str(tmp_path / "token"),
            "TOKEN_INJECTION__ALLOW_LOOPBACK": "true",
            "TOKEN_INJECTION__PLACEHOLDER": "lend-me-one",
            "TOKEN_INJECTION__VAULTS": shop.sample.demo.id,
        },
        "setting": {"SERVER__EXPRESS_LANE": "false"},
        "debug": {"LOG__LEVEL": "debug"},
    }[kind]
    (tmp_path / "token").write_text(shop.reader)
    async with lane_world(shop.emulator, **settings) as world, world.wire() as wire:
        for _ in range(4):
            assert (await wire.ask(shop.head(None, "X-Mine: true"))).startswith(b"HTTP/1.1 200 ")
        if kind == "debug":
            assert world.answered == 0
        else:
            assert world.running.sidecar.lane is None
            assert "connect_sidecar_express_lane_open 0.0" in await world.scraped()


async def test_in_an_unknown_release_of_aiohttp_there_is_none_and_it_is_told(shop, told, monkeypatch):
    monkeypatch.setattr("aiohttp.__version__", "3.99.0")
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        for _ in range(4):
            assert (await wire.ask(shop.head())).startswith(b"HTTP/1.1 200 ")
        assert world.running.sidecar.lane is None
        assert 'closed_total{why="unknown_aiohttp"} 1.0' in await world.scraped()
        (line,) = [
            line for line in await told.until("express_lane.closed") if line["event"] == "express_lane.closed"
        ]
        assert (line["level"], line["why"]) == ("error", "unknown_aiohttp")
