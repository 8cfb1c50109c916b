"""The trail that has a read on record before it is answered: the first of equal reads in an interval; the rest follow.

Equal reads that arrive while the first is being written wait for the same line. What a killed process loses is counts.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from proxy.adapters.audit.chain_writer import ChainWriter, Outcome
from proxy.adapters.audit.figures import AuditFigures
from proxy.adapters.audit.trail import PATIENCE_SECONDS, Trail, TrailRules, TrailState
from proxy.audit.ledger import Aggregate, Identity, Interval
from proxy.clock import Instant


class StrictTrail(Trail):
    """Notes reads, the first of each kind in writing."""

    def __init__(
        self,
        writer: ChainWriter,
        figures: AuditFigures,
        rules: TrailRules,
        on_change: Callable[[TrailState], None] = lambda _: None,
    ) -> None:
        super().__init__(writer, figures, rules, on_change)
        self._first_lines: dict[Identity, asyncio.Future[Outcome]] = {}
        self._unanswered: set[Aggregate] = set()

    def _prepared(self, identity: Identity, now: Instant) -> None:
        """Prepare nothing: the first of equal reads is written before it is answered."""

    def _first(self, identity: Identity, wall_seconds: float) -> bool | Awaitable[bool]:
        return self._on_record(identity, wall_seconds)

    def _has_happened(self, aggregate: Aggregate) -> bool:
        return aggregate not in self._unanswered  # what would be refused for want of a record

    async def _on_record(self, identity: Identity, wall_seconds: float) -> bool:
        being_written = self._first_lines.get(identity)
        if being_written is not None:
            is_written = await self._is_written(being_written)
            if not is_written and self._rules.refuses:
                return False
            return self._count(identity, wall_seconds) or self._go_on_without(1)
        if not self._may_hand_over():
            return self._go_on_without(1)
        return await self._is_written(self._write_first(identity, wall_seconds)) or not self._rules.refuses

    def _write_first(self, identity: Identity, wall_seconds: float) -> asyncio.Future[Outcome]:
        aggregate = Aggregate(
            identity=identity,
            first_wall_seconds=wall_seconds,
            last_wall_seconds=wall_seconds,
            count=1,
            interval=Interval(is_open=False),
        )
        if self._rules.refuses:
            self._unanswered.add(aggregate)
        written = self._submit(OrderedDict({identity: aggregate}))
        self._first_lines[identity] = written

        def over(written: asyncio.Future[Outcome]) -> None:
            """Let equal reads count without a line of their own, before any of those that wait goes on."""
            self._unanswered.discard(aggregate)
            del self._first_lines[identity]
            if written.result().failure is None and identity not in self._ledger.open:
                self._begin(identity, wall_seconds, count=0)

        written.add_done_callback(over)
        return written

    async def _is_written(self, written: asyncio.Future[Outcome]) -> bool:
        return await self._settled(written, PATIENCE_SECONDS) and written.result().failure is None
