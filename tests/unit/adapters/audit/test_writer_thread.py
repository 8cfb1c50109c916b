"""The writing thread sleeps between lines, so that the event loop runs; but not while anybody waits for it to end."""

import asyncio
import threading
from collections import OrderedDict

import pytest

from proxy.adapters.audit import writer_thread
from proxy.adapters.audit.chain_writer import Outcome
from proxy.adapters.audit.writer_thread import Batch, WriterThread


class SlowWriter:
    """A writer that stops in the middle of its first batch until it is let go."""

    def __init__(self):
        self.begun, self.may_go_on = threading.Event(), threading.Event()

    def write(self, aggregates, *, is_last, in_between):
        self.begun.set()
        self.may_go_on.wait(10)
        in_between()
        return Outcome()


@pytest.fixture
def naps(monkeypatch):
    slept = []
    monkeypatch.setattr(writer_thread.time, "sleep", slept.append)
    return slept


async def written(*batches_last):
    """Have batches written, the later ones submitted while the first is under way."""
    writer, done = SlowWriter(), asyncio.Queue()
    thread = WriterThread(writer, asyncio.get_running_loop())
    first, *others = [
        Batch(aggregates=OrderedDict(), settled=done.put_nowait, is_last=is_last) for is_last in batches_last
    ]
    thread.submit(first)
    await asyncio.to_thread(writer.begun.wait, 10)
    for batch in others:
        thread.submit(batch)
    writer.may_go_on.set()
    for _ in batches_last:
        await asyncio.wait_for(done.get(), 10)
    if not batches_last[-1]:
        thread.submit(Batch(aggregates=OrderedDict(), settled=done.put_nowait, is_last=True))
        await asyncio.wait_for(done.get(), 10)


async def test_it_sleeps_in_between(naps):
    await written(False)
    assert len(naps) == 1
    assert 0 < naps[0] < 0.001


async def test_it_does_not_while_another_batch_waits(naps):
    await written(False, False, False)
    assert len(naps) == 1


async def test_it_does_not_on_the_way_out(naps):
    await written(True)
    await written(False, True)
    assert naps == []
