"""Log lines of a real process: whoever reads them, or doesn't, costs no request; and the last ones are not lost."""

import asyncio
import fcntl
import json
import os
import signal
import sys
import threading
from collections import Counter
from contextlib import asynccontextmanager, suppress

import pytest

from proxy.emulator import FOREVER, READ, Emulator, Status
from tests.support.process import free_port, sidecar_process
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

CONNECTIONS, REQUESTS_EACH = 8, 1250
REQUESTS = CONNECTIONS * REQUESTS_EACH
PATH = f"/v1/vaults/{'v' * 26}/items/{'i' * 26}"


class UnreadLog:
    """Standard error of a process, with room for a page, that nobody reads until `read` is called."""

    def __init__(self):
        self.reading, self.writing = os.pipe()
        fcntl.fcntl(self.writing, fcntl.F_SETPIPE_SZ, 4096)
        self.octets = bytearray()
        self._reader = threading.Thread(target=self._read_all)

    def read(self):
        """Read from now on, to the end."""
        self._reader.start()

    def lines(self):
        """Return all lines, once the process has ended."""
        self._reader.join(30)
        return [json.loads(line) for line in self.octets.splitlines()]

    def _read_all(self):
        while piece := os.read(self.reading, 65_536):
            self.octets += piece


@asynccontextmanager
async def unread_process(directory):
    """Run `serve` at level debug in front of a Connect that is down, with standard error unread."""
    log, (traffic, observe, nobody) = UnreadLog(), (free_port() for _ in range(3))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_SIDECAR")}
    environ |= {
        "CONNECT_SIDECAR__UPSTREAM__URL": f"http://127.0.0.1:{nobody}",
        "CONNECT_SIDECAR__SERVER__LISTEN": f"127.0.0.1:{traffic}",
        "CONNECT_SIDECAR__SERVER__DRAIN_DELAY_SECONDS": "0",
        "CONNECT_SIDECAR__OBSERVE__LISTEN": f"127.0.0.1:{observe}",
        "CONNECT_SIDECAR__CONTROL__SOCKET": str(directory / "control.sock"),
        "CONNECT_SIDECAR__LOG__LEVEL": "debug",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "proxy",
        "serve",
        env=environ,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=log.writing,
    )
    os.close(log.writing)
    try:
        await until_it_listens(observe)
        yield process, f"127.0.0.1:{traffic}", log
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(log.reading)


async def until_it_listens(port):
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def ask_many(address):
    async with await WireClient.connect(address) as client:
        return [(await client.ask(request_head("GET", PATH, "a.b.c"))).status for _ in range(REQUESTS_EACH)]


async def test_a_reader_of_the_log_that_stands_still_costs_lines_but_no_answer(tmp_path):
    async with unread_process(tmp_path) as (process, address, log):
        async with asyncio.timeout(120):
            statuses = await asyncio.gather(*(ask_many(address) for _ in range(CONNECTIONS)))
        assert sum(map(len, statuses)) == REQUESTS
        log.read()
        async with asyncio.timeout(20):
            while b"log.lost" not in log.octets:  # from here on there is room again
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
        lines = log.lines()
    written = sum(line["event"] == "exchange.finished" for line in lines)
    lost = sum(line["count"] for line in lines if line["event"] == "log.lost")
    assert 0 < written < REQUESTS
    assert lost >= REQUESTS - written > 0, "what is missing is counted"
    assert lines[-1]["event"] == "sidecar.phase"
    assert lines[-1]["phase"] == "stopped"


async def test_a_reader_that_never_comes_back_keeps_no_process_from_ending(tmp_path):
    async with unread_process(tmp_path) as (process, address, _):
        async with await WireClient.connect(address) as client:
            for _ in range(100):
                await client.ask(request_head("GET", PATH, "a.b.c"))
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0


@pytest.fixture
async def connect():
    async with Emulator() as emulator:
        yield emulator


async def test_every_line_is_out_when_sigterm_has_ended_the_process_in_the_order_of_the_answers(
    connect, tmp_path
):
    sample = connect.sample_data()
    token = connect.issue_token("ci", {sample.demo.id: READ})
    item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
    asked = [item, f"/v1/vaults/{sample.demo.id}", item] * 100
    async with (
        sidecar_process(connect.url, tmp_path, LOG__LEVEL="debug") as process,
        await WireClient.connect(process.address) as client,
    ):
        for path in asked:
            assert (await client.ask(request_head("GET", path, token))).status == 200
    lines = [json.loads(line) for line in process.output.splitlines()]
    finished = [line for line in lines if line["event"] == "exchange.finished"]
    assert [line["resource"] for line in finished] == ["item", "vault", "item"] * 100
    assert [line["ts"] for line in lines] == sorted(line["ts"] for line in lines)
    assert [line["phase"] for line in lines if line["event"] == "sidecar.phase"] == [
        *("serving", "draining", "stopped")
    ]


async def test_level_and_sampling_follow_the_settings_while_the_process_runs(connect, tmp_path):
    sample = connect.sample_data()
    token = connect.issue_token("ci", {sample.demo.id: READ})
    file = tmp_path / "live.toml"
    file.write_text("[log]\nmiss_sample_ratio = 0\n")
    async with (
        sidecar_process(connect.url, tmp_path, arguments=("--config", str(file))) as process,
        await WireClient.connect(process.address) as client,
    ):
        miss = request_head("GET", f"/v1/vaults/{sample.demo.id}", token, "Cache-Control: no-cache")
        await client.ask(miss)
        file.write_text("[log]\nmiss_sample_ratio = 1\n")
        process.send(signal.SIGHUP)
        async with asyncio.timeout(5):
            while b"settings.reloaded" not in process.output:
                await asyncio.sleep(0.01)
        await client.ask(miss)
    lines = [json.loads(line) for line in process.output.splitlines()]
    events = [line["event"] for line in lines if line["event"] in {"settings.reloaded", "exchange.finished"}]
    assert events == ["settings.reloaded", "exchange.finished"]


async def test_an_outage_with_many_readers_is_a_few_lines_and_says_how_many_it_was_stale_for(connect, told):
    sample, clock = connect.sample_data(), SteppedClock()
    token = connect.issue_token("ci", {sample.demo.id: READ})
    head = request_head("GET", f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}", token)
    async with running_sidecar(connect.url, clock=clock, LOG__LEVEL="info") as sidecar:
        clock.pass_seconds(31)
        async with await WireClient.connect(sidecar.address) as client:
            await client.ask(head)
            outage = connect.faults.add(Status(status=503), times=FOREVER)
            clock.pass_seconds(61)
            for _ in range(500):
                assert (await client.ask(head)).status == 200
            connect.faults.remove(outage)
            clock.pass_seconds(61)
            await client.ask(head)
            clock.pass_seconds(31)
            lines = await told.until("answers.fresh_again")
    stale = [
        line["why"] for line in lines if line.get("cache") == "stale" and line["event"] != "log.left_out"
    ]
    left_out = [line["count"] for line in lines if line["event"] == "log.left_out"]
    assert max(Counter(stale).values()) == 10, "of each reason"
    assert len(stale) + sum(left_out) == 500
    assert sum(line["event"] == "answers.stale" for line in lines) == 1
    assert [line["count"] for line in lines if line["event"] == "answers.fresh_again"] == [500]
