"""Whatever ends a decision ends it for the express lane as well: with the very next request of the same head."""

import base64
import json

import pytest

from proxy.emulator import Emulator
from tests.support.lane_world import Shop, lane_world


@pytest.fixture
async def shop():
    async with Emulator() as emulator:
        yield Shop(emulator)


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def put(shop: Shop, path: str, document: dict[str, object]) -> bytes:
    body = json.dumps(document).encode()
    return shop.head(path, f"Content-Length: {len(body)}", method="PUT", token=shop.writer) + body


async def test_a_write_through_the_sidecar_is_seen_by_the_next_read(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire, world.wire() as writing:
        (hit,) = await world.warm(wire, shop.head())
        before, document = world.answered, json.loads(body_of(hit))
        document["title"] = "Other shop"
        assert (await writing.ask(put(shop, shop.item, document))).startswith(b"HTTP/1.1 200 ")
        answer = await wire.ask(shop.head())
        assert b"fwd=" in answer
        assert json.loads(body_of(answer))["title"] == "Other shop"
        assert world.answered == before


async def test_a_refused_token_is_refused_by_the_next_read(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head(), shop.head(token=shop.other))
        shop.emulator.revoke(shop.reader)
        before = world.answered
        assert (await wire.ask(shop.head(shop.third))).startswith(b"HTTP/1.1 401 ")
        assert (await wire.ask(shop.head())).startswith(b"HTTP/1.1 401 ")
        assert world.answered == before
        assert b"hit" in await wire.ask(shop.head(token=shop.other))
        assert world.answered == before + 1


async def test_a_revoked_token_is_asked_about_as_soon_as_its_proof_is_too_old(shop):
    settings = {"CACHE__TOKEN_VERIFICATION_SECONDS": "20", "CACHE__ITEM_FRESHNESS_SECONDS": "60"}
    async with lane_world(shop.emulator, **settings) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        shop.emulator.revoke(shop.reader)
        world.clock.passed_seconds += 19.9
        before = world.answered
        assert b"hit" in await wire.ask(shop.head())
        assert world.answered == before + 1
        world.clock.passed_seconds += 0.2
        assert (await wire.ask(shop.head())).startswith(b"HTTP/1.1 401 ")
        assert world.answered == before + 1


async def test_what_is_no_longer_fresh_is_validated_and_then_takes_the_lane_again(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        asked = len(shop.emulator.requests_to(shop.item))
        world.clock.passed_seconds += 60.1
        before = world.answered
        await wire.ask(shop.head())
        assert len(shop.emulator.requests_to(shop.item)) == asked + 1
        assert world.answered == before
        for _ in range(3):
            assert b"Age: 0\r\n" in await wire.ask(shop.head())
        assert world.answered >= before + 2


async def test_a_token_that_has_expired_is_not_answered_from_what_is_stored(shop):
    expiring = shop.emulator.issue_token("short", expires_in_seconds=3600.0)
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        expires = json.loads(decoded(expiring))["exp"]
        world.clock.wall_ahead_seconds = expires - 10.0 - world.clock.now().wall_seconds
        await world.warm(wire, shop.head(token=expiring))
        before, asked = world.answered, len(shop.emulator.requests_to(shop.item))
        world.clock.passed_seconds += 9.9
        assert b"hit" in await wire.ask(shop.head(token=expiring))
        assert world.answered == before + 1
        world.clock.passed_seconds += 0.2
        await wire.ask(shop.head(token=expiring))
        assert world.answered == before + 1
        assert len(shop.emulator.requests_to(shop.item)) == asked + 1


def decoded(token: str) -> bytes:
    """Return the claims of a token."""
    claims = token.split(".")[1]
    return base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))


@pytest.mark.parametrize("scope", [{"scope": "all"}, {"scope": "vault"}])
async def test_what_an_operator_purges_is_fetched_by_the_next_read(shop, scope):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        before = world.answered
        document = scope | ({"vault": shop.sample.demo.id} if scope["scope"] == "vault" else {})
        assert (await world.tell("/purge", document))["removed"] == 1
        assert b"fwd=uri-miss" in await wire.ask(shop.head())
        assert world.answered == before


@pytest.mark.parametrize("mode", ["observe", "passthrough"])
async def test_a_switched_mode_counts_for_the_next_read(shop, mode):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        before = world.answered
        await world.tell("/mode", {"mode": mode})
        assert b"fwd=bypass" in await wire.ask(shop.head())
        assert world.answered == before
        await world.tell("/mode", {"mode": "cache"})
        for _ in range(4):
            await wire.ask(shop.head())
        assert world.answered > before


async def test_what_was_evicted_is_fetched_by_the_next_read_and_no_head_is_left_of_it(shop):
    settings = {"CACHE__STORE_BYTES": "61000", "CACHE__RESPONSE_BYTES": "60000"}
    async with lane_world(shop.emulator, **settings) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        before = world.answered
        for _ in range(2):  # what the lane has answered is spared once
            for path in (shop.second, shop.third, shop.file, shop.items):
                await wire.ask(shop.head(path, token=shop.other))
        kept = [tail for shelf in world.lane._shelves.values() for tail in (*shelf.tails, *shelf.cut_tails)]
        assert not any(shop.reader.encode() in tail for tail in kept)
        assert b"fwd=uri-miss" in await wire.ask(shop.head())
        assert world.answered == before


async def test_an_item_that_was_deleted_elsewhere_is_gone_once_a_list_says_so(shop):
    async with lane_world(shop.emulator) as world, world.wire() as wire:
        await world.warm(wire, shop.head())
        shop.emulator.remove_item(shop.sample.demo.id, shop.sample.login.id)
        world.clock.passed_seconds += 1.0
        before = world.answered
        await wire.ask(shop.head(shop.items))
        assert (await wire.ask(shop.head())).startswith(b"HTTP/1.1 404 ")
        assert world.answered == before
