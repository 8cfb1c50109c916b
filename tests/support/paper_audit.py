"""An audit trail on paper: reads by what makes them equal, in intervals that a test ends; it may refuse."""

from collections import Counter

from proxy.audit.ledger import Identity, Interval
from proxy.exchange.epoch import Epoch


class PaperRecord:
    def __init__(self) -> None:
        self.interval = Interval()
        self.count = 0
        self.first_wall_seconds = 0.0
        self.last_wall_seconds = 0.0


class PaperAudit:
    """`epoch` is moved when it begins or ceases to refuse, as proxy.observation has it."""

    def __init__(self, epoch: Epoch) -> None:
        self._epoch = epoch
        self._open: dict[Identity, PaperRecord] = {}
        self._closed: list[tuple[Identity, PaperRecord]] = []
        self.refuses = False

    def admits(self, read) -> bool:
        if self.refuses:
            return False
        record = self._record(
            Identity(
                read.token,
                read.token_id,
                read.peer,
                read.resource,
                read.about,
                read.version,
                read.cache.value,
            )
        )
        if not record.count:
            record.first_wall_seconds = read.at.wall_seconds
        record.count += 1
        record.last_wall_seconds = read.at.wall_seconds
        return True

    def record_of(self, read, now) -> PaperRecord | None:
        return None if self.refuses else self._record(read)

    def refuse(self, *, refuses: bool) -> None:
        self.refuses = refuses
        self._epoch.move()

    def end_interval(self) -> None:
        for identity, record in self._open.items():
            record.interval.is_open = False
            self._closed.append((identity, record))
        self._open = {}

    def reads(self) -> list[tuple[tuple[object, ...], int, float, float]]:
        """Every record with its count and the times of its first read and its last, interval by interval."""
        self.end_interval()
        return sorted(
            (
                (identity, record.count, record.first_wall_seconds, record.last_wall_seconds)
                for identity, record in self._closed
                if record.count
            ),
            key=repr,
        )

    def total(self) -> Counter[tuple[object, ...]]:
        counts: Counter[tuple[object, ...]] = Counter()
        for identity, count, *_ in self.reads():
            counts[identity] += count
        return counts

    def _record(self, identity: Identity) -> PaperRecord:
        return self._open.setdefault(identity, PaperRecord())
