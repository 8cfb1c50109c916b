"""What is found when a record is verified, in words for an auditor, and what may be found at all."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Severity(StrEnum):
    """How bad it is."""

    NOTE = "note"  # explains itself
    GAP = "gap"  # something may be missing
    CHANGED = "changed"  # something is not as it was written


class Finding(StrEnum):
    """What may be found."""

    DUPLICATE = "duplicate"  # the same line twice, as collectors do it
    REMOVED_BY_ROTATION = "removed by rotation"  # and the chain says so
    MISSING = "missing"
    NO_OPENING = "no opening record"
    NO_CLOSING = "no closing record"
    CUT_OFF = "cut off"  # half a line
    BEHIND = "behind"  # the metric, or the next instance, knew of later records
    LOST = "lost"  # the sidecar says that reads have no record
    NO_PREDECESSOR = "no predecessor"
    LINE_CHANGED = "changed"
    TWO_LINES = "two lines"  # one number, two texts
    UNREADABLE = "unreadable"
    HEAD_DIFFERS = "head differs"
    COUNTS_DIFFER = "counts differ"
    UNCHECKED = "unchecked"  # made with a key that was not given

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        match self:
            case Finding.DUPLICATE | Finding.REMOVED_BY_ROTATION:
                return Severity.NOTE
            case (
                Finding.MISSING
                | Finding.NO_OPENING
                | Finding.NO_CLOSING
                | Finding.CUT_OFF
                | Finding.BEHIND
                | Finding.LOST
                | Finding.NO_PREDECESSOR
            ):
                return Severity.GAP
            case (
                Finding.LINE_CHANGED
                | Finding.TWO_LINES
                | Finding.UNREADABLE
                | Finding.HEAD_DIFFERS
                | Finding.COUNTS_DIFFER
                | Finding.UNCHECKED
            ):
                return Severity.CHANGED
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One finding and what there is to say about it."""

    finding: Finding
    text: str


class Findings:
    """Findings in the order they were made; of each kind some are kept, all are counted."""

    MOST_KEPT = 20

    def __init__(self) -> None:
        self.kept: list[Found] = []
        self.counts: dict[Finding, int] = {}

    def add(self, finding: Finding, text: str) -> None:
        """Take one in."""
        count = self.counts[finding] = self.counts.get(finding, 0) + 1
        if count <= self.MOST_KEPT:
            self.kept.append(Found(finding=finding, text=text))

    def drop(self, finding: Finding) -> None:
        """Forget all findings of a kind: another one says it better."""
        self.counts.pop(finding, None)
        self.kept = [found for found in self.kept if found.finding is not finding]

    @property
    def severity(self) -> Severity:
        """The worst there is."""
        severities = {finding.severity for finding in self.counts}
        for severity in (Severity.CHANGED, Severity.GAP):
            if severity in severities:
                return severity
        return Severity.NOTE
