"""Lines on their way out: in order, never waited for, and counted where they are lost."""

import os
import select
import subprocess
import sys
import threading
from contextlib import closing
from dataclasses import dataclass
from io import FileIO

import pytest

from proxy.adapters.logs.line_writer import LineWriter, standard_error

PIPE_BYTES = 65_536


def make(descriptor, **settings):
    return closing(LineWriter(descriptor, lost_line=lambda count: b"lost %d\n" % count, **settings))


@dataclass(frozen=True)
class Pipe:
    """Both ends, closed once."""

    reader: FileIO
    writer: FileIO

    @property
    def reading(self):
        return self.reader.fileno()

    @property
    def writing(self):
        return self.writer.fileno()

    def drained(self, lines):
        """Read all that a writer has, its end included."""
        ended = threading.Thread(target=lambda: (lines.close(10), self.writer.close()))
        ended.start()
        octets = self.reader.readall()
        ended.join()
        return octets


@pytest.fixture
def pipe():
    reading, writing = os.pipe()
    with FileIO(reading, "r") as reader, FileIO(writing, "w") as writer:
        yield Pipe(reader, writer)


def fill(writer, reading):
    """Have the writer stuck in the middle of a batch, with nothing in its queue; return what it was given."""
    first = b"x" * (2 * PIPE_BYTES - 1) + b"\n"
    writer.write(first)
    while writer._waiting:
        select.select([reading], [], [])
    return first


def test_lines_of_many_threads_come_out_whole_and_each_threads_in_order(pipe):
    with make(pipe.writing) as writer:
        threads = [
            threading.Thread(target=lambda n=n: [writer.write(b"%d %d\n" % (n, i)) for i in range(500)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = [tuple(map(int, line.split())) for line in pipe.drained(writer).splitlines()]
    for number in range(4):
        assert [i for n, i in told if n == number] == list(range(500))


def test_a_reader_that_stands_still_costs_lines_and_no_time_and_the_gap_is_told_in_its_place(pipe):
    with make(pipe.writing, most_bytes=3 * PIPE_BYTES) as writer:
        first = fill(writer, pipe.reading)
        lines = [b"%06d" % number + b"y" * 93 + b"\n" for number in range(10_000)]
        for line in lines:
            writer.write(line)
        kept = 3 * PIPE_BYTES // 100
        assert writer.lines_lost == 10_000 - kept
        octets = pipe.drained(writer)
        assert octets == first + b"".join(lines[:kept]) + b"lost %d\n" % (10_000 - kept)


def test_after_a_gap_lines_go_on(pipe):
    with make(pipe.writing, most_bytes=3 * PIPE_BYTES) as writer:
        first = fill(writer, pipe.reading)
        writer.write(b"a" * 3 * PIPE_BYTES + b"\n")
        writer.write(b"small, but behind one that was lost\n")
        assert writer.lines_lost == 2
        wanted = first + b"lost 2\n"
        octets = b""
        while len(octets) < len(wanted):
            octets += os.read(pipe.reading, PIPE_BYTES)
        writer.write(b"on\n")
        assert octets + pipe.drained(writer) == wanted + b"on\n"


def test_a_full_disk_costs_lines():
    descriptor = os.open("/dev/full", os.O_WRONLY)
    with make(descriptor) as writer:
        writer.write(b"one\n")
        writer.write(b"two\n")
        writer.close()
        assert writer.lines_lost == 2
    os.close(descriptor)


def test_once_the_disk_has_room_again_a_line_says_how_many_are_missing(tmp_path):
    full, descriptor = os.open("/dev/full", os.O_WRONLY), os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    with make(full) as writer:
        writer.write(b"one\n")
        writer.close()
        os.dup2(descriptor, full)
        writer.write(b"two\n")
        writer.close()
    assert os.pread(descriptor, 100, 0) == b"lost 1\ntwo\n"
    os.close(full)
    os.close(descriptor)


def test_a_line_that_was_cut_is_ended_before_the_next_one(pipe, monkeypatch):
    write, left = os.write, [4]

    def little_room(descriptor, octets):
        if left[0] == 0:
            raise OSError(28, "No space left on device")
        written = write(descriptor, octets[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(os, "write", little_room)
    with make(pipe.writing) as writer:
        writer.write(b"one\ntwo\nthree\n"[4:])
        writer.write(b"one\n")
        writer.close()
        left[0] = 1000
        writer.write(b"four\n")
        octets = pipe.drained(writer)
    assert b"lost" in octets
    assert octets.endswith(b"\nfour\n")
    assert octets.splitlines()[-2].startswith(b"lost")


def test_a_reader_that_is_gone_costs_lines(pipe):
    pipe.reader.close()
    with make(pipe.writing) as writer:
        writer.write(b"one\n")
        writer.close()
        assert writer.lines_lost == 1


def test_a_closed_descriptor_costs_lines():
    with make(-1) as writer:
        writer.write(b"one\n")
        writer.close()
        assert writer.lines_lost == 1


def test_a_process_without_standard_error_has_no_descriptor_that_may_be_somebody_elses(monkeypatch):
    monkeypatch.setattr("sys.__stderr__", None)
    assert standard_error() == -1


def test_a_descriptor_that_others_made_non_blocking_is_waited_for(pipe):
    os.set_blocking(pipe.writing, False)
    with make(pipe.writing) as writer:
        first = fill(writer, pipe.reading)
        writer.write(b"last\n")
        assert pipe.drained(writer) == first + b"last\n"
        assert writer.lines_lost == 0


def test_closing_gives_up_on_a_reader_that_stands_still(pipe):
    with make(pipe.writing) as writer:
        first = fill(writer, pipe.reading)
        writer.write(b"waiting\n")
        writer.close(0.01)
        assert pipe.drained(writer) == first + b"waiting\n", "and the thread ends once it can"


def test_after_closing_the_next_line_starts_anew(pipe):
    with make(pipe.writing) as writer:
        for line in (b"one\n", b"two\n"):
            writer.write(line)
            writer.close()
            assert os.read(pipe.reading, 100) == line


def test_where_no_thread_can_be_had_lines_wait_for_the_next_try(pipe, monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    with make(pipe.writing) as writer:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            writer.write(b"one\n")
        writer.write(b"two\n")
        assert pipe.drained(writer) == b"one\ntwo\n"


ENDING = """
import sys
from proxy.adapters.logs.line_writer import LineWriter
writer = LineWriter(2, lost_line=str)
writer.write(b"last words\\n")
{how}
"""


@pytest.mark.parametrize("how", ["sys.exit(3)", "raise RuntimeError('why')", "pass"])
def test_the_last_words_are_written_however_the_interpreter_ends(how):
    ran = subprocess.run(
        [sys.executable, "-c", ENDING.format(how=how)], capture_output=True, timeout=30, check=False
    )
    assert b"last words\n" in ran.stderr
