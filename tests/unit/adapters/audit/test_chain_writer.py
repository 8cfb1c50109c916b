"""Whatever the output does, what stands in it is a chain without a hole, and every read is on record or returned."""

import errno
from collections import OrderedDict

import pytest

from proxy.adapters.audit import AuditFigures, ChainWriter, Writing
from proxy.audit.findings import Finding
from proxy.audit.ledger import Identity, Ledger
from proxy.audit.records import timestamp
from proxy.audit.verification import Verifier
from proxy.clock import SystemClock
from tests.support.audit_lines import documents_of, reads_in
from tests.support.audit_output import ScriptedOutput
from tests.support.metric_events import HandClock

KEY = b"k" * 32


class Writer:
    """A writer, its output, and reads for it."""

    def __init__(self):
        self.output, self.figures = ScriptedOutput(), AuditFigures()
        writing = Writing(
            instance="a1", version="1", interval_seconds=10, mode="aggregate", on_failure="serve", key=KEY
        )
        self.chain = ChainWriter(writing, self.output, self.figures, SystemClock())

    def write(self, count=0, *, is_last=False):
        return self.chain.write(aggregates(count), is_last=is_last)

    def again(self, outcome):
        return self.chain.write(
            OrderedDict((aggregate.identity, aggregate) for aggregate in outcome.unwritten)
        )

    @property
    def documents(self):
        return documents_of(self.output.octets)

    def findings(self):
        verifier = Verifier(KEY)
        verifier.read("f", self.output.octets.splitlines(keepends=True))
        verifier.judge()
        (instance,) = verifier.instances
        assert verifier.findings.counts == {}
        return instance.findings.counts.keys()


def aggregates(count):
    ledger = Ledger()
    for number in range(count):
        ledger.begin(Identity("billing", "jti", "p", "item", (("item", str(number)),), 1, "hit"), 1.0, 2)
    return ledger.drain()


@pytest.fixture
def writer():
    return Writer()


def events(writer):
    return [document["event"].removeprefix("audit.") for document in writer.documents]


def test_it_opens_reads_and_closes(writer):
    assert writer.write().failure is None
    writer.write(3)
    writer.write(1, is_last=True)
    assert events(writer) == ["opened", "read", "read", "read", "read", "closed"]
    assert writer.documents[-1]["reads"] == {"hit": 8}
    assert writer.output.is_closed
    assert writer.findings() == set()


def test_whoever_shares_the_interpreter_has_a_turn_between_a_few_lines_and_the_next(writer):
    on_record = []
    writer.chain.write(aggregates(200), in_between=lambda: on_record.append(writer.figures.records))
    assert len(on_record) >= 200 // 10
    assert on_record == sorted(on_record)
    assert sorted(set(on_record)) == [0, 64, 128, 192]
    assert on_record[-1] < writer.figures.records == 201


def test_figures_say_what_is_on_record(writer):
    writer.write(40)
    figures = writer.figures
    assert (figures.records, figures.sequence, figures.reads["hit"], figures.lost) == (41, 41, 80, 0)
    assert figures.head == int(writer.documents[-1]["mac"][:13], 16)


@pytest.mark.parametrize("room", [0, 1, 150, 700, 701, 5000, 12_345, 20_000])
def test_a_disk_that_fills_up_anywhere_leaves_a_chain_that_goes_on_when_there_is_room(writer, room):
    """The line that was cut is finished first; what was not begun is given back."""
    writer.write()
    writer.output.room = room
    outcome = writer.write(100)
    assert outcome.failure.errno == errno.ENOSPC
    writer.output.room = None
    assert writer.again(outcome).failure is None
    writer.write(is_last=True)
    assert writer.findings() == set()
    assert reads_in(writer.documents) == {"hit": 200}
    assert writer.figures.reads["hit"] == 200
    assert events(writer).count("lost") == 1


def test_an_output_that_fails_from_the_start_gets_the_opening_record_first(writer):
    writer.output.room = 0
    outcome = writer.write(2)
    assert len(outcome.unwritten) == 2
    writer.output.room = None
    writer.again(outcome)
    assert events(writer) == ["opened", "lost", "read", "read"]


def test_nothing_to_write_is_a_look_whether_writing_works_again(writer):
    writer.write()
    writer.output.room = 0
    assert writer.write(1).failure is not None
    assert writer.write().failure is not None
    writer.output.room = None
    assert writer.write().failure is None
    assert events(writer) == ["opened", "lost"]
    before = writer.output.octets
    assert writer.write().failure is None
    assert writer.output.octets == before


def test_what_was_lost_is_noted_once_when_writing_works_again(writer):
    writer.write(1)
    writer.output.room = 0
    writer.write(1)
    writer.figures.lost += 7
    writer.write()
    writer.output.room = None
    writer.write(1)
    writer.write(1, is_last=True)
    (lost,) = [document for document in writer.documents if document["event"] == "audit.lost"]
    assert lost["reads"] == 7
    assert lost["first"] <= lost["last"]
    assert writer.documents[-1]["lost"] == 7
    assert writer.findings() == {Finding.LOST}


def test_what_was_lost_for_want_of_room_is_noted_although_writing_never_failed(writer):
    writer.write(1)
    writer.figures.lost += 2
    writer.write(1)
    assert events(writer) == ["opened", "read", "lost", "read"]


def test_a_line_that_was_cut_and_can_never_be_finished_counts_as_unwritten(writer):
    writer.write()
    writer.output.room = 100
    assert len(writer.write(1, is_last=True).unwritten) == 1


def test_lines_come_in_the_order_of_first_reads_and_what_has_none_has_no_line(writer):
    ledger = Ledger()
    for number, count in enumerate([2, 0, 1, 3]):
        identity = Identity("billing", "jti", "p", "item", (("item", str(number)),), 1, "hit")
        ledger.begin(identity, float(number), count)
    drained = ledger.drain()
    assert writer.chain.write(drained).failure is None
    reads = [document for document in writer.documents if document["event"] == "audit.read"]
    assert [(document["item"], document["count"]) for document in reads] == [("0", 2), ("2", 1), ("3", 3)]
    assert not drained, "they go one by one"


def test_the_loop_has_its_turn_between_a_few_lines_and_the_next_and_nobody_waits_at_the_end(writer):
    times = []
    writer.write()
    writer.chain.write(aggregates(64 + 16), in_between=lambda: times.append(len(events(writer))))
    assert times == [1] * 7 + [1 + 64] * 2


def test_a_gap_begins_with_the_last_line_that_was_written(writer):
    writer.chain._clock = clock = HandClock()
    writer.write(1)
    written = clock.now().wall_seconds
    clock.boot_seconds += 5.0
    writer.output.room = 0
    writer.write(1)
    clock.boot_seconds += 5.0
    writer.output.room = None
    writer.write()
    (lost,) = [document for document in writer.documents if document["event"] == "audit.lost"]
    assert (lost["first"], lost["last"]) == (timestamp(written), timestamp(written + 10.0))
