"""Writes: forwarded once, never replayed, and what they outdate goes before their answer leaves.

A write is a task of its own: a client that leaves after sending does not cancel it, and its effects are carried
out however it ends. Before that it waits for its turn in its vault, with its body complete, as the client's own: one
that leaves while waiting is never sent.
"""

import asyncio
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Generic

from proxy.caching.profile import FindingT, Profile, SubjectT, WriteOutcome, write_outcome
from proxy.clock import Clock
from proxy.errors import ErrorKind, UpstreamError, forget_frames
from proxy.exchange.buffering import BodyCollector, BufferBudget
from proxy.exchange.collected_body import CollectedBody, collect
from proxy.exchange.events import Invalidated
from proxy.exchange.learner import Learner
from proxy.exchange.ports import Observer, Upstream, UpstreamRequest, UpstreamResponse
from proxy.exchange.spans import NO_TRACING, SpanName, Tracing
from proxy.exchange.write_queue import Turn, WriteQueue
from proxy.semantics.message import Response

_MOST_BODIES = 8
"""How many bodies of the full size may be held for writes that wait; beyond them writes go without a turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How a write ended: a complete answer, a stream (too large to collect), or an error."""

    answer: Response | UpstreamResponse | ErrorKind
    outcome: WriteOutcome


class Writer(Generic[SubjectT, FindingT]):
    """Performs writes and owns their tasks."""

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        upstream: Upstream,
        learner: Learner[SubjectT, FindingT],
        collector: BodyCollector,
        clock: Clock,
        observer: Observer,
        total_seconds: float,
        queue: WriteQueue | None,
        queue_body_bytes: int,
        tracing: Tracing = NO_TRACING,
    ) -> None:
        self._queue = queue
        self._tracing = tracing
        # Of its own: clients that declare much and send it slowly must not keep answers from being collected.
        self._buffers = BufferBudget(_MOST_BODIES * queue_body_bytes)
        self._queue_body_bytes = queue_body_bytes
        self._profile = profile
        self._upstream = upstream
        self._learner = learner
        self._collector = collector
        self._clock = clock
        self._observer = observer
        self._total_seconds = total_seconds
        self._tasks: set[asyncio.Task[Written]] = set()

    @property
    def waiting(self) -> int:
        """How many writes wait for their turn."""
        return 0 if self._queue is None else self._queue.waiting

    async def write(self, subject: SubjectT, request: UpstreamRequest, *, takes_turn: bool) -> Written | None:
        """Send a write and wait for its end; None if its turn did not come in time: nothing was sent.

        Raises RequestBodyError if the client's body failed.
        """
        if self._queue is None or subject.lane is None or not takes_turn:
            return await self._run(subject, request, None)
        with ExitStack() as held:
            request = await self._with_complete_body(request, held)
            if not _is_complete(request):
                return await self._run(subject, request, None)
            with self._tracing.child(SpanName.WRITE_TURN, request.trace):
                turn = await self._queue.take_turn(subject.lane, subject.key.partition)
            if turn is None:
                return None
            return await self._run(subject, request, turn)

    async def _with_complete_body(self, request: UpstreamRequest, held: ExitStack) -> UpstreamRequest:
        """Read the body before a turn is taken, so that a slow client keeps nobody waiting."""
        body, limit_bytes = request.body, self._queue_body_bytes
        if body is None:
            return request
        wanted = limit_bytes if body.length_bytes is None else body.length_bytes
        if wanted > limit_bytes or not held.enter_context(self._buffers.reserve(wanted)):
            return request
        return replace(request, body=await collect(body, limit_bytes))

    async def _run(self, subject: SubjectT, request: UpstreamRequest, turn: Turn | None) -> Written:
        task = asyncio.get_running_loop().create_task(self._perform(subject, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if turn is not None:
            task.add_done_callback(lambda _: turn.give_back())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_let_go)  # the write goes on, but nobody will read its answer
            raise

    async def finish(self) -> None:
        """Wait until all writes under way have ended; each has its deadline."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _perform(self, subject: SubjectT, request: UpstreamRequest) -> Written:
        written = Written(answer=ErrorKind.PROXY_INTERNAL_ERROR, outcome=WriteOutcome.UNKNOWN)
        try:
            written = await self._send(request)
        finally:
            complete = written.answer if isinstance(written.answer, Response) else None
            now = self._clock.now()
            effects = self._profile.write_ended(subject, written.outcome, complete, now)
            removed = self._learner.carry_out(effects)
            self._observer.notify(
                Invalidated(resource=subject.resource, outcome=written.outcome, removed=removed)
            )
        return written

    async def _send(self, request: UpstreamRequest) -> Written:
        try:
            async with asyncio.timeout(self._total_seconds):
                answer = await self._upstream.send(request)
                body = await self._collector.collect(answer)
        except UpstreamError as error:
            forget_frames(error)
            outcome = WriteOutcome.UNKNOWN if error.sent else WriteOutcome.REFUSED
            return Written(answer=error.kind, outcome=outcome)
        except TimeoutError:
            return Written(answer=ErrorKind.HTTP_RESPONSE_TIMEOUT, outcome=WriteOutcome.UNKNOWN)
        head = answer.head
        if body is None:  # not complete yet: a refusal can't be told from an answer that will be cut short
            return Written(answer=answer, outcome=WriteOutcome.UNKNOWN)
        response = Response(status=head.status, reason=head.reason, fields=head.fields, body=body)
        return Written(answer=response, outcome=write_outcome(head.status))


def _is_complete(request: UpstreamRequest) -> bool:
    body = request.body
    return body is None or (isinstance(body, CollectedBody) and body.is_complete)


def _let_go(task: asyncio.Task[Written]) -> None:
    """Close the stream that a write's client has left; its faults were nobody's to hear."""
    if task.cancelled() or task.exception() is not None:
        return
    answer = task.result().answer
    if not isinstance(answer, Response | ErrorKind):
        answer.close()
