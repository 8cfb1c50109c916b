"""Settings that change while a sidecar runs: what takes effect, what waits, what is refused; the cache stays."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from proxy.adapters.file_watch import FileWatch
from proxy.assembly import Sources
from proxy.config import load_all
from proxy.emulator import READ, Emulator
from proxy.exchange.events import ReloadOutcome
from tests.support.process import sidecar_process
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head

HEAD = """\
[upstream]
url = "{url}"
[server]
listen = ["127.0.0.1:0"]
drain_delay_seconds = 0
[observe]
listen = ["127.0.0.1:0"]
"""


class World:
    """A sidecar that reads a file, and somebody who writes it."""

    def __init__(self, emulator, directory):
        self.emulator = emulator
        self.file = directory / "sidecar.toml"
        self.head = HEAD.format(url=emulator.url) + f'[control]\nsocket = "{directory}/control.sock"\n'
        sample = emulator.sample_data()
        self.token = emulator.issue_token("ci", {sample.demo.id: READ})
        self.item = f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}"
        self.clock = SteppedClock()
        self.write("")

    def write(self, text):
        self.file.write_text(self.head + text)

    @property
    def sources(self):
        return Sources(read=lambda: load_all(self.file, {}), config_file=self.file)

    async def get(self, sidecar, path=None, method="GET"):
        async with await WireClient.connect(sidecar.address) as client:
            return await client.ask(request_head(method, path or self.item, self.token))

    async def is_hit(self, sidecar):
        return "hit" in (await self.get(sidecar)).value("Cache-Status")


@pytest.fixture
async def world(tmp_path):
    async with Emulator() as emulator:
        yield World(emulator, tmp_path)


@pytest.fixture
async def running(world):
    settings = world.sources.read().settings
    async with running_sidecar(settings=settings, clock=world.clock, sources=world.sources) as sidecar:
        world.clock.pass_seconds(31)
        assert not await world.is_hit(sidecar)
        yield sidecar


async def test_freshness_limits_routes_and_mode_take_effect_and_what_is_stored_stays(world, running):
    world.write(
        "[cache]\nitem_freshness_seconds = 7\n[limits]\nmode = 'enforce'\n[routes]\ndeny = ['* activity']\n"
    )
    reloaded = running.sidecar.reload()
    assert reloaded.outcome is ReloadOutcome.APPLIED
    assert set(reloaded.changed) == {"cache.item_freshness_seconds", "limits.mode", "routes.deny"}
    assert running.sidecar.status().stored_responses == 1, "it stays"
    assert not await world.is_hit(running), "but is validated before it is used again"
    assert await world.is_hit(running)
    assert (await world.get(running)).value("RateLimit") is not None
    assert (await world.get(running, "/v1/activity")).status == 403
    world.clock.pass_seconds(8)
    assert not await world.is_hit(running)


async def test_a_mode_that_the_file_does_not_change_stays_as_an_operator_switched_it(world, running):
    running.sidecar.exchange.switch(running.sidecar.exchange.mode.PASSTHROUGH)
    world.write("[cache]\nitem_freshness_seconds = 7\n")
    running.sidecar.reload()
    assert running.sidecar.status().mode == "passthrough"
    world.file.write_text('mode = "observe"\n' + world.head)
    assert running.sidecar.reload().changed == ("cache.item_freshness_seconds", "mode")
    assert running.sidecar.status().mode == "observe"


async def test_a_bad_file_is_refused_with_all_its_errors_and_the_old_settings_go_on(world, running):
    world.write("[cache]\nitem_freshness_seconds = -1\nstor_bytes = 3\n[limits]\nmode = 'hard'\n")
    reloaded = running.sidecar.reload()
    assert reloaded.outcome is ReloadOutcome.REFUSED
    assert len(reloaded.problems) == 3
    assert await world.is_hit(running)
    assert "connect_sidecar_reload_refused 1.0" in await scraped(running)
    world.write("")
    assert running.sidecar.reload().outcome is ReloadOutcome.UNCHANGED
    text = await scraped(running)
    assert "connect_sidecar_reload_refused 0.0" in text
    assert 'connect_sidecar_reloads_total{outcome="refused"} 1.0' in text


async def scraped(sidecar):
    async with await WireClient.connect(sidecar.observe_address) as client:
        return (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()


async def test_what_cannot_change_now_is_named_and_waits(world, running):
    world.write("[cache]\nstore_bytes = 33554432\nitem_freshness_seconds = 7\n")
    for _ in range(2):
        assert running.sidecar.reload().pending == ("cache.store_bytes",)


async def test_a_file_that_is_right_alone_but_not_with_what_waits_is_refused(world, running):
    world.file.write_text(
        world.head.replace("[server]", "total_seconds = 30\n[server]")
        + "[cache]\nread_your_writes_hold_seconds = 20\n"
    )
    (problem,) = running.sidecar.reload().problems
    assert problem.startswith("cache.read_your_writes_hold_seconds: must be less than upstream.total_seconds")


async def test_raising_the_generation_drops_everything_and_lowering_it_nothing(world, running):
    world.write("[cache]\ngeneration = 1\n")
    running.sidecar.reload()
    assert running.sidecar.status().stored_responses == 0
    await world.get(running)
    world.write("")
    assert running.sidecar.reload().outcome is ReloadOutcome.APPLIED
    assert running.sidecar.status().stored_responses == 1


async def test_a_name_that_is_no_setting_is_an_error_or_is_told(world, running):
    world.write("[cache]\nnewer = 1\n[newest]\nx = 1\n")
    assert len(running.sidecar.reload().problems) == 2
    world.file.write_text('unknown_keys = "warn"\n' + world.head + "[cache]\nnewer = 1\n[newest]\nx = 1\n")
    reloaded = running.sidecar.reload()
    assert (reloaded.outcome, reloaded.changed) == (ReloadOutcome.APPLIED, ("unknown_keys",))
    assert len(reloaded.ignored) == 2


async def test_a_renamed_token_gets_its_new_name(world, running):
    world.write("[tokens.names]\nnobody = 'x'\n")
    assert running.sidecar.reload().changed == ("tokens.names",)
    assert (await world.get(running)).status == 200


# --- how a reload comes about


async def watch(path, change):
    """Watch while `change` happens; return how often it was told."""
    told = []
    watching = asyncio.create_task(
        FileWatch(lambda: [path], lambda: told.append(1), interval_seconds=0.01).run()
    )
    await asyncio.sleep(0.02)
    change()
    try:
        async with asyncio.timeout(5):
            while not told:
                await asyncio.sleep(0.01)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    return len(told)


def mounted(directory):
    """A Kubernetes volume: file -> ..data/file, ..data -> a directory that is swapped."""
    for name in ("..first", "..second"):
        (directory / name).mkdir()
        (directory / name / "sidecar.toml").write_text(name)
    (directory / "..data").symlink_to("..first")
    (directory / "sidecar.toml").symlink_to("..data/sidecar.toml")
    return directory / "sidecar.toml"


def swap(directory):
    (directory / "..data_tmp").symlink_to("..second")
    (directory / "..data_tmp").rename(directory / "..data")


async def test_a_swapped_volume_a_written_file_and_one_that_goes_are_noticed(tmp_path):
    path = mounted(tmp_path)
    assert await watch(path, lambda: swap(tmp_path)) == 1
    assert path.read_text() == "..second"
    plain = tmp_path / "plain"
    assert await watch(plain, lambda: plain.write_text("come")) == 1
    assert await watch(plain, lambda: plain.write_text("changed")) == 1
    assert await watch(plain, plain.unlink) == 1


async def test_what_changed_before_the_watch_began_to_run_is_noticed(tmp_path):
    path, told = tmp_path / "plain", asyncio.Event()
    watching = FileWatch(lambda: [path], told.set, interval_seconds=0.01)
    path.write_text("come")
    running = asyncio.create_task(watching.run())
    await asyncio.wait_for(told.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("how", ["file", "signal", "control"])
async def test_a_running_process_takes_a_change_within_five_seconds(world, tmp_path, how):
    file = tmp_path / "live.toml"
    file.write_text("[log]\nlevel = 'info'\n")
    async with sidecar_process(world.emulator.url, tmp_path, arguments=("--config", str(file))) as process:
        file.write_text("[routes]\ndeny = ['* activity']\n")
        if how == "signal":
            process.send(signal.SIGHUP)
        elif how == "control":
            code, out = await command("reload", tmp_path)
            assert (code, out.split()) == (0, ["applied", "routes.deny"])
        async with asyncio.timeout(5), await WireClient.connect(process.address) as client:
            while (await client.ask(request_head("GET", "/v1/activity", world.token))).status != 403:
                await asyncio.sleep(0.05)
        async with asyncio.timeout(5):  # a thread writes the line
            while b'"settings.reloaded","outcome":"applied","changed":["routes.deny"]' not in process.output:
                await asyncio.sleep(0.01)
        file.write_text("[routes]\ndeny = ['nonsense']\n")
        code, out = await command("reload", tmp_path)
        assert (code, out.strip()) == (2, "refused")


async def command(name, directory: Path):
    environ = os.environ | {"CONNECT_SIDECAR__CONTROL__SOCKET": str(directory / "control.sock")}
    made = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", name),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, _ = await made.communicate()
    return made.returncode, out.decode()


async def test_the_control_port_says_what_became_of_it(world, running):
    world.write("[routes]\nallow = ['GET *']\n")
    reader, writer = await asyncio.open_unix_connection(running.control_path)
    async with WireClient(reader, writer) as client:
        answer = await client.ask("POST /reload HTTP/1.1\r\nHost: localhost")
    assert json.loads(answer.body)["outcome"] == "applied"
