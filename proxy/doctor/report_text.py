"""A report for people: one line per question, and under those that are worth reading why, and what follows."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from proxy.doctor.examination import Report
from proxy.doctor.question import Finding, Verdict

_MARKS = {
    Verdict.SAME: "=",
    Verdict.DIFFERENT: "!",
    Verdict.MEASURED: " ",
    Verdict.CONCERN: "!",
    Verdict.NOT_ASKED: "-",
}
_QUESTION, _ANSWER, _EXPECTED = 45, 40, 36
_LEGEND = "= as the embedded server answers   ! worth reading   - could not be asked"


def text_of(report: Report) -> str:
    """Return the whole report."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield f"{report.upstream}: {report.requests} requests in {report.seconds:.1f} s"
    yield _LEGEND
    yield from _section("reading", "here", "the embedded server", report.reading)
    yield from _section("writing", "here", "the embedded server", report.writing)
    yield from _section("through a sidecar, compared with direct", "here", "expected", report.proxied)
    yield ""
    if report.left:
        yield f"LEFT BEHIND: {report.left}"
    count = sum(
        each.verdict in {Verdict.DIFFERENT, Verdict.CONCERN}
        for each in (*report.reading, *report.writing, *report.proxied)
    )
    yield "nothing out of the ordinary" if not count else f"worth reading: {count}"


def _section(title: str, here: str, there: str, findings: Sequence[Finding]) -> Iterator[str]:
    if not findings:
        return
    yield ""
    yield f"  {title:<{_QUESTION}}  {here:<{_ANSWER}}  {there}".rstrip()
    for finding in findings:
        yield from _row(finding)


def _row(finding: Finding) -> Iterator[str]:
    expected = "" if finding.verdict is Verdict.SAME else finding.expected
    columns = [
        wrap(text, width) or [""]
        for text, width in ((finding.question, _QUESTION), (finding.answer, _ANSWER), (expected, _EXPECTED))
    ]
    for number in range(max(map(len, columns))):
        question, answer, other = (column[number] if number < len(column) else "" for column in columns)
        mark = _MARKS[finding.verdict] if number == 0 else " "
        yield f"{mark} {question:<{_QUESTION}}  {answer:<{_ANSWER}}  {other}".rstrip()
    if finding.verdict in {Verdict.DIFFERENT, Verdict.CONCERN}:
        yield from wrap(
            f"why: {finding.matters}", 110, initial_indent="      ", subsequent_indent="           "
        )
        if finding.follows:
            yield from wrap(
                f"so: {finding.follows}", 110, initial_indent="      ", subsequent_indent="          "
            )
