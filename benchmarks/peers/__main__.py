"""`make bench`: compare, print, and write benchmarks/RESULTS.md. Exit code 1 if somebody's answers were not right."""

import argparse
import datetime as dt
import os
import shlex
import subprocess
import sys
import time

from benchmarks.peers.crew import Crew
from benchmarks.peers.heads import write_heads
from benchmarks.peers.load import Load
from benchmarks.peers.peers import PEERS, WITH_LANE
from benchmarks.peers.report import Circumstances, render
from benchmarks.peers.rounds import Bench, Plan
from benchmarks.peers.scenarios import SCENARIOS
from benchmarks.peers.site import ROOT, missing_programs
from benchmarks.peers.tmpfs import tmpfs_directory
from proxy.config.server_settings import ServerSettings

RESULTS = ROOT / "benchmarks" / "RESULTS.md"


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few scenarios, one round; nothing is written")
    parser.add_argument(
        "--only",
        metavar="NAME",
        action="append",
        default=[],
        choices=[one.name for one in (*SCENARIOS, *PEERS)],
        help="a scenario or a peer; may be repeated; nothing is written",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=int, default=3, help="of each round, peer and scenario; 15 for some"
    )
    return parser.parse_args(arguments)


def plan_of(told: argparse.Namespace, *, has_lane: bool) -> Plan:
    """Return what shall be done."""
    peers = tuple(peer for peer in PEERS if has_lane or peer.name not in WITH_LANE)
    scenarios = tuple(scenario for scenario in SCENARIOS if scenario.is_quick or not told.quick)
    named = tuple(scenario for scenario in SCENARIOS if scenario.name in told.only)
    chosen = tuple(peer for peer in peers if peer.name in told.only)
    return Plan(
        peers=chosen or peers,
        scenarios=named or scenarios,
        rounds=1 if told.quick else told.rounds,
        seconds=1 if told.quick else told.seconds,
        is_quick=told.quick,
    )


def main() -> int:
    """Do what the command line says."""
    told, began = parsed(), time.monotonic()
    if missing := missing_programs():
        print(f"missing: {' '.join(missing)}; `make bench` installs them", file=sys.stderr)
        return 2
    has_lane = "express_lane" in ServerSettings.__struct_fields__
    plan, load_before = plan_of(told, has_lane=has_lane), _load_average()
    with tmpfs_directory() as directory, Crew(directory=directory, has_lane=has_lane) as crew:
        heads = write_heads(directory, {scenario.token_vaults for scenario in plan.scenarios} | {1})
        bench = Bench(crew=crew, load=Load(heads=heads, directory=directory), plan=plan)
        bench.run()
    page = render(
        bench.results,
        plan,
        Circumstances(
            date=f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
            command=shlex.join(["python", "-m", "benchmarks.peers", *sys.argv[1:]]),
            revision=_revision(),
            seconds=time.monotonic() - began,
            loads=(load_before, _load_average()),
        ),
    )
    print(page)
    if not (told.quick or told.only):
        RESULTS.write_text(page, encoding="utf-8")
    return 1 if any(figures.refused for figures in bench.results.figures.values()) else 0


def _load_average() -> str:
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _revision() -> str:
    told = subprocess.run(
        ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return told.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
