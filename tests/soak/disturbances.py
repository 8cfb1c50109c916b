"""What happens to the sidecar while clients ask: faults of Connect, purges, modes, new settings, new certificates."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import trustme

from proxy.emulator import Reset, SlowHead, Status
from proxy.server.control_client import ControlTarget, ask_control
from tests.soak.account import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What an operator has at hand."""

    site: Site
    authority: trustme.CA
    directory: Path

    async def control(self, path: str, **document: str) -> dict[str, object]:
        target = ControlTarget(socket_path=self.directory / "control.sock")
        return await ask_control(target, "POST", path, document or None)

    def renew_certificate(self) -> None:
        pair = self.authority.issue_cert("localhost")
        (self.directory / "tls.key").write_bytes(pair.private_key_pem.bytes())
        (self.directory / "tls.crt").write_bytes(pair.cert_chain_pems[0].bytes())

    def write_settings(self, text: str) -> None:
        (self.directory / "sidecar.toml").write_text(text)


async def fail(machine: Machine) -> None:
    """Have Connect fail a few reads: busy, reset, slow."""
    machine.site.tally.plan_fault()
    fault = random.choice([Status(status=503), Status(status=500), Reset(), SlowHead(delay_seconds=2.5)])
    machine.site.emulator.faults.add(fault, method="GET", times=random.randint(1, 8))
    await asyncio.sleep(2)
    machine.site.emulator.faults.clear()  # else those that a breaker kept away would pile up
    machine.site.tally.plan_fault()


async def restart(machine: Machine) -> None:
    """Restart Connect: it is not synced for a moment."""
    machine.site.tally.plan_fault()
    machine.site.emulator.restart()


async def purge(machine: Machine) -> None:
    """Drop what is stored."""
    await machine.control("/purge", scope="all")


async def switch(machine: Machine) -> None:
    """Try the other modes for a moment."""
    for mode in ("observe", "passthrough", "cache"):
        await machine.control("/mode", mode=mode)


async def new_settings(machine: Machine) -> None:
    """Other freshness, right or wrong."""
    freshness = random.choice(["5", "20", "60", "'wrong'"])
    machine.write_settings(f"[cache]\nitem_freshness_seconds = {freshness}\n")
    outcome = (await machine.control("/reload"))["outcome"]
    assert (outcome == "refused") == (freshness == "'wrong'"), outcome


async def new_certificate(machine: Machine) -> None:
    """A renewed pair, noticed by the watch or at the next reload."""
    machine.renew_certificate()


FAULTS: list[Callable[[Machine], Awaitable[None]]] = [fail, fail, restart]

DISTURBANCES: list[Callable[[Machine], Awaitable[None]]] = [
    purge,
    switch,
    new_settings,
    new_certificate,
]
