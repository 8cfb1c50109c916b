"""What the audit counts about itself, for whoever scrapes: plain attributes."""


class AuditFigures:
    """Counts since the start; what is written is set by the writing thread, `lost` by the event loop.

    `reads` are those on record, by how they were answered (and `background`); `lost` are those that have no record.
    `sequence` and `head` are the last record's number and the first 52 bits of its code: a copy of the record that
    ends before them has been cut short.
    """

    __slots__ = ("head", "lost", "reads", "records", "sequence")

    def __init__(self) -> None:
        self.records = 0
        self.reads = {"hit": 0, "stale": 0, "collapsed": 0, "background": 0}
        self.lost = 0
        self.sequence = 0
        self.head = 0
