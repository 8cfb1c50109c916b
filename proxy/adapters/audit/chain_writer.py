"""Aggregates as lines of one chain, written in order: what stands in the output is always a chain without a hole.

A number is used up only by a line that has begun to be written. Of a line that was cut (a full disk), the rest is
written first when writing works again; what was not begun is returned to whoever handed it over. Called by the writing
thread alone, which it may block; plain system calls, no loop.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from proxy.adapters.audit.figures import AuditFigures
from proxy.adapters.audit.outputs import Output
from proxy.audit import chain
from proxy.audit.chain import Head
from proxy.audit.ledger import Aggregate, Aggregates
from proxy.audit.records import Closed, Content, Lead, Lost, Opened, Read, Rotated, document_of, timestamp
from proxy.clock import Clock

_MADE_AT_ONCE = 8
"""Lines made before the event loop may have its turn: the interpreter is its own, too."""

_WRITTEN_AT_ONCE = 64
"""Lines written together. Around each system call the interpreter changes hands, which costs more than some lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Who writes, and how. `key` chains the records."""

    instance: str
    pod: str = ""
    namespace: str = ""
    version: str
    interval_seconds: float
    mode: str
    on_failure: str
    key: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a batch: what was not written, and why not."""

    unwritten: Sequence[Aggregate] = ()
    failure: Exception | None = None


_Entry = Content | Aggregate


class _Line(NamedTuple):
    """An entry as it is written: octets (those still to be written), and the head after it."""

    entry: _Entry
    content: Content
    octets: bytes
    head: Head


class ChainWriter:
    """Writes one instance's chain."""

    def __init__(self, writing: Writing, output: Output, figures: AuditFigures, clock: Clock) -> None:
        self._writing = writing
        self._output = output
        self._figures = figures
        self._clock = clock
        self._head = Head()
        self._cut: _Line | None = None  # begun, not finished
        self._rotated: Rotated | None = None  # a file was begun without saying so
        self._lost_told = 0
        self._is_failing = False
        self._succeeded_wall_seconds = clock.now().wall_seconds

    def write(
        self,
        aggregates: Aggregates,
        *,
        is_last: bool = False,
        in_between: Callable[[], None] = lambda: None,
    ) -> Outcome:
        """Write a batch as far as possible; the last batch ends the chain. `in_between` is called after a few lines.

        Aggregates are taken out one by one: tens of thousands that go at once keep the interpreter busy for too long.
        """
        entries, left = self._entries(aggregates, is_last=is_last), deque[_Entry]()
        failure: Exception | None = None
        try:
            self._write(entries, left, in_between)
        except Exception as error:  # noqa: BLE001 - a fault of ours is no worse than a full disk: tried again
            failure = error
        self._is_failing = failure is not None
        if is_last:
            self._output.close()
        if is_last and self._cut is not None:
            left.append(self._cut.entry)  # nobody will finish it
        unwritten = [entry for entry in (*left, *entries) if isinstance(entry, Aggregate)]
        return Outcome(unwritten=unwritten, failure=failure)

    def _entries(self, aggregates: Aggregates, *, is_last: bool) -> Iterator[_Entry]:
        if not self._head.seq:
            yield self._opened()
        if self._rotated is not None:
            yield self._rotated
        if self._is_failing or self._figures.lost > self._lost_told:
            yield self._lost()
        while aggregates:
            _, aggregate = aggregates.popitem(last=False)
            if aggregate.count:
                yield aggregate
        if is_last:
            yield Closed(reads={}, lost=0)  # counted when its turn comes

    def _write(self, entries: Iterator[_Entry], left: deque[_Entry], in_between: Callable[[], None]) -> None:
        if self._cut is not None:
            self._finish(self._cut)
        has_more = self._has_more(entries, left)
        while has_more:
            rotated = self._output.prepare()
            if rotated is not None:
                self._rotated = rotated
                left.appendleft(rotated)
            self._write_some(left, in_between)
            has_more = self._has_more(entries, left)
            if has_more:
                in_between()

    @staticmethod
    def _has_more(entries: Iterator[_Entry], left: deque[_Entry]) -> bool:
        left.extend(islice(entries, _WRITTEN_AT_ONCE - len(left)))
        return bool(left)

    def _write_some(self, left: deque[_Entry], in_between: Callable[[], None]) -> None:
        lines = self._lines(list(islice(left, _WRITTEN_AT_ONCE)), in_between)
        octets = memoryview(b"".join(line.octets for line in lines))
        written = 0
        try:
            while written < len(octets):
                written += self._output.write(octets[written:])
        finally:
            self._take_note(lines, written, left)

    def _take_note(self, lines: Sequence[_Line], written: int, left: deque[_Entry]) -> None:
        if written:
            self._succeeded_wall_seconds = self._clock.now().wall_seconds
        for line in lines:
            if not written:
                return
            left.popleft()
            self._head = line.head
            if written < len(line.octets):
                self._cut = line._replace(octets=line.octets[written:])
                return
            written -= len(line.octets)
            self._is_on_record(line)

    def _finish(self, cut: _Line) -> None:
        octets = cut.octets
        while octets:
            octets = octets[self._output.write(octets) :]
            self._cut = cut._replace(octets=octets)
        self._cut = None
        self._is_on_record(cut)

    def _is_on_record(self, line: _Line) -> None:
        figures, content = self._figures, line.content
        figures.records += 1
        figures.last = line.head
        if isinstance(content, Read):
            figures.reads[content.how] += content.count
        elif isinstance(content, Lost):
            self._lost_told += content.reads
        elif isinstance(content, Rotated):
            self._rotated = None

    def _lines(self, entries: Sequence[_Entry], in_between: Callable[[], None]) -> list[_Line]:
        """Seal entries one after the other, as if all of them were going to be written."""
        lines, head, reads = list[_Line](), self._head, dict(self._figures.reads)
        ts = ""
        for entry in entries:
            if not len(lines) % _MADE_AT_ONCE:
                if lines:
                    in_between()
                ts = timestamp(self._clock.now().wall_seconds)
            content = entry.content() if isinstance(entry, Aggregate) else entry
            if isinstance(content, Read):
                reads[content.how] += content.count
            elif isinstance(content, Closed):
                content = Closed(
                    reads={how: count for how, count in reads.items() if count}, lost=self._figures.lost
                )
            document = document_of(self._lead(ts, content, head.seq + 1), content)
            octets, head = chain.seal(self._writing.key, head, document)
            lines.append(_Line(entry, content, octets, head))
        return lines

    def _lead(self, ts: str, content: Content, seq: int) -> Lead:
        return Lead(
            ts=ts,
            event=content.event,
            instance=self._writing.instance,
            seq=seq,
            pod=self._writing.pod,
            namespace=self._writing.namespace,
        )

    def _opened(self) -> Opened:
        writing = self._writing
        return Opened(
            version=writing.version,
            interval_seconds=writing.interval_seconds,
            mode=writing.mode,
            on_failure=writing.on_failure,
            keyed=writing.key is not None,
            continues=self._output.found(),
        )

    def _lost(self) -> Lost:
        since, now = self._succeeded_wall_seconds, self._clock.now().wall_seconds
        return Lost(
            reads=self._figures.lost - self._lost_told,
            first=timestamp(since),
            last=timestamp(max(since, now)),  # a clock may have been put back
        )
