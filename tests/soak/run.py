"""The soak: clients and disturbances for so long, then a verdict.

Nothing may be unexplained, resident memory must not grow once warm, and when all clients have gone no request, no
connection and no waiter may be left. The verdict is a list of complaints; the report is for people.
"""

import asyncio
import random
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import trustme

from proxy.emulator import READ_WRITE, Emulator
from tests.soak.account import Site, Tally, dawdle, guess, leave, read, write
from tests.soak.disturbances import DISTURBANCES, FAULTS, Machine
from tests.support.process import SidecarProcess, sidecar_process
from tests.support.wire import WireClient

_CLIENTS: list[tuple[Callable[[Site], Awaitable[None]], int]] = [
    (read, 8),
    (write, 2),
    (guess, 2),
    (leave, 2),
    (dawdle, 3),
]
_FAULT_EVERY_SECONDS = 25.0
_GROWTH_BYTES = 8 * 2**20
"""What medians of resident memory may differ by: arenas of the allocator come and go in steps of a mebibyte or more."""

_LEFT = re.compile(
    r"^(connect_sidecar_(?:client_connections|requests_under_way|writes_waiting|buffered_bytes"
    r'|upstream_requests_(?:under_way|waiting)\{tokens="\w+"\})) ([1-9].*)$',
    re.MULTILINE,
)
_COMPLAINTS = (
    b"handler_fault",
    b"connection_fault",
    b"unwritable",
    b"Traceback",
    b"never retrieved",
    b"destroyed",
)


@dataclass(slots=True)
class Verdict:
    """What is wrong, and what was seen."""

    complaints: list[str] = field(default_factory=list)
    report: list[str] = field(default_factory=list)


async def soak(seconds: float) -> Verdict:
    """Run for so long."""
    verdict, authority = Verdict(), trustme.CA()
    with TemporaryDirectory() as name:
        directory = Path(name)
        async with Emulator() as emulator:
            sample = emulator.sample_data()
            tokens = [
                emulator.issue_token(str(n), dict.fromkeys(sample.vault_ids, READ_WRITE)) for n in range(4)
            ]
            trusting = ssl.create_default_context()
            authority.configure_trust(trusting)
            site = Site(
                address="", tls=trusting, emulator=emulator, sample=sample, tokens=tokens, tally=Tally()
            )
            machine = Machine(site=site, authority=authority, directory=directory)
            machine.renew_certificate()
            machine.write_settings("")
            async with _sidecar(emulator.url, directory) as process:
                site = Site(
                    **{name: getattr(site, name) for name in Site.__slots__} | {"address": process.address}
                )
                machine = Machine(site=site, authority=authority, directory=directory)
                sizes = await _play(machine, process, seconds)
                await _look_for_leftovers(process, verdict)
            _judge(site.tally, sizes, bytes(process.output), verdict)
    return verdict


def _sidecar(url: str, directory: Path):
    return sidecar_process(
        url,
        directory,
        arguments=("--config", str(directory / "sidecar.toml")),
        SERVER__TLS_CERTIFICATE_FILE=str(directory / "tls.crt"),
        SERVER__TLS_KEY_FILE=str(directory / "tls.key"),
        CACHE__WRITE_FENCE_SECONDS="5",
    )


async def _play(machine: Machine, process: SidecarProcess, seconds: float) -> list[int]:
    """Have clients and disturbances at it; return the resident memory, in bytes, as time went by."""
    sizes: list[int] = []
    is_over = asyncio.Event()

    async def client(behave: Callable[[Site], Awaitable[None]]) -> None:
        while not is_over.is_set():
            try:
                await behave(machine.site)
            except (OSError, EOFError) as fault:
                machine.site.tally.note(behave.__name__, type(fault).__name__, frozenset())
            await asyncio.sleep(random.random() / 20)

    async def disturb() -> None:
        while not is_over.is_set():
            await asyncio.sleep(random.uniform(0.5, 2.5))
            await random.choice(DISTURBANCES)(machine)

    async def disturb_connect() -> None:
        while not is_over.is_set():
            await asyncio.sleep(_FAULT_EVERY_SECONDS)
            await random.choice(FAULTS)(machine)

    async with asyncio.TaskGroup() as group:
        for behave, many in _CLIENTS:
            for _ in range(many):
                group.create_task(client(behave))
        group.create_task(disturb())
        group.create_task(disturb_connect())
        for _ in range(int(seconds)):
            await asyncio.sleep(1)
            sizes.append(_resident_bytes(process.pid))
            machine.site.emulator.forget_requests()
        is_over.set()
    machine.site.emulator.faults.clear()
    return sizes


async def _look_for_leftovers(process: SidecarProcess, verdict: Verdict) -> None:
    """All clients have gone: so must be all that was done for them, soon."""
    left = ["never scraped"]
    for _ in range(200):
        async with await WireClient.connect(process.observe_address) as client:
            text = (await client.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()
        left = [f"{name} is still {value}" for name, value in _LEFT.findall(text)]
        if not left:
            break
        await asyncio.sleep(0.1)
    verdict.complaints += left
    verdict.report += [
        line for line in text.splitlines() if line.startswith("connect_sidecar_requests_total")
    ]


def _judge(tally: Tally, sizes: list[int], output: bytes, verdict: Verdict) -> None:
    third = len(sizes) // 3
    middle, last = median(sizes[third : 2 * third]), median(sizes[2 * third :])
    verdict.report.append(f"resident MiB: middle third {middle / 2**20:.1f}, last third {last / 2**20:.1f}")
    verdict.report += [f"{what}: {count}" for what, count in sorted(tally.answers.items())]
    if last - middle > _GROWTH_BYTES:
        verdict.complaints.append(f"resident memory grew by {(last - middle) / 2**20:.1f} MiB")
    verdict.complaints += [f"unexplained: {what} ({count})" for what, count in tally.unexplained.items()]
    for line in output.splitlines():
        if any(word in line for word in _COMPLAINTS):
            verdict.complaints.append(f"logged: {line.decode(errors='replace')[:200]}")


def _resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024
