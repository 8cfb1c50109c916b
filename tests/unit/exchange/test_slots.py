"""Slots: bounded, in turn, with pauses; nothing is lost when somebody leaves."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.exchange.slots import SlotLimits, Slots
from tests.support.virtual_time import run_in_virtual_time


def slots(most=2, most_per_party=2, most_waiting=100, wait_seconds=3.0, **more):
    limits = SlotLimits(
        most=most, most_per_party=most_per_party, most_waiting=most_waiting, wait_seconds=wait_seconds
    )
    return Slots(limits, **more)


async def use(place, party, seconds, log):
    """Take a slot, keep it for a while, give it back."""
    if not await place.take(party):
        log.append(("refused", party))
        return
    log.append(("begins", party))
    try:
        await asyncio.sleep(seconds)
    finally:
        place.give_back(party)


def begun(log):
    return [party for word, party in log if word == "begins"]


def now():
    return asyncio.get_running_loop().time() - 1_000.0


def test_one_with_fifty_times_its_share_gets_every_second_turn_and_the_other_waits_for_one():
    async def play():
        place, log = slots(most=1, most_per_party=1, most_waiting=200, wait_seconds=1000), []
        async with asyncio.TaskGroup() as group:
            for _ in range(100):
                group.create_task(use(place, "greedy", 1, log))
            for _ in range(2):
                group.create_task(use(place, "normal", 1, log))
        return begun(log)

    order = run_in_virtual_time(play())
    assert order[:5] == ["greedy", "greedy", "normal", "greedy", "normal"]
    assert len(order) == 102


def test_one_party_never_holds_all_slots():
    async def play():
        place, log = slots(most=4, most_per_party=3, wait_seconds=1000), []
        async with asyncio.TaskGroup() as group:
            for _ in range(50):
                group.create_task(use(place, "greedy", 1, log))
            await asyncio.sleep(0.5)
            assert place.in_use == 3
            group.create_task(use(place, "normal", 1, log))
            await asyncio.sleep(0)
            assert log[-1] == ("begins", "normal"), "at once"

    run_in_virtual_time(play())


def test_who_waits_too_long_is_refused_and_so_is_who_finds_too_many_waiting():
    async def play():
        place, log = slots(most=1, most_per_party=1, most_waiting=2, wait_seconds=3), []
        async with asyncio.TaskGroup() as group:
            group.create_task(use(place, "a", 10, log))
            await asyncio.sleep(0)
            for _ in range(2):
                group.create_task(use(place, "b", 1, log))
            await asyncio.sleep(0)
            assert place.waiting == 2
            assert not await place.take("c"), "at once"
            assert now() == 0
        assert log == [("begins", "a"), ("refused", "b"), ("refused", "b")]
        assert (place.in_use, place.waiting) == (0, 0)

    run_in_virtual_time(play())


def test_who_must_pause_waits_for_that_alone_and_holds_up_nobody():
    async def play():
        ends = {"guesser": 2.0}
        place = slots(pause_seconds=lambda party: max(0.0, ends.get(party, 0.0) - now()))
        log, begins = [], []

        async def guess():
            assert await place.take("guesser")
            begins.append(now())
            place.give_back("guesser")

        async with asyncio.TaskGroup() as group:
            group.create_task(guess())
            await asyncio.sleep(0.1)
            await use(place, "other", 0.1, log)
            assert begun(log) == ["other"]
        assert begins == [2.0]

    run_in_virtual_time(play())


def test_a_pause_longer_than_the_wait_is_a_refusal_after_it():
    async def play():
        place = slots(wait_seconds=3, pause_seconds=lambda _: 10.0)
        assert not await place.take("a")
        assert now() == 3

    run_in_virtual_time(play())


visits = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.floats(0, 5),  # arrives
        st.floats(0, 3),  # stays
        st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 3.0]), st.floats(0, 6)),  # is cancelled after
    ),
    max_size=25,
)


@given(visits, st.integers(1, 3), st.integers(1, 3))
@settings(deadline=None)
def test_no_slot_is_lost_and_none_invented_whoever_leaves_when(visits, most, most_per_party):
    async def play():
        place, log = slots(most=most, most_per_party=most_per_party), []
        held = {"most": 0}

        async def visit(party, arrives, stays, leaves):
            await asyncio.sleep(arrives)
            task = asyncio.create_task(use(place, party, stays, log))
            if leaves is not None:
                asyncio.get_running_loop().call_later(leaves, task.cancel)
            await asyncio.gather(task, return_exceptions=True)
            held["most"] = max(held["most"], place.in_use)

        await asyncio.gather(*(visit(*one) for one in visits))
        assert held["most"] <= most
        assert (place.in_use, place.waiting) == (0, 0)
        for _ in range(min(most, most_per_party)):
            assert await place.take("late")
        assert now() < 20

    run_in_virtual_time(play())
