"""What stops the event loop while a hot item is read: `python -m benchmarks.storms`.

One sidecar in a process of its own is filled with stored responses; then a client reads one item at a low rate, in
peace and beside storms: of misses, of writes, of lists, and of purges (of one token, of one vault, of everything).
Told of each: the hot read's p50, p99.9 and longest time as a client sees it, with all the noise of the machine; and
from inside the process, by a watch on the loop, the most processor time between two looks a millisecond apart, the
longest garbage collection, and how many there were. Processor time leaves out what the machine gave to others;
nothing may take more than 5 ms of it but the lists, which are of 2,000 items: what they take is told.
"""

import argparse
import asyncio
import re
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.origin import ITEMS_IN_LIST, item_name, vault_name
from benchmarks.watched_site import Site, running
from tests.support.wire import WireClient, request_head

CLAIMED_SECONDS = 0.005
TOKENS = 20
STORMERS = 4
"""Few at a time: answers that come together are one turn of the loop, and what is looked for is what stops it."""

HOT_PER_SECOND = 200
SECONDS = 8.0


HOT = f"/v1/vaults/{vault_name(1)}/items/{item_name('s', 0)}"
HOT_TOKEN = "hot-token"


def item_target(vault: int, number: int) -> str:
    """Return the target of an item that nobody has read before."""
    return f"/v1/vaults/{vault_name(vault)}/items/{item_name('m', number)}"


async def read_hot(site: Site, is_over: asyncio.Event) -> list[float]:
    """Read the hot item at a steady rate; return how long each read took, counted from when it was due."""
    loop, took = asyncio.get_running_loop(), []
    async with await WireClient.connect(site.address) as wire:
        due = loop.time()
        while not is_over.is_set():
            await asyncio.sleep(due - loop.time())
            await site.read(wire, HOT, HOT_TOKEN)
            took.append(loop.time() - due)
            due = max(due + 1 / HOT_PER_SECOND, loop.time())
    return took


Storm = Callable[[Site], Awaitable[str]]


async def peace(site: Site) -> str:
    """Nothing else."""
    await asyncio.sleep(SECONDS)
    return ""


async def misses(site: Site) -> str:
    """Reads of what nobody has read before."""
    return await _storm(site, lambda n: request_head("GET", item_target(2, n), f"storm-{n % TOKENS}"))


async def writes(site: Site) -> str:
    """Changes of items of one vault."""

    def write(n: int) -> str:
        return (
            request_head("PUT", item_target(3, n % 500), f"storm-{n % TOKENS}", "Content-Length: 2")
            + "\r\n\r\n{}"
        )

    return await _storm(site, write)


async def lists(site: Site) -> str:
    """Whole lists of vaults of which much is stored: each is learnt from, and confirms what is stored."""
    return await _storm(site, lambda n: request_head("GET", *_listed(n), "Cache-Control: no-cache"))


def _listed(number: int) -> tuple[str, str]:
    return f"/v1/vaults/{vault_name(200 + number % TOKENS)}/items", f"lister-{number % TOKENS}"


def _listed_item(number: int) -> tuple[str, str]:
    target, token = _listed(number)
    return f"{target}/{item_name('s', number // TOKENS % ITEMS_IN_LIST)}", token


async def _storm(site: Site, request: Callable[[int], str]) -> str:
    numbers, is_over = iter(range(10**9)), asyncio.get_running_loop().time() + SECONDS

    async def stormer() -> int:
        count = 0
        async with await WireClient.connect(site.address) as wire:
            while asyncio.get_running_loop().time() < is_over:
                head, _, body = request(next(numbers)).partition("\r\n\r\n")
                assert (await wire.ask(head, body.encode())).status == 200
                count += 1
        return count

    counts = await asyncio.gather(*(stormer() for _ in range(STORMERS)))
    return f"{sum(counts) / SECONDS:.0f} per second"


async def _purged(site: Site, **what: str) -> str:
    await asyncio.sleep(0.5)
    began = time.perf_counter()
    removed = await site.purge(**what)
    answered = time.perf_counter() - began
    await asyncio.sleep(2)
    assert removed >= site.responses, f"{removed} of {site.responses}"
    return f"{removed} responses, answered after {answered * 1000:.1f} ms"


async def purge_of_a_token(site: Site) -> str:
    """One token's responses, in many vaults."""
    return await _purged(site, scope="token", token=await site.token_name())


async def purge_of_a_vault(site: Site) -> str:
    """One vault's responses, of many tokens."""
    return await _purged(site, scope="vault", vault=vault_name(50))


async def purge_of_everything(site: Site) -> str:
    """All there is."""
    return await _purged(site, scope="all")


STORMS: Mapping[Storm, Callable[[int], tuple[str, str]] | None] = {
    peace: None,
    misses: None,
    writes: None,
    lists: _listed_item,
    purge_of_a_token: lambda n: (item_target(100 + n % TOKENS, n), "greedy"),
    purge_of_a_vault: lambda n: (item_target(50, n), f"reader-{n % TOKENS}"),
    purge_of_everything: lambda n: (item_target(60, n), f"reader-{n % TOKENS}"),
}
"""What is read before each of them, by number: target and token."""


async def measure(responses: int, wanted: str) -> bool:
    """Run the storms; tell whether the loop was never stopped for longer than is claimed."""
    is_kept = True
    with TemporaryDirectory() as name:
        async with running(Path(name), (HOT, HOT_TOKEN), responses=responses) as site:
            await site.fill([(item_target(4, n), f"reader-{n % TOKENS}") for n in range(responses // 5)])
            for storm, asks in STORMS.items():
                if not re.search(wanted, storm.__name__):
                    continue
                if asks is not None:
                    await site.fill([asks(number) for number in range(responses)])
                await site.seen()
                is_over = asyncio.Event()
                reading = asyncio.create_task(read_hot(site, is_over))
                what = await storm(site)
                is_over.set()
                took, seen = await reading, await site.seen()
                p999 = statistics.quantiles(took, n=1000)[-1]
                longest, collection = seen["loop"], seen["collection"]
                assert isinstance(longest, float)
                assert isinstance(collection, float)
                is_kept = is_kept and (longest <= CLAIMED_SECONDS or storm is lists)
                print(
                    f"{storm.__name__.replace('_', ' '):>20}: hot read p50 {statistics.median(took) * 1000:.1f} ms,"
                    f" p99.9 {p999 * 1000:.1f}, longest {max(took) * 1000:.1f}; the loop's longest"
                    f" {longest * 1000:.1f} ms of processor time, a collection's {collection * 1000:.1f}"
                    f" {seen['collections']}; {what}",
                    flush=True,
                )
    return is_kept


def main() -> int:
    """Measure, print; exit code 1 if something took the loop for longer than is claimed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storms", description=__doc__)
    parser.add_argument("--responses", type=int, default=100_000, help="how many a purge removes")
    parser.add_argument("--only", default="", help="a part of a storm's name")
    options = parser.parse_args()
    return 0 if asyncio.run(measure(options.responses, options.only)) else 1


if __name__ == "__main__":
    sys.exit(main())
