"""What happens to two sidecars before one Connect, one act after the other (see scripted_load).

An act lasts about as long as it is told, on top of clients that keep asking. Faults are planned in the embedded Connect
and taken back at the end of the act.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from proxy.emulator import FOREVER, Emulator, LoseAnswer, Refuse, Reset, SampleData, SlowHead, Status
from proxy.server.control_client import ControlTarget, ask_control
from tests.support.process import SidecarProcess
from tests.support.prometheus import Target
from tests.support.wire import WireAnswer, WireClient, request_head


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
        self.settings_file.write_text(f"[cache]\nitem_freshness_seconds = {seconds}\n")


async def nobody_looks() -> None:
    """Wait for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the play is played. `has_been_seen` waits until whoever looks at it has noticed how things are now."""

    emulator: Emulator
    sample: SampleData
    pods: tuple[Pod, ...]
    tokens: dict[str, str]
    has_been_seen: Callable[[], Awaitable[None]] = nobody_looks

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
    """Purge, the other modes, settings that are good and bad; that these are bad is seen."""
    for pod in stage.pods:
        await pod.control("/purge", scope="all")
        for mode in ("observe", "passthrough", "cache"):
            await pod.control("/mode", mode=mode)
            await asyncio.sleep(seconds / len(stage.pods) / 6)
        for freshness in ("'wrong'", "5", "4"):
            pod.set_freshness(freshness)
            await pod.control("/reload")
            await asyncio.sleep(seconds / len(stage.pods) / 6)
            if freshness == "'wrong'":
                await stage.has_been_seen()


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
