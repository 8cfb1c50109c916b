"""Hits that are counted in integers are told in sums, soon, and to whoever asks; a quiet sidecar has no timer."""

import asyncio

from proxy.exchange.events import HitsRepeated
from proxy.exchange.repeats import Repeats
from tests.support.scripted_upstream import Notes
from tests.support.virtual_time import VirtualClock, in_virtual_time


def made() -> tuple[Repeats, Notes]:
    notes = Notes()
    return Repeats(observer=notes, clock=VirtualClock(asyncio.get_running_loop())), notes


def counts(notes: Notes) -> list[int]:
    return [event.count for event in notes.of(HitsRepeated)]


def hit(tally, *, age_seconds: float = 0.0, seconds: float = 0.0) -> None:
    tally.count += 1
    tally.seconds += seconds
    tally.greatest_age_seconds = max(tally.greatest_age_seconds, age_seconds)


@in_virtual_time
async def test_what_is_counted_is_told_once_a_second():
    repeats, notes = made()
    tally = repeats.tally("item", "ci")
    repeats.watch()
    for _ in range(3):
        hit(tally)
    await asyncio.sleep(1.0)
    hit(tally)
    await asyncio.sleep(1.0)
    assert counts(notes) == [3, 1]
    repeats.close()


@in_virtual_time
async def test_who_asks_hears_at_once_and_nothing_twice():
    repeats, notes = made()
    hit(repeats.tally("item", "ci"), age_seconds=7.0, seconds=0.25)
    hit(repeats.tally("item", "ci"), age_seconds=3.0, seconds=0.5)
    assert repeats.tell() == 2
    assert repeats.tell() == 0
    (told,) = notes.of(HitsRepeated)
    assert (told.resource, told.token, told.count) == ("item", "ci", 2)
    assert (told.greatest_age_seconds, told.total_seconds) == (7.0, 0.75)


@in_virtual_time
async def test_tallies_are_told_apart_by_resource_and_token():
    repeats, notes = made()
    for resource, token in (("item", "ci"), ("item", "app"), ("items", "ci")):
        hit(repeats.tally(resource, token))
    repeats.tell()
    assert {(event.resource, event.token) for event in notes.of(HitsRepeated)} == {
        ("item", "ci"),
        ("item", "app"),
        ("items", "ci"),
    }


@in_virtual_time
async def test_a_quiet_sidecar_has_no_timer_and_a_busy_one_gets_it_back():
    repeats, notes = made()
    loop = asyncio.get_running_loop()
    repeats.watch()
    await asyncio.sleep(60.0)
    assert not [handle for handle in loop._scheduled if not handle.cancelled()]
    hit(repeats.tally("item", "ci"))
    repeats.watch()
    await asyncio.sleep(1.0)
    assert counts(notes) == [1]
    repeats.close()


@in_virtual_time
async def test_the_end_tells_the_rest():
    repeats, notes = made()
    repeats.watch()
    hit(repeats.tally("item", "ci"))
    repeats.close()
    assert counts(notes) == [1]
    assert not [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()]
