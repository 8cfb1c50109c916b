"""Where the request path counts: plain integers in plain dicts, turned into series only when somebody scrapes.

To count is to look a cell up and add one to it; who does the same over and over may keep the cell and skip the look-up.
Nothing here locks: everything happens on one event loop.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client.core import Exemplar

from proxy.adapters.metrics.family import Bucket, Histogram, LabelValues, Row

DURATION_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""OpenTelemetry's advice for http.server.request.duration, with one bucket below for hits."""

_BOUNDS = (*DURATION_SECONDS, float("inf"))


class Cell:
    """How often one thing has happened."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Counts(dict[LabelValues, Cell]):
    """Cells by label values; one that is looked up exists from then on.

    `zeros` exist from the start: a rate sees the first of something only if a 0 came before it.
    """

    def __init__(self, *zeros: LabelValues) -> None:
        super().__init__((values, Cell()) for values in zeros)

    def __missing__(self, values: LabelValues) -> Cell:
        cell = self[values] = Cell()
        return cell

    def rows(self) -> Iterator[Row]:
        """Return label values with their counts."""
        return ((values, cell.count) for values, cell in self.items())

    def summed(self, *places: int) -> Iterator[Row]:
        """Return counts by some of the label values only."""
        sums: dict[LabelValues, int] = {}
        for values, cell in self.items():
            kept = tuple(values[place] for place in places)
            sums[kept] = sums.get(kept, 0) + cell.count
        return iter(sums.items())


class Durations:
    """How many were how long, and for each bucket the last one that is part of a sampled trace."""

    __slots__ = ("_counts", "_exemplars", "_seconds")

    def __init__(self) -> None:
        self._counts = [0] * len(_BOUNDS)
        self._exemplars: list[Exemplar | None] = [None] * len(_BOUNDS)
        self._seconds = 0.0

    def note(self, seconds: float) -> int:
        """Take note of one; return its bucket."""
        bucket = bisect_left(DURATION_SECONDS, seconds)
        self._counts[bucket] += 1
        self._seconds += seconds
        return bucket

    def note_many(self, count: int, total_seconds: float) -> None:
        """Take note of several that are told as one sum: each counts as long as all of them on average."""
        self._counts[bisect_left(DURATION_SECONDS, total_seconds / count)] += count
        self._seconds += total_seconds

    def note_traced(self, seconds: float, trace_id: str, wall_seconds: float) -> None:
        """Take note of one that can be looked at in a trace."""
        self._exemplars[self.note(seconds)] = Exemplar({"trace_id": trace_id}, seconds, wall_seconds)

    def histogram(self, *labels: str) -> Histogram:
        """Return it with the counts added up, as histograms have them."""
        buckets: list[Bucket] = []
        total = 0
        for bound, count, exemplar in zip(_BOUNDS, self._counts, self._exemplars, strict=True):
            total += count
            buckets.append((bound, total, exemplar))
        return Histogram(labels=labels, buckets=buckets, total=self._seconds)


class DurationsByWord(dict[str, Durations]):
    """Durations by one label value; `words` exist from the start, others once they are looked up."""

    def __init__(self, *words: str) -> None:
        super().__init__((word, Durations()) for word in words)

    def __missing__(self, word: str) -> Durations:
        durations = self[word] = Durations()
        return durations

    def histograms(self) -> Iterator[Histogram]:
        """Return what was observed under each."""
        return (durations.histogram(word) for word, durations in self.items())
