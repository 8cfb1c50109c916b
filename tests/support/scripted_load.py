"""A short day of two sidecars before one Connect: everything that metrics tell of happens, in one order, every time.

Clients keep asking throughout; the acts of the play come on top, one after the other. A standalone sidecar and one
beside an application run as processes of their own, the embedded Connect in this one. Whoever looks at metrics
(rules, dashboards, pictures) can rely on what `ACTS` names having happened.
"""

import asyncio
import itertools
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from proxy.emulator import (
    FOREVER,
    READ,
    READ_WRITE,
    Emulator,
    EmulatorSettings,
    LoseAnswer,
    Refuse,
    Reset,
    SampleData,
    SlowHead,
    Status,
)
from proxy.server.control_client import ControlTarget, ask_control
from tests.support.process import SidecarProcess, sidecar_process
from tests.support.prometheus import Target
from tests.support.wire import WireAnswer, WireClient, request_head

_SETTINGS = {
    # Everything that takes a minute takes a second or two, so that an act shows what it is about.
    "CACHE__LIST_FRESHNESS_SECONDS": "1",
    "CACHE__TOKEN_VERIFICATION_SECONDS": "8",
    "CACHE__CHANGE_CHECK_INTERVAL_SECONDS": "1",
    "CACHE__WRITE_FENCE_SECONDS": "1",
    "CACHE__ANSWER_STALE_AFTER_SECONDS": "0.2",
    "UPSTREAM__BREAKER_FAILURES": "3",
    "UPSTREAM__BREAKER_OPEN_SECONDS": "0.3",
    "LIMITS__MODE": "enforce",
    "LIMITS__NAMED": "{greedy = {requests_per_second = 2, request_burst = 4, upstream_burst = 2}}",
    "AUDIT__INTERVAL_SECONDS": "1",
}
_FRESHNESS = "[cache]\nitem_freshness_seconds = {}\n"
_SYNC_SECONDS = 0.3
_BETWEEN_READS_SECONDS = 0.05
_EXPIRY_SECONDS = 20 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """One sidecar, and what Prometheus would know of its pod."""

    workload: str
    process: SidecarProcess
    settings_file: Path

    @property
    def target(self) -> Target:
        return Target(
            address=self.process.observe_address, workload=self.workload, pod=f"{self.workload}-7d4b9c-x2x7k"
        )

    async def control(self, path: str, **document: str) -> dict[str, object]:
        target = ControlTarget(socket_path=self.process.control_path)
        return await ask_control(target, "POST", path, document or None)

    def set_freshness(self, seconds: str) -> None:
        self.settings_file.write_text(_FRESHNESS.format(seconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the play is played."""

    emulator: Emulator
    sample: SampleData
    pods: tuple[Pod, ...]
    tokens: dict[str, str]

    @property
    def targets(self) -> list[Target]:
        return [pod.target for pod in self.pods]

    @property
    def vault(self) -> str:
        return f"/v1/vaults/{self.sample.demo.id}"

    @property
    def items(self) -> list[str]:
        sample = self.sample
        return [
            f"{self.vault}/items/{item.id}" for item in (sample.login, sample.api_credential, sample.note)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One act as it was: Unix times, to find it in a picture."""

    act: str
    began: float
    ended: float


async def ask(pod: Pod, method: str, path: str, token: str, document: object = None) -> WireAnswer:
    """Send one request on a connection of its own."""
    body = b"" if document is None else json.dumps(document).encode()
    async with await WireClient.connect(pod.process.address) as client:
        return await client.ask(request_head(method, path, token, f"Content-Length: {len(body)}"), body)


def search(stage: Stage, title: str) -> str:
    """Return a list that nobody has asked for before."""
    condition = f'title eq "{title}"'
    return f"{stage.vault}/items?filter={quote(condition)}"


async def steady(stage: Stage, seconds: float) -> None:
    """Misses, hits, and change checks that notice what was changed elsewhere."""
    for number in range(3):
        stage.emulator.edit_item(stage.sample.demo.id, stage.sample.note.id, title=f"Door code {number}")
        await asyncio.sleep(seconds / 3)


async def crowd(stage: Stage, seconds: float) -> None:
    """Many ask for one thing that takes a moment: all but one are collapsed. And what is never stored."""
    documents = f"/v1/vaults/{stage.sample.infrastructure.id}/items/{stage.sample.document.id}/files"
    large = f"{documents}/{stage.sample.large_file.id}/content"
    code = f"{stage.vault}/items/{stage.sample.one_time_password.id}"
    for number in range(4):
        wanted = search(stage, f"crowd {number} {seconds}")
        stage.emulator.faults.add(SlowHead(delay_seconds=0.1), path="crowd", times=len(stage.pods))
        await asyncio.gather(
            *(ask(pod, "GET", wanted, stage.tokens["billing"]) for pod in stage.pods for _ in range(6)),
            *(ask(pod, "GET", path, stage.tokens["billing"]) for pod in stage.pods for path in (large, code)),
        )
        await asyncio.sleep(seconds / 4)
    for pod in stage.pods:  # long enough before it is revoked for somebody to have seen it
        await ask(pod, "GET", stage.items[0], stage.tokens["leaver"])


async def writes(stage: Stage, seconds: float) -> None:
    """Writes that are applied, refused, and of an unknown outcome."""
    for pod in stage.pods:
        item = {"title": "scripted", "category": "LOGIN", "vault": {"id": stage.sample.demo.id}}
        created = await ask(pod, "POST", f"{stage.vault}/items", stage.tokens["billing"], item)
        path = f"{stage.vault}/items/{json.loads(created.body)['id']}"
        await ask(pod, "POST", f"{stage.vault}/items", stage.tokens["reports"], item)
        await asyncio.sleep(seconds / len(stage.pods))
        change = [{"op": "replace", "path": "/title", "value": "changed"}]
        await ask(pod, "PATCH", path, stage.tokens["billing"], change)
        await ask(pod, "GET", path, stage.tokens["billing"])
        stage.emulator.faults.add(LoseAnswer(), method="DELETE")
        await ask(pod, "DELETE", path, stage.tokens["billing"])


async def limits(stage: Stage, seconds: float) -> None:
    """A token that asks too much."""
    for number in range(8):
        for pod in stage.pods:
            await ask(pod, "GET", search(stage, f"greedy {number}"), stage.tokens["greedy"])
            await ask(pod, "GET", stage.items[0], stage.tokens["greedy"])
        await asyncio.sleep(seconds / 8)


async def refusals(stage: Stage, seconds: float) -> None:
    """A token that is revoked while it is in use, and some that nobody issued."""
    stage.emulator.revoke(stage.tokens["leaver"])
    for number in range(6):
        for pod in stage.pods:
            await ask(pod, "GET", search(stage, f"left {number}"), stage.tokens["leaver"])
            await ask(pod, "GET", stage.items[1], f"guess-{number}")
        await asyncio.sleep(seconds / 6)


async def operator(stage: Stage, seconds: float) -> None:
    """Purge, the other modes, settings that are good and bad."""
    for pod in stage.pods:
        await pod.control("/purge", scope="all")
        for mode in ("observe", "passthrough", "cache"):
            await pod.control("/mode", mode=mode)
            await asyncio.sleep(seconds / len(stage.pods) / 6)
        for freshness in ("'wrong'", "5", "4"):
            pod.set_freshness(freshness)
            await pod.control("/reload")
            await asyncio.sleep(seconds / len(stage.pods) / 6)


async def bad_answers(stage: Stage, seconds: float) -> None:
    """Connect answers with errors, and drops connections."""
    for effect in (Status(status=500), Status(status=503), Reset()):
        fault = stage.emulator.faults.add(effect, method="GET", times=4)
        await asyncio.gather(
            *(ask(pod, "GET", search(stage, f"bad {effect}"), stage.tokens["billing"]) for pod in stage.pods)
        )
        await asyncio.sleep(seconds / 3)
        stage.emulator.faults.remove(fault)


async def slow_answers(stage: Stage, seconds: float) -> None:
    """Connect takes long: what is stored is given instead."""
    fault = stage.emulator.faults.add(SlowHead(delay_seconds=0.5), method="GET", times=FOREVER)
    await asyncio.sleep(seconds)
    stage.emulator.faults.remove(fault)


async def outage(stage: Stage, seconds: float) -> None:
    """Connect is away: stale answers for what is stored, errors for the rest."""
    fault = stage.emulator.faults.add(Refuse(), times=FOREVER)
    for number in range(10):
        for pod in stage.pods:
            await ask(pod, "GET", search(stage, f"never stored {number}"), stage.tokens["billing"])
        await asyncio.sleep(seconds / 10)
    stage.emulator.faults.remove(fault)


ACTS: tuple[tuple[Callable[[Stage, float], Awaitable[None]], int], ...] = (
    (steady, 2),
    (crowd, 1),
    (writes, 2),
    (limits, 1),
    (refusals, 1),
    (operator, 2),
    (bad_answers, 1),
    (slow_answers, 1),
    (outage, 3),
    (steady, 2),
)
"""What happens, and for how long relative to the others."""


@asynccontextmanager
async def stage(directory: Path) -> AsyncIterator[Stage]:
    """Two sidecars and their Connect, for the length of the block."""
    async with Emulator(EmulatorSettings(sync_delay_seconds=_SYNC_SECONDS)) as emulator:
        sample = emulator.sample_data()
        everywhere = dict.fromkeys(sample.vault_ids, READ_WRITE)
        tokens = {
            "billing": emulator.issue_token("billing", everywhere, expires_in_seconds=_EXPIRY_SECONDS),
            "reports": emulator.issue_token("reports", dict.fromkeys(sample.vault_ids, READ)),
            "greedy": emulator.issue_token("greedy", everywhere),
            "leaver": emulator.issue_token("leaver", everywhere),
        }
        names = ",".join(f"{_jti_of(token)}={name}" for name, token in tokens.items())
        async with (
            _pod(emulator.url, directory, "connect-sidecar", names) as standalone,
            _pod(emulator.url, directory, "billing", names) as beside,
        ):
            yield Stage(emulator=emulator, sample=sample, pods=(standalone, beside), tokens=tokens)


async def play(stage: Stage, *, seconds: float = 64) -> list[Moment]:
    """Have everything happen within about so long; return when each act was."""
    unit = seconds / sum(units for _, units in ACTS)
    moments: list[Moment] = []
    clients = [
        asyncio.create_task(_read_on(stage, pod, token))
        for pod in stage.pods
        for token in ("billing", "reports")
    ]
    try:
        for act, units in ACTS:
            began = time.time()
            await act(stage, units * unit)
            moments.append(Moment(act=act.__name__, began=began, ended=time.time()))
    finally:
        for client in clients:
            client.cancel()
        ended = await asyncio.gather(*clients, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
    return moments


async def _read_on(stage: Stage, pod: Pod, token: str) -> None:
    """Read items and lists for ever, as an application does."""
    paths = [*stage.items, f"{stage.vault}/items", "/v1/vaults", f"{stage.vault}/items/none"]
    async with await WireClient.connect(pod.process.address) as client:
        for path in itertools.cycle(paths):
            await client.ask(request_head("GET", path, stage.tokens[token]))
            await asyncio.sleep(_BETWEEN_READS_SECONDS)


@asynccontextmanager
async def _pod(upstream_url: str, directory: Path, workload: str, names: str) -> AsyncIterator[Pod]:
    settings_file = directory / f"{workload}.toml"
    settings_file.write_text(_FRESHNESS.format(4))
    async with sidecar_process(
        upstream_url,
        directory,
        arguments=("--config", str(settings_file)),
        CONTROL__SOCKET=str(directory / f"{workload}.sock"),
        TOKENS__NAMES=names,
        **_SETTINGS,
    ) as process:
        yield Pod(workload=workload, process=process, settings_file=settings_file)


def _jti_of(token: str) -> str:
    claims = token.split(".")[1]
    jti: str = json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["jti"]
    return jti
