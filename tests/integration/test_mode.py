"""The mode over real sockets: set at the start, switched on the control socket under load."""

import asyncio
from pathlib import Path

import pytest

from proxy.emulator import READ, Emulator, HoldPoint
from proxy.server.control_client import ControlError, ControlTarget, ask_control
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head


@pytest.fixture
async def world():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ})
        yield emulator, f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}", token


def ask_mode(sidecar, mode):
    target = ControlTarget(socket_path=Path(sidecar.control_path))
    return ask_control(target, "POST", "/mode", {"mode": mode})


async def read(sidecar, target, token):
    async with await WireClient.connect(sidecar.address) as client:
        answer = await client.ask(request_head("GET", target, token))
        return answer.status, answer.value("Cache-Status")


async def test_the_kill_switch_under_load_lets_what_is_under_way_end_and_stores_none_of_it(world):
    emulator, target, token = world
    clock = SteppedClock()
    async with running_sidecar(emulator.url, clock=clock) as sidecar:
        clock.pass_seconds(31)
        hold = emulator.hold(path=target, at=HoldPoint.BEFORE_PROCESSING, times=1)
        waiting = [asyncio.create_task(read(sidecar, target, token)) for _ in range(10)]
        await sidecar.wait_until_under_way(10)
        await hold.arrived()
        assert await ask_mode(sidecar, "passthrough") == {"mode": "passthrough"}
        assert await read(sidecar, target, token) == (200, "connect-sidecar; fwd=bypass; fwd-status=200")
        hold.release()
        assert {status for status, _ in await asyncio.gather(*waiting)} == {200}
        assert await ask_mode(sidecar, "cache") == {"mode": "cache"}
        assert "hit" not in (await read(sidecar, target, token))[1]
        assert "hit" in (await read(sidecar, target, token))[1]


async def test_observe_from_the_start_tells_in_its_metrics_what_a_cache_would_have_done(world):
    emulator, target, token = world
    clock = SteppedClock()
    async with running_sidecar(emulator.url, clock=clock, MODE="observe") as sidecar:
        clock.pass_seconds(31)  # right after its start nothing is fresh for long
        for _ in range(3):
            assert "fwd=bypass" in (await read(sidecar, target, token))[1]
        async with await WireClient.connect(sidecar.observe_address) as client:
            scraped = (await client.ask(request_head("GET", "/metrics", "none"))).body.decode()
        assert 'connect_sidecar_would_be_hits_total{bytes="right",resource="item"} 2.0' in scraped
        assert 'connect_sidecar_mode{mode="observe"} 1.0' in scraped
        assert len(emulator.requests_to(target)) == 3


@pytest.mark.parametrize("document", [{"mode": "cash"}, {}, {"mode": "cache", "why": "x"}])
async def test_a_mode_that_is_none_is_refused(world, document):
    async with running_sidecar(world[0].url) as sidecar:
        target = ControlTarget(socket_path=Path(sidecar.control_path))
        with pytest.raises(ControlError, match="a mode is one of cache, observe, passthrough"):
            await ask_control(target, "POST", "/mode", document)
