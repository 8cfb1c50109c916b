"""Verifying the record: many instances' lines, mixed and in any order, with anything between them.

Memory grows with the number of instances and of breaks in the order of their lines, and by 8 bytes a line; not with
their size. Nothing that stands in a file is trusted, or printed as it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from proxy.audit import chain
from proxy.audit.exports import record_in
from proxy.audit.findings import Finding, Findings, Severity
from proxy.audit.instance_record import InstanceRecord
from proxy.audit.records import Content, Lead, Link, Opened, Rotated, fitting, read_document
from proxy.audit.runs import Place, Placed

_MOST_INSTANCES = 100_000
_MOST_RUNS = 500_000
_MARK_BITS = 2**64 - 1


class TooScatteredError(Exception):
    """More chains, or pieces of chains, than any export has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHead:
    """How far a chain went at least, by its metrics."""

    seq: int
    figure: int


class Verifier:
    """Takes lines, then judges."""

    def __init__(self, key: bytes | None = None, heads: Mapping[str, KnownHead] | None = None) -> None:
        self._key = key
        self._heads = dict(heads or {})
        self._instances: dict[str, InstanceRecord] = {}
        self._removed: dict[str, Link] = {}
        self._continued: list[tuple[str, Link]] = []
        self._runs = 0
        self.findings = Findings()
        self.other_lines = 0

    @property
    def instances(self) -> Iterable[InstanceRecord]:
        """All instances of which there was a line, in the order they appeared."""
        return self._instances.values()

    @property
    def severity(self) -> Severity:
        """The worst that was found."""
        found = {self.findings.severity, *(instance.findings.severity for instance in self.instances)}
        return next(one for one in (Severity.CHANGED, Severity.GAP, Severity.NOTE) if one in found)

    def read(self, file: str, lines: Iterable[bytes]) -> None:
        """Take in a file's lines. Raises TooScatteredError."""
        for number, line in enumerate(lines, start=1):
            record = record_in(line)
            if record is None:
                self.other_lines += bool(line.strip())
                continue
            self._take(record, Place(file=file, line=number))

    def judge(self) -> None:
        """Find what only shows when all lines are in. Once, at the end."""
        if not self._instances:
            self.findings.add(Finding.MISSING, "no record of an audit is here")
        for name, instance in self._instances.items():
            instance.judge(self._removed.get(name))
        for follower, link in self._continued:
            self._judge_predecessor(follower, link)
        for name, head in self._heads.items():
            known = self._instances.get(name)
            if known is None:
                text = f"nothing of instance {fitting(name)} is here; its metrics knew of seq {head.seq}"
                self.findings.add(Finding.BEHIND, text)
            else:
                known.expect_at_least(head.seq, "as its metrics say")

    def _take(self, record: bytes, place: Place) -> None:
        sealed = chain.split(record)
        read = None if sealed is None else read_document(sealed.payload + b"}")
        if sealed is None or read is None:
            finding = Finding.UNREADABLE if record.endswith(b"}") else Finding.CUT_OFF
            self.findings.add(finding, f"{place}: {finding.value}")
            return
        lead, content = read
        instance = self._instance(lead.instance)
        runs_before = len(instance.chain)
        line = Placed(seq=lead.seq, ts=lead.ts, payload=sealed.payload, mac=sealed.mac, place=place)
        instance.add(line, lead, content, hash(record) & _MARK_BITS | 1)
        self._runs += len(instance.chain) - runs_before
        if self._runs > _MOST_RUNS:
            raise TooScatteredError
        self._compare_head(instance, lead, sealed.mac)
        self._take_links(lead, content)

    def _instance(self, name: str) -> InstanceRecord:
        known = self._instances.get(name)
        if known is None:
            if len(self._instances) >= _MOST_INSTANCES:
                raise TooScatteredError
            known = self._instances[name] = InstanceRecord(name, self._key)
        return known

    def _compare_head(self, instance: InstanceRecord, lead: Lead, mac: bytes) -> None:
        head = self._heads.get(lead.instance)
        if head is not None and head.seq == lead.seq and head.figure != chain.figure_of(mac):
            instance.findings.add(
                Finding.HEAD_DIFFERS, f"seq {lead.seq} has another code than its metrics say"
            )

    def _take_links(self, lead: Lead, content: Content | None) -> None:
        match content:
            case Opened(continues=Link() as link):
                if len(self._continued) < _MOST_INSTANCES:
                    self._continued.append((lead.instance, link))
            case Rotated(dropped=Link() as link) if chain.mac_of(link.mac) is not None:
                known = self._removed.get(link.instance)
                if known is None or known.seq < link.seq:
                    self._removed[link.instance] = link
            case _:
                pass

    def _judge_predecessor(self, follower: str, link: Link) -> None:
        known = self._instances.get(link.instance)
        says = f"as instance {fitting(follower)} says, which came after it"
        if known is not None:
            known.expect_at_least(link.seq, says)
            known.expect_code(link.seq, chain.mac_of(link.mac), says)
            return
        removed = self._removed.get(link.instance)
        if removed is None or removed.seq < link.seq:
            text = f"continues instance {fitting(link.instance)}, of which nothing is here"
            self._instances[follower].findings.add(Finding.NO_PREDECESSOR, text)
