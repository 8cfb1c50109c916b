"""RESULTS.md: what was measured, where, with what, and what it comes to; also where we lose."""

import os
import platform
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.claims import CLAIMS
from benchmarks.peers.figures import SATURATED, Figures, Results, Sample
from benchmarks.peers.peers import OURS, PEERS, WITH_LANE
from benchmarks.peers.rounds import Plan
from benchmarks.peers.scenarios import SCENARIOS, Scenario
from benchmarks.peers.site import most_open_files

_ORDER = [peer.name for peer in PEERS]
_INTRODUCTION = """# Against peers, in one run

<!-- Written by `make bench`. -->

Each server is pinned to one core; the load and the origin share the other. Rounds are interleaved, figures are medians
over them. **Per core** is requests for each second of processor time of the server with all its processes (from
`/proc/PID/stat`): what one core gives when the server has it for itself, whoever else is on the machine. The last
columns are ratios of that: above 1 ours does more. *By the clock* is what the load saw. A row marked `*` used less than
90 % of its core: the load, the origin or somebody else on the machine bounded its rate and its time, so look at its
processor time. The rest of its core is what others on the machine took, and the kernel for its network.
Nobody is in a table whose answers were not all 200, of full size, with the right body for the token that asked, and
hits where hits are measured; ours must show Age, Cache-Status and RateLimit, too.

connect-sidecar runs with every feature on: limits enforced, metrics, audit to a file, log as by default. Freshness is
six hours for everybody, so that nothing has to be validated while it is measured; our change checks go on, every 15 s.
The origin is not the embedded Connect server, which verifies a signature for every request, but one that writes bodies
of the same form as fast as Python can (`benchmarks/peers/origin.py`). Heads are those of 1Password's Python SDK,
recorded at the start; tokens are minted as Connect does. 20 tokens read 1,000 items each, at random: 20,000 different
requests.
"""
_CAVEATS = """## What to know of the peers

- nginx keeps the token in the clear in files of its cache, in the key; here on tmpfs. It may keep {open_files:,}
  files open, out of 20,000; where the machine allows fewer than that, nginx opens some anew.
- HAProxy and Envoy refuse to cache a request with Authorization. They're measured with a workaround that nobody should
  need: a digest of the field (HAProxy), or the field itself by Lua (Envoy), becomes a part of the path, and the origin
  has to say a freshness lifetime. Envoy's filter is work in progress by its own word. HAProxy's cache is allocated at
  the start, all of it.
- Caddy has no cache without being compiled anew, so it is only compared where requests are passed on.
- Varnish has no TLS. The handlers in aiohttp have none here.
- None of them limits by token, records who read what, or takes an item out when it is written.
- wrk (closed loop, so p50 is mostly the queue of its connections; it corrects for coordinated omission: a pause counts
  against all that would have been sent meanwhile) does all but what it can't: a constant rate and unix sockets. There
  it is h2load in HTTP/1.1, with one token and a pace for each connection; a run that doesn't reach 97 % of the rate
  doesn't count.
- Misses of nginx, Varnish, HAProxy and Envoy are stored, as ours are; those of Caddy and the bare forward are not.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """When, where and how calm it was."""

    date: str
    command: str
    revision: str
    seconds: float
    loads: tuple[str, str]
    """Load averages before and after."""


def render(results: Results, plan: Plan, circumstances: Circumstances) -> str:
    """Return the whole page."""
    parts = [_INTRODUCTION, _machine(plan, circumstances), _claims(results, plan)]
    parts += [_scenario(scenario, results) for scenario in plan.scenarios]
    parts += [
        _memory(results),
        _CAVEATS.format(open_files=most_open_files()),
        _versions(results),
        _commands(results),
    ]
    return "\n".join(parts)


def _machine(plan: Plan, circumstances: Circumstances) -> str:
    model = re.search(r"(?m)^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text())
    lines = [
        f"- {circumstances.date}, `{circumstances.command}`, revision {circumstances.revision}",
        f"- it took {circumstances.seconds / 60:.0f} minutes",
        f"- {os.cpu_count()} x {model[1] if model else platform.machine()}, Linux {platform.release()}",
        f"- rounds: {plan.rounds} of {plan.seconds:g} s for each peer and scenario{_longer(plan)}",
        f"- load average before: {circumstances.loads[0]}; after: {circumstances.loads[1]}, 2 of it our own",
    ]
    return "\n".join(["## Machine", "", *lines, ""])


def _longer(plan: Plan) -> str:
    longer = [scenario for scenario in plan.scenarios if plan.seconds_of(scenario) > plan.seconds]
    return "".join(f"; {scenario.name}: {plan.seconds_of(scenario)} s" for scenario in longer)


def _claims(results: Results, plan: Plan) -> str:
    rows, taking_part = [], {peer.name for peer in plan.peers}
    for claim in CLAIMS:
        ratio = claim.ratio(results)
        verdict = "not measured" if ratio is None else "kept" if claim.holds(ratio) else "**missed**"
        if claim.ours in WITH_LANE and claim.ours not in taking_part:
            verdict = "no express lane in this checkout"
        shown = "" if ratio is None else f"{ratio:.2f}"
        rows.append((claim.scenario, claim.ours, claim.theirs, claim.measure, claim.bound, shown, verdict))
    head = ("scenario", "ours", "theirs", "ours / theirs of", "claimed", "measured", "")
    return _section("What is claimed", head, rows)


def _scenario(scenario: Scenario, results: Results) -> str:
    measured = results.measured(scenario.name, _ORDER)
    references = [name for name in measured if name.startswith(OURS)]
    rows = []
    for name in measured:
        figures = results.of(scenario.name, name)
        mark = "*" if figures.median(lambda sample: sample.utilisation) < SATURATED else ""
        row = [f"{name}{mark}", *(_cell(figures, of, digits) for _, of, digits in _COLUMNS)]
        row += [_ratio(results.of(scenario.name, ours), figures) for ours in references]
        rows.append(row)
    head = ["", *(title for title, _, _ in _COLUMNS), *(f"{ours} / it" for ours in references)]
    title = f"{scenario.name}: {scenario.question}"
    if scenario.name == "hit-steady":
        title += f" ({results.steady_rate:,.0f} requests/s)"
    return _section(title, head, rows) + _left_out(scenario, results)


_COLUMNS: tuple[tuple[str, Callable[[Sample], float], int], ...] = (
    ("per core, 1/s", lambda sample: sample.per_core, 0),
    ("by the clock, 1/s", lambda sample: sample.rate, 0),
    ("processor us/request", lambda sample: sample.cpu_us, 1),
    ("p50 ms", lambda sample: sample.outcome.p50_us / 1000, 3),
    ("p99 ms", lambda sample: sample.outcome.p99_us / 1000, 3),
    ("p99.9 ms", lambda sample: sample.outcome.p999_us / 1000, 3),
    ("rest of its core, %", lambda sample: sample.others * 100, 0),
)


def _cell(figures: Figures, of: Callable[[Sample], float], digits: int) -> str:
    return f"{figures.median(of):,.{digits}f}"


def _ratio(ours: Figures, theirs: Figures) -> str:
    return (
        f"{ours.median(lambda sample: sample.per_core) / theirs.median(lambda sample: sample.per_core):.2f}"
    )


def _left_out(scenario: Scenario, results: Results) -> str:
    lines = []
    for name in _ORDER:
        figures = results.figures.get((scenario.name, name))
        if figures and (figures.refused or figures.too_slow):
            lines.append(f"- {name}: no figures: {figures.refused or 'it cannot do so many'}")
    return "\n".join([*lines, ""]) if lines else ""


def _memory(results: Results) -> str:
    rows = [
        (
            name,
            _mib(memory.at_rest_bytes),
            _mib(memory.filled_bytes),
            _mib(memory.tmpfs_bytes),
            memory.scenario,
        )
        for name, memory in results.memory.items()
    ]
    head = ("", "at rest, MiB", "then, MiB", "its files on tmpfs then, MiB", "after filling and warming for")
    return _section("Resident memory (Pss, all processes)", head, rows)


def _mib(octets: int) -> str:
    return f"{octets / 2**20:.1f}"


def _versions(results: Results) -> str:
    rows = [
        (peer.name, peer.what, results.versions.get(peer.name, ""))
        for peer in PEERS
        if peer.name in results.memory
    ]
    return _section("Versions", ("", "what", "version"), rows)


def _commands(results: Results) -> str:
    lines = [
        f"{scenario.name}: {results.commands[scenario.name]}"
        for scenario in SCENARIOS
        if scenario.name in results.commands
    ]
    servers = [f"{peer.name}: {' '.join(peer.command)}" for peer in PEERS if peer.name in results.memory]
    return "\n".join(["## Commands", "", "```text", *lines, "", *servers, "```", ""])


def _section(title: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join([f"## {title}", "", f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines, ""])
