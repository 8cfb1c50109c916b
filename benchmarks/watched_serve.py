"""`serve` with a watch on its event loop, for `benchmarks.storms`: `python -m benchmarks.watched_serve FILE`.

What it sees is processor time of the loop's own thread: what the machine gave to others is none of it.
"""

import asyncio
import gc
import json
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from proxy.__main__ import main as run_command
from proxy.assembly import Sidecar

_LOOK_SECONDS = 0.001


class Watch:
    """Looks at the loop every millisecond; at SIGUSR1 it writes down what it has seen, and begins anew."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._looked = self._collection_began = 0.0
        self._begin()

    def _begin(self) -> None:
        self._longest = self._longest_collection = 0.0
        self._collections = [0, 0, 0]

    async def run(self) -> None:
        """Watch until cancelled."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self._tell)
        gc.callbacks.append(self._on_collection)
        self._looked = time.thread_time()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            looked = time.thread_time()
            self._longest = max(self._longest, looked - self._looked)
            self._looked = looked

    def _on_collection(self, phase: str, info: Mapping[str, int]) -> None:
        if phase == "start":
            self._collection_began = time.thread_time()
        else:
            took = time.thread_time() - self._collection_began
            self._longest_collection = max(self._longest_collection, took)
            self._collections[info["generation"]] += 1

    def _tell(self) -> None:
        seen = {
            "loop": self._longest,
            "collection": self._longest_collection,
            "collections": self._collections,
        }
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(seen))
        new.rename(self._file)
        self._begin()
        self._looked = time.thread_time()


def serve(file: Path) -> int:
    """Run `serve` with a watch on its loop."""
    sidecar_run = Sidecar.run

    async def run(sidecar: Sidecar, *arguments: object) -> None:
        watching = asyncio.create_task(Watch(file).run())
        try:
            await sidecar_run(sidecar, *arguments)  # type: ignore[arg-type]
        finally:
            watching.cancel()

    Sidecar.run = run  # type: ignore[method-assign, assignment]
    return run_command(["serve"])


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
