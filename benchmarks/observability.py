"""What metrics, log and audit add to a cached GET on the full path: `python -m benchmarks.observability 2>/dev/null`.

One process runs the same sidecar several times, composed with all of the parts, with each alone, and with none; another
one reads one item over kept-alive connections. Rounds are interleaved, so that whatever else the machine does hits all
alike. What is counted is the processor time of the sidecars' process for each answer, their threads included: on a
machine that is shared, time on the clock says more about the others. `none` runs twice: how much the two differ is the
noise. Budgets are so large that no token is above its own: whoever is costs a little more.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop

from proxy.assembly import Running, Sidecar
from proxy.clock import SystemClock
from proxy.config import Settings
from proxy.emulator import READ, Emulator
from proxy.observation import Everyone, Observation
from tests.support.sidecar import RunningSidecar, SteppedClock, settings_for
from tests.support.wire import WireClient, request_head

METRICS, LOG, AUDIT = "metrics", "log", "audit"
VARIANTS: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    METRICS: frozenset({METRICS}),
    LOG: frozenset({LOG}),
    AUDIT: frozenset({AUDIT}),
    "all": frozenset({METRICS, LOG, AUDIT}),
    "none again": frozenset(),
}
AUDIT_FILE = "audit.jsonl"
CONNECTIONS = 8
CLIENT, SERVER = 1, 0  # processors


class Client:
    """Reads one target over a few connections, on all of them at once."""

    def __init__(self, address: str, head: bytes) -> None:
        host, _, port = address.rpartition(":")
        self._sockets = [socket.create_connection((host, int(port))) for _ in range(CONNECTIONS)]
        for connection in self._sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = head

    def read(self, turns: int) -> None:
        """Send and receive, `turns` times on each connection."""
        for _ in range(turns):
            for connection in self._sockets:
                connection.sendall(self._head)
            for connection in self._sockets:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        octets = connection.recv(65_536)
        while (end := octets.find(b"\r\n\r\n")) < 0:
            octets += connection.recv(65_536)
        head = octets[:end].lower()
        if not head.startswith(b"http/1.1 200") or b"connect-sidecar; hit" not in head:
            raise SystemExit(f"not a hit: {head[:500]!r}")
        length = int(head.partition(b"\r\ncontent-length:")[2].split(b"\r\n", 1)[0])
        missing = end + 4 + length - len(octets)
        while missing > 0:
            missing -= len(connection.recv(missing))


def read_when_told(orders: Connection, head: bytes, addresses: Mapping[str, str]) -> None:
    """Be the other process: for each order (variant, turns) read, and tell the seconds it took."""
    os.sched_setaffinity(0, {CLIENT})
    clients = {name: Client(address, head) for name, address in addresses.items()}
    while (order := orders.recv()) is not None:
        name, turns = order
        began = time.perf_counter()
        clients[name].read(turns)
        orders.send(time.perf_counter() - began)


class Partial(Observation):
    """An observation with some of its parts only. Without audit, settings say so."""

    def __init__(self, settings: Settings, parts: frozenset[str]) -> None:
        super().__init__(settings, clock=SystemClock())
        switched_off = [
            part for name, part in ((METRICS, self.metrics), (LOG, self.log)) if name not in parts
        ]
        self.observer = Everyone(*(part for part in self.observer.observers if part not in switched_off))


async def started(stack: AsyncExitStack, url: str, directory: Path, parts: frozenset[str]) -> RunningSidecar:
    """Run one sidecar for the length of the stack."""
    audit = {"AUDIT__OUTPUT": "file", "AUDIT__FILE": str(directory / AUDIT_FILE)}
    settings = settings_for(
        url,
        directory,
        LOG__LEVEL="info",
        CACHE__ITEM_FRESHNESS_SECONDS="3600",
        CACHE__TOKEN_VERIFICATION_SECONDS="3600",
        CACHE__CHANGE_CHECK_INTERVAL_SECONDS="0",
        LIMITS__REQUESTS_PER_SECOND="1000000",
        LIMITS__REQUEST_BURST="1000000",
        **(audit if AUDIT in parts else {"AUDIT__OUTPUT": "off"}),
    )
    clock = SteppedClock()
    sidecar = Sidecar(settings, clock=clock, observation=Partial(settings, parts))
    ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(sidecar.run(ready.set_result))

    async def stop() -> None:
        sidecar.lifecycle.request_stop()
        await serving

    stack.push_async_callback(stop)
    running = RunningSidecar(sidecar, await ready)
    clock.pass_seconds(31)  # what is read right after a start is not fresh for long
    return running


async def measure(rounds: int, turns: int) -> dict[str, list[tuple[float, float]]]:
    """Return, for each variant and round, the microseconds of an answer: of the processor, and on the clock."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(Emulator())
        sample = emulator.sample_data()
        token = emulator.issue_token("ci", {sample.demo.id: READ})
        head = request_head("GET", f"/v1/vaults/{sample.demo.id}/items/{sample.login.id}", token)
        sidecars, directories = {}, {}
        for name, parts in VARIANTS.items():
            directory = directories[name] = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            sidecars[name] = await started(stack, emulator.url, directory, parts)
            async with await WireClient.connect(sidecars[name].address) as client:
                await client.ask(head)
        ours, theirs = multiprocessing.Pipe()
        addresses = {name: sidecar.address for name, sidecar in sidecars.items()}
        other = multiprocessing.get_context("spawn").Process(
            target=read_when_told, args=(theirs, f"{head}\r\n\r\n".encode(), addresses)
        )
        other.start()
        stack.callback(other.join)
        stack.callback(ours.send, None)
        os.sched_setaffinity(0, {SERVER})
        answers = turns * CONNECTIONS
        for number in range(rounds + 1):
            names = list(VARIANTS) if number % 2 else list(VARIANTS)[::-1]
            for name in names:
                gc.collect()
                began = time.process_time()
                ours.send((name, turns))
                seconds = await asyncio.to_thread(ours.recv)
                spent = time.process_time() - began
                if number:  # the first round is for warming up
                    figures[name].append((spent / answers * 1e6, seconds / answers * 1e6))
        for name, parts in VARIANTS.items():
            if AUDIT in parts and not (directories[name] / AUDIT_FILE).exists():
                print(f"{name}: the audit wrote nothing; what stands below is without it")
    return figures


def told(figures: Mapping[str, list[tuple[float, float]]]) -> None:
    """Print each variant's median, and its ratio to `none` as the median of the rounds' ratios, with quartiles."""
    print(f"{'parts':>12}  {'CPU/answer':>10}  {'clock':>8}  ratio of CPU to none (quartiles)")
    for name, rounds in figures.items():
        spent, clock = (statistics.median(column) for column in zip(*rounds, strict=True))
        ratios = [mine[0] / none[0] for mine, none in zip(rounds, figures["none"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{name:>12}  {spent:7.1f} us  {clock:5.1f} us  {middle:.3f} ({low:.3f} to {high:.3f})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--turns", type=int, default=100, help="answers on each connection in a round (100)")
    options = parser.parse_args()
    figures = uvloop.run(measure(options.rounds, options.turns))
    told(figures)


if __name__ == "__main__":
    sys.exit(main())
