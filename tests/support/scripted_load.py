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

from proxy.emulator import READ, READ_WRITE, Emulator, EmulatorSettings
from tests.support.process import sidecar_process
from tests.support.scripted_acts import (
    Pod,
    Stage,
    bad_answers,
    crowd,
    limits,
    operator,
    outage,
    refusals,
    slow_answers,
    steady,
    writes,
)
from tests.support.wire import WireClient, request_head

_SETTINGS = {
    # Everything that takes a minute takes a second or two, so that an act shows what it is about.
    "CACHE__LIST_FRESHNESS_SECONDS": "1",
    "CACHE__TOKEN_VERIFICATION_SECONDS": "8",
    "CACHE__CHANGE_CHECK_INTERVAL_SECONDS": "1",
    "CACHE__WRITE_FENCE_SECONDS": "6",
    "CACHE__ANSWER_STALE_AFTER_SECONDS": "0.2",
    "UPSTREAM__BREAKER_FAILURES": "3",
    "UPSTREAM__BREAKER_OPEN_SECONDS": "0.3",
    "LIMITS__MODE": "enforce",
    "LIMITS__NAMED": "{greedy = {requests_per_second = 2, request_burst = 4, upstream_burst = 2}}",
    "AUDIT__INTERVAL_SECONDS": "1",
}
_FRESHNESS = "[cache]\nitem_freshness_seconds = 4\n"
_SYNC_SECONDS = 0.3
_BETWEEN_READS_SECONDS = 0.05
_EXPIRY_SECONDS = 20 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One act as it was: Unix times, to find it in a picture."""

    act: str
    began: float
    ended: float


Acts = tuple[tuple[Callable[[Stage, float], Awaitable[None]], int], ...]

ACTS: Acts = (
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


async def play(stage: Stage, *, seconds: float = 64, acts: Acts = ACTS) -> list[Moment]:
    """Have everything happen within about so long; return when each act was."""
    unit = seconds / sum(units for _, units in acts)
    moments: list[Moment] = []
    clients = [
        asyncio.create_task(_read_on(stage, pod, token))
        for pod in stage.pods
        for token in ("billing", "reports")
    ]
    try:
        for act, units in acts:
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
    settings_file.write_text(_FRESHNESS)
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
