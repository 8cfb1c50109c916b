"""A sidecar in this process, on free loopback ports, made by the composition root as in production."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from proxy.assembly import Running, Sidecar, Sources
from proxy.clock import Clock, Instant, SystemClock
from proxy.config import Settings, load
from tests.support.overheard import OVERHEARD


class SteppedClock:
    """The machine's clocks, put forward by hand; the wall clock may be stepped alone."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self._passed_seconds = 0.0
        self._stepped_seconds = 0.0

    def now(self) -> Instant:
        now = self._system.now()
        passed = self._passed_seconds
        return Instant(
            wall_seconds=now.wall_seconds + passed + self._stepped_seconds,
            boot_seconds=now.boot_seconds + passed,
        )

    def pass_seconds(self, seconds: float) -> None:
        self._passed_seconds += seconds

    def step_wall(self, seconds: float) -> None:
        self._stepped_seconds += seconds


class RunningSidecar:
    """A sidecar that serves."""

    def __init__(self, sidecar: Sidecar, running: Running) -> None:
        self.sidecar = sidecar
        self.address = running.traffic_addresses[0]
        self.url = f"http://{self.address}"
        self.observe_address = running.observe_addresses[0]
        self.control_path = running.control_path

    async def wait_until_under_way(self, count: int) -> None:
        """Wait until exactly `count` requests are being answered."""
        async with asyncio.timeout(20):
            while self.sidecar.requests_under_way != count:
                await asyncio.sleep(0)


def settings_for(upstream_url: str, directory: Path, **overrides: str) -> Settings:
    """Return settings with free ports; overrides are named SECTION__KEY, as in the environment."""
    environ = {
        "UPSTREAM__URL": upstream_url,
        "SERVER__LISTEN": "127.0.0.1:0",
        "SERVER__DRAIN_DELAY_SECONDS": "0",
        "SERVER__DRAIN_NEIGHBOUR_SECONDS": "0",
        "OBSERVE__LISTEN": "127.0.0.1:0",
        "CONTROL__SOCKET": str(directory / "control.sock"),
        "LOG__LEVEL": "debug",
        **overrides,
    }
    if "AUDIT__OUTPUT" not in overrides:
        environ |= {"AUDIT__OUTPUT": "file", "AUDIT__FILE": str(directory / "audit.jsonl")}
    return load(None, {f"CONNECT_SIDECAR__{name}": value for name, value in environ.items()})


@asynccontextmanager
async def running_sidecar(
    upstream_url: str = "",
    *,
    clock: Clock | None = None,
    settings: Settings | None = None,
    sources: Sources | None = None,
    **overrides: str,
) -> AsyncIterator[RunningSidecar]:
    """Run a sidecar for the length of the block: in front of `upstream_url`, or as complete settings say."""
    with TemporaryDirectory() as directory:
        settings = settings or settings_for(upstream_url, Path(directory), **overrides)
        sidecar = Sidecar(settings, clock=clock, sources=sources)
        ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(sidecar.run(ready.set_result))
        await asyncio.wait({ready, serving}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            serving.result()
        try:
            yield RunningSidecar(sidecar, ready.result())
        finally:
            _overhear(sidecar)
            sidecar.lifecycle.request_stop()
            await serving
            _overhear_audit(Path(directory))


def _overhear_audit(directory: Path) -> None:
    for file in directory.glob("audit.jsonl*"):
        OVERHEARD.say("an audit", file.read_bytes())


def _overhear(sidecar: Sidecar) -> None:
    """Keep what it would tell an operator, for the search for secrets at the end of the run."""
    OVERHEARD.say("metrics", sidecar._observation.metrics.render()[0])
    OVERHEARD.say("status", json.dumps(asdict(sidecar.status())).encode())
