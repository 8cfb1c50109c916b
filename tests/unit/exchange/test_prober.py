"""The prober's own loop: it asks what is due in time, however often it is hurried, and ends when nothing is watched."""

import asyncio

from proxy.exchange.prober import Prober
from tests.support.virtual_time import VirtualClock, run_in_virtual_time


class Foresight:
    """Something may be due every second, for a while; nothing ever is."""

    def __init__(self):
        self.asked = 0
        self.is_sooner = False

    def background_wait_seconds(self, now):
        return 1.0 if now.boot_seconds < 1_010 else None

    def background_due(self, now, most):
        self.asked += 1
        return ()


def prober(foresight):
    clock = VirtualClock(asyncio.get_running_loop())
    return Prober(foresight=foresight, reader=None, clock=clock, observer=None)


def test_what_is_due_is_asked_for_however_often_it_is_hurried():
    async def play():
        foresight = Foresight()
        watching = prober(foresight)
        watching.wake()
        for _ in range(20):
            await asyncio.sleep(0.4)
            foresight.is_sooner = True
            watching.wake()
        assert foresight.asked >= 8
        await watching.close()

    run_in_virtual_time(play())


def test_with_nothing_to_wait_for_there_is_no_task():
    async def play():
        watching = prober(Foresight())
        watching.wake()
        await asyncio.sleep(30)
        assert len(asyncio.all_tasks()) == 1
        watching.wake()
        await asyncio.sleep(0)
        await watching.close()

    run_in_virtual_time(play())
