"""SIGTERM: what is under way ends well, nobody new comes in, the process leaves with 0."""

import asyncio
import signal

from proxy.commands.control import target_of
from proxy.config import ControlSettings
from proxy.emulator import READ_WRITE, Emulator, HoldPoint
from proxy.server.control_client import ask_control
from tests.support.process import sidecar_process
from tests.support.wire import WireClient


async def test_a_write_under_way_is_answered_before_the_process_ends(tmp_path):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ_WRITE})
        path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        hold = emulator.hold(path=path, method="DELETE", at=HoldPoint.WHILE_WRITING)
        async with sidecar_process(emulator.url, tmp_path) as sidecar:
            async with await WireClient.connect(sidecar.address) as client:
                lines = [f"DELETE {path} HTTP/1.1", "Host: c", f"Authorization: Bearer {token}"]
                write = asyncio.create_task(client.ask("\r\n".join(lines)))
                await hold.arrived()
                sidecar.send(signal.SIGTERM)
                while b'"phase":"draining"' not in sidecar.output:
                    await asyncio.sleep(0.01)
                hold.release()
                answer = await write
                assert answer.status == 204
                assert answer.value("Connection") == "close"
            await sidecar.process.wait()


async def test_while_it_drains_it_is_not_ready_but_still_serves(tmp_path):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ_WRITE})
        async with sidecar_process(emulator.url, tmp_path, SERVER__DRAIN_DELAY_SECONDS="30") as sidecar:
            sidecar.send(signal.SIGTERM)
            while b'"phase":"draining"' not in sidecar.output:
                await asyncio.sleep(0.01)
            async with await WireClient.connect(sidecar.observe_address) as client:
                assert (await client.ask("GET /readyz HTTP/1.1\r\nHost: localhost")).status == 503
            async with await WireClient.connect(sidecar.address) as client:
                lines = ["GET /v1/vaults HTTP/1.1", "Host: c", f"Authorization: Bearer {token}"]
                assert (await client.ask("\r\n".join(lines))).status == 200
            sidecar.send(signal.SIGTERM)  # the second one ends it at once
            await asyncio.wait_for(sidecar.process.wait(), 10)


async def test_an_application_that_ends_slowly_is_served_although_both_got_sigterm(tmp_path):
    """A classic sidecar: the kubelet signals every container of the pod at the same moment."""
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ_WRITE})
        lines = ["GET /v1/vaults HTTP/1.1", "Host: c", f"Authorization: Bearer {token}"]
        waits = {"SERVER__DRAIN_DELAY_SECONDS": "0.2", "SERVER__DRAIN_NEIGHBOUR_SECONDS": "15"}
        async with sidecar_process(emulator.url, tmp_path, **waits) as sidecar:
            async with await WireClient.connect(sidecar.address) as application:
                assert (await application.ask("\r\n".join(lines))).status == 200
                sidecar.send(signal.SIGTERM)
                await asyncio.sleep(1)  # longer than the delay
                answer = await application.ask("\r\n".join(lines))
                assert (answer.status, answer.value("Connection")) == (200, None)
            await asyncio.wait_for(sidecar.process.wait(), 10)


async def test_quit_ends_it_with_0_although_an_application_is_connected(tmp_path):
    async with Emulator() as emulator:
        waits = {"SERVER__DRAIN_DELAY_SECONDS": "60", "SERVER__DRAIN_NEIGHBOUR_SECONDS": "15"}
        async with (
            sidecar_process(emulator.url, tmp_path, **waits) as sidecar,
            await WireClient.connect(sidecar.address) as application,
        ):
            assert (await application.ask("GET /heartbeat HTTP/1.1\r\nHost: c")).status == 200
            target = target_of(ControlSettings(socket=str(sidecar.control_path)))
            assert await ask_control(target, "POST", "/quit") == {"phase": "draining"}
            await asyncio.wait_for(sidecar.process.wait(), 10)
