"""What came and went is freed by reference counts alone: full garbage collections no longer look at what is old.

Each act runs with the collector off; then one collection must find nothing of ours. What the embedded Connect and the
test's own clients leave behind is theirs.
"""

import asyncio
import gc
import json
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import FrameType, FunctionType, TracebackType

import pytest
import trustme
import uvloop

from proxy.connect.purging import EVERYTHING
from proxy.emulator import FOREVER, READ_WRITE, Emulator, Reset, SampleData, SlowHead, Status, TruncatedBody
from tests.support.sidecar import RunningSidecar, running_sidecar, settings_for
from tests.support.wire import WireClient, request_head

TIMES = 5
TIMES_OUT = {"UPSTREAM__CONNECT_SECONDS": "0.2", "UPSTREAM__HEAD_SECONDS": "0.2"}
_numbers = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A sidecar over TLS in front of an embedded Connect."""

    emulator: Emulator
    sample: SampleData
    sidecar: RunningSidecar
    token: str
    tls: ssl.SSLContext

    @property
    def vault(self) -> str:
        return f"/v1/vaults/{self.sample.demo.id}"

    @property
    def unread(self) -> str:
        """A target that nobody has read."""
        return f"{self.vault}/items?filter=title%20eq%20%22{next(_numbers)}%22"

    @property
    def large(self) -> str:
        document, file = self.sample.document, self.sample.large_file
        return f"/v1/vaults/{self.sample.infrastructure.id}/items/{document.id}/files/{file.id}/content"

    async def connect(self) -> WireClient:
        host, _, port = self.sidecar.address.rpartition(":")
        streams = await asyncio.open_connection(host, int(port), ssl=self.tls, server_hostname="localhost")
        return WireClient(*streams)

    async def ask(self, method: str, target: str, *fields: str, token: str = "", body: bytes = b"") -> int:
        client = await self.connect()
        head = request_head(method, target, token or self.token, *fields)
        answer = await client.ask(head, body)
        client.writer.transport.abort()
        return answer.status

    async def leave(self, target: str, received: int) -> None:
        """Ask, read so many octets of the answer, and go."""
        client = await self.connect()
        client.writer.write(request_head("GET", target, self.token).encode() + b"\r\n\r\n")
        if received:
            await client.reader.readexactly(received)
        else:
            await self.sidecar.wait_until_under_way(1)
        client.writer.transport.abort()


async def hit(world: World) -> None:
    assert await world.ask("GET", f"{world.vault}/items/{world.sample.login.id}") == 200


async def express(world: World) -> None:
    """Ask often enough for the lane to answer, whole and in pieces."""
    client = await world.connect()
    head = request_head("GET", f"{world.vault}/items/{world.sample.login.id}", world.token)
    before = world.sidecar.sidecar.lane.answered
    for _ in range(4):
        assert (await client.ask(head)).status == 200
    assert world.sidecar.sidecar.lane.answered > before
    client.writer.write(head[:20].encode())
    await client.writer.drain()
    client.writer.transport.abort()


async def express_forgotten(world: World) -> None:
    """Have the lane know a head, and what it is known for go."""
    await express(world)
    world.sidecar.sidecar.exchange.purge(EVERYTHING)


async def miss(world: World) -> None:
    assert await world.ask("GET", world.unread) == 200


async def validated(world: World) -> None:
    await world.ask("GET", f"{world.vault}/items/{world.sample.login.id}", "Cache-Control: no-cache")


async def refused_token(world: World) -> None:
    assert await world.ask("GET", world.unread, token=f"guess-{next(_numbers)}") == 401


async def no_request(world: World) -> None:
    client = await world.connect()
    assert (await client.ask("GET nonsense HTTP/1.1\r\nHost: x")).status == 400
    client.writer.transport.abort()


async def write(world: World) -> None:
    item = {"title": "new", "category": "LOGIN", "vault": {"id": world.sample.demo.id}}
    body = json.dumps(item).encode()
    status = await world.ask("POST", f"{world.vault}/items", f"Content-Length: {len(body)}", body=body)
    assert status == 200


async def broken_body(world: World) -> None:
    client = await world.connect()
    client.writer.write(
        request_head("POST", f"{world.vault}/items", world.token, "Content-Length: 9").encode()
    )
    client.writer.write(b"\r\n\r\nhalf")
    await client.writer.drain()
    await world.sidecar.wait_until_under_way(1)
    client.writer.transport.abort()


async def large_answer(world: World) -> None:
    assert await world.ask("GET", world.large) == 200


async def large_answer_left(world: World) -> None:
    await world.leave(world.large, 1000)


async def left_before_an_answer(world: World) -> None:
    world.emulator.faults.add(SlowHead(delay_seconds=0.05), method="GET", times=1)
    await world.leave(world.unread, 0)


async def failing(world: World) -> None:
    world.emulator.faults.add(Status(status=503), method="GET", times=FOREVER)
    assert await world.ask("GET", world.unread) in {502, 503}


async def reset(world: World) -> None:
    world.emulator.faults.add(Reset(), method="GET", times=FOREVER)
    assert await world.ask("GET", world.unread) in {502, 503}


async def cut_short(world: World) -> None:
    world.emulator.faults.add(TruncatedBody(), method="GET", times=FOREVER)
    assert await world.ask("GET", world.unread) in {502, 503}


async def large_answer_cut_short(world: World) -> None:
    world.emulator.faults.add(TruncatedBody(), method="GET", times=FOREVER)
    with suppress(EOFError, ConnectionError):
        assert await world.ask("GET", world.large) in {502, 503}  # its breaker is open


async def too_slow(world: World) -> None:
    world.emulator.faults.add(SlowHead(delay_seconds=0.5), method="GET", times=FOREVER)
    assert await world.ask("GET", world.unread) in {503, 504}


async def write_lost(world: World) -> None:
    world.emulator.faults.add(Reset(), times=FOREVER)
    assert await world.ask("POST", f"{world.vault}/items", "Content-Length: 2", body=b"{}") in {502, 503}


ACTS: list[Callable[[World], Awaitable[None]]] = [
    hit,
    express,
    express_forgotten,
    miss,
    validated,
    refused_token,
    no_request,
    write,
    broken_body,
    large_answer,
    large_answer_left,
    left_before_an_answer,
    failing,
    reset,
    cut_short,
    large_answer_cut_short,
    too_slow,
    write_lost,
]


@contextmanager
def garbage_kept() -> Iterator[list[object]]:
    """Turn the collector off for the length of the block; afterwards the list has what one collection finds."""
    found: list[object] = []
    gc.collect()
    gc.disable()
    try:
        yield found
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        found += gc.garbage
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()


def ours(thing: object) -> str | None:
    """Return what a thing is called if it comes of the proxy; None for anybody else's."""
    match thing:
        case FrameType():
            module, name = thing.f_globals.get("__name__", ""), f"frame of {thing.f_code.co_name}"
        case TracebackType():
            module, name = thing.tb_frame.f_globals.get("__name__", ""), "traceback"
        case FunctionType():
            module, name = thing.__module__ or "", thing.__qualname__
        case _:
            module, name = type(thing).__module__, type(thing).__qualname__
    is_ours = module.startswith("proxy.") and not module.startswith("proxy.emulator")
    return f"{module} {name}" if is_ours else None


@pytest.mark.parametrize("act", ACTS, ids=[act.__name__ for act in ACTS])
def test_reference_counts_free_what_came_and_went(act, tmp_path):
    assert uvloop.run(leftovers(act, tmp_path)) == {}


async def leftovers(act: Callable[[World], Awaitable[None]], directory: Path) -> dict[str, int]:
    authority = trustme.CA()
    pair = authority.issue_cert("localhost")
    pair.private_key_pem.write_to_path(directory / "tls.key")
    pair.cert_chain_pems[0].write_to_path(directory / "tls.crt")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with Emulator() as emulator:
        sample = emulator.sample_data()
        token = emulator.issue_token("a", dict.fromkeys(sample.vault_ids, READ_WRITE))
        settings = settings_for(
            emulator.url,
            directory,
            CACHE__CHANGE_CHECK_INTERVAL_SECONDS="0",
            SERVER__TLS_CERTIFICATE_FILE=str(directory / "tls.crt"),
            SERVER__TLS_KEY_FILE=str(directory / "tls.key"),
            **(TIMES_OUT if act is too_slow else {}),
            **({"LOG__LEVEL": "info"} if act in {express, express_forgotten} else {}),
        )
        async with running_sidecar(settings=settings) as sidecar:
            world = World(emulator=emulator, sample=sample, sidecar=sidecar, token=token, tls=trusting)
            await hit(world)
            await act(world)
            emulator.faults.clear()
            await nobody_is_left(sidecar)
            with garbage_kept() as found:
                for _ in range(TIMES):
                    await act(world)
                    emulator.faults.clear()
                await nobody_is_left(sidecar)
            return Counter(filter(None, map(ours, found)))


async def nobody_is_left(sidecar: RunningSidecar) -> None:
    traffic = sidecar.sidecar._traffic
    async with asyncio.timeout(10):
        while (
            traffic.open_connections
            or sidecar.sidecar.requests_under_way
            or len(sidecar.sidecar.exchange._reader._flights)
        ):
            await asyncio.sleep(0.001)
