"""The sidecar as a process of its own: `connect-sidecar serve`, with everything it writes kept.

What it says of itself (standard error) and the audit (standard output) are kept apart.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.overheard import OVERHEARD


@dataclass(slots=True)
class SidecarProcess:
    """A running process; `output` and `audit` grow while it runs and are complete once it has ended."""

    pid: int
    address: str
    observe_address: str
    control_path: Path
    process: asyncio.subprocess.Process
    output: bytearray = field(default_factory=bytearray)
    audit: bytearray = field(default_factory=bytearray)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def sidecar_process(
    upstream_url: str,
    directory: Path,
    *,
    arguments: tuple[str, ...] = (),
    expected_code: int = 0,
    open_files: int | None = None,
    environment: Mapping[str, str] | None = None,
    **overrides: str,
) -> AsyncIterator[SidecarProcess]:
    """Run `serve` for the length of the block; it must end with `expected_code` on SIGTERM.

    `overrides` are settings, named SECTION__KEY; `environment` has variables that are none of ours. `open_files` is how
    many it may have.
    """
    traffic, observe, control = free_port(), free_port(), directory / "control.sock"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_SIDECAR")}
    settings = {
        "UPSTREAM__URL": upstream_url,
        "SERVER__LISTEN": f"127.0.0.1:{traffic}",
        "SERVER__DRAIN_DELAY_SECONDS": "0",
        "SERVER__DRAIN_NEIGHBOUR_SECONDS": "0",
        "OBSERVE__LISTEN": f"127.0.0.1:{observe}",
        "CONTROL__SOCKET": str(control),
        **overrides,
    }
    environ |= {f"CONNECT_SIDECAR__{name}": value for name, value in settings.items()}
    environ |= environment or {}
    within = () if open_files is None else ("/bin/sh", "-c", f'ulimit -n {open_files} && exec "$0" "$@"')
    process = await asyncio.create_subprocess_exec(
        *(*within, sys.executable, "-m", "proxy", "serve", *arguments),
        env=environ,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    sidecar = SidecarProcess(
        process.pid,
        f"127.0.0.1:{traffic}",
        f"127.0.0.1:{observe}",
        Path(settings["CONTROL__SOCKET"]),
        process,
    )
    is_serving = asyncio.Event()
    reading = asyncio.gather(_keep_output(sidecar, is_serving), _keep_audit(sidecar))
    try:
        await asyncio.wait_for(is_serving.wait(), 20)
        yield sidecar
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), 30)
        await reading
        OVERHEARD.say("a process", bytes(sidecar.output + sidecar.audit))
    assert process.returncode == expected_code, bytes(sidecar.output)


async def _keep_output(sidecar: SidecarProcess, is_serving: asyncio.Event) -> None:
    assert sidecar.process.stderr is not None
    while line := await sidecar.process.stderr.readline():
        sidecar.output += line
        if b'"phase":"serving"' in line:
            is_serving.set()
    is_serving.set()


async def _keep_audit(sidecar: SidecarProcess) -> None:
    assert sidecar.process.stdout is not None
    while octets := await sidecar.process.stdout.read(65_536):
        sidecar.audit += octets
