"""A sidecar whose express lane can be watched from outside: exact octets on raw connections, in time that stands still.

Two of them in front of one Connect, one with the lane and one without, must write the same octets.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from proxy.clock import Instant
from proxy.emulator import READ, READ_WRITE, Emulator
from proxy.server.control_client import ControlTarget, ask_control
from proxy.server.express import ExpressLane
from proxy.server.express_connection import ExpressConnection
from proxy.server.known_hits import KnownHits
from tests.support.sidecar import RunningSidecar, running_sidecar

_PER_PROCESS = re.compile(rb"\r\n(Date: [^\r]*|ETag: [^\r]*|Via: [^\r]*)")
"""What two sidecars can't have in common: when Connect answered them, keyed tags, made-up names."""


class StoppedClock:
    """Stands still until it is put forward."""

    def __init__(self) -> None:
        self.passed_seconds = 0.0
        self.wall_ahead_seconds = 0.0

    def now(self) -> Instant:
        passed = self.passed_seconds
        return Instant(
            wall_seconds=1_900_000_000.0 + passed + self.wall_ahead_seconds, boot_seconds=1_000.0 + passed
        )


class RawWire:
    """One connection: octets out, whole answers back as they came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, octets: bytes) -> None:
        self.writer.write(octets)

    async def ask(self, octets: bytes) -> bytes:
        self.send(octets)
        return await self.answer(is_head=octets.startswith(b"HEAD "))

    async def answer(self, *, is_head: bool = False) -> bytes:
        """Return the next answer, head and body, an interim one by itself."""
        async with asyncio.timeout(20):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"\r\nContent-Length: (\d+)\r\n", head, re.IGNORECASE)
            body = b"" if length is None or is_head else await self.reader.readexactly(int(length[1]))
            return head + body

    async def rest(self) -> bytes:
        """Return everything until the other side has closed."""
        async with asyncio.timeout(20):
            return await self.reader.read()


class LaneWorld:
    """A sidecar, and who asks it."""

    def __init__(self, emulator: Emulator, clock: StoppedClock, sidecar: RunningSidecar) -> None:
        self.emulator, self.clock, self.running = emulator, clock, sidecar

    @property
    def lane(self) -> ExpressLane:
        lane = self.running.sidecar.lane
        assert lane is not None
        return lane

    @property
    def hits(self) -> KnownHits:
        hits = self.running.sidecar.hits
        assert hits is not None
        return hits

    @property
    def answered(self) -> int:
        """How many requests have taken the lane."""
        return self.lane.answered

    @property
    def connections(self) -> list[ExpressConnection]:
        """Those that are open, the oldest first."""
        return list(self.running.sidecar._traffic._server.connections)

    @asynccontextmanager
    async def wire(self, source: str = "127.0.0.1") -> AsyncIterator[RawWire]:
        host, _, port = self.running.address.rpartition(":")
        streams = await asyncio.open_connection(host, int(port), limit=2**20, local_addr=(source, 0))
        async with closing(RawWire(*streams)) as wire:
            yield wire

    async def warm(self, wire: RawWire, *heads: bytes) -> list[bytes]:
        """Have the lane know heads; return what the full path answers to each as a hit. Three requests each."""
        answers = []
        for head in heads:
            await wire.ask(head)
            answers.append(await wire.ask(head))
            before = self.answered
            assert await wire.ask(head) == answers[-1]
            assert self.answered == before + 1
        return answers

    async def tell(self, path: str, document: dict[str, object]) -> dict[str, object]:
        """Have an operator's command carried out."""
        target = ControlTarget(socket_path=Path(self.running.control_path))
        return await ask_control(target, "POST", path, document)

    async def scraped(self) -> str:
        host, _, port = self.running.observe_address.rpartition(":")
        async with closing(RawWire(*await asyncio.open_connection(host, int(port), limit=2**22))) as wire:
            return (await wire.ask(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")).decode()


@asynccontextmanager
async def closing(wire: RawWire) -> AsyncIterator[RawWire]:
    try:
        yield wire
    finally:
        wire.writer.close()
        with suppress(OSError):
            await wire.writer.wait_closed()


@asynccontextmanager
async def lane_world(
    emulator: Emulator, clock: StoppedClock | None = None, **settings: str
) -> AsyncIterator[LaneWorld]:
    """Run a sidecar that has left the first half minute behind it, in which nothing is fresh for long."""
    clock = clock or StoppedClock()
    quiet = {"LOG__LEVEL": "info", "CACHE__CHANGE_CHECK_INTERVAL_SECONDS": "0"}
    async with running_sidecar(emulator.url, clock=clock, **(quiet | settings)) as sidecar:
        clock.passed_seconds += 31.0
        yield LaneWorld(emulator, clock, sidecar)


class Shop:
    """What there is to read: a vault with items, and tokens for it."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.sample = emulator.sample_data(large_file_bytes=48_000)
        vaults = (self.sample.demo.id, self.sample.infrastructure.id)
        self.reader, self.other = (
            emulator.issue_token(name, dict.fromkeys(vaults, READ)) for name in ("reader", "other")
        )
        self.writer = emulator.issue_token("writer", dict.fromkeys(vaults, READ_WRITE))
        self.items = f"/v1/vaults/{self.sample.demo.id}/items"
        self.item, self.second, self.third = (
            f"{self.items}/{item.id}"
            for item in (self.sample.login, self.sample.api_credential, self.sample.note)
        )
        self.file = (
            f"/v1/vaults/{self.sample.infrastructure.id}/items/{self.sample.document.id}"
            f"/files/{self.sample.large_file.id}/content"
        )

    def head(
        self,
        path: str | None = None,
        *fields: str,
        token: str | None = None,
        method: str = "GET",
        version: str = "1.1",
    ) -> bytes:
        """Return the whole head of a request."""
        lines = (
            f"{method} {path or self.item} HTTP/{version}",
            "Host: connect",
            f"Authorization: Bearer {token or self.reader}",
            *fields,
        )
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def alike(answer: bytes) -> bytes:
    """Return an answer without what two sidecars can't have in common."""
    return _PER_PROCESS.sub(b"", answer)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop turn until something is so."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0)
