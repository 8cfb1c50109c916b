"""Standard output and files: who may read them, what happens when they are full, gone, or nobody reads."""

import errno
import os
import stat
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import pytest

from proxy.adapters.audit import AuditFigures, ChainWriter, FileOutput, StandardOutput, Writing
from proxy.audit.findings import Finding, Severity
from proxy.audit.ledger import Identity, Ledger
from proxy.audit.records import Rotated
from proxy.audit.verification import Verifier
from proxy.clock import SystemClock
from tests.support.audit_lines import chain_of, closed, documents_of, opened, read


def writer_to(output, instance="a1"):
    writing = Writing(
        instance=instance, version="1", interval_seconds=10, mode="aggregate", on_failure="serve"
    )
    return ChainWriter(writing, output, AuditFigures(), SystemClock())


def aggregates(count, begin=0):
    ledger = Ledger()
    for number in range(begin, begin + count):
        ledger.begin(Identity("billing", "", "", "item", (("item", str(number)),), 1, "hit"), 1.0, 1)
    return ledger.drain()


def file_output(path, rotate_bytes=10**9, keep_files=3):
    return FileOutput(path, rotate_bytes=rotate_bytes, keep_files=keep_files)


def verified(*paths):
    verifier = Verifier()
    for path in paths:
        verifier.read(path.name, path.read_bytes().splitlines(keepends=True))
    verifier.judge()
    return verifier


def findings(verifier):
    return [verifier.findings.counts, *(instance.findings.counts for instance in verifier.instances)]


def test_nobody_else_may_read_the_file(tmp_path):
    before = os.umask(0)
    try:
        writer_to(file_output(tmp_path / "audit")).write(OrderedDict())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "audit").stat().st_mode) == 0o600


def test_the_chain_goes_on_over_rotated_files_and_a_removed_one_is_accounted_for(tmp_path):
    path = tmp_path / "audit"
    writer = writer_to(file_output(path, rotate_bytes=20_000, keep_files=2))
    for begin in range(0, 300, 10):
        assert writer.write(aggregates(10, begin)).failure is None
    writer.write([], is_last=True)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["audit", "audit.1", "audit.2"]
    assert documents_of(path.read_bytes())[0]["event"] == "audit.rotated"
    verifier = verified(path, path.with_name("audit.1"), path.with_name("audit.2"))
    assert findings(verifier) == [{}, {Finding.REMOVED_BY_ROTATION: 1}]
    newest, *_, oldest = (
        documents_of(path.with_name(name).read_bytes()) for name in ("audit", "audit.1", "audit.2")
    )
    assert oldest[-1]["seq"] < newest[0]["seq"]


def test_a_restart_continues_the_chain_it_finds_at_the_end_of_the_file(tmp_path):
    path = tmp_path / "audit"
    for instance in ("a1", "b2", "c3"):
        writer = writer_to(file_output(path), instance)
        writer.write(aggregates(2))
        writer.write([], is_last=True)
    assert findings(verified(path)) == [{}, {}, {}, {}]
    first, second, third = [one for one in documents_of(path.read_bytes()) if one["event"] == "audit.opened"]
    assert "continues" not in first
    assert (second["continues"]["instance"], third["continues"]["seq"]) == ("a1", 4)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[4:]))
    assert verified(path).severity is Severity.GAP


def test_a_restart_right_after_a_rotation_finds_the_chain_in_the_file_put_aside(tmp_path):
    path = tmp_path / "audit"
    writer_to(file_output(path)).write(aggregates(1))
    path.rename(tmp_path / "audit.1")
    writer_to(file_output(path), "b2").write(OrderedDict())
    (line,) = documents_of(path.read_bytes())
    assert line["continues"]["instance"] == "a1"


def test_half_a_line_of_a_killed_process_spoils_no_other(tmp_path):
    path = tmp_path / "audit"
    writer_to(file_output(path)).write(aggregates(3))
    os.truncate(path, path.stat().st_size - 50)
    writer_to(file_output(path), "b2").write([], is_last=True)
    verifier = verified(path)
    assert findings(verifier) == [{Finding.CUT_OFF: 1}, {Finding.NO_CLOSING: 1}, {}]


@pytest.mark.parametrize("away", [os.unlink, lambda path: path.rename(f"{path}.moved")])
def test_a_file_that_somebody_took_away_is_begun_anew(tmp_path, away):
    path = tmp_path / "audit"
    writer = writer_to(file_output(path))
    writer.write(aggregates(1))
    away(path)
    writer.write(aggregates(1))
    (line,) = documents_of(path.read_bytes())
    assert line["seq"] == 3


def test_a_folder_that_nothing_can_be_renamed_in_costs_rotation_and_no_record(tmp_path):
    path = tmp_path / "audit"
    (tmp_path / "audit.1").mkdir()
    (tmp_path / "audit.1" / "in-the-way").touch()
    output = file_output(path, rotate_bytes=1, keep_files=1)
    output.prepare()
    output.write(b"something\n")
    assert output.prepare() is None
    assert output.write(b"more\n")


def test_a_new_file_says_which_record_the_removed_one_ended_with(tmp_path):
    path = tmp_path / "audit"
    (tmp_path / "audit.1").write_bytes(b"".join(chain_of(opened(), read(), closed(hit=1))))
    output = file_output(path, rotate_bytes=1, keep_files=1)
    output.prepare()
    output.write(b"something\n")
    rotated = output.prepare()
    assert isinstance(rotated, Rotated)
    assert (rotated.dropped.instance, rotated.dropped.seq) == ("a1", 3)


def test_a_full_disk_is_a_failure_and_not_the_end():
    """/dev/full can be opened, has no room, and never ends when it is read."""
    output = file_output(Path("/dev/full"))
    outcome = writer_to(output).write(aggregates(1))
    assert outcome.failure.errno == errno.ENOSPC
    assert len(outcome.unwritten) == 1


def test_a_folder_that_does_not_exist_is_a_failure_until_it_does(tmp_path):
    writer = writer_to(file_output(tmp_path / "logs" / "audit"))
    assert writer.write(OrderedDict()).failure.errno == errno.ENOENT
    (tmp_path / "logs").mkdir()
    assert writer.write(OrderedDict()).failure is None


# --- standard output, in a process that has one of its own

PROGRAM = """
import sys
from pathlib import Path
from proxy.adapters.audit import StandardOutput
output = StandardOutput(stalled_seconds=0.05)
try:
    {}
except OSError as error:
    print(error.errno, file=sys.stderr)
"""


def run(line, **streams):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(line)], stderr=subprocess.PIPE, text=True, check=True, **streams
    ).stderr.strip()


def test_a_reader_that_has_gone_is_a_failure():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert run("output.write(b'x')", stdout=writing) == str(errno.EPIPE)
    finally:
        os.close(writing)


def test_a_reader_that_does_not_read_is_a_failure_after_a_while():
    reading, writing = os.pipe()
    try:
        assert run("while True: output.write(b'x' * 100_000)", stdout=writing) == str(errno.ETIMEDOUT)
    finally:
        os.close(reading)
        os.close(writing)


def test_a_process_without_standard_output_fails_to_write_and_writes_into_nothing_else():
    program = PROGRAM.format("kept = open('/dev/null', 'wb'); output.write(b'x')")
    ran = subprocess.run(
        ["sh", "-c", 'exec "$0" -c "$1" >&-', sys.executable, program],
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert ran.stderr.strip() == str(errno.EBADF)


def test_a_file_as_standard_output_is_written_at_once(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        assert run("assert output.write(b'x' * 100_000) == 100_000", stdout=out) == ""
    assert (tmp_path / "out").stat().st_size == 100_000


def test_standard_output_stays_open_when_the_audit_lets_go_of_it(capfd):
    output = StandardOutput()
    assert output.write(b"audit\n") == 6
    output.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        output.write(b"audit\n")
    os.write(1, b"still there\n")
    assert capfd.readouterr().out == "audit\nstill there\n"
