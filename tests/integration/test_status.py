"""Status over real sockets: an outage from its first failure to its end, fences, refused tokens, settings, drain."""

import asyncio
import json
import os
import resource
import shlex
import sys
from pathlib import Path

import pytest

from proxy.assembly import Sources
from proxy.commands.control import as_document
from proxy.commands.status_line import line_of
from proxy.config import load_all
from proxy.emulator import FOREVER, READ_WRITE, Emulator, HoldPoint, Refuse, Status
from proxy.server.control_client import ControlError, ControlTarget, ask_control
from proxy.status.document import Reason, State
from proxy.status.document import Status as StatusDocument
from tests.support.process import sidecar_process
from tests.support.sidecar import SteppedClock, running_sidecar
from tests.support.wire import WireClient, request_head


class World:
    """A sidecar and one who asks how it is."""

    def __init__(self, emulator, sidecar, clock, sample):
        self.emulator, self.sidecar, self.clock, self.sample = emulator, sidecar, clock, sample
        self.token = emulator.issue_token("ci", dict.fromkeys(sample.vault_ids, READ_WRITE))
        self.items = f"/v1/vaults/{sample.demo.id}/items"
        self.item = f"{self.items}/{sample.login.id}"
        self.control = ControlTarget(socket_path=Path(sidecar.control_path))

    async def ask(self, path=None, *fields, method="GET", token=None, body=b""):
        async with await WireClient.connect(self.sidecar.address) as client:
            head = request_head(method, path or self.item, token or self.token, *fields)
            return await client.ask(head, body)

    async def status(self):
        return as_document(await ask_control(self.control, "GET", "/status"), StatusDocument)

    async def line(self):
        return line_of(await self.status())


@pytest.fixture
async def world():
    clock = SteppedClock()
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url, clock=clock) as sidecar:
            clock.pass_seconds(31)
            yield World(emulator, sidecar, clock, sample)


async def test_all_is_well_and_every_figure_is_there(world):
    for _ in range(20):
        assert (await world.ask()).status == 200
    line = await world.line()
    assert line.startswith(f"OK in front of {world.emulator.url} | mode cache | ok 100% hit 95% p99 ")
    assert " | tokens 1 ok 0 unverified 0 refused | fences 0 | audit lost 0" in line
    status = await world.status()
    assert status.recent_requests == 20
    assert status.recent_answers["hit"] == 19
    assert status.recent_direct_per_second > 10 * status.recent_to_connect_per_second > 0
    assert (status.stored_responses, status.store_limit_bytes) == (1, 16 * 1024 * 1024)
    (token,) = status.tokens
    assert (token.name.startswith("token-"), token.state) == (True, "verified")
    assert sum(status.history["hit"]) == 19
    assert status.endpoints[0].breaker == "closed"


async def test_an_outage_is_told_from_its_first_failure_and_its_end_at_once(world):
    await world.ask()
    world.clock.pass_seconds(61)
    refusal = world.emulator.faults.add(Refuse(), times=FOREVER)
    assert (await world.ask()).status == 200
    world.clock.pass_seconds(192)
    status = await world.status()
    assert (status.state, tuple(status.reasons)) == (State.DEGRADED, (Reason.SERVING_STALE,))
    assert status.endpoints[0].breaker == "closed"  # it has not even opened
    assert (status.connect_failure, int(status.connect_away_seconds)) == ("connection_refused", 192)
    line = line_of(status)
    assert line.startswith(f"DEGRADED serving stale: Connect {world.emulator.url} refused since ")
    assert "Z (3m12s), stale lasts 3h56m | mode cache | " in line
    assert "| tokens 0 ok 1 unverified 0 refused |" in line
    world.emulator.faults.remove(refusal)
    await world.ask()
    status = await world.status()
    assert (status.state, status.connect_failure) == (State.OK, "")
    assert status.connect_away_since_unix_seconds is None


async def test_an_outage_that_opens_the_breaker_is_in_the_changes_with_its_end(world):
    await world.ask()
    outage = world.emulator.faults.add(Status(status=503), times=FOREVER)
    for _ in range(6):
        await world.ask(world.item, "Cache-Control: max-age=0")
    world.emulator.faults.remove(outage)
    world.clock.pass_seconds(30)
    await world.ask(world.item, "Cache-Control: max-age=0")
    status = await world.status()
    assert [change.event for change in status.changes] == ["upstream.recovered", "upstream.down"]
    assert status.state is not State.OK  # those clients got errors


async def test_nothing_stored_is_failing(world):
    world.emulator.faults.add(Status(status=502), times=FOREVER)
    await world.ask()
    line = await world.line()
    assert line.startswith(f"FAILING nothing stored: Connect {world.emulator.url} answered 502 since ")


async def test_stale_answers_run_out(world):
    await world.ask()
    world.emulator.faults.add(Refuse(), times=FOREVER)
    world.clock.pass_seconds(61)
    await world.ask()
    world.clock.pass_seconds(14_401)
    assert (await world.ask()).status == 502
    status = await world.status()
    assert (status.state, status.stale_left_seconds) == (State.FAILING, 0.0)
    assert Reason.STALE_RAN_OUT in status.reasons


async def test_what_was_served_stale_lately_tells_how_long_it_lasts(world):
    await world.ask()
    world.clock.pass_seconds(10_000)
    world.emulator.faults.add(Refuse(), times=FOREVER)
    await world.ask()
    # Stale for 9,940 s already, so less is left than the outage's age alone would tell.
    assert 4_450 < (await world.status()).stale_left_seconds <= 4_460


async def test_errors_of_clients_are_failing_with_what_most_of_them_are(world):
    await world.ask()
    world.emulator.faults.add(Status(status=500), times=4, path=world.items)
    for _ in range(4):
        await world.ask(world.items)
    await world.ask()
    line = await world.line()
    assert line.startswith("FAILING clients get errors: 66.7% of 6 requests, ")
    assert "mostly Connect's own errors" in line


async def test_a_fence_and_a_refused_token_are_told(world):
    body = (await world.ask()).body
    length = f"Content-Length: {len(body)}"
    assert (await world.ask(world.item, length, method="PUT", body=body)).status == 200
    assert "| fences 1 (oldest " in await world.line()
    world.emulator.revoke(world.token)
    await world.ask(world.item, "Cache-Control: no-cache")
    assert "| tokens 0 ok 0 unverified 1 refused |" in await world.line()


async def test_the_mode_stands_in_front_while_nothing_is_answered_from_memory(world):
    await world.ask()
    await ask_control(world.control, "POST", "/mode", {"mode": "passthrough"})
    prefix = "OK in mode passthrough, nothing is answered from memory: in front of "
    assert (await world.line()).startswith(prefix)
    world.emulator.faults.add(Refuse(), times=FOREVER)
    await world.ask()
    assert (await world.line()).startswith("FAILING nothing is served stale in mode passthrough: Connect ")


async def test_limits_in_shadow_say_what_they_would_have_done():
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url, LIMITS__REQUEST_BURST="3") as sidecar:
            world = World(emulator, sidecar, None, sample)
            for _ in range(9):
                assert (await world.ask()).status == 200
            status = await world.status()
            assert 0 < status.recent_would_limit <= 5
            assert f"| would have limited {status.recent_would_limit} |" in line_of(status)


async def test_settings_that_were_refused_are_told_until_they_are_not(tmp_path):
    file = tmp_path / "sidecar.toml"

    def head(url):
        return (
            f'[upstream]\nurl = "{url}"\n[server]\nlisten = ["127.0.0.1:0"]\ndrain_delay_seconds = 0\n'
            f'[observe]\nlisten = ["127.0.0.1:0"]\n[control]\nsocket = "{tmp_path}/c.sock"\n'
        )

    async with Emulator() as emulator:
        sample = emulator.sample_data()
        good = head(emulator.url)
        file.write_text(good)
        sources = Sources(read=lambda: load_all(file, {}), config_file=file)
        settings = sources.read().settings
        async with running_sidecar(settings=settings, sources=sources) as sidecar:
            world = World(emulator, sidecar, None, sample)
            file.write_text(good + '[limits]\nmode = "sometimes"\n')
            sidecar.sidecar.reload()
            line = await world.line()
            assert line.startswith("DEGRADED settings refused at ")
            assert "(1 problem), the old ones go on |" in line
            file.write_text(good)
            sidecar.sidecar.reload()
            assert (await world.line()).startswith("OK ")


async def test_a_drain_is_told_while_the_last_requests_end(tmp_path):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with running_sidecar(emulator.url) as sidecar:
            world = World(emulator, sidecar, None, sample)
            hold = emulator.hold(path=world.item, at=HoldPoint.BEFORE_PROCESSING, times=1)
            asking = asyncio.create_task(world.ask())
            await sidecar.wait_until_under_way(1)
            sidecar.sidecar.lifecycle.request_stop()
            await asyncio.sleep(0)
            assert (await world.line()).startswith("DRAINING 1 request under way | ")
            hold.release()
            assert (await asking).status == 200


@pytest.mark.parametrize(("on_failure", "state"), [("serve", State.DEGRADED), ("refuse", State.FAILING)])
async def test_records_of_the_audit_that_are_lost_are_told(tmp_path, on_failure, state):
    audit = {
        "AUDIT__OUTPUT": "file",
        "AUDIT__FILE": str(tmp_path / "audit.jsonl"),
        "AUDIT__INTERVAL_SECONDS": "0.05",
        "AUDIT__ON_FAILURE": on_failure,
    }
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with sidecar_process(emulator.url, tmp_path, **audit) as sidecar:
            world = World(emulator, sidecar, None, sample)
            for _ in range(2):
                assert (await world.ask()).status == 200
            soft, hard = resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (0, hard))  # as on a full disk
            async with asyncio.timeout(20):
                while not (status := await world.status()).audit_lost:
                    await world.ask()
            resource.prlimit(sidecar.pid, resource.RLIMIT_FSIZE, (soft, hard))
            assert (status.state, Reason.AUDIT_LOST in status.reasons) == (state, True)
            lost = status.audit_lost
            assert f"{lost} audit record{'' if lost == 1 else 's'} lost" in line_of(status)


async def command(control, *arguments):
    environ = os.environ | {"CONNECT_SIDECAR__CONTROL__SOCKET": str(control)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", *arguments),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, out.decode(), err.decode()


async def test_the_commands_of_a_running_process_end_with_their_codes(tmp_path):
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        async with sidecar_process(emulator.url, tmp_path) as sidecar:
            world = World(emulator, sidecar, None, sample)
            await world.ask()
            code, out, _ = await command(sidecar.control_path, "status")
            assert (code, out.startswith("OK ")) == (0, True)
            code, out, _ = await command(sidecar.control_path, "status", "--json")
            document = json.loads(out)
            assert (code, document["state"]) == (0, "ok")
            name = document["tokens"][0]["name"]
            code, out, _ = await command(sidecar.control_path, "explain", world.item, "--token", name)
            assert code == 0
            assert "\nstored    yes, " in out
            # Just after a start answers are fresh for no more than 2 s, and a command takes a while to start.
            assert out.splitlines()[-1].startswith(("It would be answered ", "Connect would be asked, "))
            code, out, err = await command(
                sidecar.control_path, "explain", "/v1/vaults", "--token", world.token
            )
            assert (code, out) == (2, "")
            assert err == (
                "connect-sidecar explain: the control port refused (404): no accepted token has that name;"
                f" known: {name}\n"
            )
            emulator.faults.add(Refuse(), times=FOREVER)
            await world.ask(world.item, "Cache-Control: no-cache")
            code, out, _ = await command(sidecar.control_path, "status")
            assert (code, out.startswith("DEGRADED ")) == (1, True)
            await ask_control(world.control, "POST", "/purge", {"scope": "all"})
            code, out, _ = await command(sidecar.control_path, "status")
            assert (code, out.startswith("FAILING nothing stored: ")) == (2, True)


async def test_watching_into_a_pipe_is_a_line_each_time_until_it_is_told_to_end(tmp_path):
    async with Emulator() as emulator:
        async with sidecar_process(emulator.url, tmp_path) as sidecar:
            environ = os.environ | {"CONNECT_SIDECAR__CONTROL__SOCKET": str(sidecar.control_path)}
            watching = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "proxy", "status", "--watch", "--interval-seconds", "0.1"),
                env=environ,
                stdout=asyncio.subprocess.PIPE,
            )
            for _ in range(3):
                line = await asyncio.wait_for(watching.stdout.readline(), 30)
                assert line.startswith(b"OK in front of ")
                assert b"\x1b" not in line
        async with asyncio.timeout(30):
            while not (line := await watching.stdout.readline()).startswith(b"no sidecar answers at "):
                assert line
        watching.terminate()
        assert await asyncio.wait_for(watching.wait(), 30) == 0


async def test_watching_ends_when_nobody_reads_any_more(tmp_path):
    async with Emulator() as emulator, sidecar_process(emulator.url, tmp_path) as sidecar:
        watch = f"{shlex.quote(sys.executable)} -m proxy status --watch --interval-seconds 0.1"
        process = await asyncio.create_subprocess_shell(
            f"{watch} | head -n 1",
            env=os.environ | {"CONNECT_SIDECAR__CONTROL__SOCKET": str(sidecar.control_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 30)
        assert (out.count(b"\n"), err) == (1, b"")


async def test_no_control_port_no_status(world):
    with pytest.raises(ControlError):
        await ask_control(ControlTarget(socket_path=Path("/nowhere/c.sock")), "GET", "/status")
