"""A process that holds secrets leaves no core and lets nobody look."""

import asyncio
import os
import resource
import signal
import subprocess
import sys

import pytest

from proxy.emulator import READ, Emulator
from tests.support.process import sidecar_process
from tests.support.wire import WireClient, request_head

DUMPABLE = "import ctypes; from proxy.hardening import forbid_dumps; {}; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"


def dumpable(line):
    made = subprocess.run(
        [sys.executable, "-c", DUMPABLE.format(line)], capture_output=True, check=True, text=True
    )
    return made.stdout.strip()


def test_a_hardened_process_is_not_dumpable():
    assert dumpable("pass") == "1"
    assert dumpable("forbid_dumps()") == "0"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
async def test_a_process_without_standard_streams_serves_and_ends_in_order(closed, tmp_path):
    environ = {
        "CONNECT_SIDECAR__UPSTREAM__URL": "http://127.0.0.1:1",
        "CONNECT_SIDECAR__SERVER__LISTEN": "127.0.0.1:0",
        "CONNECT_SIDECAR__SERVER__DRAIN_DELAY_SECONDS": "0",
        "CONNECT_SIDECAR__OBSERVE__LISTEN": "127.0.0.1:0",
        "CONNECT_SIDECAR__CONTROL__SOCKET": str(tmp_path / "control.sock"),
    }
    process = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", f'exec "$0" -m proxy serve {closed}', sys.executable),
        env=os.environ | environ,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        while b'"phase":"serving"' not in await process.stderr.readline():
            pass
        process.terminate()
        said = await process.stderr.read()
        assert await process.wait() == 0, said


FROZEN = """
import gc, os, signal, sys, uvloop
from proxy.assembly import run
from proxy.config import load

def on_ready(_):
    gc.collect()
    print(gc.get_freeze_count(), len(gc.get_objects()))
    os.kill(os.getpid(), signal.SIGTERM)

uvloop.run(run(load(None, os.environ), on_ready=on_ready))
"""


def test_what_a_start_has_made_is_left_out_of_collections(tmp_path):
    environ = {
        "CONNECT_SIDECAR__UPSTREAM__URL": "http://127.0.0.1:1",
        "CONNECT_SIDECAR__SERVER__LISTEN": "127.0.0.1:0",
        "CONNECT_SIDECAR__SERVER__DRAIN_DELAY_SECONDS": "0",
        "CONNECT_SIDECAR__OBSERVE__LISTEN": "127.0.0.1:0",
        "CONNECT_SIDECAR__CONTROL__SOCKET": str(tmp_path / "control.sock"),
        "CONNECT_SIDECAR__AUDIT__OUTPUT": "off",
    }
    ran = subprocess.run(
        [sys.executable, "-c", FROZEN], env=os.environ | environ, capture_output=True, check=True, text=True
    )
    left_out, looked_at = map(int, ran.stdout.split())
    assert left_out > 10 * looked_at


async def test_a_forced_core_is_not_written(tmp_path, monkeypatch):
    """With cores allowed as far as this machine allows them, `serve` is aborted with secrets in its memory."""
    monkeypatch.chdir(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        async with Emulator() as emulator:
            sample = emulator.sample_data()
            token = emulator.issue_token("ci", {sample.demo.id: READ})
            async with sidecar_process(emulator.url, tmp_path, expected_code=-signal.SIGABRT) as process:
                async with await WireClient.connect(process.address) as client:
                    path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
                    assert (await client.ask(request_head("GET", path, token))).status == 200
                limits = (tmp_path.joinpath("/proc") / str(process.pid) / "limits").read_text()
                assert "Max core file size        0                    0" in limits
                process.send(signal.SIGABRT)
                await process.process.wait()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert [path for path in tmp_path.iterdir() if "core" in path.name] == []


SPARED = """
import gc
from proxy.hardening import spare_what_stays
spare_what_stays()
before, kept = gc.get_freeze_count(), [[] for _ in range(100_000)]
gc.collect()
assert gc.get_freeze_count() - before >= 100_000, "a full collection's survivors are looked at again"
assert not gc.get_objects(generation=2)
cycle = []
cycle.append(cycle)
del cycle
assert gc.collect() == 1, "what is new is not looked at"
"""


def test_what_a_full_collection_has_left_is_not_looked_at_again():
    subprocess.run([sys.executable, "-c", SPARED], check=True)
