"""What a token waits beside one that asks fifty times as much: p50 and p99 alone, beside it, and their ratio.

Both read what nobody has read before, so that every request reaches Connect, which takes 20 ms for each and has eight
connections: the greedy token alone asks for more than that can give. Open loop: requests begin when their time has
come, not when the last one has ended. Run: `python -m benchmarks.fairness`.
"""

import asyncio
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from proxy.emulator import FOREVER, READ, Emulator, SlowHead
from tests.support.process import sidecar_process
from tests.support.wire import WireClient, request_head

CONNECT_SECONDS = 0.02
CONNECTIONS = 8
NORMAL_PER_SECOND, GREEDY_PER_SECOND = 10, 500
SECONDS = 6.0
_numbers = itertools.count()


class Client:
    """One token's requests, each on a connection that is free."""

    def __init__(self, address: str, token: str, vault: str) -> None:
        self._address, self._token, self._vault = address, token, vault
        self._free: list[WireClient] = []
        self.seconds: list[float] = []
        self.statuses: dict[int, int] = {}

    async def ask(self) -> None:
        tag = quote(f'tag eq "n{next(_numbers)}"')
        began = time.perf_counter()
        wire = self._free.pop() if self._free else await WireClient.connect(self._address)
        head = request_head("GET", f"{self._vault}/items?filter={tag}", self._token)
        status = (await wire.ask(head)).status
        self._free.append(wire)
        self.seconds.append(time.perf_counter() - began)
        self.statuses[status] = self.statuses.get(status, 0) + 1

    async def run(self, per_second: float, seconds: float) -> None:
        loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for number in range(int(per_second * seconds)):
                await asyncio.sleep(began + number / per_second - loop.time())
                group.create_task(self.ask())

    async def close(self) -> None:
        for wire in self._free:
            wire.writer.transport.abort()


def told(name: str, client: Client) -> float:
    """Print how a client fared; return its p99 in seconds."""
    p50, p99 = statistics.median(client.seconds), statistics.quantiles(client.seconds, n=100)[98]
    print(f"{name:>24}: p50 {p50 * 1000:6.1f} ms  p99 {p99 * 1000:6.1f} ms  {client.statuses}")
    return p99


async def main() -> None:
    """Measure three times alone and beside, alternating, and print the ratio of the medians."""
    with tempfile.TemporaryDirectory() as directory:
        async with Emulator() as emulator:
            sample = emulator.sample_data()
            greedy, normal = (
                emulator.issue_token(name, {sample.demo.id: READ}) for name in ("greedy", "normal")
            )
            vault = f"/v1/vaults/{sample.demo.id}"
            emulator.faults.add(SlowHead(delay_seconds=CONNECT_SECONDS), times=FOREVER)
            async with sidecar_process(
                emulator.url,
                Path(directory),
                UPSTREAM__MAX_CONNECTIONS=str(CONNECTIONS),
                CACHE__CHANGE_CHECK_INTERVAL_SECONDS="0",
            ) as sidecar:
                alone, beside = [], []
                for _ in range(3):
                    client = Client(sidecar.address, normal, vault)
                    await client.run(NORMAL_PER_SECOND, SECONDS)
                    alone.append(told("normal alone", client))
                    await client.close()
                    client, other = (Client(sidecar.address, token, vault) for token in (normal, greedy))
                    async with asyncio.TaskGroup() as group:
                        group.create_task(other.run(GREEDY_PER_SECOND, SECONDS))
                        group.create_task(client.run(NORMAL_PER_SECOND, SECONDS))
                    beside.append(told("normal beside greedy", client))
                    told("greedy", other)
                    await client.close()
                    await other.close()
                    emulator.forget_requests()
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"p99 beside the greedy token / p99 alone: {ratio:.2f}")


if __name__ == "__main__":
    asyncio.run(main())
