"""A model of Connect behind the `Upstream` port with many vaults: enough of it to count what a cache asks for.

Lists, searches by title, items, changes made here and elsewhere; every answer takes `latency_seconds`. `down` makes it
refuse connections, `failing` answer with that status. Bodies are made once per state of a vault.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote

from proxy.errors import ErrorKind, UpstreamError
from proxy.exchange.ports import UpstreamRequest
from tests.support.model_answer import ModelAnswer

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
        self.failing: int | None = None
        self.health_seconds = 0.0
        self.sync_seconds = 0.0
        self.synced = True
        self.refused: set[str] = set()
        self.asked: Counter[str] = Counter()
        self.log: list[tuple[float, str, str]] = []

    @property
    def requests(self) -> int:
        return self.asked.total()

    async def send(self, request: UpstreamRequest) -> ModelAnswer:
        if self.down:
            raise UpstreamError(ErrorKind.CONNECTION_REFUSED, sent=False)
        is_probe = request.fields.get("User-Agent", "").endswith(PROBE)
        self.asked["background" if is_probe else "client"] += 1
        self.log.append((asyncio.get_running_loop().time(), request.method, request.target))
        await asyncio.sleep(self.latency_seconds)
        if self.failing is not None:
            return ModelAnswer(self.failing, b"")
        if request.target == "/health":
            await asyncio.sleep(self.health_seconds)
            status = "AVAILABLE" if self.synced else "NOT_SYNCED"
            document = {"dependencies": [{"service": "account_data", "status": status}]}
            return ModelAnswer(200, json.dumps(document).encode())
        if request.fields["Authorization"] in self.refused or not self.synced:
            return ModelAnswer(401, b'{"status":401,"message":"Invalid token signature"}')
        return self._answer(request)

    def _answer(self, request: UpstreamRequest) -> ModelAnswer:
        path, _, query = request.target.partition("?")
        if path == "/v1/vaults/import":
            return ModelAnswer(200, b"{}")
        parts = path.removeprefix("/v1/vaults/").split("/")
        vault = self.vaults[parts[0]]
        if len(parts) == 1:
            shown = {"id": vault.identifier, "name": "x", "contentVersion": sum(vault.versions.values())}
            return ModelAnswer(200, json.dumps(shown).encode())
        if len(parts) == 2:
            return ModelAnswer(200, self._list(vault, query))
        item = parts[2]
        if item not in vault.versions:
            return ModelAnswer(404, b'{"status":404,"message":"item not found"}')
        if request.method != "GET":
            answered = self._item(vault, item)
            if self.sync_seconds:
                asyncio.get_running_loop().call_later(self.sync_seconds, vault.change, item)
            else:
                vault.change(item)
            return ModelAnswer(200, answered)
        return ModelAnswer(200, self._item(vault, item))

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
