"""The control port: faults, tokens, restart, sync and the record of requests over HTTP, on loopback only.

For demos and for tests in other processes; docs/emulator.md describes it. Requests that carry an Origin
come from a web page and are refused. Bearer tokens in the record are shortened.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from proxy.emulator.fault_documents import DocumentError, fault_document, plan_fault
from proxy.emulator.json_documents import JsonObject, JsonValue, decode, encode
from proxy.emulator.recorder import RecordedRequest
from proxy.emulator.tokens import Access

if TYPE_CHECKING:
    from proxy.emulator.emulator import Emulator

_HOST = "127.0.0.1"
_GRANTS = {"read": Access.READ, "read-write": Access.READ_WRITE, "write-only": Access.WRITE_ONLY}
_SHOWN_TOKEN_CHARACTERS = 16


class ControlServer:
    """Serves the control API of one emulator."""

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://{_HOST}:{self.port}"

    async def start(self, port: int) -> None:
        """Listen. Raises OSError when the port is taken."""
        application = web.Application(middlewares=[_as_json])
        application.router.add_get("/faults", self._list_faults)
        application.router.add_post("/faults", self._add_fault)
        application.router.add_delete("/faults", self._clear_faults)
        application.router.add_get("/requests", self._list_requests)
        application.router.add_delete("/requests", self._forget_requests)
        application.router.add_get("/vaults", self._list_vaults)
        application.router.add_post("/tokens", self._issue_token)
        application.router.add_post("/revoke", self._revoke)
        application.router.add_post("/restart", self._restart)
        application.router.add_post("/sync", self._sync)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, _HOST, port).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more. Idempotent."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _list_faults(self, _: web.Request) -> web.Response:
        return _json([fault_document(fault) for fault in self._emulator.faults.planned])

    async def _add_fault(self, request: web.Request) -> web.Response:
        fault = plan_fault(self._emulator.faults, await _body(request))
        return _json(fault_document(fault), status=201)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._emulator.faults.clear()
        return _json({})

    async def _list_requests(self, _: web.Request) -> web.Response:
        return _json([_record_document(record) for record in self._emulator.requests])

    async def _forget_requests(self, _: web.Request) -> web.Response:
        self._emulator.forget_requests()
        return _json({})

    async def _list_vaults(self, _: web.Request) -> web.Response:
        return _json(
            [_vault_entry(vault_id, name) for vault_id, name in self._emulator.vault_names().items()]
        )

    async def _issue_token(self, request: web.Request) -> web.Response:
        document = _object(await _body(request))
        expires = document.get("expires_in_seconds")
        if isinstance(expires, bool) or not isinstance(expires, int | float | None):
            raise DocumentError("expires_in_seconds must be a number")
        name = document.get("name")
        token = self._emulator.issue_token(
            name if isinstance(name, str) else "control", _grants(document.get("vaults")), expires
        )
        return _json({"token": token}, status=201)

    async def _revoke(self, request: web.Request) -> web.Response:
        token = _object(await _body(request)).get("token")
        if not isinstance(token, str):
            raise DocumentError("token must be text")
        self._emulator.revoke(token)
        return _json({})

    async def _restart(self, _: web.Request) -> web.Response:
        self._emulator.restart()
        return _json({})

    async def _sync(self, _: web.Request) -> web.Response:
        self._emulator.sync()
        return _json({})


_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _as_json(request: web.Request, handler: _Handler) -> web.StreamResponse:
    if "Origin" in request.headers:
        return _json({"message": "not for web pages"}, status=403)
    try:
        return await handler(request)
    except web.HTTPException as error:
        return _json({"message": error.reason}, status=error.status)
    except ValueError as error:
        return _json({"message": str(error)}, status=400)


async def _body(request: web.Request) -> JsonValue:
    return decode(await request.read())


def _object(value: JsonValue) -> JsonObject:
    if not isinstance(value, dict):
        raise DocumentError("the body must be an object")
    return value


def _grants(value: JsonValue) -> dict[str, Access] | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise DocumentError("vaults must be an object of vault ids")
    unknown = [str(word) for word in value.values() if not isinstance(word, str) or word not in _GRANTS]
    if unknown:
        raise DocumentError(f"a grant must be one of {', '.join(_GRANTS)}")
    return {vault_id: _GRANTS[str(word)] for vault_id, word in value.items()}


def _vault_entry(vault_id: str, name: str) -> JsonValue:
    return {"id": vault_id, "name": name}


def _record_document(record: RecordedRequest) -> JsonObject:
    return {
        "number": record.number,
        "method": record.method,
        "target": record.target.decode("utf-8", "replace"),
        "fields": [_field_document(name, value) for name, value in record.fields],
        "body": record.body.decode("utf-8", "replace"),
        "arrived_seconds": record.arrived_seconds,
        "connection_id": record.connection_id,
        "is_reused_connection": record.is_reused_connection,
        "status": record.status,
    }


def _field_document(name: bytes, value: bytes) -> JsonValue:
    if name.lower() == b"authorization":
        value = value[:_SHOWN_TOKEN_CHARACTERS] + b"..."
    return [name.decode("latin-1"), value.decode("latin-1")]


def _json(document: JsonValue, *, status: int = 200) -> web.Response:
    return web.Response(body=encode(document), status=status, content_type="application/json")
