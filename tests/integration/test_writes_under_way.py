"""A write that has not ended yet: what it must not stop, and what its end must do."""

import asyncio
import json

import pytest

from proxy.emulator import READ_WRITE, Emulator, HoldPoint
from tests.support.sidecar import running_sidecar
from tests.support.wire import WireClient, request_head


@pytest.fixture
async def world():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        async with running_sidecar(emulator.url) as sidecar:
            yield emulator, sample, token, sidecar


async def test_a_junk_token_that_drips_its_write_does_not_stop_anybody_from_caching(world):
    _, sample, token, sidecar = world
    path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
    async with (
        await WireClient.connect(sidecar.address) as junk,
        await WireClient.connect(sidecar.address) as good,
    ):
        junk.writer.write((request_head("PUT", path, "junk", "Content-Length: 100") + "\r\n\r\n{").encode())
        await junk.writer.drain()
        await sidecar.wait_until_under_way(1)
        await good.ask(request_head("GET", path, token))
        again = await good.ask(request_head("GET", path, token))
        assert "hit" in again.value("Cache-Status")


async def test_what_was_stored_while_a_write_was_under_way_goes_before_the_writer_is_answered(world):
    emulator, sample, token, sidecar = world
    path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
    patch = b'[{"op":"replace","path":"/title","value":"renamed"}]'
    hold = emulator.hold(path=path, method="PATCH", at=HoldPoint.BEFORE_PROCESSING)
    async with (
        await WireClient.connect(sidecar.address) as writer,
        await WireClient.connect(sidecar.address) as reader,
    ):
        write = asyncio.create_task(
            writer.ask(request_head("PATCH", path, token, f"Content-Length: {len(patch)}"), patch)
        )
        await hold.arrived()
        for cached in ("fwd=uri-miss", "hit"):
            answer = await reader.ask(request_head("GET", path, token))
            assert cached in answer.value("Cache-Status")
            assert json.loads(answer.body)["title"] == "Web shop"
        hold.release()
        assert (await write).status == 200
        after = await reader.ask(request_head("GET", path, token))
        assert "hit" not in after.value("Cache-Status")
        assert json.loads(after.body)["title"] == "renamed"
