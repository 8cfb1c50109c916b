"""What the audit counts about itself, for whoever scrapes: plain attributes."""

from proxy.audit.chain import Head


class AuditFigures:
    """Counts since the start; what is written is set by the writing thread, `lost` by the event loop.

    `reads` are those on record, by how they were answered (and `background`); `lost` are those that have no record.
    """

    __slots__ = ("last", "lost", "reads", "records")

    def __init__(self) -> None:
        self.records = 0
        self.reads = {"hit": 0, "stale": 0, "collapsed": 0, "background": 0}
        self.lost = 0
        self.last = Head()
        """The last record's number and code."""

    @property
    def sequence(self) -> int:
        """The last record's number. A copy of the record that ends before it has been cut short."""
        return self.last.seq

    @property
    def head(self) -> int:
        """The first 52 bits of the last record's code."""
        return self.last.figure
