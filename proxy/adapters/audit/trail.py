"""What the exchange asks and tells (`AuditTrail`, `Observer`). Reads are added up here and handed over each interval.

Everything here happens on the event loop and never blocks it: a repeated read costs a look-up and a count. What could
not be written comes back, is added to and tried again once per interval; after some tries it is lost, counted, and
noted in the chain. An idle trail sets no timer.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from proxy.adapters.audit.chain_writer import ChainWriter, Outcome
from proxy.adapters.audit.figures import AuditFigures
from proxy.adapters.audit.writer_thread import Batch, WriterThread
from proxy.audit.ledger import MOST_AGGREGATES, Aggregate, Aggregates, Identity, Ledger
from proxy.clock import Instant
from proxy.exchange.events import Answered, BackgroundFinished, Event, ExchangeFinished

_TRIES = 6
"""As many intervals as a record is kept that can't be written."""
_MOST_LEDGERS = 3
"""As many full ledgers may wait to be written."""
PATIENCE_SECONDS = 5.0
_END_SECONDS = 10.0
_HIT = Answered.HIT
Equal = tuple[str, str, str, str, tuple[tuple[str, str], ...], int | None, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailRules:
    """`most` different reads are held, and three times as many may wait to be written.

    `refuses`: nothing is admitted while records can't be written.
    """

    interval_seconds: float = 10.0
    refuses: bool = False
    most: int = MOST_AGGREGATES


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailState:
    """Records can't be written any more, or can again; `lost` is how many reads have no record so far."""

    failure: Exception | None
    lost: int


class Trail:
    """Notes reads; writes them at the end of each interval."""

    def __init__(
        self,
        writer: ChainWriter,
        figures: AuditFigures,
        rules: TrailRules,
        on_change: Callable[[TrailState], None] = lambda _: None,
    ) -> None:
        self.figures = figures
        self._writer = writer
        self._rules = rules
        self._on_change = on_change
        self._ledger = Ledger(rules.most)
        self._handed_over = 0
        self._moved_at = 0.0  # on the loop's clock: when the thread was last seen to do anything
        self._thread: WriterThread | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._has_moved = asyncio.Event()
        self._failure: Exception | None = None

    async def begin(self) -> None:
        """Write the opening record; go on without it where that takes too long."""
        self._thread = WriterThread(self._writer, asyncio.get_running_loop())
        if not await self._settled(self._submit(OrderedDict()), PATIENCE_SECONDS):
            self._change_to(TimeoutError())

    async def end(self) -> None:
        """Write everything and the closing record; what takes too long is lost."""
        await self._under_way_settled()  # what can't be written comes back, and is tried once more
        if self._timer is not None:
            self._timer.cancel()
        drained = self._ledger.drain()
        reads = _reads(drained)
        written = self._submit(drained, is_last=True)
        self._thread = None
        self._has_moved.set()
        if not await self._settled(written, _END_SECONDS):
            self._lose(reads)
            self._change_to(TimeoutError())

    def admits(self, read: ExchangeFinished) -> bool | Awaitable[bool]:
        """Note a read; False if it must not be answered, because no record of it could be written."""
        if self._is_refusing:
            return False
        identity = _identity(read)
        aggregate = self._ledger.open.get(identity)
        if aggregate is not None:
            aggregate.note(read.at.wall_seconds)
            return True
        return self._first(Identity(*identity), read.at.wall_seconds)

    def record_of(self, read: Identity, now: Instant) -> Aggregate | None:
        """Return the open aggregate of such reads; a new one counts none yet."""
        if self._is_refusing:
            return None
        return self._ledger.open.get(read) or self._prepared(read, now)

    def notify(self, event: Event) -> None:
        """Note a background request."""
        if not isinstance(event, BackgroundFinished):
            return
        identity = Identity(
            token=event.token,
            token_id=event.token_id,
            peer="",
            resource=event.resource,
            about=event.about,
            version=None,
            how="background",
            cause=event.cause,
            outcome=event.outcome.value,
        )
        if not self._count(identity, event.at.wall_seconds):
            self._lose(1)

    @property
    def _is_refusing(self) -> bool:
        return self._rules.refuses and self._failure is not None

    def _prepared(self, identity: Identity, now: Instant) -> Aggregate | None:
        """Open an aggregate that counts none yet, where there is room."""
        return self._begin(identity, now.wall_seconds, count=0)

    def _first(self, identity: Identity, wall_seconds: float) -> bool | Awaitable[bool]:
        """Note the first of equal reads in an interval."""
        return self._begin(identity, wall_seconds) is not None or self._when_there_is_room(
            identity, wall_seconds
        )

    async def _when_there_is_room(self, identity: Identity, wall_seconds: float) -> bool:
        """Note a read as soon as enough others are written: more come than the thread can write."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while self._failure is None and self._thread is not None:
                    if self._count(identity, wall_seconds):
                        return True
                    self._has_moved.clear()
                    await self._has_moved.wait()
        return self._go_on_without(1)

    def _count(self, identity: Identity, wall_seconds: float) -> bool:
        """Note a read where there is room for it."""
        aggregate = self._ledger.open.get(identity)
        if aggregate is None:
            return self._begin(identity, wall_seconds) is not None
        aggregate.note(wall_seconds)
        return True

    def _begin(self, identity: Identity, wall_seconds: float, count: int = 1) -> Aggregate | None:
        """Open an aggregate; None if there is no room, and none can be made."""
        if not self._has_room():
            return None
        self._set_timer()
        return self._ledger.begin(identity, wall_seconds, count)

    def _go_on_without(self, reads: int) -> bool:
        """Tell whether reads may be answered that no record will show."""
        if self._rules.refuses:
            return False
        self._lose(reads)
        return True

    def _has_room(self) -> bool:
        if self._thread is None:
            return False  # not begun, or ended
        if self._ledger.is_full:
            self._write_early()
        return not self._ledger.is_full

    def _write_early(self) -> None:
        if self._failure is None and self._may_hand_over():
            self._submit(self._ledger.drain())

    def _may_hand_over(self) -> bool:
        return self._thread is not None and self._handed_over < _MOST_LEDGERS * self._rules.most

    async def _under_way_settled(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                while self._handed_over:
                    self._has_moved.clear()
                    await self._has_moved.wait()

    def _set_timer(self) -> None:
        if self._timer is None and self._thread is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._rules.interval_seconds, self._interval_ended)

    def _interval_ended(self) -> None:
        self._timer = None
        is_stuck = self._handed_over and self._now() - self._moved_at > PATIENCE_SECONDS
        if is_stuck:  # a disk that hangs
            self._change_to(self._failure or TimeoutError())
        if is_stuck or not self._may_hand_over():
            self._set_timer()  # what is open goes on counting
        else:
            self._submit(self._ledger.drain())  # also with nothing in it: to see whether writing works again

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _submit(self, aggregates: Aggregates, *, is_last: bool = False) -> asyncio.Future[Outcome]:
        """Hand closed aggregates over, for good; the future says what became of them."""
        written: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if self._thread is None:
            self._lose(_reads(aggregates))
            written.set_result(Outcome())
            return written
        if not self._handed_over:
            self._moved_at = self._now()
        handed_over = len(aggregates)
        self._handed_over += handed_over

        def settled(outcome: Outcome) -> None:
            self._handed_over -= handed_over
            self._moved_at = self._now()
            self._has_moved.set()
            self._settle(outcome)
            if not written.done():
                written.set_result(outcome)

        self._thread.submit(Batch(aggregates=aggregates, settled=settled, is_last=is_last))
        return written

    def _settle(self, outcome: Outcome) -> None:
        for aggregate in outcome.unwritten:
            if not self._has_happened(aggregate):
                continue
            aggregate.failures += 1
            if self._thread is None or aggregate.failures >= _TRIES or not self._ledger.take_back(aggregate):
                self._lose(aggregate.count)
        self._change_to(outcome.failure)
        if outcome.failure is not None:
            self._set_timer()

    def _has_happened(self, aggregate: Aggregate) -> bool:
        """Tell whether these reads are answered, although they could not be written."""
        return True

    def _change_to(self, failure: Exception | None) -> None:
        is_new = (failure is None) != (self._failure is None)
        self._failure = failure
        if is_new:
            self._on_change(TrailState(failure=failure, lost=self.figures.lost))

    def _lose(self, reads: int) -> None:
        self.figures.lost += reads

    async def _settled(self, written: asyncio.Future[Outcome], seconds: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.shield(written)
        return written.done()


def _reads(aggregates: Aggregates) -> int:
    return sum(aggregate.count for aggregate in aggregates.values())


def _identity(read: ExchangeFinished) -> Equal:
    """Return an `Identity` as a plain tuple, which costs less."""
    how = "hit" if read.cache is _HIT else read.cache.value
    return (read.token, read.token_id, read.peer, read.resource, read.about, read.version, how, "", "")
