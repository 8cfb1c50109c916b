"""The lines of docs/topology.md that end a Job's sidecar, run as written by a shell with curl."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from proxy.emulator import Emulator
from tests.support.process import free_port, sidecar_process

pytestmark = pytest.mark.system

PAGE = Path(__file__).resolve().parents[2] / "docs" / "topology.md"
LINES = re.findall(r"^trap '.*' EXIT$", PAGE.read_text(), re.MULTILINE)


def test_the_page_has_one_line_for_the_socket_and_one_for_loopback():
    assert ["--unix-socket" in line for line in LINES] == [True, False]


@pytest.mark.parametrize("line", LINES, ids=["socket", "loopback"])
async def test_the_last_step_of_a_job_ends_its_sidecar(tmp_path, line):
    port, token = free_port(), tmp_path / "token"
    token.write_text("c0ntrol")
    line = line.replace("/control/", f"{tmp_path}/").replace(":8182", f":{port}")
    waits = {"SERVER__DRAIN_DELAY_SECONDS": "60", "SERVER__DRAIN_NEIGHBOUR_SECONDS": "15"}
    listens = {} if "--unix-socket" in line else {"CONTROL__LISTEN": f"127.0.0.1:{port}"}
    listens |= {"CONTROL__TOKEN_FILE": str(token), "CONTROL__SOCKET": ""} if listens else {}
    async with Emulator() as emulator, sidecar_process(emulator.url, tmp_path, **waits, **listens) as sidecar:
        job = await asyncio.create_subprocess_exec(
            *("sh", "-c", f"{line}\nexit 3"), stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await job.communicate()
        assert job.returncode == 3  # the application's own
        assert json.loads(answer) == {"phase": "draining"}
        await asyncio.wait_for(sidecar.process.wait(), 10)
