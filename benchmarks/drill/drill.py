"""The drill itself: who reads how, what happens when, and what came of it."""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from benchmarks.drill.connect import ConnectProcess, connect_process
from benchmarks.drill.load import Client, Tally
from tests.support.process import sidecar_process

BEFORE_SECONDS, AFTER_SECONDS = 5.0, 15.0
_SETTLE_SECONDS = 0.5
"""Between the kill and the start of new pods."""


class Way(StrEnum):
    """How an application reads."""

    DIRECT = "directly"
    WARM = "its sidecar, warm"
    STANDALONE = "a standalone, warm"
    COLD = "new pod: its sidecar, cold"
    NEW_BEHIND = "new pod: the standalone"
    NEW_CHAIN = "new pod: its sidecar, then the standalone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How long each part is, and how much is asked."""

    down_seconds: float = 60.0
    before_seconds: float = BEFORE_SECONDS
    after_seconds: float = AFTER_SECONDS
    per_second: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one application got. `healed_seconds` is from Connect's return to its last error; 0: none since."""

    way: Way
    before: Tally
    down: Tally
    after: Tally
    healed_seconds: float


async def drill(course: Course) -> list[Outcome]:
    """Hold it."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        connect = connect_process()
        stack.push_async_callback(connect.kill)
        await connect.start()
        return await _Drill(course, connect, directory, stack).run()


class _Drill:
    """One run; everything that is started ends with the stack."""

    def __init__(
        self, course: Course, connect: ConnectProcess, directory: Path, stack: AsyncExitStack
    ) -> None:
        self._course, self._connect, self._directory, self._stack = course, connect, directory, stack
        self._targets: list[str] = []
        self._clients: dict[Way, Client] = {}

    async def run(self) -> list[Outcome]:
        course, connect = self._course, self._connect
        self._targets = await connect.readable_targets()
        standalone = await self._sidecar("standalone", connect.url)
        await self._client(Way.DIRECT, connect.url)
        await self._client(Way.WARM, await self._sidecar("warm", connect.url))
        await self._client(Way.STANDALONE, standalone)
        await asyncio.sleep(course.before_seconds)
        before = self._next_part()
        await connect.kill()
        ends = time.monotonic() + course.down_seconds
        await asyncio.sleep(_SETTLE_SECONDS)
        await self._client(Way.COLD, await self._sidecar("cold", connect.url))
        await self._client(Way.NEW_BEHIND, standalone)
        await self._client(Way.NEW_CHAIN, await self._sidecar("chain", f"http://{standalone}"))
        await asyncio.sleep(max(0.0, ends - time.monotonic()))
        await connect.start()
        down = self._next_part()
        back_at = time.monotonic()
        await asyncio.sleep(course.after_seconds)
        after = self._next_part()
        for client in self._clients.values():
            await client.end()
        return [
            Outcome(
                way=way,
                before=before.get(way, Tally()),
                down=down[way],
                after=after[way],
                healed_seconds=max(0.0, client.last_error_at - back_at),
            )
            for way, client in self._clients.items()
        ]

    async def _sidecar(self, name: str, upstream_url: str) -> str:
        directory = self._directory / name
        directory.mkdir()
        running = await self._stack.enter_async_context(
            sidecar_process(upstream_url, directory, AUDIT__OUTPUT="off")
        )
        return running.address

    async def _client(self, way: Way, address: str) -> None:
        client = Client(
            way, address.removeprefix("http://"), self._connect.token, self._targets, self._course.per_second
        )
        if way in {Way.DIRECT, Way.WARM, Way.STANDALONE}:
            for _ in self._targets:  # what an application reads while all is well
                await client.ask()
            client.next_part()
        self._clients[way] = client
        self._stack.push_async_callback(client.end)
        client.begin()

    def _next_part(self) -> dict[Way, Tally]:
        return {way: client.next_part() for way, client in self._clients.items()}
