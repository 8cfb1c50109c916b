"""A large file passes through a sidecar process without being held: its resident memory hardly moves."""

import asyncio
from pathlib import Path

import pytest

from proxy.emulator import Emulator, GeneratedContent
from tests.support.process import sidecar_process
from tests.support.wire import WireClient

FILE_BYTES = 100 * 2**20
MOST_EXTRA_BYTES = 16 * 2**20


def peak_bytes(pid: int) -> int:
    (line,) = [row for row in Path(f"/proc/{pid}/status").read_text().splitlines() if row.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


async def download(address: str, path: str, token: str) -> int:
    async with await WireClient.connect(address) as client:
        lines = [f"GET {path} HTTP/1.1", "Host: c", f"Authorization: Bearer {token}", "Connection: close"]
        client.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = await client.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert f"Content-Length: {FILE_BYTES}".encode() in head
        received = 0
        while chunk := await client.reader.read(2**18):
            received += len(chunk)
        return received


@pytest.mark.parametrize("clients", [1, 6])
async def test_a_file_of_100_mb_passes_with_little_extra_memory(tmp_path, clients):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        content = GeneratedContent(size=FILE_BYTES, label="large")
        file = emulator.add_file(sample.infrastructure.id, sample.document.id, name="large", content=content)
        token = emulator.issue_token("ci")
        path = f"/v1/vaults/{sample.infrastructure.id}/items/{sample.document.id}/files/{file.id}/content"
        async with sidecar_process(emulator.url, tmp_path) as sidecar:
            pid, address = sidecar.pid, sidecar.address
            async with await WireClient.connect(address) as client:
                lines = ["GET /v1/vaults HTTP/1.1", "Host: c", f"Authorization: Bearer {token}"]
                assert (await client.ask("\r\n".join(lines))).status == 200
            before = peak_bytes(pid)
            received = await asyncio.gather(*(download(address, path, token) for _ in range(clients)))
            assert received == [FILE_BYTES] * clients
            assert peak_bytes(pid) - before < MOST_EXTRA_BYTES
