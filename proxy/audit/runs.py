"""One instance's chain put together from lines that come in any order.

Lines whose numbers follow each other are a run, of which only both ends are kept; runs grow together as lines arrive.
Files given newest first, or a collector that lists backwards, cost no memory; lines thrown together at random cost a
run each, for as long as they don't touch.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass

from proxy.audit.chain import Head, code_of

_START = Head().mac
_BLOCK = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a line stands."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One line of a chain and where it stands."""

    seq: int
    ts: str
    payload: bytes
    mac: bytes
    place: Place


@dataclass(slots=True, kw_only=True)
class Run:
    """Lines without a hole between them. `otherwise` is the code its last line should have had, if it has another."""

    first: Placed
    last_seq: int
    last_ts: str
    last_mac: bytes
    otherwise: bytes | None = None


class Chain:
    """The runs of one instance; tells which lines don't follow from the one before."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._by_first: dict[int, Run] = {}
        self._by_last: dict[int, Run] = {}
        self._seen: dict[int, array[int]] = {}

    def __len__(self) -> int:
        return len(self._by_first)

    def runs(self) -> Iterator[Run]:
        """Yield the runs in order."""
        for first in sorted(self._by_first):
            yield self._by_first[first]

    def seen(self, seq: int, mark: int) -> int:
        """Return the mark with which a number was seen before, 0 if it wasn't; from now on it was."""
        block = self._seen.get(seq // _BLOCK)
        if block is None:
            block = self._seen[seq // _BLOCK] = array("Q", bytes(8 * _BLOCK))
        before = block[seq % _BLOCK]
        if not before:
            block[seq % _BLOCK] = mark
        return before

    def has(self, seq: int) -> bool:
        """Tell whether a number was seen."""
        block = self._seen.get(seq // _BLOCK)
        return block is not None and block[seq % _BLOCK] != 0

    def add(self, line: Placed) -> list[Placed]:
        """Take in a line with a number not seen before; return the lines that turn out not to follow."""
        wrong = []
        run = self._by_last.pop(line.seq - 1, None)
        if run is None:
            run = Run(first=line, last_seq=line.seq, last_ts=line.ts, last_mac=line.mac)
            self._by_first[line.seq] = run
            if line.seq == 1 and (expected := self._expected(_START, line)) != line.mac:
                wrong.append(line)
                run.otherwise = expected
        elif not self._append(run, line):
            wrong.append(line)
        after = self._by_first.pop(line.seq + 1, None)
        if after is not None:
            if not self._follows(run, after.first):
                wrong.append(after.first)
                if after.first.seq == after.last_seq:
                    after.otherwise = self._expected(run.last_mac, after.first)
            run.last_seq, run.last_ts, run.last_mac = after.last_seq, after.last_ts, after.last_mac
            run.otherwise = after.otherwise
        self._by_last[run.last_seq] = run
        return wrong

    def follows(self, mac: bytes, run: Run) -> bool:
        """Tell whether a run follows from a record that is not here."""
        return self._expected(mac, run.first) == run.first.mac

    def _append(self, run: Run, line: Placed) -> bool:
        is_right = self._follows(run, line)
        run.otherwise = None if is_right else self._expected(run.last_mac, line)
        run.last_seq, run.last_ts, run.last_mac = line.seq, line.ts, line.mac
        return is_right

    def _follows(self, run: Run, line: Placed) -> bool:
        """Tell whether a line follows a run; if only the code of the run's last line was changed, it does."""
        if self._expected(run.last_mac, line) == line.mac:
            return True
        return run.otherwise is not None and self._expected(run.otherwise, line) == line.mac

    def _expected(self, before: bytes, line: Placed) -> bytes:
        return code_of(self._key, before, line.payload)
