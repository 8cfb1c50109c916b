"""One whole examination: survey, questions, writes, and the comparison with a sidecar in front."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from proxy.adapters.upstream_client import UpstreamClient, UpstreamClientSettings
from proxy.doctor.asker import Asker, Budget
from proxy.doctor.comparison import compare
from proxy.doctor.errors import DoctorError
from proxy.doctor.ground import Ground, Vault, survey
from proxy.doctor.question import Finding, are_worth_reading, put
from proxy.doctor.questions import QUESTIONS
from proxy.doctor.sidecar import sidecar_in_front_of
from proxy.doctor.writing import try_writing

_READ_SECONDS = 120.0
_REQUESTS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be examined. `proxied_url`: a sidecar in front of it; empty: one is started for the while."""

    url: str
    token: str = field(repr=False)
    ca_file: Path | None = None
    proxied_url: str = ""
    foreign_vault: str = ""
    write_vault: str = ""
    wait_seconds: float = 30.0
    compares: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of it. `left` says what could not be removed from the vault that was written to."""

    upstream: str
    requests: int
    seconds: float
    reading: Sequence[Finding]
    writing: Sequence[Finding] = ()
    proxied: Sequence[Finding] = ()
    left: str = ""

    @property
    def is_worth_reading(self) -> bool:
        """Whether anything is not as expected."""
        return bool(self.left) or are_worth_reading((*self.reading, *self.writing, *self.proxied))


async def examine(plan: Plan, *, expected: Mapping[str, str], say: Callable[[str], None]) -> Report:
    """Ask everything. Raises DoctorError if the server can't be reached, refuses, or takes too much."""
    began = time.monotonic()
    waits = 6 * plan.wait_seconds if plan.write_vault else 0.0
    budget = Budget(requests=_REQUESTS, until_seconds=began + _READ_SECONDS + waits)
    async with AsyncExitStack() as stack:
        client = await _client(stack, plan.url, plan.ca_file)
        asker = Asker(client, token=plan.token, budget=budget)
        ground = await survey(asker, foreign=plan.foreign_vault)
        written_to = _vault_named(ground, plan.write_vault) if plan.write_vault else None
        report = Report(
            upstream=plan.url,
            requests=0,
            seconds=0.0,
            reading=[await put(question, ground, expected) for question in QUESTIONS],
        )
        if written_to is not None:
            trial = await try_writing(
                ground, written_to, wait_seconds=plan.wait_seconds, say=say, expected=expected
            )
            report = replace(report, writing=trial.findings, left=trial.left)
        if plan.compares:
            url = plan.proxied_url or await stack.enter_async_context(
                sidecar_in_front_of(plan.url, plan.ca_file)
            )
            proxied = await _client(stack, url, plan.ca_file)
            report = replace(
                report, proxied=await compare(ground, Asker(proxied, token=plan.token, budget=budget))
            )
    return replace(report, requests=budget.spent, seconds=time.monotonic() - began)


async def _client(stack: AsyncExitStack, url: str, ca_file: Path | None) -> UpstreamClient:
    try:
        client = UpstreamClient(UpstreamClientSettings(url=url, ca_file=ca_file, connect_seconds=5.0))
    except ValueError as error:
        raise DoctorError(str(error)) from error
    except OSError as error:
        raise DoctorError("--ca-file: can't be used") from error
    stack.push_async_callback(client.close)
    return client


def _vault_named(ground: Ground, vault_id: str) -> Vault:
    for vault in ground.vaults:
        if vault.id == vault_id:
            return vault
    raise DoctorError("--write: the token sees no vault with this id")
