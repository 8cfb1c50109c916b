"""Clients that keep asking, and the tally of what they got."""

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.wire import WireAnswer, WireClient, request_head

CLIENT_SECONDS = 5.0
"""When 1Password's Python SDK gives up."""


@dataclass(slots=True)
class Tally:
    """What one client got in one part of the drill."""

    answered: int = 0
    stale: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    oldest_seconds: int = 0

    @property
    def requests(self) -> int:
        """How many requests began."""
        return self.answered + self.errors.total()

    @property
    def p99_seconds(self) -> float:
        """The time that 99 of 100 answers took at most."""
        if len(self.seconds) < 2:
            return max(self.seconds, default=0.0)
        return statistics.quantiles(self.seconds, n=100, method="inclusive")[98]

    def note(self, answer: WireAnswer, seconds: float) -> None:
        """Count an answer."""
        self.seconds.append(seconds)
        if answer.status != 200:
            self.errors[str(answer.status)] += 1
            return
        self.answered += 1
        self.stale += any("ttl=-" in value for value in answer.values("Cache-Status"))
        self.oldest_seconds = max(self.oldest_seconds, int(answer.value("Age") or 0))


class Client:
    """One application: asks for one thing after the other, `per_second`, over connections that it keeps."""

    def __init__(
        self, name: str, address: str, token: str, targets: Sequence[str], per_second: float
    ) -> None:
        self.name = name
        self.tally = Tally()
        self.last_error_at = float("-inf")
        self._address = address
        self._heads = itertools.cycle([request_head("GET", target, token) for target in targets])
        self._pause_seconds = 1 / per_second
        self._free: list[WireClient] = []
        self._asking: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start to ask."""
        self._asking = asyncio.create_task(self._ask_on())

    async def end(self) -> None:
        """Stop, and let go of every connection."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        for wire in self._free:
            wire.writer.transport.abort()

    def next_part(self) -> Tally:
        """Return the tally so far and begin another; what is under way belongs to the part in which it ends."""
        tally, self.tally = self.tally, Tally()
        return tally

    async def ask(self) -> None:
        """Ask once."""
        began = time.perf_counter()
        head = next(self._heads)
        wire: WireClient | None = None
        try:
            async with asyncio.timeout(CLIENT_SECONDS):
                wire = self._free.pop() if self._free else await WireClient.connect(self._address)
                answer = await wire.ask(head)
        except (OSError, EOFError, TimeoutError) as error:
            self._count_error(type(error).__name__, wire)
            return
        except asyncio.CancelledError:
            if wire is not None:
                wire.writer.transport.abort()
            raise
        self.tally.note(answer, time.perf_counter() - began)
        if answer.status != 200:
            self.last_error_at = time.monotonic()
        if answer.value("Connection") == "close":
            wire.writer.transport.abort()
        else:
            self._free.append(wire)

    def _count_error(self, name: str, wire: WireClient | None) -> None:
        self.last_error_at = time.monotonic()
        self.tally.errors[name] += 1
        if wire is not None:
            wire.writer.transport.abort()

    async def _ask_on(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self.ask())
                due += self._pause_seconds
                await asyncio.sleep(due - loop.time())
