"""An origin and a watched sidecar in processes of their own, for what is measured from outside and inside."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from benchmarks.peers.site import free_ports
from proxy.server.control_client import ControlTarget, ask_control
from tests.support.wire import WireClient, request_head

_FILLERS = 16
_STORE_BYTES = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A sidecar that runs, watched; `responses` is how many are stored for whatever purges them."""

    address: str
    observe_address: str
    control: Path
    watch: Path
    pid: int
    responses: int

    async def read(self, wire: WireClient, target: str, token: str) -> None:
        """Read something; AssertionError if it is not had."""
        answer = await wire.ask(request_head("GET", target, token))
        assert answer.status == 200, answer.status

    async def seen(self) -> dict[str, object]:
        """Return what the watch has seen since it was asked last."""
        self.watch.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        async with asyncio.timeout(10):
            while not self.watch.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.01)
        seen: dict[str, object] = json.loads(self.watch.read_text())
        return seen

    async def fill(self, asks: list[tuple[str, str]]) -> None:
        """Read all targets with their tokens."""
        left = iter(asks)

        async def filler() -> None:
            async with await WireClient.connect(self.address) as wire:
                for target, token in left:
                    await self.read(wire, target, token)

        await asyncio.gather(*(filler() for _ in range(_FILLERS)))

    async def purge(self, **what: str) -> int:
        """Purge what is named; return how many responses went."""
        removed = (await ask_control(ControlTarget(socket_path=self.control), "POST", "/purge", what))[
            "removed"
        ]
        assert isinstance(removed, int)
        return removed

    async def metrics(self) -> str:
        """Return its metrics page."""
        async with await WireClient.connect(self.observe_address) as wire:
            return (await wire.ask("GET /metrics HTTP/1.1\r\nHost: o")).body.decode()

    async def token_name(self) -> str:
        """Return what the sidecar calls the token that has asked most."""
        text = await self.metrics()
        counts: dict[str, float] = {}
        for name, count in re.findall(r'requests_total\{[^}]*token="(token-\w+)"[^}]*\} (\S+)', text):
            counts[name] = counts.get(name, 0) + float(count)
        return max(counts, key=lambda name: counts[name])


@asynccontextmanager
async def running(
    directory: Path,
    asked: tuple[str, str],
    *,
    responses: int = 0,
    more: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Site]:
    """Run an origin and a watched sidecar for the length of the block, once it has answered what is `asked` first.

    That is a target and a token. `more` are settings by their names.
    """
    traffic, observe, upstream, other = free_ports(4)
    watch = directory / "seen.json"
    settings = {
        "UPSTREAM__URL": f"http://127.0.0.1:{upstream}",
        "SERVER__LISTEN": f"127.0.0.1:{traffic}",
        "SERVER__DRAIN_DELAY_SECONDS": "0",
        "OBSERVE__LISTEN": f"127.0.0.1:{observe}",
        "CONTROL__SOCKET": str(directory / "control.sock"),
        "CACHE__STORE_BYTES": str(_STORE_BYTES),
        "CACHE__ITEM_FRESHNESS_SECONDS": "3600",
        "CACHE__TOKEN_VERIFICATION_SECONDS": "3600",
        # A list of 2,000 items takes 15 ms to be read: that is no storm, and would hide what is one.
        "CACHE__CHANGE_CHECK_INTERVAL_SECONDS": "0",
        "AUDIT__OUTPUT": "file",
        "AUDIT__FILE": str(directory / "audit.jsonl"),
        "LOG__LEVEL": "error",
        **more,
    }
    environ = os.environ | {f"CONNECT_SIDECAR__{name}": value for name, value in settings.items()}
    origin = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.peers.origin", str(upstream), str(other)
    )
    sidecar = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.watched_serve", str(watch), env=environ
    )
    try:
        site = Site(
            address=f"127.0.0.1:{traffic}",
            observe_address=f"127.0.0.1:{observe}",
            control=directory / "control.sock",
            watch=watch,
            pid=sidecar.pid,
            responses=responses,
        )
        await _answers(site, *asked)
        yield site
    finally:
        for process in (sidecar, origin):
            process.terminate()
            await process.wait()


async def _answers(site: Site, target: str, token: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with await WireClient.connect(site.address) as wire:
                    return await site.read(wire, target, token)
            except (OSError, AssertionError):
                await asyncio.sleep(0.1)
