"""Spans arrive at a real OpenTelemetry collector (rotel), connected, and it finds nothing wrong with them."""

import asyncio
import importlib.util
import os
import sysconfig
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.emulator import READ, Emulator
from tests.support.process import free_port, sidecar_process
from tests.support.wire import WireClient, request_head

pytestmark = pytest.mark.system

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@asynccontextmanager
async def rotel(directory: Path):
    """Run the collector; yield its OTLP endpoint and what it has said so far."""
    package = importlib.util.find_spec("rotel")
    assert package is not None
    assert package.origin is not None
    http, grpc = free_port(), free_port()
    process = await asyncio.create_subprocess_exec(
        *(str(Path(package.origin).with_name("rotel-agent")), "start"),
        *("--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"),
        *("--debug-log", "traces", "--debug-log-verbosity", "detailed", "--exporter", "blackhole"),
        *("--pid-file", str(directory / "rotel.pid"), "--log-file", str(directory / "rotel.log")),
        env=os.environ | {"LD_LIBRARY_PATH": sysconfig.get_config_var("LIBDIR") or ""},  # it links libpython
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said = bytearray()

    async def listen() -> None:
        assert process.stdout is not None
        while octets := await process.stdout.read(65_536):
            said.extend(octets)

    listening = asyncio.create_task(listen())
    try:
        yield f"http://127.0.0.1:{http}", said
    finally:
        process.terminate()
        await process.wait()
        await listening


async def test_a_real_collector_takes_the_spans_of_a_miss_and_a_hit(tmp_path):
    async with Emulator() as emulator, rotel(tmp_path) as (endpoint, said):
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ})
        path = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "50"}
        async with (
            sidecar_process(emulator.url, tmp_path, environment=environment) as process,
            await WireClient.connect(process.address) as client,
        ):
            for _ in range(2):
                head = request_head("GET", path, token, f"traceparent: 00-{TRACE}-{SPAN}-01")
                assert (await client.ask(head)).status == 200
        async with asyncio.timeout(20):
            while said.count(b"connect_sidecar.cache") < 2:
                await asyncio.sleep(0)
    text = said.decode()
    for word in ("connect-sidecar", "/v1/vaults/{vault}/items/{item}", "cache look-up", "fetch", TRACE, SPAN):
        assert word in text, text[:3000]
    assert token not in text
