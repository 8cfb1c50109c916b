"""What stored items and the express lane's tickets for them weigh: `python -m benchmarks.weight`.

One sidecar in a process of its own reads 10,000 items of 1.5 KB, each four times with the same head, so that each is
stored and has its ticket. Told is what the process has grown by (VmRSS), what the store counts, and the bodies alone.
"""

import argparse
import asyncio
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers.origin import BODY_BYTES, item_name, vault_name
from benchmarks.watched_site import Site, running

_TIMES = 4
"""Stored by the first, known from the second on, answered by the lane after that: if it is not, nothing is weighed."""

_FENCE_SECONDS = 1
"""For so long after its start a sidecar keeps nothing fresh for long."""

_SETTINGS = {
    "CACHE__WRITE_FENCE_SECONDS": str(_FENCE_SECONDS),
    # One token asks for all of it; above its budget requests don't take the lane.
    "LIMITS__REQUESTS_PER_SECOND": "1000000",
    "LIMITS__REQUEST_BURST": "1000000",
}

MOST_COUNTED, MOST_GROWTH = 2.2, 1.3
"""What we claim: counted bytes to bodies, and growth to counted bytes."""


async def _figures(site: Site) -> Mapping[str, float]:
    text = await site.metrics()
    names = ("process_resident_memory_bytes", "stored_bytes", "express_lane_requests_total")
    found = {name: re.search(rf"(?m)^connect_sidecar_{name} (\S+)$", text) for name in names}
    return {name: float(match[1]) for name, match in found.items() if match is not None}


async def measure(items: int) -> bool:
    """Fill a sidecar, print what it weighs; tell whether that is what is claimed."""
    asks = [
        (f"/v1/vaults/{vault_name(5)}/items/{item_name('w', number)}", "weigher") for number in range(items)
    ]
    with TemporaryDirectory() as name:
        async with running(Path(name), asks[0], more=_SETTINGS) as site:
            await asyncio.sleep(_FENCE_SECONDS)
            before = await _figures(site)
            for _ in range(_TIMES):
                await site.fill(asks)
            after = await _figures(site)
    grown, counted, lane = (after[name] - before[name] for name in before)
    body_bytes = BODY_BYTES["w"]
    by_counting, by_growth = counted / (items * body_bytes), grown / counted
    print(
        f"{items} items of {body_bytes} octets, {lane:.0f} answers by the lane: counted {counted / items:.0f} bytes"
        f" each, {by_counting:.2f} times the bodies (claimed: {MOST_COUNTED}); resident memory grew by"
        f" {grown / items:.0f} each, {by_growth:.2f} times what is counted (claimed: {MOST_GROWTH})"
    )
    has_tickets = lane >= items
    if not has_tickets:
        print("not all of them have tickets")
    return has_tickets and by_counting <= MOST_COUNTED and by_growth <= MOST_GROWTH


def main() -> int:
    """Measure; exit code 1 if it weighs more than is claimed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.weight", description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    return 0 if asyncio.run(measure(parser.parse_args().items)) else 1


if __name__ == "__main__":
    sys.exit(main())
