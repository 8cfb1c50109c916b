"""What was measured: samples, and what many of them come to."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from benchmarks.peers.load import Outcome

SATURATED = 0.9
"""A server that used less of its processor waited for the load, so that only its processor time can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run of the load against one peer."""

    outcome: Outcome
    cpu_seconds: float
    others_cpu_seconds: float
    """What else used the server's processor meanwhile: others, and the kernel for its network."""

    @property
    def rate(self) -> float:
        """Requests a second, by the clock."""
        return self.outcome.requests / self.outcome.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of one request, in microseconds."""
        return self.cpu_seconds * 1e6 / self.outcome.requests

    @property
    def per_core(self) -> float:
        """Requests for each second of processor time: what one core gives when nobody else uses it."""
        return self.outcome.requests / self.cpu_seconds

    @property
    def utilisation(self) -> float:
        """Part of its processor that the server used."""
        return self.cpu_seconds / self.outcome.seconds

    @property
    def others(self) -> float:
        """Part of that processor that others used."""
        return self.others_cpu_seconds / self.outcome.seconds


@dataclass(slots=True)
class Figures:
    """All samples of one peer in one scenario, or why there are none."""

    samples: list[Sample] = field(default_factory=list)
    refused: str = ""
    too_slow: bool = False
    """It can't do as many as were wanted; that's no fault."""

    def median(self, of: Callable[[Sample], float]) -> float:
        """Return the median of a figure over all rounds."""
        return statistics.median(of(sample) for sample in self.samples)

    @property
    def was_measured(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.samples) and not self.refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory of one peer at rest and after its first scenario, and what it keeps on tmpfs then."""

    at_rest_bytes: int
    filled_bytes: int
    tmpfs_bytes: int
    scenario: str


@dataclass(slots=True)
class Results:
    """All of a run."""

    figures: dict[tuple[str, str], Figures] = field(default_factory=dict)
    """By scenario and peer."""
    memory: dict[str, Memory] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    """Of the load, by scenario."""
    steady_rate: float = 0.0

    def of(self, scenario: str, peer: str) -> Figures:
        """Return the figures of a peer in a scenario; they're made if there are none."""
        return self.figures.setdefault((scenario, peer), Figures())

    def measured(self, scenario: str, peers: Sequence[str]) -> list[str]:
        """Return who of these was measured, in their order."""
        return [peer for peer in peers if self.of(scenario, peer).was_measured]
