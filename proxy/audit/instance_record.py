"""What one instance's lines say, and what is wrong with them."""

from itertools import pairwise

from proxy.audit.findings import Finding, Findings
from proxy.audit.records import Closed, Content, Lead, Link, Lost, Opened, Read, Rotated, fitting
from proxy.audit.runs import Chain, Placed, Run


class InstanceRecord:
    """One instance's chain while its lines come in, and its judgement at the end."""

    def __init__(self, instance: str, key: bytes | None) -> None:
        self.instance = fitting(instance)
        self.origin = ""
        self.records = 0
        self.reads: dict[str, int] = {}
        self.lost = 0
        self.opened: Opened | None = None
        self.closed: Closed | None = None
        self.findings = Findings()
        self.chain = Chain(key)
        self._has_key = key is not None

    def add(self, line: Placed, lead: Lead, content: Content | None, mark: int) -> None:
        """Take in one line; `mark` is the same for equal lines only."""
        before = self.chain.seen(line.seq, mark)
        if before == mark:
            self.findings.add(Finding.DUPLICATE, f"{line.place}: seq {line.seq} once more")
            return
        if before:
            self.findings.add(Finding.TWO_LINES, f"{line.place}: seq {line.seq} once more, but not the same")
            return
        self.records += 1
        self.origin = self.origin or "/".join(fitting(part) for part in (lead.namespace, lead.pod) if part)
        for wrong in self.chain.add(line):
            self.findings.add(
                Finding.LINE_CHANGED, f"{wrong.place}: seq {wrong.seq} is not as it was written"
            )
        self._take_in(content)

    def _take_in(self, content: Content | None) -> None:
        match content:
            case Opened():
                self.opened = content
            case Closed():
                self.closed = content
            case Read():
                how = fitting(content.how)
                self.reads[how] = self.reads.get(how, 0) + content.count
            case Lost():
                self.lost += content.reads
                if content.reads:
                    first, last = fitting(content.first), fitting(content.last)
                    self.findings.add(
                        Finding.LOST, f"{content.reads} reads have no record, between {first} and {last}"
                    )
            case Rotated() | None:
                pass

    def judge(self, removed: Link | None) -> None:
        """Find what only shows when all lines are in; `removed` is the last record that rotation removed."""
        runs = list(self.chain.runs())
        self._judge_beginning(runs[0], removed)
        for before, after in pairwise(runs):
            self.findings.add(
                Finding.MISSING,
                f"{_span(before.last_seq + 1, after.first.seq - 1)} missing, between {fitting(before.last_ts)}"
                f" and {fitting(after.first.ts)}",
            )
        self._judge_end(runs[-1])
        self._judge_key()
        is_whole = (
            len(runs) == 1 and runs[0].first.seq == 1 and Finding.LINE_CHANGED not in self.findings.counts
        )
        if is_whole and self.closed is not None and self.closed.reads != self.reads:
            self.findings.add(
                Finding.COUNTS_DIFFER, "the closing record counts other reads than the records before it"
            )

    def expect_at_least(self, seq: int, says: str) -> None:
        """Find out whether the chain goes as far as somebody knows that it did."""
        *_, last = self.chain.runs()
        if last.last_seq < seq:
            self.findings.add(Finding.BEHIND, f"{_span(last.last_seq + 1, seq)} missing at the end, {says}")

    def expect_code(self, seq: int, mac: bytes | None, says: str) -> None:
        """Find out whether the chain's last record has the code that somebody knows."""
        *_, last = self.chain.runs()
        if last.last_seq == seq and last.last_mac != mac:
            self.findings.add(Finding.HEAD_DIFFERS, f"seq {seq} has another code, {says}")

    def _judge_beginning(self, run: Run, removed: Link | None) -> None:
        first = run.first.seq
        if first == 1:
            return
        until = first - 1
        if removed is None or removed.seq < until:
            begins = 1 if removed is None else removed.seq + 1
            self.findings.add(
                Finding.NO_OPENING if removed is None else Finding.MISSING,
                f"{_span(begins, until)} missing at the beginning, before {fitting(run.first.ts)}",
            )
            return
        self.findings.add(
            Finding.REMOVED_BY_ROTATION, f"{_span(1, until)} went with an old file, as a later record says"
        )
        if removed.seq == until and not self.chain.follows(bytes.fromhex(removed.mac), run):
            self.findings.add(
                Finding.LINE_CHANGED, f"{run.first.place}: seq {first} is not as it was written"
            )

    def _judge_end(self, run: Run) -> None:
        if self.closed is None:
            interval = f"{self.opened.interval_seconds:g} s" if self.opened else "an interval"
            self.findings.add(
                Finding.NO_CLOSING,
                f"ended without a closing record after seq {run.last_seq} at {fitting(run.last_ts)}:"
                f" reads of up to {interval} may be missing",
            )
        elif self.closed.lost > self.lost:
            self.findings.add(
                Finding.LOST, f"{self.closed.lost - self.lost} reads have no record, at the end"
            )
            self.lost = self.closed.lost

    def _judge_key(self) -> None:
        if self.opened is None or self.opened.keyed == self._has_key:
            return
        self.findings.drop(Finding.LINE_CHANGED)
        made = (
            "with a key, which was not given"
            if self.opened.keyed
            else "without a key, although one was given"
        )
        self.findings.add(Finding.UNCHECKED, f"says that it was made {made}: only numbers could be checked")


def _span(first: int, last: int) -> str:
    return f"seq {first}" if first == last else f"seq {first} to {last}"
