"""A process and all its children, pinned to one processor: started, accounted for, ended."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER, CLIENT = 0, 1
"""Processors: whoever is compared has one for itself; the load and the origin share the other."""

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A running process; its output lies in `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def cpu_seconds(self) -> float:
        """Return what it and its living children have used of processors so far."""
        return sum(_ticks(pid) for pid in self._family()) / _TICKS_PER_SECOND

    def resident_bytes(self) -> int:
        """Return what it and its children hold of memory; pages they share count once (Pss)."""
        return sum(_proportional_bytes(pid) for pid in self._family())

    def _family(self) -> list[int]:
        family, found = [self.process.pid], 0
        while found < len(family):
            tasks = Path(f"/proc/{family[found]}/task")
            for task in tasks.iterdir():
                family += [int(pid) for pid in (task / "children").read_text().split()]
            found += 1
        return family

    def stop(self) -> None:
        """End it; what doesn't go in time is killed."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(
    name: str,
    command: Sequence[str],
    *,
    cpu: int,
    directory: Path,
    port: int,
    environment: Mapping[str, str] | None = None,
) -> Pinned:
    """Start it and return when it listens on `port`; tell its output if it doesn't."""
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("CONNECT_SIDECAR", "OP_", "OTEL_"))
    }
    log = directory / "output"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(cpu), *command],
            env=environ | dict(environment or {}),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    pinned = Pinned(name=name, process=process, log=log)
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return pinned
    pinned.stop()
    raise RuntimeError(f"{name} doesn't listen: {log.read_text(errors='replace')[-1500:]}")


def cpu_busy_seconds(cpu: int) -> float:
    """Return for how long this processor has done anything at all."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{cpu}":
            user, nice, system, _idle, _waiting, *interrupts_and_stolen = map(int, ticks[:8])
            return (user + nice + system + sum(interrupts_and_stolen)) / _TICKS_PER_SECOND
    raise RuntimeError(f"no processor {cpu}")


def _ticks(pid: int) -> int:
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def _proportional_bytes(pid: int) -> int:
    found = re.search(r"(?m)^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text())
    return int(found[1]) * 1024 if found else 0
