"""The Connect API as a function from a call to an answer: route, token, first sync, grant, operation, record.

Knows nothing of sockets or faults; whatever Connect refuses becomes an error body here.
"""

from proxy.emulator import errors
from proxy.emulator.activity import Actor, Resource, Result
from proxy.emulator.answer import Answer, error_answer, json_answer, text_answer
from proxy.emulator.call import AuthenticatedCall, Call
from proxy.emulator.errors import ConnectError
from proxy.emulator.parts import Parts
from proxy.emulator.reads import Reads
from proxy.emulator.routes import OPEN_OPERATIONS, Operation, Route, allowed_methods, route
from proxy.emulator.server_state import HEARTBEAT, METRICS, health_document
from proxy.emulator.targets import parse_target
from proxy.emulator.vault_access import VaultAccess
from proxy.emulator.writes import Writes


class ConnectApi:
    """Answers calls."""

    def __init__(self, parts: Parts) -> None:
        self._connect_version = parts.settings.connect_version
        self._tokens = parts.tokens
        self._replication = parts.replication
        self._activity = parts.activity
        reads = Reads(parts)
        writes = Writes(parts)
        self._access = VaultAccess(parts.tokens)
        self._reading = {
            Operation.ACTIVITY: reads.activity,
            Operation.LIST_VAULTS: reads.vaults,
            Operation.GET_VAULT: reads.vault,
            Operation.LIST_ITEMS: reads.items,
            Operation.GET_ITEM: reads.item,
            Operation.LIST_FILES: reads.files,
            Operation.GET_FILE: reads.file,
            Operation.GET_FILE_CONTENT: reads.file_content,
        }
        self._writing = {
            Operation.CREATE_ITEM: writes.create,
            Operation.REPLACE_ITEM: writes.replace,
            Operation.PATCH_ITEM: writes.patch,
            Operation.DELETE_ITEM: writes.delete,
        }

    async def answer(self, call: Call) -> Answer:
        """Return what Connect answers to `call`."""
        try:
            target = parse_target(call.target)
            found = route(call.method, target.segments)
            if found.operation in OPEN_OPERATIONS:
                return self._open_answer(found.operation, call)
            bearer = self._tokens.authenticate(call.authorization)
            actor = Actor(bearer=bearer, user_agent=call.user_agent, ip=call.ip)
            request = AuthenticatedCall(call=call, route=found, target=target, actor=actor)
            return await self._authenticated_answer(request)
        except ConnectError as error:
            return error_answer(error, fields=_allow(call) if error.status == 405 else ())

    def _open_answer(self, operation: Operation, call: Call) -> Answer:
        if operation is Operation.HEARTBEAT:
            return text_answer(HEARTBEAT)
        if operation is Operation.METRICS:
            return text_answer(METRICS)
        self._prime_by_health(call)
        phase = self._replication.phase
        return json_answer(health_document(phase, connect_version=self._connect_version))

    def _prime_by_health(self, call: Call) -> None:
        """A bearer is optional on /health, but a valid one starts the first sync (CHANGELOG 1.1.0)."""
        if call.authorization is None:
            return
        try:
            self._tokens.authenticate(call.authorization)
        except ConnectError:
            return
        self._replication.prime()

    async def _authenticated_answer(self, request: AuthenticatedCall) -> Answer:
        self._replication.prime()
        if not await self._replication.wait_until_synced():
            raise errors.sync_timeout()
        try:
            self._access.check(request)
            answer = await self._perform(request)
        except ConnectError as error:
            if error.status == 403:
                self._record(request, Result.DENY)
            raise
        self._record(request, Result.SUCCESS)
        return answer

    async def _perform(self, request: AuthenticatedCall) -> Answer:
        found: Route = request.route
        read = self._reading.get(found.operation)
        if read is not None:
            return read(request)
        return await self._writing[found.operation](request)

    def _record(self, request: AuthenticatedCall, result: Result) -> None:
        if request.route.operation is Operation.ACTIVITY:
            return
        found = request.route
        vault = self._replication.visible().get(found.vault_id)
        item = None if vault is None else vault.items.get(found.item_id)
        resource = Resource(
            vault_id=found.vault_id or None,
            item_id=found.item_id or None,
            item_version=None if item is None or result is Result.DENY else item.version,
        )
        self._activity.record(action=request.action, result=result, actor=request.actor, resource=resource)


def _allow(call: Call) -> tuple[tuple[str, str], ...]:
    methods = allowed_methods(parse_target(call.target).segments)
    return (("Allow", ", ".join(methods)),)
