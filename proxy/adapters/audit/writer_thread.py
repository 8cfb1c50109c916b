"""The thread that writes: batches go in from the event loop, what became of them comes back to it.

One batch after the other, in order. A thread that blocks (a disk that hangs) keeps nobody waiting: it is a daemon.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue

from proxy.adapters.audit.chain_writer import ChainWriter, Outcome
from proxy.audit.ledger import Aggregates

_PAUSE_SECONDS = 5e-4
"""Between a few lines and the next: four times as long as they take, so that most of a core is the event loop's. To let
go of the interpreter is not enough: where both threads share a core, this one has it again before the event loop has
woken up, and goes on for the 5 ms after which it must give it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Closed aggregates to write, which go as they are written; `settled` is called on the loop."""

    aggregates: Aggregates
    settled: Callable[[Outcome], None]
    is_last: bool = False


class WriterThread:
    """Owns a chain's writer."""

    def __init__(self, writer: ChainWriter, loop: asyncio.AbstractEventLoop) -> None:
        self._writer = writer
        self._loop = loop
        self._batches: SimpleQueue[Batch] = SimpleQueue()
        threading.Thread(target=self._run, name="audit", daemon=True).start()

    def submit(self, batch: Batch) -> None:
        """Have a batch written after those before it. Never blocks."""
        self._batches.put(batch)

    def _run(self) -> None:
        while True:
            batch = self._batches.get()
            outcome = self._writer.write(
                batch.aggregates, is_last=batch.is_last, in_between=partial(self._pause, batch)
            )
            with suppress(RuntimeError):  # the loop has ended without waiting any longer
                self._loop.call_soon_threadsafe(batch.settled, outcome)
            if batch.is_last:
                return

    def _pause(self, batch: Batch) -> None:
        """Sleep a little, unless somebody waits: for the end, or with the next batch."""
        if not batch.is_last and self._batches.empty():
            time.sleep(_PAUSE_SECONDS)
