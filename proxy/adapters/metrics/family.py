"""A metric as it is declared: name, kind, what it tells, labels with their closed words.

docs/metrics.md is rendered from these declarations, and what is scraped is made with them, so that neither can say
what the other doesn't. Names stand without the prefix and as queries have them, `_total` and `_info` included.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client.core import Exemplar, Metric
from prometheus_client.samples import Sample

PREFIX = "connect_sidecar_"
"""Application pods carry http_* series of their own."""


class Kind(StrEnum):
    """What a metric's values are; the words of the exposition formats."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


_SUFFIXES = {Kind.COUNTER: "_total", Kind.INFO: "_info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label: either its `words` are closed, or `bounded` says what keeps its values few."""

    name: str
    words: tuple[str, ...] = ()
    bounded: str = ""


def closed(name: str, *words: type[StrEnum] | str) -> Label:
    """Return a label whose values are those of enums, or words that are given."""
    return Label(
        name=name,
        words=tuple(str(word) for given in words for word in ([given] if isinstance(given, str) else given)),
    )


TOKEN = Label(
    name="token",
    bounded="names of tokens that Connect has accepted, at most 200; then `other`; not accepted: `unknown`; with "
    "profile http: `shared` or `private`",
)

LabelValues = tuple[str, ...]
Row = tuple[LabelValues, float]

Bucket = tuple[float, int, Exemplar | None]
"""Upper bound, how many values were at most that, and one of those since the bound before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """What was observed under one set of label values; the last bucket has no bound and everything in it."""

    labels: LabelValues
    buckets: Sequence[Bucket]
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric with all its series."""

    name: str
    kind: Kind
    tells: str
    labels: tuple[Label, ...] = ()

    @property
    def full_name(self) -> str:
        """The name in queries."""
        return PREFIX + self.name

    @property
    def unit(self) -> str:
        """What the values count; most count things."""
        words = self.name.split("_")
        return next((unit for unit in ("seconds", "bytes") if unit in words), "")

    def of(self, value: float) -> Metric:
        """Return the metric with its only series."""
        return self.rows([((), value)])

    def rows(self, rows: Iterable[Row]) -> Metric:
        """Return the metric with these series."""
        metric = self._empty()
        metric.samples = [Sample(self.full_name, self._named(values), value) for values, value in rows]
        return metric

    def histograms(self, histograms: Iterable[Histogram]) -> Metric:
        """Return the metric with these series."""
        metric, name = self._empty(), self.full_name
        for histogram in histograms:
            labels = self._named(histogram.labels)
            for bound, count, exemplar in histogram.buckets:
                le = "+Inf" if bound == float("inf") else str(bound)
                metric.samples.append(Sample(f"{name}_bucket", {**labels, "le": le}, count, None, exemplar))
            metric.samples.append(Sample(f"{name}_count", labels, histogram.buckets[-1][1]))
            metric.samples.append(Sample(f"{name}_sum", labels, histogram.total))
        return metric

    def _empty(self) -> Metric:
        name = self.full_name.removesuffix(_SUFFIXES.get(self.kind, ""))
        return Metric(name, self.tells, self.kind.value)

    def _named(self, values: LabelValues) -> dict[str, str]:
        return {label.name: value for label, value in zip(self.labels, values, strict=True)}


def counter(name: str, tells: str, *labels: Label) -> Family:
    """Declare what only grows."""
    return Family(name=name, kind=Kind.COUNTER, tells=tells, labels=labels)


def gauge(name: str, tells: str, *labels: Label) -> Family:
    """Declare what goes up and down."""
    return Family(name=name, kind=Kind.GAUGE, tells=tells, labels=labels)


def histogram(name: str, tells: str, *labels: Label) -> Family:
    """Declare durations by how many were how long."""
    return Family(name=name, kind=Kind.HISTOGRAM, tells=tells, labels=labels)


def info(name: str, tells: str, *labels: Label) -> Family:
    """Declare a 1 whose labels are what it tells."""
    return Family(name=name, kind=Kind.INFO, tells=tells, labels=labels)
