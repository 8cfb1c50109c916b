"""A model of Connect behind the `Upstream` port with many vaults: enough of it to count what a cache asks for.

Lists, searches by title, items, changes made here and elsewhere; every answer takes `latency_seconds`. `down` makes it
refuse connections. Bodies are made once per state of a vault.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import unquote

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest
from proxy.semantics.message import ResponseHead

PROBE = "(probe)"


def vault_id(number: int) -> str:
    return f"vault{number}".ljust(26, "v")


def item_id(number: int) -> str:
    return f"item{number}".ljust(26, "i")


def title_of(number: int) -> str:
    return f"title-{number}"


@dataclass(slots=True)
class ModelVault:
    """Versions by item, and answers made of them."""

    identifier: str
    versions: dict[str, int]
    titles: dict[str, str]
    bodies: dict[str, bytes] = field(default_factory=dict)
    extra: dict[str, object] = field(default_factory=dict)

    def change(self, item: str) -> None:
        self.versions[item] += 1
        self.bodies.clear()

    def summary(self, item: str) -> dict[str, object]:
        version = self.versions[item]
        return {
            "id": item,
            "title": self.titles[item],
            "version": version,
            "vault": {"id": self.identifier},
            "category": "LOGIN",
            "updatedAt": f"2026-01-01T00:00:00.{version:09d}Z",
            **self.extra,
        }


class _Answer:
    """A complete answer as `UpstreamResponse`."""

    def __init__(self, status: int, body: bytes) -> None:
        self._body = body
        fields = CIMultiDict({"Content-Type": "application/json", "Content-Length": str(len(body))})
        self.head = ResponseHead(status=status, reason="", fields=CIMultiDictProxy(fields))
        self.content_length_bytes = len(body)

    async def read_complete(self, limit_bytes: int) -> bytes | None:
        return self._body if len(self._body) <= limit_bytes else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body

    def close(self) -> None:
        pass


class ModelAccount:
    """Vaults that any token may read, and a count of who asked: `client` or `background`."""

    def __init__(self, *, vaults: int, items: int, latency_seconds: float = 0.02) -> None:
        numbers = range(items)
        self.vaults = {
            vault_id(number): ModelVault(
                vault_id(number),
                {item_id(one): 1 for one in numbers},
                {item_id(one): title_of(one) for one in numbers},
            )
            for number in range(vaults)
        }
        self.latency_seconds = latency_seconds
        self.down = False
        self.synced = True
        self.refused: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.log: list[tuple[float, str, str]] = []

    @property
    def requests(self) -> int:
        return self.asked.total()

    async def send(self, request: UpstreamRequest) -> _Answer:
        if self.down:
            raise UpstreamError(ErrorKind.CONNECTION_REFUSED, sent=False)
        is_probe = request.fields.get("User-Agent", "").endswith(PROBE)
        self.asked["background" if is_probe else "client"] += 1
        self.log.append((asyncio.get_running_loop().time(), request.method, request.target))
        await asyncio.sleep(self.latency_seconds)
        if request.target == "/health":
            status = "AVAILABLE" if self.synced else "NOT_SYNCED"
            document = {"dependencies": [{"service": "account_data", "status": status}]}
            return _Answer(200, json.dumps(document).encode())
        if request.fields["Authorization"] in self.refused or not self.synced:
            return _Answer(401, b'{"status":401,"message":"Invalid token signature"}')
        return self._answer(request)

    def _answer(self, request: UpstreamRequest) -> _Answer:
        path, _, query = request.target.partition("?")
        parts = path.removeprefix("/v1/vaults/").split("/")
        vault = self.vaults[parts[0]]
        if len(parts) == 2:
            return _Answer(200, self._list(vault, query))
        item = parts[2]
        if item not in vault.versions:
            return _Answer(404, b'{"status":404,"message":"item not found"}')
        if request.method != "GET":
            answered = self._item(vault, item)
            vault.change(item)
            return _Answer(200, answered)
        return _Answer(200, self._item(vault, item))

    def _item(self, vault: ModelVault, item: str) -> bytes:
        if item not in vault.bodies:
            document = {**vault.summary(item), "fields": [{"id": "password", "value": "x"}]}
            vault.bodies[item] = json.dumps(document).encode()
        return vault.bodies[item]

    def _list(self, vault: ModelVault, query: str) -> bytes:
        if query not in vault.bodies:
            wanted = unquote(query).partition('"')[2].rstrip('"')
            items = [item for item in vault.versions if not query or vault.titles[item] == wanted]
            vault.bodies[query] = json.dumps([vault.summary(item) for item in items]).encode()
        return vault.bodies[query]
