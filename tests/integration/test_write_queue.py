"""Writes to one vault take turns (facts.md 4.2): no conflicts, and nothing is sent for who has left."""

import asyncio
import json

import pytest

from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings, HoldPoint
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireClient, request_head


@pytest.fixture
async def world():
    async with Emulator(EmulatorSettings(write_duration_seconds=0.005)) as emulator:
        sample = emulator.sample_data()
        tokens = [
            emulator.issue_token(name, dict.fromkeys(sample.vault_ids, READ_WRITE)) for name in ("ci", "cd")
        ]
        async with running_sidecar(emulator.url, WRITES__QUEUE_WAIT_SECONDS="20") as sidecar:
            yield emulator, sample, tokens, sidecar


def creation(vault, token, title="new"):
    body = json.dumps({"title": title, "category": "LOGIN", "vault": {"id": vault}}).encode()
    head = request_head("POST", f"/v1/vaults/{vault}/items", token, f"Content-Length: {len(body)}")
    return head + "\r\nContent-Type: application/json", body


async def write(address, head, body):
    async with await WireClient.connect(address) as client:
        return (await client.ask(head, body)).status


async def fifty(address, vault, token):
    return await asyncio.gather(*(write(address, *creation(vault, token, f"t{n}")) for n in range(50)))


async def test_fifty_writers_at_once_conflict_directly_and_never_through_the_sidecar(world):
    emulator, sample, (token, _), sidecar = world
    assert 409 in await fifty(emulator.url.removeprefix("http://"), sample.demo.id, token)
    emulator.forget_requests()
    assert set(await fifty(sidecar.address, sample.demo.id, token)) == {200}
    assert len(emulator.requests_to("/items", method="POST")) == 50


async def test_a_client_that_leaves_while_waiting_is_never_sent(world):
    emulator, sample, (token, _), sidecar = world
    hold = emulator.hold(method="POST", at=HoldPoint.BEFORE_PROCESSING)
    head, body = creation(sample.demo.id, token)
    first = asyncio.create_task(write(sidecar.address, head, body))
    await hold.arrived()
    client = await WireClient.connect(sidecar.address)
    client.writer.write(head.encode() + b"\r\n\r\n" + body)
    await client.writer.drain()
    await sidecar.wait_until_under_way(2)
    client.writer.close()
    await sidecar.wait_until_under_way(1)
    hold.release()
    assert await first == 200
    assert await write(sidecar.address, head, body) == 200
    assert len(emulator.requests_to("/items", method="POST")) == 2


async def test_vaults_do_not_wait_for_each_other(world):
    emulator, sample, (token, _), sidecar = world
    one, other = sample.vault_ids[:2]
    hold = emulator.hold(method="POST", path=one, at=HoldPoint.BEFORE_PROCESSING)
    held = asyncio.create_task(write(sidecar.address, *creation(one, token)))
    await hold.arrived()
    assert await write(sidecar.address, *creation(other, token)) == 200
    hold.release()
    assert await held == 200


async def test_a_body_that_drips_keeps_nobody_waiting(world):
    _, sample, (token, other), sidecar = world
    head, _ = creation(sample.demo.id, token)
    async with await WireClient.connect(sidecar.address) as slow:
        slow.writer.write(head.encode() + b"\r\n\r\n{")
        await slow.writer.drain()
        await sidecar.wait_until_under_way(1)
        assert await write(sidecar.address, *creation(sample.demo.id, other)) == 200


async def test_bodies_that_drip_do_not_stop_answers_from_being_stored(world):
    emulator, sample, (token, _), _ = world
    head = request_head("POST", f"/v1/vaults/{sample.demo.id}/items", token, "Content-Length: 1048576")
    async with running_sidecar(emulator.url, FLIGHTS__BUFFERED_BYTES="1048576") as sidecar:
        slow, reader = await WireClient.connect(sidecar.address), await WireClient.connect(sidecar.address)
        async with slow, reader:
            slow.writer.write(head.encode() + b"\r\n\r\n{")
            await slow.writer.drain()
            await sidecar.wait_until_under_way(1)
            answer = await reader.ask(request_head("GET", f"/v1/vaults/{sample.demo.id}/items", token))
            assert "stored" in answer.value("Cache-Status")


async def test_a_body_too_large_to_wait_with_goes_without_a_turn(world):
    emulator, sample, (token, _), _ = world
    async with running_sidecar(emulator.url, WRITES__QUEUE_BODY_BYTES="100") as sidecar:
        hold = emulator.hold(method="POST", at=HoldPoint.BEFORE_PROCESSING)
        head, body = creation(sample.demo.id, token, "x" * 200)
        writers = [asyncio.create_task(write(sidecar.address, head, body)) for _ in range(2)]
        await hold.arrived(2)
        hold.release()
        assert min(await asyncio.gather(*writers)) == 200


async def test_a_turn_that_does_not_come_in_time_is_a_503_with_nothing_sent(world):
    emulator, sample, (token, _), _ = world
    async with running_sidecar(emulator.url, WRITES__QUEUE_WAIT_SECONDS="0.05") as sidecar:
        hold = emulator.hold(method="POST", at=HoldPoint.BEFORE_PROCESSING)
        head, body = creation(sample.demo.id, token)
        first = asyncio.create_task(write(sidecar.address, head, body))
        await hold.arrived()
        async with await WireClient.connect(sidecar.address) as late:
            answer = await late.ask(head, body)
        assert (answer.status, answer.value("Retry-After")) == (503, "1")
        assert json.loads(answer.body)["status"] == 503
        hold.release()
        assert await first == 200
        assert len(emulator.requests_to("/items", method="POST")) == 1


async def test_tokens_take_turns(world):
    emulator, sample, (busy, calm), sidecar = world
    hold = emulator.hold(method="POST", at=HoldPoint.BEFORE_PROCESSING, times=1)
    waiting = []
    for number, token in enumerate([busy, busy, busy, calm]):
        head = creation(sample.demo.id, token, f"t{number}")
        waiting.append(asyncio.create_task(write(sidecar.address, *head)))
        await sidecar.wait_until_under_way(number + 1)
        if not number:
            await hold.arrived()
        else:
            while sidecar.sidecar.exchange.writes_waiting != number:
                await asyncio.sleep(0)
    hold.release()
    assert set(await asyncio.gather(*waiting)) == {200}
    order = [json.loads(record.body)["title"] for record in emulator.requests_to("/items", method="POST")]
    assert order == ["t0", "t1", "t3", "t2"]
