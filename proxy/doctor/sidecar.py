"""A sidecar in this process, for as long as it takes to compare: default settings, free ports, nothing written down."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from proxy.assembly import Running, Sidecar
from proxy.clock import Clock, SystemClock
from proxy.config import Settings, load
from proxy.observation import Everyone, Observation

_START_SECONDS = 10.0


class _Silent(Observation):
    """Writes no line about requests: a report is all that an examination says."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        super().__init__(settings, clock=clock, environ={})
        self.observer = Everyone(*(each for each in self.observer.observers if each is not self.log))


@asynccontextmanager
async def sidecar_in_front_of(url: str, ca_file: Path | None) -> AsyncIterator[str]:
    """Run one for the length of the block; yield where it is."""
    settings = {
        "UPSTREAM__URL": url,
        "UPSTREAM__CA_FILE": "" if ca_file is None else str(ca_file),
        "SERVER__LISTEN": "127.0.0.1:0",
        "SERVER__DRAIN_DELAY_SECONDS": "0",
        "SERVER__DRAIN_NEIGHBOUR_SECONDS": "0",
        "OBSERVE__LISTEN": "",
        "CONTROL__SOCKET": "",
        "AUDIT__OUTPUT": "off",
        "LOG__LEVEL": "error",
        "CACHE__CHANGE_CHECK_INTERVAL_SECONDS": "0",
    }
    loaded = load(None, {f"CONNECT_SIDECAR__{name}": value for name, value in settings.items()})
    clock = SystemClock()
    sidecar = Sidecar(loaded, clock=clock, observation=_Silent(loaded, clock))
    ready: asyncio.Future[Running] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(sidecar.run(ready.set_result))
    try:
        waited: set[asyncio.Future[Any]] = {ready, serving}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED, timeout=_START_SECONDS)
        if serving.done():
            serving.result()
        yield f"http://{ready.result().traffic_addresses[0]}"
    finally:
        sidecar.lifecycle.request_stop()
        await serving
