"""The origin behind every peer: Connect's items, as fast as Python writes bytes.

Not the embedded Connect server: that verifies signatures and works out grants, in the hundreds of microseconds, so that
misses would measure it. The bodies have its form and its fields. Each has a mark of the token that asked, so that an
answer to somebody else is seen. A path that no client sends says how many requests have come.

Run: `python -m benchmarks.peers.origin PORT PORT_WITH_FRESHNESS`, until it is killed.
"""

import asyncio
import json
import sys
import time
from email.utils import formatdate
from functools import lru_cache
from hashlib import sha256
from typing import cast

import uvloop

BODY_BYTES = {"s": 1024, "m": 1024, "l": 16 * 1024, "w": 1536}
"""Size of an item by the first letter of its id: small, small and never asked for before, large, to be weighed."""

COUNT_TARGET = "/count"
FRESHNESS_FIELD = b"Cache-Control: max-age=21600\r\n"
"""For peers that store only what says how long it may be, on the second port; Connect itself says nothing."""

ITEMS_IN_LIST = 1000
"""Of each size but those never asked for before."""

_TIME = "2026-01-02T03:04:05.123456789Z"


def token_mark(token: str) -> str:
    """Return what an item shows of the token that read it."""
    return sha256(token.encode()).hexdigest()[:16]


@lru_cache(maxsize=400_000)
def item(vault: str, name: str, mark: str, version: int) -> bytes:
    """Return an item as Connect writes it, of exactly the size of its vault's items."""
    document = {
        "id": name,
        "title": f"Service {name[-6:]}",
        "version": version,
        "vault": {"id": vault},
        "category": "LOGIN",
        "fields": [
            {"id": "username", "type": "STRING", "purpose": "USERNAME", "label": "username", "value": mark},
            {
                "id": "password",
                "type": "CONCEALED",
                "purpose": "PASSWORD",
                "label": "password",
                "value": mark * 2,
            },
            {"id": "notesPlain", "type": "STRING", "purpose": "NOTES", "label": "notesPlain", "value": ""},
        ],
        "lastEditedBy": "WIZ34S6SOV75ZCTPU3HXDHZK2D",
        "createdAt": _TIME,
        "updatedAt": _TIME,
    }
    bare = json.dumps(document, separators=(",", ":"))
    notes = "x" * (BODY_BYTES[name[0]] - len(bare))
    return bare.replace('"notesPlain","value":""', f'"notesPlain","value":"{notes}"').encode()


@lru_cache(maxsize=2)
def _date(wall_seconds: int) -> bytes:
    return formatdate(wall_seconds, usegmt=True).encode()


class Origin:
    """What all connections share: versions and the count."""

    def __init__(self) -> None:
        self.count = 0
        self.versions: dict[str, int] = {}
        self._lists: dict[str, bytes] = {}

    def answer(self, method: str, target: str, token: str) -> bytes:
        """Return the body; a write answers the version before it, as Connect does."""
        if target == COUNT_TARGET:
            return b"%d" % self.count
        self.count += 1
        parts = target.split("/")
        if len(parts) == 5:
            return self._list(parts[3])
        if len(parts) != 6:
            return b'{"name":"1Password Connect API","version":"1.8.2"}'
        version = self.versions.get(target, 1)
        if method == "PUT":
            self.versions[target] = version + 1
            self._lists.pop(parts[3], None)
        return item(parts[3], parts[5], token_mark(token), version)

    def _list(self, vault: str) -> bytes:
        """Return a vault's list, made once for as long as nothing changes.

        To make it takes milliseconds of the core that the load runs on, which would see all answers late meanwhile.
        """
        known = self._lists.get(vault)
        if known is None:
            known = self._lists[vault] = self._listed(vault)
        return known

    def _listed(self, vault: str) -> bytes:
        fields = {"vault": {"id": vault}, "category": "LOGIN", "createdAt": _TIME, "updatedAt": _TIME}
        found = [
            {"id": name, "version": self.versions.get(f"/v1/vaults/{vault}/items/{name}", 1), **fields}
            for name in (item_name(size, number) for size in "sl" for number in range(ITEMS_IN_LIST))
        ]
        return json.dumps(found, separators=(",", ":")).encode()


def item_name(size: str, number: int) -> str:
    """Return the id of the item with this number, in every vault."""
    return f"{size}{number:025d}"


def vault_name(number: int) -> str:
    """Return the id of this vault; each token has one of its own."""
    return f"v{number:025d}"


class OriginProtocol(asyncio.Protocol):
    """One connection: requests with a Content-Length or without a body, one after the other."""

    def __init__(self, origin: Origin, more_fields: bytes) -> None:
        self._origin, self._more_fields = origin, more_fields
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            lines = self._buffer[:end].decode("latin-1").split("\r\n")
            fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
            length = int(fields.get("content-length", 0))
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            method, target, _ = lines[0].split(" ")
            self._write(self._origin.answer(method, target, fields.get("authorization", "")))

    def _write(self, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\n1Password-Connect-Version: 1.8.2\r\nDate: %b\r\n"
            b"Content-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%b"
            % (_date(int(time.time())), self._more_fields, len(body), body)
        )


async def serve(port: int, fresh_port: int) -> None:
    """Listen on `port` as Connect answers, and on the other one with a freshness lifetime."""
    loop, origin = asyncio.get_running_loop(), Origin()
    servers = (
        await loop.create_server(lambda: OriginProtocol(origin, b""), "127.0.0.1", port, backlog=1024),
        await loop.create_server(
            lambda: OriginProtocol(origin, FRESHNESS_FIELD), "127.0.0.1", fresh_port, backlog=1024
        ),
    )
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
