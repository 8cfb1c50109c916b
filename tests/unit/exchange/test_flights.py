"""Request collapsing: who waits for whom, and what happens when somebody leaves."""

import asyncio

import pytest

from proxy.caching.key import CacheKey
from proxy.exchange.flights import Flight, Flights

KEY = CacheKey(b"p", "GET", "/v1/vaults")


class Cargo:
    """A landing that notes whether it was let go."""

    def __init__(self, name: str = "cargo") -> None:
        self.name = name
        self.abandoned = False

    is_answer = True

    def abandon(self) -> None:
        self.abandoned = True


class Pilot:
    """Flies when told to."""

    def __init__(self, cargo: Cargo | None = None) -> None:
        self.started = 0
        self.clear = asyncio.Event()
        self.cargo = cargo or Cargo()

    async def fly(self, flight: Flight[Cargo]) -> Cargo:
        self.started += 1
        await self.clear.wait()
        return self.cargo


async def wait_for_landing(boarding):
    with boarding:
        return await boarding.landing()


async def test_everyone_who_joins_gets_the_landing_of_one_flight():
    flights, pilot = Flights[Cargo](), Pilot()
    waiting = [asyncio.create_task(wait_for_landing(flights.join(KEY, 1, pilot.fly))) for _ in range(1000)]
    await asyncio.sleep(0)
    pilot.clear.set()
    assert set(await asyncio.gather(*waiting)) == {pilot.cargo}
    assert pilot.started == 1


async def test_follower_is_served_when_leader_disconnects():
    flights, pilot = Flights[Cargo](), Pilot()
    leader = asyncio.create_task(wait_for_landing(flights.join(KEY, 1, pilot.fly)))
    follower = asyncio.create_task(wait_for_landing(flights.join(KEY, 1, pilot.fly)))
    await asyncio.sleep(0)
    leader.cancel()
    pilot.clear.set()
    assert await follower is pilot.cargo
    assert leader.cancelled()
    assert pilot.started == 1


async def test_a_flight_that_everybody_left_lands_and_is_let_go():
    flights, pilot = Flights[Cargo](), Pilot()
    leader = asyncio.create_task(wait_for_landing(flights.join(KEY, 1, pilot.fly)))
    await asyncio.sleep(0)
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)
    assert len(flights) == 1
    pilot.clear.set()
    while len(flights):
        await asyncio.sleep(0)
    assert pilot.cargo.abandoned


async def test_the_last_to_leave_lets_go_of_what_nobody_took():
    flights, pilot = Flights[Cargo](), Pilot()
    first, second = flights.join(KEY, 1, pilot.fly), flights.join(KEY, 1, pilot.fly)
    pilot.clear.set()
    with first:
        with second:
            await second.landing()
        assert not pilot.cargo.abandoned
    assert pilot.cargo.abandoned


async def test_a_newer_generation_does_not_join_and_later_ones_join_the_newer_flight():
    flights, old, new = Flights[Cargo](), Pilot(Cargo("old")), Pilot(Cargo("new"))
    before = asyncio.create_task(wait_for_landing(flights.join(KEY, 1, old.fly)))
    after = asyncio.create_task(wait_for_landing(flights.join(KEY, 2, new.fly)))
    later = flights.join(KEY, 2, old.fly)
    assert not later.is_leader
    await asyncio.sleep(0)
    old.clear.set()
    new.clear.set()
    assert (await before).name == "old"
    assert (await after).name == "new"


async def test_a_closed_flight_takes_no_followers():
    flights, pilot, other = Flights[Cargo](), Pilot(), Pilot()

    async def fly_closed(flight: Flight[Cargo]) -> Cargo:
        flight.close()
        return await pilot.fly(flight)

    first = asyncio.create_task(wait_for_landing(flights.join(KEY, 1, fly_closed)))
    await asyncio.sleep(0)
    second = flights.join(KEY, 1, other.fly)
    assert second.is_leader
    pilot.clear.set()
    other.clear.set()
    await asyncio.gather(first, wait_for_landing(second))


async def test_who_joins_after_the_head_knows_it():
    flights, pilot = Flights[Cargo](), Pilot()
    seen: list[Flight[Cargo]] = []

    async def fly(flight: Flight[Cargo]) -> Cargo:
        seen.append(flight)
        return await pilot.fly(flight)

    early = flights.join(KEY, 1, fly)
    await asyncio.sleep(0)
    seen[0].head_seen = True
    late = flights.join(KEY, 1, fly)
    assert (early.is_early, late.is_early) == (True, False)
    pilot.clear.set()
    await asyncio.gather(wait_for_landing(early), wait_for_landing(late))


async def test_a_landed_flight_is_not_joined_even_before_its_callbacks_have_run():
    flights = Flights[Cargo]()

    async def fly(flight: Flight[Cargo]) -> Cargo:
        return Cargo()

    first = flights.join(KEY, 1, fly)
    with first:
        await first.landing()
        assert flights.join(KEY, 1, fly).is_leader
    await flights.cancel_all()


async def test_who_asks_after_a_later_flight_has_landed_does_not_join_an_earlier_one():
    flights, slow, quick, newest = Flights[Cargo](), Pilot(), Pilot(), Pilot()
    before = asyncio.create_task(wait_for_landing(flights.join(KEY, 1, slow.fly)))
    quick.clear.set()
    await wait_for_landing(flights.lead_alone(KEY, 1, quick.fly))
    after = flights.join(KEY, 1, newest.fly)
    assert after.is_leader
    slow.clear.set()
    newest.clear.set()
    await asyncio.gather(before, wait_for_landing(after))


async def test_a_later_flight_without_an_answer_supersedes_nothing():
    flights, slow, lost = Flights[Cargo](), Pilot(), Pilot()
    before = asyncio.create_task(wait_for_landing(flights.join(KEY, 1, slow.fly)))
    lost.cargo.is_answer = False
    lost.clear.set()
    await wait_for_landing(flights.lead_alone(KEY, 1, lost.fly))
    after = flights.join(KEY, 1, slow.fly)
    assert not after.is_leader
    slow.clear.set()
    await asyncio.gather(before, wait_for_landing(after))


async def test_a_fault_in_a_flight_reaches_everyone_aboard():
    flights = Flights[Cargo]()

    async def crash(flight: Flight[Cargo]) -> Cargo:
        raise LookupError

    aboard = [asyncio.create_task(wait_for_landing(flights.join(KEY, 1, crash))) for _ in range(3)]
    results = await asyncio.gather(*aboard, return_exceptions=True)
    assert [type(result) for result in results] == [LookupError] * 3


async def test_cancel_all_leaves_no_task():
    flights, pilot = Flights[Cargo](), Pilot()
    boarding = flights.join(KEY, 1, pilot.fly)
    await asyncio.sleep(0)
    await flights.cancel_all()
    assert len(flights) == 0
    with boarding, pytest.raises(asyncio.CancelledError):
        await boarding.landing()


async def test_who_waits_until_a_deadline_leaves_the_flight_alone():
    flights, pilot = Flights[Cargo](), Pilot()
    boarding = flights.join(KEY, 1, pilot.fly)
    now = asyncio.get_running_loop().time()
    with boarding:
        assert await boarding.landing_before(now) is None
        assert flights.is_under_way(KEY, 1)
        pilot.clear.set()
        assert await boarding.landing_before(now + 60) is pilot.cargo
    assert pilot.started == 1


async def test_a_fault_in_a_flight_reaches_who_waits_until_a_deadline():
    async def crash(flight: Flight[Cargo]) -> Cargo:
        raise LookupError

    with Flights[Cargo]().join(KEY, 1, crash) as boarding, pytest.raises(LookupError):
        await boarding.landing_before(asyncio.get_running_loop().time() + 60)
