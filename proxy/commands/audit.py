"""`audit verify`: is the record of reads whole? Reads exports of any number of sidecars; nothing else is needed."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import BinaryIO, assert_never

from proxy.audit.findings import Findings, Severity
from proxy.audit.instance_record import InstanceRecord
from proxy.audit.verification import KnownHead, TooScatteredError, Verifier
from proxy.commands.errors import CommandError
from proxy.commands.exit_codes import DEGRADED, FAILED, OK

_LONGEST_LINE = 2**20
_MOST_KEY_BYTES = 4096
_BACKGROUND = "background"
_ORDER = ("hit", "stale", "collapsed", _BACKGROUND)


def run(options: argparse.Namespace) -> int:
    """Verify and print. Raises CommandError where a file can't be read."""
    verifier = Verifier(_key_of(options.key_file), dict(options.head))
    for file in options.files:
        try:
            with _opened(file) as opened:
                verifier.read(file, _lines(opened))
        except OSError as error:
            raise CommandError(f"{file}: can't be read: {error.strerror}") from error
        except TooScatteredError as error:
            raise CommandError(f"{file}: more pieces of chains than any export has") from error
    verifier.judge()
    for line in report(verifier):
        print(line)
    return _code(verifier.severity)


def report(verifier: Verifier) -> Iterator[str]:
    """Yield the lines that say what was found."""
    totals: dict[str, int] = {}
    whole = 0
    for instance in verifier.instances:
        whole += instance.findings.severity is Severity.NOTE
        yield _line_of(instance)
        yield from _findings(instance.findings, indent="  ")
        for how, count in instance.reads.items():
            totals[how] = totals.get(how, 0) + count
    yield from _findings(verifier.findings)
    instances = _plural(len(list(verifier.instances)), "instance")
    others = _plural(verifier.other_lines, "other line")
    yield f"{whole} of {instances} whole | {_reads(totals)} | {others}"


def known_head(text: str) -> tuple[str, KnownHead]:
    """Read INSTANCE=SEQ:HEAD, both numbers as metrics show them. Raises ArgumentTypeError."""
    instance, _, numbers = text.rpartition("=")
    seq, _, figure = numbers.partition(":")
    try:
        # A metric is a float: 4503599627370495 may come as 4.503599627370495e+15.
        head = KnownHead(seq=int(float(seq)), figure=int(float(figure)))
    except (ValueError, OverflowError):
        instance, head = "", KnownHead(seq=0, figure=0)
    if not instance or head.seq < 1:
        raise argparse.ArgumentTypeError(
            "expected INSTANCE=SEQ:HEAD, with connect_sidecar_audit_sequence and connect_sidecar_audit_head"
        )
    return instance, head


def _line_of(instance: InstanceRecord) -> str:
    runs = list(instance.chain.runs())
    where = f" ({instance.origin})" if instance.origin else ""
    severity = instance.findings.severity
    verdict = "whole" if severity is Severity.NOTE else severity.value
    return (
        f"{verdict}: instance {instance.instance}{where}, seq {runs[0].first.seq} to {runs[-1].last_seq} |"
        f" {_reads(instance.reads)}"
    )


def _reads(reads: Mapping[str, int]) -> str:
    ordered = [*_ORDER, *sorted(reads.keys() - set(_ORDER))]
    counts = [f"{how} {reads.get(how, 0)}" for how in ordered]
    total = sum(count for how, count in reads.items() if how != _BACKGROUND)
    return f"{_plural(total, 'read')}: {', '.join(counts)}"


def _findings(findings: Findings, indent: str = "") -> Iterator[str]:
    for found in findings.kept:
        yield f"{indent}{found.finding.severity.value}: {found.text}"
    for finding, count in findings.counts.items():
        if count > Findings.MOST_KEPT:
            yield f"{indent}{finding.severity.value}: {count - Findings.MOST_KEPT} more of this: {finding.value}"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _code(severity: Severity) -> int:
    match severity:
        case Severity.NOTE:
            return OK
        case Severity.GAP:
            return DEGRADED
        case Severity.CHANGED:
            return FAILED
        case _:
            assert_never(severity)


def _key_of(file: Path | None) -> bytes | None:
    if file is None:
        return None
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST_KEY_BYTES)
    except OSError as error:
        raise CommandError(f"--key-file: {file} can't be read: {error.strerror}") from error


def _opened(file: str) -> "nullcontext[BinaryIO] | BinaryIO":
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


def _lines(opened: BinaryIO) -> Iterable[bytes]:
    """Yield lines; one that is longer than any record is empty."""
    while line := opened.readline(_LONGEST_LINE):
        is_too_long = len(line) == _LONGEST_LINE and not line.endswith(b"\n")
        while is_too_long and (rest := opened.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        yield b"" if is_too_long else line
