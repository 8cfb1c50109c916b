"""The prober's own loop: it asks what is due in time, however often it is hurried, and ends when nothing is watched."""

import asyncio
from enum import StrEnum
from types import SimpleNamespace

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.errors import ErrorKind
from proxy.exchange.landing import Lost
from proxy.exchange.prober import Prober
from proxy.semantics.message import Request
from tests.support.exchanges import Silence
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


class NoProfile:
    """Knows nothing of what is asked."""

    def subject(self, request, now):
        return SimpleNamespace(resource="items", partition_label="ci", credential_id="", about=())


def prober(foresight):
    clock = VirtualClock(asyncio.get_running_loop())
    return Prober(profile=NoProfile(), foresight=foresight, reader=None, clock=clock, observer=None)


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


NOTHING = Request(method="GET", target="/v1/vaults", fields=CIMultiDictProxy(CIMultiDict()))


class Backlog(Foresight):
    """Twenty requests are due at once, and nobody says so again."""

    def __init__(self):
        super().__init__()
        self.left = [SimpleNamespace(request=NOTHING, cause=Cause.BACKLOG) for _ in range(20)]
        self.ended = []

    def background_wait_seconds(self, now):
        return 5.0 if len(self.ended) < 20 else None

    def background_due(self, now, most):
        due, self.left = self.left[:most], self.left[most:]
        return due

    def background_ended(self, background, now, *, is_too_large):
        self.ended.append(now.boot_seconds)


class Cause(StrEnum):
    BACKLOG = "backlog"


class Slow:
    """A reader whose every fetch takes a second and fails."""

    async def fetch(self, subject, request):
        await asyncio.sleep(1)
        return Lost(error=ErrorKind.CONNECTION_REFUSED)


def test_what_had_no_room_goes_as_soon_as_there_is_some():
    async def play():
        foresight = Backlog()
        clock = VirtualClock(asyncio.get_running_loop())
        watching = Prober(
            profile=NoProfile(), foresight=foresight, reader=Slow(), clock=clock, observer=Silence()
        )
        began = clock.now().boot_seconds
        watching.wake()
        await asyncio.sleep(30)
        assert [round(ended - began) for ended in foresight.ended] == [6] * 4 + [7] * 4 + [8] * 4 + [
            9
        ] * 4 + [10] * 4
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
