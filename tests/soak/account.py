"""What the soak's clients do, and which of the answers they get need an explanation.

A client knows what direct access would say: 200 for what exists, 404 for what it deleted itself, 401 for a made-up
token. Anything else is explained only by a fault that was planned at that time.
"""

import asyncio
import json
import random
import ssl
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

from proxy.emulator import Emulator, SampleData
from tests.support.wire import WireAnswer, WireClient, request_head

_EXCUSED_FOR_SECONDS = 12.0
"""How long a fault explains errors: a breaker that has seen several stays open for up to 10 s."""


@dataclass(slots=True)
class Tally:
    """What was seen: answers by kind, and those that nothing explains."""

    answers: Counter[str] = field(default_factory=Counter)
    unexplained: Counter[str] = field(default_factory=Counter)
    faults_until: float = 0.0

    def plan_fault(self) -> None:
        """Note that errors are to be expected for a while."""
        self.faults_until = asyncio.get_running_loop().time() + _EXCUSED_FOR_SECONDS

    def note(self, what: str, status: int | str, expected: frozenset[int]) -> None:
        """Take one answer in."""
        self.answers[f"{what} {status}"] += 1
        if status not in expected and asyncio.get_running_loop().time() > self.faults_until:
            self.unexplained[f"{what} {status}"] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where the clients go."""

    address: str
    tls: ssl.SSLContext
    emulator: Emulator
    sample: SampleData
    tokens: list[str]
    tally: Tally

    @property
    def vault(self) -> str:
        return f"/v1/vaults/{self.sample.demo.id}"

    async def connect(self) -> WireClient:
        host, _, port = self.address.rpartition(":")
        streams = await asyncio.open_connection(
            host, int(port), ssl=self.tls, server_hostname="localhost", limit=2**20
        )
        return WireClient(*streams)

    async def ask(
        self, client: WireClient, what: str, head: str, expected: frozenset[int], body: bytes = b""
    ) -> WireAnswer | None:
        """Ask, and note the answer; None if the connection ended."""
        try:
            async with asyncio.timeout(30):
                answer = await client.ask(head, body)
        except (OSError, EOFError, TimeoutError) as fault:
            self.tally.note(what, type(fault).__name__, expected)
            return None
        self.tally.note(what, answer.status, expected)
        return answer


OK, GONE = frozenset({200}), frozenset({404})


async def read(site: Site) -> None:
    """Some reads of one token on one connection: items, lists, searches, vaults; now and then a conditional one."""
    token = random.choice(site.tokens)
    paths = [f"{site.vault}/items/{item.id}" for item in (site.sample.login, site.sample.note)]
    paths += [
        f"{site.vault}/items",
        site.vault,
        "/v1/vaults",
        f"{site.vault}/items?filter=title%20eq%20%22x%22",
    ]
    async with await site.connect() as client:
        tag = None
        for _ in range(20):
            fields = [f"If-None-Match: {tag}"] if tag and random.random() < 0.3 else []
            head = request_head("GET", random.choice(paths), token, *fields)
            answer = await site.ask(client, "read", head, OK | {304})
            if answer is None:
                return
            tag = answer.value("ETag")
            await asyncio.sleep(random.random() / 50)


async def write(site: Site) -> None:
    """Create an item, change it, read it, delete it, and see that it has gone."""
    token = site.tokens[0]
    item = {"title": f"soak {random.random()}", "category": "LOGIN", "vault": {"id": site.sample.demo.id}}
    async with await site.connect() as client:

        async def send(
            method: str, path: str, document: object, expected: frozenset[int]
        ) -> WireAnswer | None:
            body = b"" if document is None else json.dumps(document).encode()
            head = request_head(method, path, token, f"Content-Length: {len(body)}")
            return await site.ask(client, f"write {method}", head, expected, body)

        created = await send("POST", f"{site.vault}/items", item, OK)
        if created is None or created.status != 200:
            return
        path = f"{site.vault}/items/{json.loads(created.body)['id']}"
        await asyncio.sleep(1.5)  # Connect shows what was written a little later
        await send("PATCH", path, [{"op": "replace", "path": "/title", "value": "changed"}], OK)
        await send("GET", path, None, OK)
        gone = await send("DELETE", path, None, frozenset({204}))
        if gone is not None and gone.status == 204:
            await asyncio.sleep(2.5)
            await send("GET", path, None, GONE)


async def guess(site: Site) -> None:
    """Made-up tokens, which may have to wait."""
    async with await site.connect() as client:
        head = request_head("GET", f"{site.vault}/items", f"guess-{random.random()}")
        await site.ask(client, "guess", head, frozenset({401, 503}))


async def leave(site: Site) -> None:
    """Ask and go, before or amid the answer."""
    client = await site.connect()
    client.writer.write(request_head("GET", f"{site.vault}/items", site.tokens[1]).encode() + b"\r\n\r\n")
    await asyncio.sleep(random.random() / 100)
    client.writer.transport.abort()
    site.tally.answers["left"] += 1


async def dawdle(site: Site) -> None:
    """Send a head in drips, read a large file slowly, or do nothing on an open connection."""
    file = site.sample.large_file
    path = (
        f"/v1/vaults/{site.sample.infrastructure.id}/items/{site.sample.document.id}/files/{file.id}/content"
    )
    head = request_head("GET", path, site.tokens[0]).encode() + b"\r\n\r\n"
    client = await site.connect()
    with suppress(OSError, EOFError):
        for start in range(0, len(head), 200):
            client.writer.write(head[start : start + 200])
            await asyncio.sleep(0.05)
        for _ in range(20):
            if not await client.reader.read(65_536):
                break
            await asyncio.sleep(0.1)
    client.writer.transport.abort()
    site.tally.answers["dawdled"] += 1
