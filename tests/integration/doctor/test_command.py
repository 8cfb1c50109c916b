"""`connect-sidecar doctor` as a process: exit codes, what it prints, and that it cleans up when it is ended."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings, HoldPoint
from tests.support.process import free_port

TIMEOUT_SECONDS = 60


async def started(*arguments: str, token: str = "") -> asyncio.subprocess.Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OP_", "CONNECT_"))}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", "doctor", *arguments),
        env=kept | ({"OP_CONNECT_TOKEN": token} if token else {}),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ran(*arguments: str, token: str = "") -> tuple[int | None, str, str]:
    process = await started(*arguments, token=token)
    out, err = await asyncio.wait_for(process.communicate(), TIMEOUT_SECONDS)
    return process.returncode, out.decode(), err.decode()


async def test_as_expected_is_0_with_a_table_and_nothing_else(tmp_path: Path):
    async with Emulator() as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        token_file = tmp_path / "token"
        token_file.write_text(emulator.issue_token("d", {sample.demo.id: READ_WRITE}) + "\n")
        code, out, err = await ran("--upstream", f"{emulator.url}/", "--token-file", str(token_file))
    assert (code, err) == (0, "")
    assert out.startswith(f"{emulator.url}: ")
    assert out.endswith("\nnothing out of the ordinary\n")
    assert "= the list of vaults with a trailing slash" in out


async def test_something_worth_reading_is_1_and_json_says_what():
    async with Emulator() as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        token = emulator.issue_token("d", {sample.demo.id: READ_WRITE})
        code, out, err = await ran(
            "--upstream", emulator.url, "--write", sample.demo.id, "--json", token=token
        )
    report = json.loads(out)
    assert code == 1
    (conflict,) = [each for each in report["writing"] if each["verdict"] == "different"]
    assert (conflict["key"], conflict["answer"], conflict["expected"]) == (
        "write_conflict",
        "both 200",
        "one 200, one 409",
    )
    assert err.startswith("connect-sidecar doctor: writing to vault ")
    assert sample.demo.id not in out + err


@pytest.mark.parametrize(
    ("arguments", "token", "reason"),
    [
        (("--upstream", "{closed}"), "t0ken", "no answer from there: connection refused"),
        (("--upstream", "ftp://connect"), "t0ken", "upstream URL: must begin with http:// or https://"),
        (("--upstream", "{closed}"), "", "OP_CONNECT_TOKEN: no token; give --token-file FILE"),
        (("--upstream", "{closed}"), "two words", "OP_CONNECT_TOKEN: is not a bearer token"),
        (("--upstream", "{closed}", "--token-file", "/none"), "t0ken", "--token-file: can't be read"),
        (("--upstream", "https://127.0.0.1", "--ca-file", "/none"), "t0ken", "--ca-file: can't be used"),
    ],
)
async def test_who_can_not_be_asked_is_2_and_one_line(arguments, token, reason):
    closed = f"http://127.0.0.1:{free_port()}"
    code, out, err = await ran(*(each.format(closed=closed) for each in arguments), token=token)
    assert (code, out) == (2, "")
    assert err.startswith(f"connect-sidecar doctor: {reason}")
    assert err.count("\n") == 1


async def test_a_vault_to_write_to_that_the_token_does_not_see_is_2():
    async with Emulator() as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        token = emulator.issue_token("d", {sample.demo.id: READ_WRITE})
        code, _, err = await ran("--upstream", emulator.url, "--write", sample.empty.id, token=token)
    assert (code, err) == (2, "connect-sidecar doctor: --write: the token sees no vault with this id\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_ended_in_the_middle_of_a_write_it_removes_what_it_made(number, method):
    async with Emulator(EmulatorSettings(sync_delay_seconds=0.1)) as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        token = emulator.issue_token("d", {sample.empty.id: READ_WRITE})
        hold = emulator.hold(method=method, at=HoldPoint.BEFORE_ANSWERING, path=sample.empty.id)
        process = await started("--upstream", emulator.url, "--write", sample.empty.id, token=token)
        await hold.arrived()
        assert len(emulator.vault(sample.empty.id).items) == 1
        process.send_signal(number)
        out, err = await asyncio.wait_for(process.communicate(), TIMEOUT_SECONDS)
        assert emulator.vault(sample.empty.id).items == {}
    assert (process.returncode, out) == (2, b"")
    assert b"ended before it was done" in err
    assert b"may still have" not in err
