"""Files that change while we run: asked by polling, which sees renewed mounts, renamed links and network volumes alike.

A change is told once the file has kept still for one interval: half a file is nobody's configuration. Kubernetes swaps
the `..data` link of a volume; what a path leads to is then another file, and that is what is compared.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

INTERVAL_SECONDS = 1.0
"""Twice this, and a little, until a change is told: well within the 5 s that are promised, on a busy machine, too."""

_Signature = tuple[tuple[int, int, int, int] | None, ...]


class FileWatch:
    """Watches `paths`; calls `on_change` after any of them has changed, come or gone since this was made."""

    def __init__(
        self,
        paths: Callable[[], Sequence[Path]],
        on_change: Callable[[], None],
        interval_seconds: float = INTERVAL_SECONDS,
    ) -> None:
        self._paths = paths
        self._on_change = on_change
        self._interval_seconds = interval_seconds
        self._told = self._signature()

    async def run(self) -> None:
        """Watch until cancelled."""
        last = self._told
        while True:
            await asyncio.sleep(self._interval_seconds)
            now = self._signature()
            if now == last and now != self._told:
                self._told = now
                self._on_change()
            last = now

    def _signature(self) -> _Signature:
        return tuple(_signature_of(path) for path in self._paths())


def _signature_of(path: Path) -> tuple[int, int, int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino, told.st_size, told.st_mtime_ns
