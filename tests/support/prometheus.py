"""A real Prometheus on a free loopback port: it scrapes what it is told, works out rules, and answers queries.

Everything about it is learnt from its HTTP API: that it is up, that it has scraped, what a query says.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.process import free_port

_PATIENCE_SECONDS = 60
_GLANCE_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A sidecar's observe port, and the labels that relabelling would attach to its pod."""

    address: str
    workload: str
    pod: str
    namespace: str = "shop"
    job: str = "connect-sidecar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One series of an answer, with its value at one time."""

    labels: Mapping[str, str]
    value: float


class QueryError(AssertionError):
    """Prometheus could not evaluate a query."""


@dataclass(slots=True)
class Prometheus:
    """A running Prometheus. `output` is what it has logged."""

    url: str
    pid: int
    session: aiohttp.ClientSession
    output: bytearray = field(default_factory=bytearray)

    async def get(self, path: str, **parameters: str) -> Any:
        """Return the data of one answer of its API."""
        async with self.session.get(f"{self.url}/api/v1/{path}", params=parameters) as answer:
            document = await answer.json()
        if document["status"] != "success":
            raise QueryError(f"{document['errorType']}: {document['error']}\n{parameters.get('query', path)}")
        return document["data"]

    async def query(self, expression: str, *, at: float | None = None) -> list[Sample]:
        """Evaluate an expression now, or at a Unix time."""
        when = {} if at is None else {"time": str(at)}
        data = await self.get("query", query=expression, **when)
        if data["resultType"] == "scalar":
            return [Sample(labels={}, value=float(data["result"][1]))]
        return [Sample(labels=series["metric"], value=float(series["value"][1])) for series in data["result"]]

    async def query_range(
        self, expression: str, *, start: float, end: float, step_seconds: float = 1
    ) -> list[dict[str, Any]]:
        """Evaluate an expression over time: `metric` and `values` of every series, as the API has them."""
        data = await self.get(
            "query_range", query=expression, start=str(start), end=str(end), step=str(step_seconds)
        )
        series: list[dict[str, Any]] = data["result"]
        return series

    async def now(self) -> float:
        """Return the Unix time as Prometheus has it."""
        (sample,) = await self.query("time()")
        return sample.value

    async def wait_for(self, expression: str) -> list[Sample]:
        """Ask until an expression has a value."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while not (samples := await self.query(expression)):
                await asyncio.sleep(_GLANCE_SECONDS)
        return samples

    async def series(self, selector: str) -> list[Mapping[str, str]]:
        """Return the labels of everything that was ever scraped or recorded under a selector."""
        found: list[Mapping[str, str]] = await self.get("series", **{"match[]": selector})
        return found

    async def rules(self) -> list[dict[str, Any]]:
        """Return all rules with their health, as the API has them."""
        return [rule for group in (await self.get("rules"))["groups"] for rule in group["rules"]]

    async def rules_are_evaluated(self) -> list[dict[str, Any]]:
        """Wait until every rule has been evaluated, and return all."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                rules = await self.rules()
                if all(rule["health"] != "unknown" for rule in rules):
                    return rules
                await asyncio.sleep(_GLANCE_SECONDS)

    async def everything_is_scraped(self) -> None:
        """Wait until every target has been scraped once more, beginning after this call."""
        await self._all_have_moved(self._last_scrapes)

    async def everything_is_recorded(self) -> None:
        """Wait until every rule has been evaluated on what was scraped after this call."""
        await self.everything_is_scraped()
        await self._all_have_moved(self._last_evaluations)

    async def _all_have_moved(self, moments: Callable[[], Awaitable[dict[str, str]]]) -> None:
        """Wait until each has happened twice more: the first may have begun before the call."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for _ in range(2):
                before = await moments()
                while before.items() & (await moments()).items():
                    await asyncio.sleep(_GLANCE_SECONDS)

    async def _last_evaluations(self) -> dict[str, str]:
        return {group["name"]: group["lastEvaluation"] for group in (await self.get("rules"))["groups"]}

    async def _last_scrapes(self) -> dict[str, str]:
        targets = (await self.get("targets", state="active"))["activeTargets"]
        return {target["scrapeUrl"]: target["lastScrape"] for target in targets}


@asynccontextmanager
async def prometheus(
    targets: Sequence[Target],
    directory: Path,
    *,
    rule_files: Sequence[Path] = (),
    interval_seconds: int = 1,
) -> AsyncIterator[Prometheus]:
    """Run Prometheus for the length of the block: scrape and evaluate that often, forget all at the end."""
    config = directory / "prometheus.json"
    config.write_text(json.dumps(_config(targets, rule_files, interval_seconds)))
    address = f"127.0.0.1:{free_port()}"
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={directory / 'prometheus'}",
        f"--web.listen-address={address}",
        "--enable-feature=exemplar-storage",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    is_ready = asyncio.Event()
    async with aiohttp.ClientSession() as session:
        running = Prometheus(f"http://{address}", process.pid, session)
        reading = asyncio.create_task(_keep_output(process, running, is_ready))
        try:
            await asyncio.wait_for(is_ready.wait(), _PATIENCE_SECONDS)
            assert process.returncode is None, bytes(running.output).decode()
            yield running
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), _PATIENCE_SECONDS)
            await reading


def _config(
    targets: Sequence[Target], rule_files: Sequence[Path], interval_seconds: int
) -> dict[str, object]:
    every = f"{interval_seconds}s"
    jobs: dict[str, list[dict[str, object]]] = {}
    for target in targets:
        labels = {"namespace": target.namespace, "workload": target.workload, "pod": target.pod}
        jobs.setdefault(target.job, []).append({"targets": [target.address], "labels": labels})
    return {
        "global": {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every},
        "rule_files": [str(path.resolve()) for path in rule_files],
        "scrape_configs": [{"job_name": job, "static_configs": configs} for job, configs in jobs.items()],
    }


async def _keep_output(
    process: asyncio.subprocess.Process, running: Prometheus, is_ready: asyncio.Event
) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        running.output += line
        if b"Server is ready to receive web requests" in line:
            is_ready.set()
    is_ready.set()
