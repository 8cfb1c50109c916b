"""Writes that Connect refuses cost nobody anything; writes it may have taken reach it exactly once."""

import asyncio

import pytest

from proxy.emulator import FOREVER, READ, READ_WRITE, CloseReused, Emulator, LoseAnswer
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireClient, request_head

JUNK_WRITES = 10_000
CONNECTIONS = 8
UNDAMPED = {  # refusals shall reach Connect here, however many
    f"LIMITS__{name}": "1000000"
    for name in ("REFUSALS_PER_SECOND", "REFUSAL_BURST", "ALL_REFUSALS_PER_SECOND", "ALL_REFUSAL_BURST")
}


@pytest.fixture
async def world():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        async with running_sidecar(emulator.url, **UNDAMPED) as sidecar:
            yield emulator, sample, token, sidecar


async def test_ten_thousand_refused_writes_leave_another_tokens_hits_alone(world):
    emulator, sample, _, sidecar = world
    reader_token = emulator.issue_token("reader", {sample.demo.id: READ})
    item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
    paths = [item, f"/v1/vaults/{sample.demo.id}/items", f"/v1/vaults/{sample.demo.id}", "/v1/vaults"]
    is_over = asyncio.Event()
    outcomes: list[bool] = []

    async def vandal(writes: int) -> None:
        async with await WireClient.connect(sidecar.address) as client:
            for _ in range(writes):
                answer = await client.ask(request_head("PUT", item, "junk", "Content-Length: 2"), b"{}")
                assert answer.status == 401

    async def reader() -> None:
        async with await WireClient.connect(sidecar.address) as client:
            for path in paths:
                assert (await client.ask(request_head("GET", path, reader_token))).status == 200
            while not is_over.is_set():
                for path in paths:
                    answer = await client.ask(request_head("GET", path, reader_token))
                    outcomes.append("hit" in answer.value("Cache-Status"))

    reading = asyncio.create_task(reader())
    await asyncio.gather(*(vandal(JUNK_WRITES // CONNECTIONS) for _ in range(CONNECTIONS)))
    is_over.set()
    await reading
    # The only misses: two seconds of caution after a start, each resource then once more.
    refreshes = outcomes.count(False)
    assert len(outcomes) > 100
    assert refreshes == len(
        [r for r in emulator.requests if r.value("Authorization") == f"Bearer {reader_token}"]
    ) - len(paths)
    assert refreshes / len(outcomes) < 0.05


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_a_write_on_a_connection_that_the_upstream_closes_arrives_once(world, method):
    emulator, sample, token, sidecar = world
    item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
    async with await WireClient.connect(sidecar.address) as client:
        await client.ask(
            request_head("PATCH", item, token, "Content-Length: 2"), b"[]"
        )  # leaves a connection in the pool
        emulator.faults.add(CloseReused(), method=method, times=FOREVER)
        body = b"{}" if method == "PUT" else b""
        answer = await client.ask(request_head(method, item, token, f"Content-Length: {len(body)}"), body)
    arrived = [request for request in emulator.requests if request.method == method]
    assert len(arrived) == 1
    assert arrived[0].is_reused_connection
    assert answer.status == 502
    assert b'"status":502' in answer.body


async def test_a_write_whose_answer_is_lost_counts_as_applied(world):
    emulator, sample, token, sidecar = world
    item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
    async with await WireClient.connect(sidecar.address) as client:
        for expected in ("fwd=uri-miss", "hit"):
            assert expected in (await client.ask(request_head("GET", item, token))).value("Cache-Status")
        emulator.faults.add(LoseAnswer(), method="DELETE")
        assert (await client.ask(request_head("DELETE", item, token))).status == 502
        assert (await client.ask(request_head("GET", item, token))).status == 404
    assert len([request for request in emulator.requests if request.method == "DELETE"]) == 1
