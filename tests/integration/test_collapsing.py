"""One upstream request for everyone who asks the same thing meanwhile, over real sockets."""

import asyncio
import json

import pytest

from proxy.emulator import FOREVER, READ, READ_WRITE, Emulator, HoldPoint, Status
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireAnswer, WireClient

CLIENTS = 1_000


@pytest.fixture
async def world():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        async with running_sidecar(emulator.url) as sidecar:
            yield emulator, sample, token, sidecar


def head(path: str, token: str, *fields: str) -> str:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: connect", f"Authorization: Bearer {token}", *fields])


async def ask(address: str, path: str, token: str, *fields: str) -> WireAnswer:
    async with await WireClient.connect(address) as client:
        return await client.ask(head(path, token, *fields))


async def ask_together(emulator, sidecar, path: str, token: str, count: int = CLIENTS) -> list[WireAnswer]:
    """Hold the upstream until all `count` requests have arrived at the sidecar."""
    hold = emulator.hold(path=path)
    asked = [asyncio.create_task(ask(sidecar.address, path, token)) for _ in range(count)]
    await sidecar.wait_until_under_way(count)
    hold.release()
    return await asyncio.gather(*asked)


def item_path(sample) -> str:
    return f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"


async def test_a_thousand_cold_reads_of_one_item_are_one_upstream_request(world):
    emulator, sample, token, sidecar = world
    answers = await ask_together(emulator, sidecar, item_path(sample), token)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert len(emulator.requests_to(item_path(sample))) == 1
    assert sum("collapsed" in answer.value("Cache-Status") for answer in answers) == CLIENTS - 1


async def test_an_upstream_500_is_one_flight_and_everyone_gets_it(world):
    emulator, sample, token, sidecar = world
    emulator.faults.add(Status(status=500), path=item_path(sample), times=FOREVER)
    answers = await ask_together(emulator, sidecar, item_path(sample), token)
    assert {answer.status for answer in answers} == {500}
    assert len(emulator.requests_to(item_path(sample))) == 1


async def test_an_item_with_a_one_time_password_is_one_upstream_request_and_is_not_stored(world):
    emulator, sample, token, sidecar = world
    path = f"/v1/vaults/{sample.demo.id}/items/{sample.one_time_password.id}"
    answers = await ask_together(emulator, sidecar, path, token)
    assert {answer.status for answer in answers} == {200}
    assert all("totp" in answer.body.decode() for answer in answers)
    assert len(emulator.requests_to(path)) == 1
    again = await ask(sidecar.address, path, token)
    assert "hit" not in again.value("Cache-Status")
    assert len(emulator.requests_to(path)) == 2


async def test_followers_are_served_when_the_leader_leaves(world):
    emulator, sample, token, sidecar = world
    path = item_path(sample)
    hold = emulator.hold(path=path)
    leader = await WireClient.connect(sidecar.address)
    leader.writer.write((head(path, token) + "\r\n\r\n").encode())
    await emulator.wait_for(lambda request: request.path == path)
    followers = [asyncio.create_task(ask(sidecar.address, path, token)) for _ in range(50)]
    await sidecar.wait_until_under_way(51)
    leader.writer.transport.abort()
    await sidecar.wait_until_under_way(50)
    hold.release()
    answers = await asyncio.gather(*followers)
    assert {answer.status for answer in answers} == {200}
    assert len(emulator.requests_to(path)) == 1


async def test_a_leaders_conditional_and_range_fields_shape_nothing(world):
    emulator, sample, token, sidecar = world
    path = item_path(sample)
    hold = emulator.hold(path=path)
    picky = asyncio.create_task(ask(sidecar.address, path, token, "Range: bytes=0-3", 'If-None-Match: "x"'))
    await emulator.wait_for(lambda request: request.path == path)
    plain = asyncio.create_task(ask(sidecar.address, path, token))
    await sidecar.wait_until_under_way(2)
    hold.release()
    assert (await picky).status in {200, 206}
    full = await plain
    assert full.status == 200
    assert json.loads(full.body)["id"] == sample.login.id
    (request,) = emulator.requests_to(path)
    assert request.value("Range") is None
    assert request.value("If-None-Match") is None


async def test_a_request_with_no_cache_does_not_join(world):
    emulator, sample, token, sidecar = world
    path = item_path(sample)
    hold = emulator.hold(path=path)
    first = asyncio.create_task(ask(sidecar.address, path, token))
    await emulator.wait_for(lambda request: request.path == path)
    second = asyncio.create_task(ask(sidecar.address, path, token, "Cache-Control: no-cache"))
    third = asyncio.create_task(ask(sidecar.address, path, token, "Cache-Control: max-age=0"))
    await emulator.wait_for(lambda request: request.path == path, count=3)
    hold.release()
    assert {answer.status for answer in await asyncio.gather(first, second, third)} == {200}
    assert len(emulator.requests_to(path)) == 3


async def test_a_read_after_a_write_does_not_join_a_flight_from_before_it(world):
    emulator, sample, token, sidecar = world
    path = item_path(sample)
    hold = emulator.hold(path=path, method="GET", at=HoldPoint.BEFORE_ANSWERING, times=1)
    before = asyncio.create_task(ask(sidecar.address, path, token))
    await emulator.wait_for(lambda request: request.path == path)
    async with await WireClient.connect(sidecar.address) as client:
        patch = b'[{"op":"replace","path":"/title","value":"renamed"}]'
        lines = [
            f"PATCH {path} HTTP/1.1",
            "Host: c",
            f"Authorization: Bearer {token}",
            f"Content-Length: {len(patch)}",
        ]
        assert (await client.ask("\r\n".join(lines), patch)).status == 200
    after = await ask(sidecar.address, path, token)
    assert json.loads(after.body)["title"] == "renamed"
    hold.release()
    assert (await before).status == 200
    later = await ask(sidecar.address, path, token)
    assert json.loads(later.body)["title"] == "renamed"


async def test_two_tokens_share_neither_flights_nor_bytes(world):
    emulator, sample, token, sidecar = world
    other = emulator.issue_token("other", {sample.demo.id: READ})
    path = item_path(sample)
    hold = emulator.hold(path=path)
    both = [asyncio.create_task(ask(sidecar.address, path, one)) for one in (token, other)]
    await emulator.wait_for(lambda request: request.path == path, count=2)
    hold.release()
    assert {answer.status for answer in await asyncio.gather(*both)} == {200}
    assert "hit" in (await ask(sidecar.address, path, token)).value("Cache-Status")
    assert "hit" in (await ask(sidecar.address, path, other)).value("Cache-Status")
