"""What is not shared, and how the rest still gets served: no-store, bodies too large, budgets, other codings."""

import asyncio
import base64
import json

import pytest

from proxy.emulator import FOREVER, READ_WRITE, ChangedFields, Emulator, EntityTags, HoldPoint
from proxy.server.control_app import Purge, PurgeScope
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireAnswer, WireClient

CLIENTS = 12


class World:
    def __init__(self, emulator, sample, sidecar, clock) -> None:
        self.emulator, self.sample, self.sidecar, self.clock = emulator, sample, sidecar, clock
        self.token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        self.item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        document = f"/v1/vaults/{sample.infrastructure.id}/items/{sample.document.id}"
        self.large = f"{document}/files/{sample.large_file.id}/content"

    async def ask(self, path: str, *fields: str, token: str | None = None) -> WireAnswer:
        lines = [f"GET {path} HTTP/1.1", "Host: c", f"Authorization: Bearer {token or self.token}", *fields]
        async with await WireClient.connect(self.sidecar.address) as client:
            return await client.ask("\r\n".join(lines))


@pytest.fixture
async def world():
    clock = SteppedClock()
    async with Emulator() as emulator:
        sample = emulator.sample_data(large_file_bytes=3 * 2**20)
        async with running_sidecar(
            emulator.url, clock=clock, FLIGHTS__LARGE_RESPONSE_CONCURRENCY="2"
        ) as sidecar:
            clock.pass_seconds(31)
            yield World(emulator, sample, sidecar, clock)


async def test_an_answer_that_the_origin_forbids_to_store_is_shared_with_nobody(world):
    world.emulator.faults.add(ChangedFields(add=(("Cache-Control", "no-store"),)), times=FOREVER)
    hold = world.emulator.hold(path=world.item, times=1)
    asked = [asyncio.create_task(world.ask(world.item)) for _ in range(CLIENTS)]
    await world.sidecar.wait_until_under_way(CLIENTS)
    hold.release()
    assert {answer.status for answer in await asyncio.gather(*asked)} == {200}
    assert len(world.emulator.requests_to(world.item)) == CLIENTS
    assert world.sidecar.sidecar.status().stored_responses == 0


async def test_a_file_too_large_to_keep_goes_to_a_few_clients_at_a_time(world):
    hold = world.emulator.hold(path="/content", at=HoldPoint.BEFORE_ANSWERING)
    asked = [asyncio.create_task(world.ask(world.large)) for _ in range(CLIENTS)]
    await world.sidecar.wait_until_under_way(CLIENTS)
    await hold.arrived()
    assert len(world.emulator.requests_to(world.large)) == 1  # nobody knows yet that it is large
    hold.release()
    answers = await asyncio.gather(*asked)
    assert {len(answer.body) for answer in answers} == {3 * 2**20}
    assert len(world.emulator.requests_to(world.large)) == CLIENTS
    # One connection for the first answer, two for the turns of the others, and those that ended in between.
    assert world.emulator.connections_accepted <= CLIENTS


async def test_beyond_the_budget_of_bodies_answers_stream_unshared():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(
            emulator.url,
            CACHE__RESPONSE_BYTES="1000",
            FLIGHTS__BUFFERED_BYTES="1000",
            CACHE__STORE_BYTES="100000",
        ) as sidecar:
            world = World(emulator, sample, sidecar, SteppedClock())
            answers = await asyncio.gather(*(world.ask(world.item) for _ in range(4)))
            assert {answer.status for answer in answers} == {200}
            assert len({answer.body for answer in answers}) == 1
            assert sidecar.sidecar.exchange.buffered_bytes == 0


async def test_a_hit_has_an_entity_tag_of_ours_that_answers_304(world):
    await world.ask(world.item)
    tag = (await world.ask(world.item)).value("ETag")
    assert tag.startswith('"')
    unchanged = await world.ask(world.item, f"If-None-Match: {tag}")
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.value("1Password-Connect-Version") is not None
    assert (await world.ask(world.item, 'If-None-Match: "other"')).status == 200
    assert len(world.emulator.requests_to(world.item)) == 1


async def test_a_part_of_what_is_stored_is_answered_from_it(world):
    whole = await world.ask(world.item)
    part = await world.ask(world.item, "Range: bytes=2-5")
    assert (part.status, part.body) == (206, whole.body[2:6])
    assert part.value("Content-Range") == f"bytes 2-5/{len(whole.body)}"
    beyond = await world.ask(world.item, "Range: bytes=999999-")
    assert beyond.status == 416
    assert len(world.emulator.requests_to(world.item)) == 1


async def test_an_origins_own_tag_validates_what_is_stale(world):
    world.emulator.faults.add(EntityTags(), times=FOREVER)
    first = await world.ask(world.item)
    world.clock.pass_seconds(61)
    again = await world.ask(world.item)
    assert (again.status, again.body, again.value("ETag")) == (200, first.body, first.value("ETag"))
    assert "fwd-status=304" in again.value("Cache-Status")
    assert "; hit" in (await world.ask(world.item)).value("Cache-Status")
    assert [request.status for request in world.emulator.requests_to(world.item)] == [200, 304]


async def test_a_purge_says_how_many_went_and_what_is_read_next_is_asked_for(world):
    other = f"/v1/vaults/{world.sample.demo.id}/items/{world.sample.note.id}"
    elsewhere = f"/v1/vaults/{world.sample.infrastructure.id}/items/{world.sample.database.id}"
    purge, sample = world.sidecar.sidecar.purge, world.sample

    async def fill() -> None:
        for path in (world.item, other, elsewhere):
            assert (await world.ask(path)).status == 200

    await fill()
    item = Purge(scope=PurgeScope.ITEM, vault=sample.demo.id, item=sample.login.id)
    assert [purge(item), purge(item)] == [1, 0]
    assert "fwd=uri-miss" in (await world.ask(world.item)).value("Cache-Status")
    await fill()
    assert purge(Purge(scope=PurgeScope.VAULT, vault=sample.demo.id)) == 2
    await fill()
    assert purge(Purge(scope=PurgeScope.TOKEN, token="nobody")) == 0
    assert purge(Purge(scope=PurgeScope.ALL)) == 3
    assert world.sidecar.sidecar.status().stored_responses == 0


async def test_a_purge_by_the_name_of_a_token_takes_only_what_it_was_given():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        named = emulator.issue_token("named", {sample.demo.id: READ_WRITE})
        async with running_sidecar(emulator.url, TOKENS__NAMES=f"{token_id(named)}=billing") as sidecar:
            world = World(emulator, sample, sidecar, SteppedClock())
            for token in (world.token, named):
                assert (await world.ask(world.item, token=token)).status == 200
            assert sidecar.sidecar.purge(Purge(scope=PurgeScope.TOKEN, token="billing")) == 1
            assert "; hit" in (await world.ask(world.item)).value("Cache-Status")
            assert "fwd=uri-miss" in (await world.ask(world.item, token=named)).value("Cache-Status")


def token_id(token: str) -> str:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]
