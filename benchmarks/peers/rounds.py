"""The order of it all: peers are filled, checked, measured in interleaved rounds, and checked again.

In every round of a scenario each peer has its turn, in an order drawn anew, so that whatever else the machine does hits
all alike. A peer whose answers are not right has no figures, and the run fails.
"""

import random
import shlex
import sys
import time
from dataclasses import dataclass, field

from benchmarks.peers.check import CheckError, check_answers, check_outcome, is_as_asked
from benchmarks.peers.crew import Crew, Member
from benchmarks.peers.figures import Figures, Memory, Results, Sample
from benchmarks.peers.load import FILLING, Load, LoadError, Outcome
from benchmarks.peers.peers import OURS, OURS_FULL_PATH, PEERS, Peer
from benchmarks.peers.processes import SERVER, cpu_busy_seconds
from benchmarks.peers.scenarios import ITEMS, SCENARIOS, TOKENS, Act, Pace, Scenario
from benchmarks.peers.site import ROOT
from benchmarks.peers.tmpfs import directory_bytes

_FILLING_SECONDS = (2, 2, 10, 3, 16, 4, 16, 4, 32, 4, 64, 4)
"""Runs that begin anew, until one has found all it asked for: a fast peer is filled by the first. The long ones are for
16 KB through the full path on a slow machine: half filled, it would be measured while it still fills."""

_PASSES = 4
"""How often everything is asked for before anybody is measured: some peers remember only what comes again."""

_LOOKING_SECONDS = 2
_WARMING_SECONDS = (1, 2, 4, 8)
"""Runs until everything was asked for several times: h2load's heads are new to all, and each of its connections goes
through all targets by itself."""

_HIT = SCENARIOS[0]
"""Whose highest rate is the measure of a steady one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is done."""

    peers: tuple[Peer, ...]
    scenarios: tuple[Scenario, ...]
    rounds: int
    seconds: int
    is_quick: bool = False

    def seconds_of(self, scenario: Scenario) -> int:
        """Return how long a round is."""
        return self.seconds if self.is_quick else max(self.seconds, scenario.least_seconds)


@dataclass(slots=True, kw_only=True)
class Bench:
    """One run over a crew; `results` fill as it goes."""

    crew: Crew
    load: Load
    plan: Plan
    results: Results = field(default_factory=Results)
    _runs: int = 0
    _filled: set[tuple[str, str, int, str]] = field(default_factory=set)

    def run(self) -> None:
        """Play all scenarios."""
        for scenario in self.plan.scenarios:
            _tell(f"{scenario.name}: {scenario.question}")
            self._play(scenario)
        for name, member in self.crew.members.items():
            self.results.versions[name] = member.version

    def _play(self, scenario: Scenario) -> None:
        rate = self._half_of_ours() if scenario.pace is Pace.HALF_OF_OURS else 0.0
        for act in (self._settle, self._prepare):  # who needs time to settle has it while others are filled
            for peer in sorted(self.plan.peers, key=lambda peer: peer.settling_seconds):
                if self._is_well(scenario, peer) and self._can_keep_up(scenario, peer, rate):
                    self._guarded(scenario, peer, act, rate)
        taking_part = [
            peer
            for peer in self.plan.peers
            if self._is_well(scenario, peer) and self._can_keep_up(scenario, peer, rate)
        ]
        for _ in range(self.plan.rounds):
            for peer in random.sample(taking_part, len(taking_part)):
                if self._is_well(scenario, peer):
                    self._guarded(scenario, peer, self._measure, rate)
        for peer in taking_part:
            if self._is_well(scenario, peer):
                self._guarded(scenario, peer, self._check_again, rate)
            _tell(f"  {peer.name:18} {_line(self.results.of(scenario.name, peer.name))}")

    def _is_well(self, scenario: Scenario, peer: Peer) -> bool:
        """Whether it takes part and has not been found wanting."""
        return peer.takes_part_in(scenario) and not self.results.of(scenario.name, peer.name).refused

    def _guarded(self, scenario: Scenario, peer: Peer, act, rate: float) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        try:
            act(scenario, self.crew.member(peer), rate)
        except (CheckError, LoadError, OSError, RuntimeError) as fault:
            self.results.of(scenario.name, peer.name).refused = str(fault)
            _tell(f"  {peer.name}: {fault}".strip())

    def _half_of_ours(self) -> float:
        """Return half of our highest rate of hits, as measured in this run; it's looked for if it wasn't."""
        ours = self._ours()
        figures = self.results.of(_HIT.name, ours.name)
        if figures.was_measured:
            highest = figures.median(lambda sample: sample.rate)
        else:
            member = self.crew.member(ours)
            self._fill(_HIT, member)
            outcome, _ = self._counted(_HIT, member, _LOOKING_SECONDS, 0.0)
            highest = outcome.requests / outcome.seconds
        self.results.steady_rate = highest / 2
        return self.results.steady_rate

    def _ours(self) -> Peer:
        name = OURS if self.crew.has_lane else OURS_FULL_PATH
        return next(peer for peer in PEERS if peer.name == name)

    def _can_keep_up(self, scenario: Scenario, peer: Peer, rate: float) -> bool:
        hits = self.results.of(_HIT.name, peer.name)
        if rate and hits.was_measured and hits.median(lambda sample: sample.rate) < rate:
            self.results.of(scenario.name, peer.name).too_slow = True
            return False
        return True

    def _settle(self, scenario: Scenario, member: Member, rate: float) -> None:
        """Do nothing but what has been done: it has been started."""

    def _prepare(self, scenario: Scenario, member: Member, rate: float) -> None:
        """Have it read everything, if hits are measured; look at its answers; warm it up."""
        if scenario.act is Act.HIT:
            self._fill(scenario, member)
        check_answers(member.peer, scenario, member.site, self.load.heads)
        # At no pace: what is new to a peer may cost it more than it has time for, and h2load's heads are new to all.
        asked, least = 0, 0 if scenario.uses_wrk else _PASSES * ITEMS * scenario.connections
        for seconds in _WARMING_SECONDS:
            outcome, at_origin = self._counted(scenario, member, seconds, 0.0)
            check_outcome(member.peer, scenario, outcome, at_origin)
            asked += outcome.requests
            if asked >= least:
                break
        self.results.memory.setdefault(
            member.peer.name,
            Memory(
                at_rest_bytes=member.at_rest_bytes,
                filled_bytes=member.process.resident_bytes(),
                tmpfs_bytes=directory_bytes(member.site.directory),
                scenario=scenario.name,
            ),
        )
        command = self.load.command(scenario, member.site, self.plan.seconds_of(scenario), run=1, rate=rate)
        self.results.commands.setdefault(scenario.name, _shown(command))

    def _fill(self, scenario: Scenario, member: Member) -> None:
        filled = member.peer.name, scenario.body, scenario.token_vaults, scenario.trace
        if filled in self._filled or not member.peer.is_honest:
            return
        self._filled.add(filled)
        time.sleep(max(0.0, member.settled_at - time.monotonic()))
        asked = missed = 0
        for seconds in _FILLING_SECONDS:
            outcome, at_origin = self._counted(scenario, member, seconds, 0.0, run=FILLING)
            asked, missed = asked + outcome.requests, at_origin
            if is_as_asked(member.peer, scenario, outcome, at_origin) and asked >= _PASSES * ITEMS * TOKENS:
                return
        raise CheckError(
            f"{member.peer.name}, {scenario.name}: not filled in {sum(_FILLING_SECONDS)} s: {asked} requests, "
            f"{missed} of the last run's reached the origin"
        )

    def _measure(self, scenario: Scenario, member: Member, rate: float) -> None:
        cpu_before, busy_before = member.process.cpu_seconds(), cpu_busy_seconds(SERVER)
        outcome, at_origin = self._counted(scenario, member, self.plan.seconds_of(scenario), rate)
        cpu = member.process.cpu_seconds() - cpu_before
        others = cpu_busy_seconds(SERVER) - busy_before - cpu
        check_outcome(member.peer, scenario, outcome, at_origin)
        sample = Sample(outcome=outcome, cpu_seconds=cpu, others_cpu_seconds=max(0.0, others))
        self.results.of(scenario.name, member.peer.name).samples.append(sample)

    def _check_again(self, scenario: Scenario, member: Member, _rate: float) -> None:
        check_answers(member.peer, scenario, member.site, self.load.heads)

    def _counted(
        self, scenario: Scenario, member: Member, seconds: int, rate: float, *, run: int | None = None
    ) -> tuple[Outcome, int]:
        self._runs += 1
        before = self.crew.origin_count()
        outcome = self.load.run(
            scenario, member.site, seconds, run=self._runs if run is None else run, rate=rate
        )
        return outcome, self.crew.origin_count() - before


def _shown(command: list[str]) -> str:
    """Return a command for people: without the token, and without where this checkout lies."""
    parts = ["Authorization: Bearer ..." if part.startswith("Authorization") else part for part in command]
    return shlex.join(parts).replace(f"{ROOT}/", "")


def _line(figures: Figures) -> str:
    if not figures.was_measured:
        return f"not measured: {figures.refused or 'nothing'}"
    rate, cpu_us = figures.median(lambda sample: sample.rate), figures.median(lambda sample: sample.cpu_us)
    p99_us = figures.median(lambda sample: sample.outcome.p99_us)
    return f"{rate:9,.0f}/s {cpu_us:8.1f} us of processor, p99 {p99_us / 1000:.2f} ms"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
