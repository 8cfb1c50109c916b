"""A Connect that answers every open question otherwise than the embedded one; each oddity is a line here.

It holds one vault with items, accepts one token, and counts nothing: what it is for is to be told apart.
"""

import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

TOKEN = "odd.claims-of-the-odd-token.signature-of-it"
VAULT, ITEM = "v" * 26, "i" * 26
VAULT_NAME, TITLE, TAG = "Payroll secrets", "Launch codes", "Nuclear"


class OddConnect:
    """Its answers. `undeletable`: a DELETE is answered 500, always."""

    def __init__(self, *, undeletable: bool = False) -> None:
        self.url = ""
        self.undeletable = undeletable
        self.made: dict[str, dict[str, object]] = {}

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if request.method in {"HEAD", "OPTIONS"}:
            return web.Response(status=501)
        if path.endswith("/"):
            return web.Response(status=301, headers={"Location": path.rstrip("/")})
        if path == "/heartbeat":
            return web.Response(text="alive", headers={"Date": "Thu, 01 Jan 2015 00:00:00 GMT"})
        if path == "/health":
            return self._health(request)
        if path == "/metrics":
            return web.Response(text=f"# HELP x {TITLE}\nconnect_requests_total 3\ngo_threads 1\n")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=403, text="who are you?", headers={"WWW-Authenticate": "Bearer"})
        return await self._api(request, path)

    def _health(self, request: web.BaseRequest) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            return web.Response(status=503)
        parts = [{"service": "sync", "status": "NOT_SYNCED"}, {"service": TOKEN, "status": 7}]
        return web.json_response({"version": "9", "dependencies": parts, "mood": "odd"})

    async def _api(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        items = f"/v1/vaults/{VAULT}/items"
        wanted = request.query.get("filter", "")
        if path == "/v1/vaults":
            if wanted and "title eq" in wanted:
                return self._document(request, [])
            return self._document(request, [self._vault(content_version=4)])
        if path == f"/v1/vaults/{VAULT}":
            return self._document(request, self._vault(content_version=9))
        if path == items and request.method == "POST":
            document = await request.json()
            document |= {"id": "t" * 26, "version": 1}
            self.made[document["id"]] = document
            return self._document(request, document)
        if path == items:
            return self._items(request, wanted)
        if path == f"{items}/{ITEM}":
            return self._document(request, self._item() | {"version": 12})
        if path == f"{items}/{ITEM}/files":
            return self._document(request, [])
        if path.startswith(f"{items}/") and path.rpartition("/")[2] in self.made:
            return await self._made(request, path.rpartition("/")[2])
        return web.json_response({"code": 1, "error": TITLE}, status=404)

    def _items(self, request: web.BaseRequest, wanted: str) -> web.StreamResponse:
        if "doctor asks for nothing" in wanted:
            return web.Response(status=404)
        if "+" in request.raw_path.partition("?")[2]:
            return self._document(request, [])
        return self._document(request, [self._item(), *self.made.values()])

    async def _made(self, request: web.BaseRequest, item: str) -> web.StreamResponse:
        if request.method == "DELETE":
            if self.undeletable:
                return web.Response(status=500)
            del self.made[item]
            return web.Response(status=204)
        document = self.made[item]
        if request.method == "PUT":
            version = document["version"]
            assert isinstance(version, int)
            document = self.made[item] = await request.json() | {"version": version + 1}
        return self._document(request, document)

    def _vault(self, *, content_version: int) -> dict[str, object]:
        return {"id": VAULT, "name": VAULT_NAME, "items": 500, "contentVersion": content_version}

    def _item(self) -> dict[str, object]:
        return {"id": ITEM, "title": TITLE, "version": 3, "tags": [TAG], "vault": {"id": VAULT}}

    def _document(self, request: web.BaseRequest, document: object) -> web.StreamResponse:
        fields = {
            "Server": TOKEN.partition(".")[2],  # whatever a server says of itself may be anything
            "ETag": '"7"',
            "Last-Modified": "Thu, 01 Jan 2015 00:00:00 GMT",
            "Cache-Control": "no-cache",
            "Vary": TITLE,
        }
        body = json.dumps(document).encode()
        if request.headers.get("If-None-Match") or request.headers.get("If-Modified-Since"):
            return web.Response(status=304, headers=fields)
        if request.headers.get("Range"):
            return web.Response(status=206, body=body[:1], headers=fields)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            body, fields["Content-Encoding"] = gzip.compress(body), "gzip"
        return web.Response(body=body, content_type="text/json", headers=fields)


@asynccontextmanager
async def odd_connect(*, undeletable: bool = False) -> AsyncIterator[OddConnect]:
    """Run one for the length of the block."""
    odd = OddConnect(undeletable=undeletable)
    runner = web.ServerRunner(web.Server(odd.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    odd.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield odd
    finally:
        await runner.cleanup()
