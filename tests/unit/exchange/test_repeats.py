"""Hits that are counted in integers are told in sums, soon, and to whoever asks; a quiet sidecar has no timer."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import NamedTuple

from proxy.clock import Instant
from proxy.exchange import repeats as repeats_module
from proxy.exchange.events import HitsRepeated
from proxy.exchange.repeats import Repeats, Tally
from tests.support.scripted_upstream import Notes
from tests.support.virtual_time import VirtualClock, in_virtual_time


class Kind(NamedTuple):
    """A subject, as far as it matters here."""

    resource: str = "item"
    partition_label: str = "ci"
    vault: str = "v"


ITEM = Kind()


class Told(NamedTuple):
    """What the profile hears."""

    vault: str
    reused: tuple[str, ...]
    count: int
    boot_seconds: float


class Listener:
    """A profile that counts by vault and notes what it is told; and the prober, which it has woken."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.is_watching = True
        self.times_woken = 0

    def counts_with(self, subject: Kind) -> str:
        return subject.vault

    def repeated(self, subject: Kind, reused: Sequence[str], count: int, now: Instant) -> bool:
        self.told.append(Told(subject.vault, tuple(reused), count, now.boot_seconds))
        return self.is_watching

    def wake(self) -> None:
        self.times_woken += 1


class World:
    def __init__(self) -> None:
        self.notes, self.listener = Notes(), Listener()
        self.began = asyncio.get_running_loop().time()
        clock = VirtualClock(asyncio.get_running_loop())
        self.repeats = Repeats(profile=self.listener, prober=self.listener, observer=self.notes, clock=clock)
        self.known: dict[Kind, Tally] = {}

    def hit(self, kind: Kind = ITEM, *, reused="x", age_seconds: float = 0.0, seconds: float = 0.0) -> None:
        """Count one, as a ticket does that holds its tally."""
        tally = self.known.setdefault(kind, self.repeats.tally(kind))
        if not tally.count:
            tally.begin(SimpleNamespace(stored=reused))
        tally.count += 1
        tally.last = SimpleNamespace(stored=reused)
        tally.seconds += seconds
        tally.greatest_age_seconds = max(tally.greatest_age_seconds, age_seconds)

    def counts(self) -> list[int]:
        return [event.count for event in self.notes.of(HitsRepeated)]

    def timers(self) -> list[asyncio.TimerHandle]:
        return [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()]


@in_virtual_time
async def test_what_is_counted_is_told_a_second_after_the_first():
    world = World()
    for _ in range(3):
        world.hit()
    await asyncio.sleep(1.0)
    world.hit()
    await asyncio.sleep(0.9)
    assert world.counts() == [3]
    await asyncio.sleep(0.1)
    assert world.counts() == [3, 1]
    world.repeats.close()


@in_virtual_time
async def test_who_asks_hears_at_once_and_nothing_twice():
    world = World()
    world.hit(age_seconds=7.0, seconds=0.25)
    world.hit(age_seconds=3.0, seconds=0.5)
    assert world.repeats.tell() == 2
    assert world.repeats.tell() == 0
    await asyncio.sleep(5.0)
    (told,) = world.notes.of(HitsRepeated)
    assert (told.resource, told.token, told.count) == ("item", "ci", 2)
    assert (told.greatest_age_seconds, told.total_seconds) == (7.0, 0.75)


@in_virtual_time
async def test_ages_and_times_begin_anew_after_they_were_told():
    world = World()
    world.hit(age_seconds=7.0, seconds=0.25)
    world.repeats.tell()
    world.hit(age_seconds=2.0, seconds=0.5)
    world.repeats.tell()
    _, told = world.notes.of(HitsRepeated)
    assert (told.count, told.greatest_age_seconds, told.total_seconds) == (1, 2.0, 0.5)


@in_virtual_time
async def test_hits_are_told_apart_by_resource_and_token_and_the_profile_hears_by_what_it_tells_apart():
    world = World()
    kinds = [Kind(), Kind(vault="w"), Kind(partition_label="app"), Kind(resource="items")]
    for number, kind in enumerate(kinds):
        world.hit(kind, age_seconds=float(number), seconds=1.0)
    world.repeats.tell()
    assert {
        (event.resource, event.token, event.count, event.greatest_age_seconds, event.total_seconds)
        for event in world.notes.of(HitsRepeated)
    } == {("item", "ci", 2, 1.0, 2.0), ("item", "app", 1, 2.0, 1.0), ("items", "ci", 1, 3.0, 1.0)}
    await asyncio.sleep(1.0)
    assert sorted(told.vault for told in world.listener.told) == ["v", "v", "v", "w"]
    assert len(world.notes.of(HitsRepeated)) == 3, "who asked has heard it all"


@in_virtual_time
async def test_the_profile_hears_how_often_when_and_of_the_first_and_the_last_that_was_reused():
    world = World()
    for reused in "abc":
        world.hit(reused=reused)
        await asyncio.sleep(0.3)
    await asyncio.sleep(0.1)
    (told,) = world.listener.told
    assert (told.vault, told.reused, told.count) == ("v", ("a", "c"), 3)
    assert told.boot_seconds == VirtualClock(asyncio.get_running_loop()).now().boot_seconds
    assert world.listener.times_woken == 1
    (tally,) = world.known.values()
    assert (tally.first, tally.last) == (None, None), "what was reused is not kept by whoever counted"


@in_virtual_time
async def test_nobody_is_woken_if_there_is_nothing_to_watch():
    world = World()
    world.listener.is_watching = False
    world.hit()
    await asyncio.sleep(1.0)
    assert world.listener.told
    assert not world.listener.times_woken


@in_virtual_time
async def test_a_tally_is_the_same_one_for_as_long_as_anybody_counts_there():
    world = World()
    tally = world.repeats.tally(Kind())
    assert world.repeats.tally(Kind()) is tally
    tally.begin(SimpleNamespace(stored="x"))
    tally.count = 2
    del tally
    assert world.repeats.tell() == 2, "what was counted is told although nobody counts there any more"
    assert not world.repeats._tallies
    tally = world.repeats.tally(Kind())
    tally.begin(SimpleNamespace(stored="y"))
    tally.count = 1
    world.repeats.tell()
    await asyncio.sleep(2.0)
    assert [told.reused for told in world.listener.told] == [("x", "x"), ("y", "y")]


@in_virtual_time
async def test_the_profile_hears_of_many_in_pieces_with_a_turn_of_the_loop_between_and_who_asks_of_all_at_once(
    monkeypatch,
):
    monkeypatch.setattr(repeats_module, "_AT_ONCE", 2)
    world = World()
    turns: list[int] = []

    def look() -> None:
        turns.append(len(world.listener.told))
        if len(world.listener.told) < 5:
            asyncio.get_running_loop().call_soon(look)

    for number in range(5):
        world.hit(Kind(vault=str(number)))
    asyncio.get_running_loop().call_later(1.0, look)
    await asyncio.sleep(1.0)
    world.hit(Kind(vault=world.listener.told[0].vault))  # between pieces: it waits for its own second
    await asyncio.sleep(0.5)
    assert [told.count for told in world.listener.told] == [1] * 5
    assert {2, 4} <= set(turns)
    await asyncio.sleep(0.5)
    assert len(world.listener.told) == 6
    for number in range(5):
        world.hit(Kind(vault=str(number)))
    assert world.repeats.tell() == 5
    world.repeats.close()


@in_virtual_time
async def test_the_profile_hears_every_piece_once_although_nothing_more_is_counted_and_somebody_asks_meanwhile(
    monkeypatch,
):
    monkeypatch.setattr(repeats_module, "_AT_ONCE", 1)
    world = World()
    for number in range(4):
        world.hit(Kind(vault=str(number)))
    await asyncio.sleep(1.5)
    assert len(world.listener.told) == 4
    assert not world.timers()
    for number in range(4):
        world.hit(Kind(vault=str(number)))
    world.hit(Kind(vault="0"))
    await asyncio.sleep(0.5)
    assert world.repeats.tell() == 5
    world.hit(Kind(vault="0"))
    asked: list[int] = []
    asyncio.get_running_loop().call_later(0.5, lambda: asked.append(world.repeats.tell()))
    await asyncio.sleep(0.75)
    assert asked == [0], "it was told when its time had come, a piece of it heard"
    assert sum(told.count for told in world.listener.told) == 10
    assert sum(world.counts()) == 10
    assert not world.timers()


@in_virtual_time
async def test_a_quiet_sidecar_has_no_timer_and_a_busy_one_gets_it_back():
    world = World()
    world.hit()
    await asyncio.sleep(1.5)
    assert not world.timers()
    world.hit()
    await asyncio.sleep(1.0)
    assert world.counts() == [1, 1]
    assert not world.timers()


@in_virtual_time
async def test_the_end_tells_the_rest():
    world = World()
    world.hit()
    world.repeats.close()
    assert world.counts() == [1]
    assert not world.timers()
