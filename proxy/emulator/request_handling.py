"""The life of one request at the emulated server: recorded, struck by what is planned for it, answered.

The only module in which the Connect API, the fault plan and the wire meet.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate

from aiohttp import web

from proxy.emulator import effects
from proxy.emulator.answer import JSON_TYPE, Answer, error_answer
from proxy.emulator.call import Call
from proxy.emulator.clock import NANOSECONDS_PER_SECOND, Clock
from proxy.emulator.connect_api import ConnectApi
from proxy.emulator.connections import Connection, ConnectionTable, reset
from proxy.emulator.delivery import Spoiling, deliver, with_changed_fields
from proxy.emulator.effects import HoldPoint, Stage
from proxy.emulator.errors import ConnectError
from proxy.emulator.faults import Circumstances, FaultPlan, RequestFaults
from proxy.emulator.file_content import FixedContent
from proxy.emulator.json_documents import encode
from proxy.emulator.recorder import RecordedRequest, Recorder

_NO_HTTP = b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n"
"""An alert of TLS, as comes from a port that expects it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandling:
    """Answers what arrives. `restart` is called by the Restart fault."""

    api: ConnectApi
    plan: FaultPlan
    recorder: Recorder
    clock: Clock
    connect_version: str
    restart: Callable[[], None]
    seen_tokens: set[bytes]
    tasks: set[asyncio.Task[object]]

    async def respond(self, request: web.BaseRequest, connections: ConnectionTable) -> web.StreamResponse:
        """Handle one request."""
        task = asyncio.current_task()
        if task is not None:
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        try:
            body = await _whole_body(request)
        except web.HTTPRequestEntityTooLarge as error:
            refusal = ConnectError(error.status, "Request body is too large").document()
            return web.Response(status=error.status, body=encode(refusal), content_type=JSON_TYPE)
        connection = connections.connection_of(request)
        if connection is None or body is None:
            return web.Response(status=400)  # Nobody is there to read it.
        connection.requests += 1
        record = self._record(request, body, connection)
        try:
            return await self._respond(request, record, connection)
        finally:
            record.finished.set()

    async def _respond(
        self, request: web.BaseRequest, record: RecordedRequest, connection: Connection
    ) -> web.StreamResponse:
        target = request.raw_path
        circumstances = Circumstances(
            method=record.method,
            target=target,
            is_reused_connection=record.is_reused_connection,
            is_first_of_token=self._is_first_of_token(record),
        )
        struck = self.plan.take(circumstances)
        await _stand_still(struck, HoldPoint.BEFORE_PROCESSING, record)
        answer = await self._answer(self._call(request, record, struck), struck, connection)
        if answer is None:
            return web.Response()
        await _stand_still(struck, HoldPoint.BEFORE_ANSWERING, record)
        slow_head = struck.effects.get(Stage.HEAD)
        if isinstance(slow_head, effects.SlowHead):
            await self.clock.sleep(slow_head.delay_seconds)
        return await self._deliver(request, record, struck, answer)

    async def _answer(self, call: Call, struck: RequestFaults, connection: Connection) -> Answer | None:
        """Return the answer, or None once the connection has been closed instead."""
        outcome = struck.effects.get(Stage.OUTCOME)
        match outcome:
            case effects.Reset():
                reset(connection.transport)
            case effects.Close() | effects.CloseReused():
                connection.transport.close()
            case effects.Garbage():
                connection.transport.write(_NO_HTTP)
                connection.transport.close()
            case effects.LoseAnswer():
                await self.api.answer(call)
                connection.transport.close()
            case effects.Restart():
                self.restart()
            case effects.Status():
                return _other_answer(outcome)
            case effects.SpuriousForbidden():
                return error_answer(ConnectError(403, outcome.message))
            case effects.FirstRequestUnauthorized():
                return error_answer(ConnectError(401, outcome.message))
            case None:
                return await self.api.answer(call)
            case _:
                raise AssertionError(outcome)
        return None

    async def _deliver(
        self, request: web.BaseRequest, record: RecordedRequest, struck: RequestFaults, answer: Answer
    ) -> web.StreamResponse:
        date = formatdate(self.clock.now_nanoseconds() / NANOSECONDS_PER_SECOND, usegmt=True)
        version = ("1Password-Connect-Version", self.connect_version)
        answer = Answer(
            status=answer.status,
            content=answer.content,
            content_type=answer.content_type,
            fields=(*answer.fields, version, ("Date", date)),
        )
        changed = struck.effects.get(Stage.FIELDS)
        if isinstance(changed, effects.ChangedFields | effects.EntityTags):
            answer = with_changed_fields(answer, changed, record.value("If-None-Match"))
        spoilt = struck.effects.get(Stage.BODY)
        spoiling = Spoiling(
            body=spoilt if isinstance(spoilt, effects.SlowBody | effects.TruncatedBody) else None,
            hold=struck.holds.get(HoldPoint.IN_BODY),
        )
        record.status = answer.status
        return await deliver(request, answer, spoiling=spoiling, clock=self.clock, record=record)

    def _record(self, request: web.BaseRequest, body: bytes, connection: Connection) -> RecordedRequest:
        record = RecordedRequest(
            number=self.recorder.next_number,
            method=request.method,
            target=request.raw_path.encode("utf-8", "surrogateescape"),
            fields=tuple(request.raw_headers),
            body=body,
            arrived_seconds=self.clock.now_nanoseconds() / NANOSECONDS_PER_SECOND,
            connection_id=connection.id,
            is_reused_connection=connection.requests > 1,
        )
        self.recorder.add(record)
        return record

    def _call(self, request: web.BaseRequest, record: RecordedRequest, struck: RequestFaults) -> Call:
        lagging = struck.effects.get(Stage.VIEW)

        async def while_writing() -> None:
            await _stand_still(struck, HoldPoint.WHILE_WRITING, record)

        return Call(
            method=record.method,
            target=request.raw_path,
            authorization=record.value("Authorization"),
            user_agent=record.value("User-Agent") or "",
            ip=request.remote or "",
            body=record.body,
            changes_behind=lagging.changes_behind if isinstance(lagging, effects.LaggingReplica) else 0,
            while_writing=while_writing,
        )

    def _is_first_of_token(self, record: RecordedRequest) -> bool:
        authorization = record.value("Authorization")
        if authorization is None:
            return False
        digest = hashlib.sha256(authorization.encode("latin-1")).digest()
        is_first = digest not in self.seen_tokens
        self.seen_tokens.add(digest)
        return is_first


async def _whole_body(request: web.BaseRequest) -> bytes | None:
    """Return the body, or None when the client left before sending all of it."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    try:
        return await request.read()
    except ConnectionError:
        return None


async def _stand_still(struck: RequestFaults, point: HoldPoint, record: RecordedRequest) -> None:
    hold = struck.holds.get(point)
    if hold is not None:
        await hold.stand_still(record)


def _other_answer(outcome: effects.Status) -> Answer:
    if outcome.body is None and outcome.content_type == JSON_TYPE:
        return error_answer(ConnectError(outcome.status, outcome.message))
    content = FixedContent(content=(outcome.body or "").encode())
    return Answer(status=outcome.status, content=content, content_type=outcome.content_type)
