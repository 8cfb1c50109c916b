"""Reads noted on the loop: added up, handed over, tried again, refused where that was asked for."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from proxy.adapters.audit import AuditFigures, ChainWriter, StrictTrail, Trail, TrailRules, Writing
from proxy.clock import Instant, SystemClock
from proxy.exchange.events import Answered, BackgroundFinished, BackgroundOutcome
from tests.support.audit_lines import documents_of, reads_in
from tests.support.audit_output import ScriptedOutput, a_read, identity


class Trailed:
    """A trail and where it writes."""

    def __init__(self, kind=Trail, **rules):
        self.output, self.figures, self.changes = ScriptedOutput(), AuditFigures(), []
        writing = Writing(
            instance="a1", version="1", interval_seconds=10, mode="aggregate", on_failure="serve"
        )
        writer = ChainWriter(writing, self.output, self.figures, SystemClock())
        self.trail = kind(writer, self.figures, TrailRules(**rules), self.changes.append)

    @property
    def documents(self):
        return documents_of(self.output.octets)

    @property
    def reads(self):
        return reads_in(self.documents)

    async def admits(self, read):
        admitted = self.trail.admits(read)
        return admitted if isinstance(admitted, bool) else await admitted

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def begun(kind=Trail, **rules):
    trailed = Trailed(kind, **rules)
    await trailed.trail.begin()
    try:
        yield trailed
    finally:
        trailed.output.may_go_on.set()
        await trailed.trail.end()


SOON = {"interval_seconds": 0.02}


async def test_equal_reads_are_one_line_and_different_ones_are_not():
    async with begun() as trailed:
        for read in (a_read(), a_read(), a_read("j"), a_read(cache=Answered.STALE)):
            assert trailed.trail.admits(read) is True
    lines = [one for one in trailed.documents if one["event"] == "audit.read"]
    assert [(one["item"], one["how"], one["count"]) for one in lines] == [
        ("i", "hit", 2),
        ("j", "hit", 1),
        ("i", "stale", 1),
    ]


async def test_the_end_of_an_interval_writes_without_being_asked():
    async with begun(**SOON) as trailed:
        for count in (1, 2, 3):
            trailed.trail.admits(a_read())
            await trailed.until(lambda count=count: trailed.reads == {"hit": count})


async def test_an_idle_trail_sets_no_timer():
    async with begun(**SOON) as trailed:
        trailed.trail.admits(a_read())
        await trailed.until(lambda: trailed.reads)
        await trailed.until(lambda: trailed.trail._timer is None)


async def test_whoever_holds_an_aggregate_may_count_on_it_while_it_is_open():
    async with begun() as trailed:
        trailed.trail.admits(a_read())
        (aggregate,) = trailed.trail._ledger.open.values()
        aggregate.note(1_795_000_001.0)
    assert not aggregate.interval.is_open
    assert trailed.reads == {"hit": 2}


async def test_background_requests_are_recorded_as_such():
    async with begun() as trailed:
        for _ in range(2):
            trailed.trail.notify(
                BackgroundFinished(
                    cause="interval",
                    outcome=BackgroundOutcome.DONE,
                    resource="items",
                    token="billing",
                    token_id="jti",
                    about=(("vault", "v"),),
                    at=Instant(wall_seconds=1.0, boot_seconds=1.0),
                )
            )
    (line,) = [one for one in trailed.documents if one["event"] == "audit.read"]
    assert (line["how"], line["cause"], line["outcome"], line["vault"], line["count"]) == (
        "background",
        "interval",
        "done",
        "v",
        2,
    )
    assert "peer" not in line


async def test_more_different_reads_than_are_held_are_written_early_and_none_is_lost():
    async with begun(most=10) as trailed:
        for number in range(500):
            assert await trailed.admits(a_read(str(number)))
            assert len(trailed.trail._ledger.open) <= 10
    assert trailed.reads == {"hit": 500}
    assert trailed.figures.lost == 0


async def test_a_slow_reader_makes_new_reads_wait_and_repeated_ones_not():
    async with begun(most=2) as trailed:
        trailed.output.may_go_on.clear()
        for number in range(8):
            assert trailed.trail.admits(a_read(str(number))) is True
        waiting = asyncio.ensure_future(trailed.trail.admits(a_read("new")))
        assert trailed.trail.admits(a_read("7")) is True
        assert not waiting.done()
        trailed.output.may_go_on.set()
        assert await waiting
    assert trailed.reads == {"hit": 10}


async def test_reads_that_could_not_be_written_are_tried_again_and_none_is_lost():
    async with begun(**SOON) as trailed:
        trailed.output.room = 0
        trailed.trail.admits(a_read())
        await trailed.until(lambda: trailed.changes)
        trailed.trail.admits(a_read())
        trailed.output.room = None
        await trailed.until(lambda: trailed.reads == {"hit": 2})
    assert trailed.figures.lost == 0
    assert [change.failure is None for change in trailed.changes] == [False, True]


async def test_after_some_tries_reads_are_lost_counted_and_noted_in_the_chain():
    async with begun(**SOON) as trailed:
        trailed.output.room = 0
        for _ in range(3):
            trailed.trail.admits(a_read())
        await trailed.until(lambda: trailed.figures.lost)
        assert trailed.figures.lost == 3
        trailed.output.room = None
        await trailed.until(lambda: "audit.lost" in {one["event"] for one in trailed.documents})
        trailed.trail.admits(a_read())
    assert trailed.reads == {"hit": 1}
    assert sum(one["reads"] for one in trailed.documents if one["event"] == "audit.lost") == 3
    assert trailed.documents[-1]["lost"] == 3


async def test_what_is_held_while_nothing_can_be_written_does_not_grow():
    async with begun(most=5, **SOON) as trailed:
        trailed.output.room = 0
        trailed.trail.admits(a_read())
        await trailed.until(lambda: trailed.changes)
        for number in range(50):
            assert await trailed.admits(a_read(str(number)))
        assert len(trailed.trail._ledger.open) <= 5
    assert trailed.figures.lost >= 45


async def test_refuse_answers_nothing_unrecorded_and_recovers_by_itself():
    async with begun(refuses=True, **SOON) as trailed:
        trailed.output.room = 0
        assert trailed.trail.admits(a_read())
        await trailed.until(lambda: trailed.changes)
        assert trailed.trail.admits(a_read()) is False
        assert trailed.trail.admits(a_read("j")) is False
        trailed.output.room = None
        await trailed.until(lambda: len(trailed.changes) == 2)
        assert trailed.trail.admits(a_read()) is True
    assert trailed.reads == {"hit": 2}
    assert trailed.figures.lost == 0


async def test_refuse_recovers_with_nothing_to_write():
    async with begun(kind=StrictTrail, refuses=True, **SOON) as trailed:
        trailed.output.room = 0
        assert not await trailed.admits(a_read())
        assert not trailed.trail._ledger.open
        trailed.output.room = None
        await trailed.until(lambda: trailed.changes[-1].failure is None)
        assert await trailed.admits(a_read())
    assert trailed.reads == {"hit": 1}


async def test_what_fails_while_it_ends_is_tried_once_more():
    async with begun(**SOON) as trailed:
        output = trailed.output
        output.may_go_on.clear()
        output.is_asked.clear()
        trailed.trail.admits(a_read())
        await trailed.until(output.is_asked.is_set)
        output.room = 0
        trailed.trail._on_change = lambda state: setattr(output, "room", None)
        ending = asyncio.create_task(trailed.trail.end())
        await asyncio.sleep(0)
        output.may_go_on.set()
        await ending
        assert trailed.reads == {"hit": 1}
        assert trailed.documents[-1]["event"] == "audit.closed"
        assert trailed.figures.lost == 0


@pytest.mark.parametrize("kind", [Trail, StrictTrail])
async def test_after_the_end_nothing_more_is_recorded_and_that_is_counted(kind):
    async with begun(kind=kind) as trailed:
        pass
    assert await trailed.admits(a_read())
    assert trailed.figures.lost == 1
    assert trailed.documents[-1]["event"] == "audit.closed"


# --- strict


async def test_strict_has_the_first_of_equal_reads_on_record_before_it_is_admitted():
    async with begun(kind=StrictTrail) as trailed:
        trailed.output.may_go_on.clear()
        trailed.output.is_asked.clear()
        first, second = (asyncio.ensure_future(trailed.trail.admits(a_read())) for _ in range(2))
        await trailed.until(trailed.output.is_asked.is_set)
        assert not first.done()
        assert not second.done()
        trailed.output.may_go_on.set()
        assert await first
        assert trailed.reads == {"hit": 1}
        assert await second
        assert trailed.trail.admits(a_read()) is True
        assert trailed.reads == {"hit": 1}
    assert [one["count"] for one in trailed.documents if one["event"] == "audit.read"] == [1, 2]


async def test_strict_puts_the_first_read_of_each_interval_on_record():
    async with begun(kind=StrictTrail, **SOON) as trailed:
        for count in (1, 2):
            assert await trailed.admits(a_read())
            assert trailed.reads == {"hit": count}
            await trailed.until(lambda: not trailed.trail._ledger.open)


async def test_strict_and_refuse_leave_no_record_of_what_was_refused():
    async with begun(kind=StrictTrail, refuses=True, **SOON) as trailed:
        trailed.output.room = 0
        assert await asyncio.gather(*(trailed.admits(a_read()) for _ in range(3))) == [False] * 3
        trailed.output.room = None
        await trailed.until(lambda: trailed.changes[-1].failure is None)
    assert trailed.reads == {}
    assert trailed.figures.lost == 0


async def test_strict_and_serve_answer_although_it_could_not_be_written_and_try_again():
    async with begun(kind=StrictTrail, **SOON) as trailed:
        trailed.output.room = 0
        assert await asyncio.gather(*(trailed.admits(a_read()) for _ in range(3))) == [True] * 3
        trailed.output.room = None
        await trailed.until(lambda: trailed.reads == {"hit": 3})
    assert trailed.figures.lost == 0


async def test_a_client_that_leaves_while_its_read_is_written_spoils_nothing():
    async with begun(kind=StrictTrail) as trailed:
        trailed.output.may_go_on.clear()
        first, second = (asyncio.ensure_future(trailed.trail.admits(a_read())) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
        trailed.output.may_go_on.set()
        assert await second
    assert trailed.reads == {"hit": 2}


# --- who counts reads on a record that it holds


NOW = Instant(wall_seconds=1_795_000_003.0, boot_seconds=4.0)


def count_one(record, wall_seconds=1_795_000_005.0):
    record.count += 1
    record.last_wall_seconds = wall_seconds


@pytest.mark.parametrize("kind", [Trail, StrictTrail])
async def test_the_record_of_a_read_is_where_equal_reads_are_counted(kind):
    async with begun(kind=kind) as trailed:
        assert await trailed.admits(a_read())
        record = trailed.trail.record_of(identity(a_read()), NOW)
        assert record is not None
        count_one(record)
        assert trailed.trail.record_of(identity(a_read()), NOW) is record
        assert trailed.trail.record_of(identity(a_read("j")), NOW) is not record
    assert not record.interval.is_open
    assert trailed.reads == {"hit": 2}


async def test_to_ask_for_a_record_counts_nothing():
    async with begun() as trailed:
        assert trailed.trail.record_of(identity(a_read()), NOW).count == 0
    assert trailed.reads == {}


async def test_a_record_that_was_asked_for_first_counts_what_comes_later_either_way():
    async with begun(**SOON) as trailed:
        record = trailed.trail.record_of(identity(a_read()), NOW)
        count_one(record)
        assert trailed.trail.admits(a_read(wall_seconds=1_795_000_006.0)) is True
        await trailed.until(lambda: trailed.reads == {"hit": 2})
        assert not record.interval.is_open
    (line,) = [one for one in trailed.documents if one["event"] == "audit.read"]
    assert line["last"] == "2026-11-18T11:06:46.000Z"


async def test_there_is_no_record_where_there_is_no_room_and_before_and_after_the_trail():
    trailed = Trailed(most=2)
    assert trailed.trail.record_of(identity(a_read()), NOW) is None
    await trailed.trail.begin()
    trailed.output.may_go_on.clear()
    for number in range(8):
        assert trailed.trail.admits(a_read(str(number))) is True
    assert trailed.trail.record_of(identity(a_read("new")), NOW) is None
    assert trailed.trail.record_of(identity(a_read("7")), NOW) is not None
    trailed.output.may_go_on.set()
    await trailed.trail.end()
    assert trailed.trail.record_of(identity(a_read("7")), NOW) is None


@pytest.mark.parametrize("kind", [Trail, StrictTrail])
async def test_a_trail_that_refuses_gives_no_record_until_it_can_be_written_again(kind):
    async with begun(kind=kind, refuses=True, **SOON) as trailed:
        assert await trailed.admits(a_read())
        trailed.output.room = 0
        await trailed.until(lambda: not trailed.trail._ledger.open)
        await trailed.admits(a_read())
        await trailed.until(lambda: trailed.changes)
        assert trailed.trail.record_of(identity(a_read()), NOW) is None
        trailed.output.room = None
        await trailed.until(lambda: len(trailed.changes) == 2)
        assert await trailed.admits(a_read())
        assert trailed.trail.record_of(identity(a_read()), NOW) is not None


async def test_strict_gives_no_record_before_the_first_of_equal_reads_is_written():
    async with begun(kind=StrictTrail) as trailed:
        assert trailed.trail.record_of(identity(a_read()), NOW) is None
        trailed.output.may_go_on.clear()
        first = asyncio.ensure_future(trailed.trail.admits(a_read()))
        await asyncio.sleep(0)
        assert trailed.trail.record_of(identity(a_read()), NOW) is None
        trailed.output.may_go_on.set()
        assert await first
        record = trailed.trail.record_of(identity(a_read()), NOW)
        assert record is not None
        count_one(record)
    assert [one["count"] for one in trailed.documents if one["event"] == "audit.read"] == [1, 1]
