"""The audit in a running sidecar: its counts are what clients saw, whatever ends the process or fills the disk."""

import asyncio
import contextlib
import json
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from proxy import recording
from proxy.adapters.audit import FileOutput
from proxy.emulator import FOREVER, READ, Emulator, Status
from tests.support.audit_lines import documents_of, reads_in
from tests.support.process import sidecar_process
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

KEY = bytes(range(32))


class World:
    """A Connect with items, tokens that may read them, and a folder for the audit."""

    def __init__(self, emulator, folder):
        self.emulator, self.folder = emulator, folder
        self.sample = emulator.sample_data()
        vault = self.sample.demo.id
        self.tokens = [emulator.issue_token(f"token-{n}", {vault: READ}) for n in range(3)]
        self.items = f"/v1/vaults/{vault}/items"
        self.item = f"{self.items}/{self.sample.login.id}"
        self.paths = [self.items, f"/v1/vaults/{vault}", self.item, f"{self.items}?filter=x"]
        (folder / "key").write_bytes(KEY)

    @property
    def file(self):
        return self.folder / "audit"

    @property
    def files(self):
        return sorted(self.folder.glob("audit*"))

    def documents(self):
        return [document for file in self.files for document in documents_of(file.read_bytes())]

    def documents_so_far(self):
        """Return the same while it is being written: the last line may not be whole."""
        octets = (file.read_bytes() for file in self.files)
        return [one for read in octets for one in documents_of(read[: read.rfind(b"\n") + 1])]

    def to_file(self, **overrides):
        return {
            "AUDIT__OUTPUT": "file",
            "AUDIT__FILE": str(self.file),
            "AUDIT__KEY_FILE": str(self.folder / "key"),
            **overrides,
        }

    def verify(self, *options):
        ran = subprocess.run(
            [
                *(sys.executable, "-m", "proxy", "audit", "verify"),
                *("--key-file", self.folder / "key", *self.files, *options),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stderr == ""
        return ran.returncode, ran.stdout


@pytest.fixture
async def world(tmp_path):
    async with Emulator() as emulator:
        yield World(emulator, tmp_path)


def how_of(answer):
    """Return how a client sees that it was answered without Connect; None if it wasn't."""
    member = answer.value("Cache-Status") or ""
    if "; hit" in member:
        return "stale" if "; detail=" in member or "ttl=-" in member else "hit"
    return "collapsed" if "; collapsed" in member else None


class Load:
    """Clients that ask one thing after the other and count what they see, until they are told to stop."""

    def __init__(self, address, world, clients=6):
        self.seen, self.times = Counter(), []
        self._is_over = False
        self._clients = [asyncio.create_task(self._ask(address, world, number)) for number in range(clients)]

    async def _ask(self, address, world, number):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            async with await WireClient.connect(address) as client:
                while not self._is_over:
                    # All at once the same thing, so that some share a request.
                    path = world.paths[len(self.times) // 50 % len(world.paths)]
                    answer = await client.ask(request_head("GET", path, world.tokens[number % 3]))
                    self._count(answer)
                    if answer.value("Connection") == "close":
                        return

    def _count(self, answer):
        self.times.append(time.monotonic())
        how = how_of(answer)
        if how is not None:
            self.seen[how] += 1

    async def until(self, condition):
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.01)

    async def stop(self):
        self._is_over = True
        await asyncio.gather(*self._clients)


async def until(condition):
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("mode", ["aggregate", "strict"])
async def test_counts_are_what_clients_saw_under_load_over_rotation_and_restarts(world, mode):
    """Hits, stale answers and shared ones, in two processes that are stopped in the middle of it."""
    seen = Counter()
    settings = world.to_file(
        AUDIT__MODE=mode, AUDIT__INTERVAL_SECONDS="0.01", AUDIT__ROTATE_BYTES="65536", AUDIT__KEEP_FILES="50"
    )
    for _ in range(2):
        async with sidecar_process(world.emulator.url, world.folder, **settings) as sidecar:
            load = Load(sidecar.address, world)
            await load.until(lambda load=load: load.seen["hit"] > 300)
            world.emulator.faults.add(Status(status=503), method="GET", times=FOREVER)
            await load.until(lambda load=load: load.seen["stale"] > 100)
            world.emulator.faults.clear()
            files = len(world.files)
            await load.until(lambda files=files: len(world.files) > files)
            sidecar.send(signal.SIGTERM)
            await sidecar.process.wait()
            await load.stop()
            seen += load.seen
    reads = reads_in(world.documents())
    reads.pop("background", None)
    assert reads == seen
    assert min(seen.values()) > 0
    assert set(seen) == {"hit", "stale", "collapsed"}
    code, told = world.verify()
    assert code == 0, told
    assert f"2 of 2 instances whole | {seen.total()} reads" in told
    assert len(world.files) >= 3


async def test_on_standard_output_counts_are_what_clients_saw(world):
    async with sidecar_process(world.emulator.url, world.folder, AUDIT__INTERVAL_SECONDS="0.1") as sidecar:
        load = Load(sidecar.address, world)
        await load.until(lambda: load.seen["hit"] > 500)
        sidecar.send(signal.SIGTERM)
        await sidecar.process.wait()
        await load.stop()
    reads = reads_in(documents_of(bytes(sidecar.audit)))
    reads.pop("background", None)
    assert reads == load.seen
    assert b"audit." not in sidecar.output


async def test_the_metrics_know_the_head_so_that_an_end_cut_away_shows(world):
    async with sidecar_process(world.emulator.url, world.folder, **world.to_file()) as sidecar:
        async with await WireClient.connect(sidecar.address) as client:
            for _ in range(3):
                await client.ask(request_head("GET", world.item, world.tokens[0]))
        async with await WireClient.connect(sidecar.observe_address) as client:
            text = (await client.ask("GET /metrics HTTP/1.1\r\nHost: localhost")).body.decode()
    figures = dict(re.findall(r"^connect_sidecar_audit_(sequence|head) (\S+)$", text, re.MULTILINE))
    head = f"{world.documents()[0]['instance']}={figures['sequence']}:{figures['head']}"
    code, told = world.verify("--head", head)
    assert code == 0, told
    world.file.write_bytes(b"")
    code, told = world.verify("--head", head)
    assert code == 1
    assert "its metrics knew of seq 1" in told


async def test_what_kill_9_loses_is_within_the_interval_and_named(world):
    interval, grace = 0.5, 0.5
    async with sidecar_process(
        world.emulator.url,
        world.folder,
        expected_code=-signal.SIGKILL,
        **world.to_file(AUDIT__INTERVAL_SECONDS=str(interval)),
    ) as sidecar:
        load = Load(sidecar.address, world)
        begun = time.monotonic()
        await load.until(lambda: time.monotonic() > begun + 2.5)
        sidecar.send(signal.SIGKILL)
        killed = time.monotonic()
        await sidecar.process.wait()
        await load.stop()
    on_record = reads_in(world.documents()).total()
    from_connect = len(load.times) - load.seen.total()
    due = sum(at < killed - interval - grace for at in load.times)
    assert due - from_connect <= on_record <= load.seen.total()
    assert on_record > 0
    code, told = world.verify()
    assert code == 1
    assert re.search(r"ended without a closing record after seq \d+ at \S+Z: reads of up to 0.5 s may", told)
    async with sidecar_process(world.emulator.url, world.folder, **world.to_file()):
        pass
    code, told = world.verify()
    assert code == 1
    assert "1 of 2 instances whole" in told


async def test_a_full_disk_is_said_survived_and_on_record_afterwards(world):
    """The process may write no byte more to its file: as on a full disk, but for this file alone."""
    settings = world.to_file(AUDIT__INTERVAL_SECONDS="0.05")
    async with sidecar_process(world.emulator.url, world.folder, **settings) as sidecar:
        load = Load(sidecar.address, world)
        await load.until(lambda: load.seen["hit"] > 50 and reads_in(world.documents_so_far()).total())
        soft, hard = resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (world.file.stat().st_size + 100, hard))
        await until(lambda: b'"audit.failing"' in sidecar.output)
        before = load.seen.total()
        await load.until(lambda: load.seen.total() > before + 200)
        resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (soft, hard))
        await until(lambda: b'"audit.resumed"' in sidecar.output)
        await load.stop()
    lost = sum(one["reads"] for one in world.documents() if one["event"] == "audit.lost")
    reads = reads_in(world.documents())
    reads.pop("background", None)
    assert reads.total() + lost == load.seen.total()
    assert "audit.lost" in {one["event"] for one in world.documents()}
    code, told = world.verify()
    assert code == (1 if lost else 0), told
    assert "changed" not in told


async def test_refuse_answers_nothing_from_the_cache_until_it_can_be_recorded(world):
    settings = world.to_file(AUDIT__INTERVAL_SECONDS="0.05", AUDIT__ON_FAILURE="refuse")
    async with (
        sidecar_process(world.emulator.url, world.folder, **settings) as sidecar,
        await WireClient.connect(sidecar.address) as client,
    ):

        async def ask(path=world.item):
            return await client.ask(request_head("GET", path, world.tokens[0]))

        await ask()
        await until(world.file.exists)
        soft, hard = resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (world.file.stat().st_size, hard))
        assert how_of(await ask()) == "hit"
        await until(lambda: b'"audit.failing"' in sidecar.output)
        refused = await ask()
        assert (refused.status, refused.value("Retry-After")) == (503, "1")
        assert (await ask(world.items)).status == 200  # Connect hears of this one
        resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (soft, hard))
        await until(lambda: b'"audit.resumed"' in sidecar.output)
        assert how_of(await ask()) == "hit"
    assert reads_in(world.documents()) == {"hit": 2}
    assert world.verify()[0] == 0


async def test_refuse_holds_at_once_for_heads_that_the_express_lane_knows(world):
    settings = world.to_file(
        AUDIT__INTERVAL_SECONDS="0.05", AUDIT__ON_FAILURE="refuse", CACHE__WRITE_FENCE_SECONDS="1"
    )
    async with (
        sidecar_process(world.emulator.url, world.folder, **settings) as sidecar,
        await WireClient.connect(sidecar.address) as client,
    ):
        head = request_head("GET", world.item, world.tokens[0])

        async def took_the_lane():
            await client.ask(head)
            async with await WireClient.connect(sidecar.observe_address) as scraper:
                page = (await scraper.ask(request_head("GET", "/metrics", ""))).body
            return b"connect_sidecar_express_lane_requests_total 0.0" not in page

        while not await took_the_lane():
            pass
        await until(world.file.exists)
        _, hard = resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (world.file.stat().st_size, hard))
        while b'"audit.failing"' not in sidecar.output:
            await client.ask(head)
        # What could not be written counts on until it can be; nobody may be answered on it.
        assert [(await client.ask(head)).status for _ in range(3)] == [503] * 3


@pytest.mark.parametrize("on_failure", ["serve", "refuse"])
async def test_a_closed_standard_output_costs_records_or_hits_as_asked_and_never_the_process(
    world, on_failure
):
    async with sidecar_process(
        world.emulator.url,
        world.folder,
        AUDIT__INTERVAL_SECONDS="0.05",
        AUDIT__ON_FAILURE=on_failure,
    ) as sidecar:
        client = await WireClient.connect(sidecar.address)
        head = request_head("GET", world.item, world.tokens[0])
        await client.ask(head)
        sidecar.process._transport.get_pipe_transport(1).close()
        assert how_of(await client.ask(head)) == "hit"
        await until(lambda: b'"audit.failing"' in sidecar.output)
        assert (await client.ask(head)).status == {"serve": 200, "refuse": 503}[on_failure]
        client.writer.close()
    failing = [json.loads(line) for line in sidecar.output.splitlines() if b"audit.failing" in line]
    assert [one["why"] for one in failing] == ["EPIPE"]


class HeldOutput(FileOutput):
    """A file that is written when the test says so."""

    is_asked = threading.Event()
    may_go_on = threading.Event()

    def write(self, octets):
        self.is_asked.set()
        assert self.may_go_on.wait(30)
        return super().write(octets)


async def test_strict_has_a_read_on_disk_before_the_first_byte_of_its_answer(world, monkeypatch):
    monkeypatch.setattr(recording, "FileOutput", HeldOutput)
    HeldOutput.may_go_on.set()
    settings = world.to_file(AUDIT__MODE="strict")
    async with (
        running_sidecar(world.emulator.url, **settings) as sidecar,
        await WireClient.connect(sidecar.address) as client,
    ):
        head = request_head("GET", world.item, world.tokens[0])
        await client.ask(head)
        HeldOutput.may_go_on.clear()
        HeldOutput.is_asked.clear()
        client.writer.write(f"{head}\r\n\r\n".encode())
        await until(HeldOutput.is_asked.is_set)
        async with await WireClient.connect(sidecar.address) as another:
            assert (await another.ask(request_head("GET", "/health", world.tokens[0]))).status == 200
        assert client.reader._buffer == b""
        assert reads_in(world.documents()) == {}
        HeldOutput.may_go_on.set()
        await client.reader.readexactly(1)
        assert reads_in(world.documents()) == {"hit": 1}
        client.reader._buffer[:0] = b"H"
        assert how_of(await client.answer()) == "hit"
        for _ in range(3):
            await client.ask(head)
        assert reads_in(world.documents()) == {"hit": 1}
    assert reads_in(world.documents()) == {"hit": 4}


@pytest.mark.parametrize("step_seconds", [-3600, 3600])
async def test_a_step_of_the_clock_costs_no_read_and_no_order(world, step_seconds):
    clock = SteppedClock()
    async with (
        running_sidecar(world.emulator.url, clock=clock, **world.to_file()) as sidecar,
        await WireClient.connect(sidecar.address) as client,
    ):
        for number in range(10):
            if number == 5:
                clock.step_wall(step_seconds)
            await client.ask(request_head("GET", world.item, world.tokens[0]))
    documents = world.documents()
    assert reads_in(documents) == {"hit": 9}
    assert all(one["first"] <= one["last"] for one in documents if one["event"] == "audit.read")
    assert world.verify()[0] == 0


async def test_background_requests_stand_in_the_name_of_the_token_with_their_cause(world):
    settings = world.to_file(AUDIT__INTERVAL_SECONDS="0.05", CACHE__CHANGE_CHECK_INTERVAL_SECONDS="0.6")
    async with (
        running_sidecar(world.emulator.url, **settings) as sidecar,
        await WireClient.connect(sidecar.address) as client,
    ):
        async with asyncio.timeout(30):
            while "background" not in reads_in(world.documents_so_far()):
                for path in (world.item, world.items):
                    await client.ask(request_head("GET", path, world.tokens[0]))
    line = next(one for one in world.documents() if one.get("how") == "background")
    hit = next(one for one in world.documents() if one.get("how") == "hit")
    assert (line["token"], line["jti"], line["vault"]) == (hit["token"], hit["jti"], hit["vault"])
    assert line["cause"]
    assert line["outcome"] == "done"


async def test_records_say_whose_they_are_and_nothing_that_is_secret(world, monkeypatch):
    monkeypatch.setenv("POD_NAME", "billing-7d4f")
    monkeypatch.setenv("POD_NAMESPACE", "prod")
    async with (
        running_sidecar(world.emulator.url, **world.to_file()) as sidecar,
        await WireClient.connect(sidecar.address) as client,
    ):
        for _ in range(2):
            await client.ask(request_head("GET", f"{world.items}?filter=title%20eq%20x", world.tokens[0]))
            await client.ask(request_head("GET", world.item, world.tokens[0]))
    for document in world.documents():
        assert (document["pod"], document["namespace"]) == ("billing-7d4f", "prod")
    text = world.file.read_text()
    assert "filter" not in text
    assert world.tokens[0].split(".")[2] not in text
    assert KEY.hex() not in text


def test_a_missing_file_is_one_line_and_exit_code_2(tmp_path):
    ran = subprocess.run(
        [sys.executable, "-m", "proxy", "audit", "verify", str(Path(tmp_path, "none"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "can't be read" in ran.stderr
    assert "Traceback" not in ran.stderr
