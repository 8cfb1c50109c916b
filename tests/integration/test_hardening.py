"""A process that holds secrets leaves no core and lets nobody look."""

import resource
import signal
import subprocess
import sys

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
