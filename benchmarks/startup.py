"""How soon `serve` is ready, and what it holds of memory at rest: `python -m benchmarks.startup`.

Each round starts, one after the other, `python -c 'import aiohttp'` and the sidecar without and with tracing. Ready is
when /readyz has answered 200; rest is a second later. Time is told as a ratio to that import, because that is what the
machine and Python take anyway, and as processor time, which other programs don't lengthen; memory as Pss and as VmRSS.
Medians over the rounds. Byte code is compiled before the first round, as the image has it, even where the
environment says PYTHONDONTWRITEBYTECODE.
"""

import argparse
import http.client
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.site import free_ports

_IMPORT = (sys.executable, "-c", "import aiohttp")
_SERVE = (sys.executable, "-m", "proxy", "serve")
_REST_SECONDS = 1.0
_PATIENCE_SECONDS = 20.0
VARIANTS: Mapping[str, Mapping[str, str]] = {
    "tracing off": {},
    "tracing on": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"},
}
BOUNDS_MIB = {"tracing off": 48, "tracing on": 56}
"""What we claim of resident memory at rest."""

READY_SECONDS = 0.5
"""What we claim of the time until it serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start."""

    ready_seconds: float
    processor_seconds: float
    resident_bytes: int
    proportional_bytes: int


def environment(byte_code: str) -> dict[str, str]:
    """Return our own environment without settings of ours, byte code kept in a folder."""
    environ = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("CONNECT_", "OP_", "OTEL_")) and key != "PYTHONDONTWRITEBYTECODE"
    }
    return environ | {"PYTHONPYCACHEPREFIX": byte_code}


def import_seconds(environ: Mapping[str, str]) -> float:
    """Return how long Python takes to import aiohttp and to end."""
    began = time.perf_counter()
    subprocess.run(_IMPORT, check=True, env=environ)
    return time.perf_counter() - began


def started(environ: Mapping[str, str]) -> Start:
    """Start the sidecar, wait until it serves and rests, end it."""
    traffic, observe, upstream = free_ports(3)
    with TemporaryDirectory() as directory:
        settings = {
            "UPSTREAM__URL": f"http://127.0.0.1:{upstream}",
            "SERVER__LISTEN": f"127.0.0.1:{traffic}",
            "SERVER__DRAIN_DELAY_SECONDS": "0",
            "OBSERVE__LISTEN": f"127.0.0.1:{observe}",
            "CONTROL__SOCKET": f"{directory}/control.sock",
        }
        ours = {f"CONNECT_SIDECAR__{name}": value for name, value in settings.items()}
        began = time.perf_counter()
        process = subprocess.Popen(
            _SERVE, env={**environ, **ours}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_until_ready(observe, process)
            ready_seconds, processor_seconds = time.perf_counter() - began, _processor_seconds(process.pid)
            time.sleep(_REST_SECONDS)
            return Start(
                ready_seconds=ready_seconds,
                processor_seconds=processor_seconds,
                resident_bytes=_kilobytes(f"/proc/{process.pid}/status", "VmRSS"),
                proportional_bytes=_kilobytes(f"/proc/{process.pid}/smaps_rollup", "Pss"),
            )
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.002)
        finally:
            connection.close()
    raise RuntimeError("it isn't ready")


def _processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _kilobytes(file: str, name: str) -> int:
    found = re.search(rf"(?m)^{name}:\s+(\d+) kB", Path(file).read_text())
    assert found is not None
    return int(found[1]) * 1024


def measured(rounds: int) -> tuple[list[float], dict[str, list[Start]]]:
    """Return what the import took and what the starts were, of each round."""
    imports: list[float] = []
    starts: dict[str, list[Start]] = {name: [] for name in VARIANTS}
    with TemporaryDirectory() as byte_code:
        environ = environment(byte_code)
        for more in VARIANTS.values():
            started(environ | dict(more))  # byte code is compiled, files are in memory
        for _ in range(rounds):
            imports.append(import_seconds(environ))
            for name, more in VARIANTS.items():
                starts[name].append(started(environ | dict(more)))
    return imports, starts


def main() -> int:
    """Measure, print; exit code 1 if a bound is not kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    imports, starts = measured(rounds)
    base = statistics.median(imports)
    print(f"import aiohttp: {base:.3f} s (medians of {rounds} rounds, load average {os.getloadavg()[0]:.1f})")
    is_kept = True
    for name, seen in starts.items():
        ready = statistics.median(start.ready_seconds for start in seen)
        processor = statistics.median(start.processor_seconds for start in seen)
        resident = statistics.median(start.resident_bytes for start in seen) / 2**20
        proportional = statistics.median(start.proportional_bytes for start in seen) / 2**20
        is_kept = is_kept and ready <= READY_SECONDS and resident <= BOUNDS_MIB[name]
        print(
            f"{name}: ready after {ready:.3f} s, {ready / base:.2f} times the import (claimed: {READY_SECONDS} s),"
            f" {processor:.2f} s of them at work; "
            f"resident {resident:.1f} MiB (claimed: {BOUNDS_MIB[name]}), Pss {proportional:.1f} MiB"
        )
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
