"""Ten thousand connections on which nobody asks: the next request is answered, and each costs little."""

import re
import resource
import socket
from pathlib import Path

import pytest

from proxy.emulator import READ, Emulator
from tests.support.process import sidecar_process
from tests.support.wire import WireClient, request_head

IDLE = 10_000
_OTHER_FILES = 256
_MOST_BYTES_EACH = 24_000


@pytest.fixture
def files_enough():
    """Let this process open as many files as the machine allows; return how many connections that leaves."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(IDLE, hard - _OTHER_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_bytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


async def open_connections(process):
    async with await WireClient.connect(process.observe_address) as client:
        text = (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()
    return float(re.search(r"^connect_sidecar_client_connections (\S+)$", text, re.MULTILINE)[1])


async def test_ten_thousand_idle_connections_cost_little_and_hold_up_nobody(tmp_path, files_enough):
    idle: list[socket.socket] = []
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ})
        path = f"/v1/vaults/{sample.demo.id}/items"
        async with sidecar_process(emulator.url, tmp_path, SERVER__MAX_CONNECTIONS="10001") as process:
            async with await WireClient.connect(process.address) as client:
                assert (await client.ask(request_head("GET", path, token))).status == 200
            before = resident_bytes(process.pid)
            host, _, port = process.address.rpartition(":")
            try:
                idle += (socket.create_connection((host, int(port)), timeout=10) for _ in range(files_enough))
                while await open_connections(process) < files_enough:
                    pass
                each = (resident_bytes(process.pid) - before) / files_enough
                assert each < _MOST_BYTES_EACH, f"{each:.0f} bytes for each"
                async with await WireClient.connect(process.address) as client:
                    assert (await client.ask(request_head("GET", path, token))).status == 200
            finally:
                for one in idle:
                    one.close()
            while await open_connections(process):
                pass


async def test_where_few_files_may_be_open_they_are_left_to_clients(tmp_path):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        head = request_head(
            "GET", f"/v1/vaults/{sample.demo.id}/items", emulator.issue_token("ci", {sample.demo.id: READ})
        )
        async with sidecar_process(emulator.url, tmp_path, open_files=64) as process:
            clients = [await WireClient.connect(process.address) for _ in range(36)]
            for client in clients:
                async with client:
                    assert (await client.ask(head)).status == 200
