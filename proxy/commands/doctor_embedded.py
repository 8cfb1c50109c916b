"""What the embedded server answers to the doctor's questions: asked, where the demo's packages are installed.

Without them the answers that stand in the questions are taken; a test keeps the two the same.
"""

from collections.abc import Mapping

from proxy.doctor.examination import Plan, examine
from proxy.doctor.question import Verdict


async def embedded_answers(*, writes: bool) -> Mapping[str, str]:
    """Ask an embedded server of this process; return its answers by key. Empty: it can't be had here."""
    try:
        from proxy.emulator import READ_WRITE, Emulator, EmulatorSettings  # noqa: PLC0415 - may be missing
    except ImportError:
        return {}
    settings = EmulatorSettings(sync_delay_seconds=0.3, write_duration_seconds=0.05)
    async with Emulator(settings) as emulator:
        sample = emulator.sample_data(large_file_bytes=1)
        foreign = emulator.add_vault("Elsewhere")
        token = emulator.issue_token("doctor", dict.fromkeys(sample.vault_ids, READ_WRITE))
        plan = Plan(
            url=emulator.url,
            token=token,
            foreign_vault=foreign.id,
            write_vault=sample.empty.id if writes else "",
            compares=False,
        )
        report = await examine(plan, expected={}, say=lambda _: None)
    findings = (*report.reading, *report.writing)
    return {each.key: each.answer for each in findings if each.verdict is not Verdict.NOT_ASKED}
