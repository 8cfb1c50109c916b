"""An examination of a server in this process, and its report in every form."""

import json
from collections.abc import Iterator
from dataclasses import asdict

from proxy.doctor.examination import Plan, Report, examine
from proxy.doctor.question import Finding
from proxy.doctor.report_text import text_of
from proxy.emulator import READ_WRITE, Emulator, SampleData


def token_for(emulator: Emulator, sample: SampleData) -> str:
    """Return a token for all sample vaults."""
    return emulator.issue_token("doctor", dict.fromkeys(sample.vault_ids, READ_WRITE))


async def examined(url: str, token: str, **plan: object) -> Report:
    """Examine by what stands in the questions; what is said on the way counts as told, too."""
    said: list[str] = []
    report = await examine(Plan(url=url, token=token, **plan), expected={}, say=said.append)
    SAID.extend([*said, text_of(report), json.dumps(asdict(report))])
    return report


SAID: list[str] = []
"""All that was said in this run."""


def findings_of(report: Report) -> dict[str, Finding]:
    """Return every finding by its key."""
    return {each.key: each for each in _all(report)}


def _all(report: Report) -> Iterator[Finding]:
    yield from (*report.reading, *report.writing, *report.proxied)
