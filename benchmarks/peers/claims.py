"""Which ratios we claim, as data; whether they hold is worked out from one run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from benchmarks.peers.figures import Results, Sample
from benchmarks.peers.peers import OURS, OURS_FULL_PATH


class Measure(StrEnum):
    """What is compared."""

    PER_CORE = "requests per second of processor time"
    CPU = "processor time per request"
    P99 = "p99"


MEASURES: Mapping[Measure, Callable[[Sample], float]] = MappingProxyType(
    {
        Measure.PER_CORE: lambda sample: sample.per_core,
        Measure.CPU: lambda sample: sample.cpu_us,
        Measure.P99: lambda sample: sample.outcome.p99_us,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The ratio ours / theirs of one measure is at least or at most so much."""

    scenario: str
    theirs: str
    ours: str = OURS
    measure: Measure = Measure.PER_CORE
    at_least: float = 0.0
    at_most: float = float("inf")

    @property
    def bound(self) -> str:
        """The claim in words."""
        return f"at least {self.at_least:g}" if self.at_least else f"at most {self.at_most:g}"

    def ratio(self, results: Results) -> float | None:
        """Return ours / theirs; None if either was not measured."""
        ours, theirs = results.of(self.scenario, self.ours), results.of(self.scenario, self.theirs)
        if not (ours.was_measured and theirs.was_measured):
            return None
        measure = MEASURES[self.measure]
        return ours.median(measure) / theirs.median(measure)

    def holds(self, ratio: float) -> bool:
        """Whether this ratio keeps it."""
        return self.at_least <= ratio <= self.at_most


CLAIMS = (
    Claim(scenario="hit", theirs="nginx", at_least=1.5),
    Claim(scenario="hit", theirs="nginx-1.31", at_least=1.5),
    Claim(scenario="hit", theirs="varnish", at_least=1.5),
    Claim(scenario="hit", theirs="constant", at_least=0.5),
    Claim(scenario="hit", theirs="straightforward", at_least=6),
    Claim(scenario="hit-traceparent", theirs="nginx", at_least=1.3),
    Claim(scenario="hit-traceparent", theirs="nginx-1.31", at_least=1.3),
    Claim(scenario="hit-steady", theirs="nginx", measure=Measure.P99, at_most=1),
    Claim(scenario="hit", ours=OURS_FULL_PATH, theirs="straightforward", at_least=1.3),
    Claim(scenario="miss", ours=OURS_FULL_PATH, theirs="forward", measure=Measure.CPU, at_most=1.3),
    Claim(scenario="miss", theirs="forward", measure=Measure.CPU, at_most=1.3),
)
