"""`audit verify`: what it prints and how it exits. What it finds is in tests/unit/audit/test_verification.py."""

import argparse
import io
import sys

import pytest

from proxy.__main__ import main
from proxy.audit import verification
from proxy.audit.verification import KnownHead
from proxy.commands.audit import known_head
from tests.support.audit_lines import chain_of, closed, opened, read

KEY = b"k" * 32


@pytest.fixture
def export(tmp_path):
    """Write lines to a file; return its name."""

    def write(*lines, name="export"):
        path = tmp_path / name
        path.write_bytes(b"".join(lines))
        return str(path)

    return write


def whole(**given):
    return chain_of(
        opened(**given),
        read(40),
        read(2, how="stale"),
        read(3, how="background"),
        closed(hit=40, stale=2, background=3),
    )


def test_a_whole_record_is_one_line_for_each_instance_and_one_for_all(export, capsys):
    assert main(["audit", "verify", export(b"Traceback\n", *whole())]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "whole: instance a1 (prod/billing-7d4), seq 1 to 5 | 42 reads: hit 40, stale 2, collapsed 0, background 3",
        "1 of 1 instance whole | 42 reads: hit 40, stale 2, collapsed 0, background 3 | 1 other line",
    ]


def test_a_gap_is_1_and_a_change_is_2(export, capsys):
    lines = whole()
    assert main(["audit", "verify", export(*lines[:2], *lines[3:])]) == 1
    assert "  gap: seq 3 missing, between 2026-" in capsys.readouterr().out
    file = export(lines[0], lines[1].replace(b'"count":40', b'"count":41'), *lines[2:])
    assert main(["audit", "verify", file]) == 2
    assert f"  changed: {file}:2: seq 2 is not as it was written" in capsys.readouterr().out


def test_the_key_comes_from_a_file_byte_by_byte(export, tmp_path):
    key = tmp_path / "key"
    key.write_bytes(KEY)
    file = export(*chain_of(opened(keyed=True), closed(), key=KEY))
    assert main(["audit", "verify", file, "--key-file", str(key)]) == 0
    key.write_bytes(KEY + b"\n")
    assert main(["audit", "verify", file, "--key-file", str(key)]) == 2


def test_it_reads_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"".join(whole()))))
    assert main(["audit", "verify", "-"]) == 0


def test_a_line_without_end_is_passed_over(export, capsys):
    lines = whole()
    assert main(["audit", "verify", export(*lines[:2], b"x" * 3_000_000 + b"\n", *lines[2:])]) == 0


def test_more_pieces_than_any_export_has_are_refused(export, capsys, monkeypatch):
    monkeypatch.setattr(verification, "_MOST_RUNS", 3)
    lines = chain_of(opened(), *(read() for _ in range(20)))
    assert main(["audit", "verify", export(*lines[::2])]) == 2
    assert "more pieces of chains than any export has" in capsys.readouterr().err


def test_findings_beyond_some_are_counted(export, capsys):
    main(["audit", "verify", export(*chain_of(*(read() for _ in range(50)), key=KEY))])
    assert "  changed: 30 more of this: changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("a1=3:4503599627370495", ("a1", KnownHead(seq=3, figure=4503599627370495))),
        ("a1=3.0:4.503599627370495e+15", ("a1", KnownHead(seq=3, figure=4503599627370495))),
    ],
)
def test_a_head_is_read_as_metrics_show_it(text, head):
    assert known_head(text) == head


@pytest.mark.parametrize("text", ["", "a1", "a1=3", "=3:4", "a1=0:4", "a1=x:4", "a1=3:inf", "a1=nan:4"])
def test_a_head_that_is_none_is_refused(text):
    with pytest.raises(argparse.ArgumentTypeError):
        known_head(text)
