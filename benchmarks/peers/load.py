"""The load: wrk with load.lua (closed loop, every item with every token), or h2load where wrk can't.

h2load has a constant rate and unix sockets, but one token. Its rate is a pace for each connection: a request waits for
the answer before it on the same connection, and its time counts from when it was sent. So what is late is seen in the
rate that was reached, which is looked at, too.
"""

import json
import re
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.heads import Heads
from benchmarks.peers.origin import item_name, vault_name
from benchmarks.peers.processes import CLIENT
from benchmarks.peers.scenarios import ITEMS, Scenario, Transport
from benchmarks.peers.site import Site, programs

_LUA = Path(__file__).with_name("load.lua")
FILLING = 0
"""The run's number that makes wrk ask for everything in turn."""

_TOLERATED = 0.97
"""A pace that was not kept to this part is no measurement at that pace."""


class LoadError(Exception):
    """The load failed, so there is nothing to report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one run of the load saw."""

    requests: int
    seconds: float
    bytes_read: int
    failures: int
    p50_us: float
    p99_us: float
    p999_us: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Makes requests of one scenario."""

    heads: Heads
    directory: Path

    def command(self, scenario: Scenario, site: Site, seconds: int, *, run: int, rate: float) -> list[str]:
        """Return the command line, for people, too."""
        program = programs()
        pinned = [program["taskset"], "-c", str(CLIENT)]
        connections = str(scenario.connections)
        is_tls = scenario.transport is Transport.TLS
        url = f"https://127.0.0.1:{site.tls_port}" if is_tls else f"http://127.0.0.1:{site.port}"
        if scenario.uses_wrk:
            files = [str(self.heads.head_file), str(self.heads.token_files[scenario.token_vaults])]
            arguments = [scenario.act, scenario.body, scenario.trace or "-", str(run)]
            wrk = [program["wrk"], "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_LUA), url]
            return [*pinned, *wrk, "--", *files, *arguments]
        base = f"unix:{site.socket}" if scenario.transport is Transport.UNIX else url
        pace = [f"--rps={rate / scenario.connections:.0f}"] if rate else []
        fields = [part for field in self._fields(scenario) for part in ("-H", field)]
        log = ["--log-file", str(self.directory / "h2load.log")]
        timing = ["-D", str(seconds)]
        return [
            *(*pinned, program["h2load"], "--h1", "-t1", f"-c{connections}", *timing),
            *(*pace, *fields, *log, "-B", base, "-i", str(self._targets(scenario, site))),
        ]

    def run(self, scenario: Scenario, site: Site, seconds: int, *, run: int, rate: float) -> Outcome:
        """Run it; LoadError if it fails, or if the pace isn't kept."""
        (self.directory / "h2load.log").unlink(missing_ok=True)
        command = self.command(scenario, site, seconds, run=run, rate=rate)
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=seconds + 60)
        if ran.returncode:
            raise LoadError(f"{command[3]} failed: {(ran.stdout + ran.stderr)[:200]}")
        if scenario.uses_wrk:
            return _from_wrk(ran.stdout)
        outcome = self._from_h2load(ran.stdout, seconds)
        if rate and outcome.requests / outcome.seconds < _TOLERATED * rate:
            raise LoadError(f"{outcome.requests / outcome.seconds:.0f}/s where {rate:.0f}/s were wanted")
        return outcome

    def _fields(self, scenario: Scenario) -> list[str]:
        lines = self.heads.head.replace("{token}", self.heads.tokens[scenario.token_vaults][0]).splitlines()
        return [line for line in lines[1:] if line and not line.startswith(("Host:", "Connection:"))]

    def _targets(self, scenario: Scenario, site: Site) -> Path:
        file = self.directory / f"targets-{scenario.body}"
        base = f"http://127.0.0.1:{site.port}/v1/vaults/{vault_name(0)}/items/"  # Host is in some peers' keys
        items = (item_name(scenario.body, number) for number in range(ITEMS))
        file.write_text("".join(f"{base}{name}\n" for name in items))
        return file

    def _from_h2load(self, output: str, seconds: int) -> Outcome:
        rows = [line.split("\t") for line in (self.directory / "h2load.log").read_text().splitlines()]
        taken = sorted(int(row[2]) for row in rows)
        if len(taken) < 1000:
            raise LoadError(f"h2load made {len(taken)} requests: {output[-600:]}")
        cuts = statistics.quantiles(taken, n=1000)
        data = re.search(r"traffic: [^(]*\((\d+)\) total", output)
        return Outcome(
            requests=len(rows),
            seconds=seconds,
            bytes_read=int(data[1]) if data else 0,
            failures=sum(row[1] != "200" for row in rows),
            p50_us=cuts[499],
            p99_us=cuts[989],
            p999_us=cuts[998],
        )


def _from_wrk(output: str) -> Outcome:
    found = re.search(r"(?m)^RESULT (.*)$", output)
    if found is None:
        raise LoadError(f"wrk said nothing: {output[-600:]}")
    told = json.loads(found[1])
    return Outcome(bytes_read=told.pop("bytes"), **told)
