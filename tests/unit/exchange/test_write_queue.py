"""Turns in a lane: one at a time, tokens in turn, bounded waits, nothing lost when somebody leaves."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.exchange.write_queue import WriteQueue
from tests.support.virtual_time import run_in_virtual_time

VAULT, OTHER = ("vault", "v"), ("vault", "w")


async def writes(queue, lane, token, seconds, log):
    turn = await queue.take_turn(lane, token)
    if turn is None:
        log.append(("refused", token))
        return
    log.append(("begins", token))
    try:
        await asyncio.sleep(seconds)
    finally:
        log.append(("ends", token))
        turn.give_back()


def test_writes_in_one_lane_go_one_at_a_time_and_lanes_do_not_wait_for_each_other():
    async def play():
        queue, log = WriteQueue(wait_seconds=10), []
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(writes(queue, VAULT, b"a", 1, log))
            group.create_task(writes(queue, OTHER, b"b", 1, log))
        assert queue.lanes == 0
        return log, asyncio.get_running_loop().time()

    log, ended = run_in_virtual_time(play())
    own = [word for word, token in log if token == b"a"]
    assert own == ["begins", "ends"] * 3
    assert log[:2] == [("begins", b"a"), ("begins", b"b")]
    assert ended == 1_003.0


def test_tokens_take_turns_and_a_tokens_own_writes_keep_their_order():
    async def play():
        queue, log = WriteQueue(wait_seconds=100), []
        async with asyncio.TaskGroup() as group:
            for token in (b"busy", b"busy", b"busy", b"calm", b"calm"):
                group.create_task(writes(queue, VAULT, token, 1, log))
        return [token for word, token in log if word == "begins"]

    assert run_in_virtual_time(play()) == [b"busy", b"busy", b"calm", b"busy", b"calm"]


def test_who_waits_too_long_is_told_so_and_does_not_hold_up_the_rest():
    async def play():
        queue, log = WriteQueue(wait_seconds=3), []
        async with asyncio.TaskGroup() as group:
            group.create_task(writes(queue, VAULT, b"slow", 5, log))
            group.create_task(writes(queue, VAULT, b"late", 1, log))
            await asyncio.sleep(4)
            assert queue.waiting == 0
            group.create_task(writes(queue, VAULT, b"next", 1, log))
        return log

    assert run_in_virtual_time(play()) == [
        ("begins", b"slow"),
        ("refused", b"late"),
        ("ends", b"slow"),
        ("begins", b"next"),
        ("ends", b"next"),
    ]


def test_a_turn_that_comes_in_the_moment_of_leaving_is_handed_on():
    async def play():
        queue = WriteQueue(wait_seconds=3)
        turn = await queue.take_turn(VAULT, b"a")
        leaving = asyncio.create_task(queue.take_turn(VAULT, b"a"))
        waiting = asyncio.create_task(queue.take_turn(VAULT, b"b"))
        await asyncio.sleep(0)
        turn.give_back()
        leaving.cancel()
        (await waiting).give_back()
        assert leaving.cancelled()
        assert queue.lanes == queue.waiting == 0

    run_in_virtual_time(play())


def test_more_than_so_many_do_not_wait_at_all():
    async def play():
        queue = WriteQueue(wait_seconds=3, most_waiting=2)
        turn = await queue.take_turn(VAULT, b"a")
        waiting = [asyncio.create_task(queue.take_turn(VAULT, b"a")) for _ in range(2)]
        await asyncio.sleep(0)
        assert await queue.take_turn(VAULT, b"b") is None
        turn.give_back()
        turn.give_back()  # once is enough
        (await waiting[0]).give_back()
        (await waiting[1]).give_back()
        assert queue.lanes == 0

    run_in_virtual_time(play())


steps = st.tuples(
    st.sampled_from([0.0, 0.5, 1.0, 1.5]),  # arrives
    st.sampled_from([b"a", b"b"]),
    st.sampled_from([0.5, 1.0]),  # writes for
    st.sampled_from([None, 0.0, 0.5, 1.0, 1.5, 2.0]),  # leaves
)


@settings(max_examples=200, deadline=None)
@given(st.lists(steps, max_size=8))
def test_whoever_leaves_and_whenever_nobody_writes_beside_another_and_no_turn_is_lost(script):
    async def client(queue, arrives, token, seconds, log):
        await asyncio.sleep(arrives)
        await writes(queue, VAULT, token, seconds, log)

    async def play():
        queue, log = WriteQueue(wait_seconds=3), []
        tasks = []
        for arrives, token, seconds, leaves in script:
            task = asyncio.create_task(client(queue, arrives, token, seconds, log))
            if leaves is not None:
                asyncio.get_running_loop().call_later(leaves, task.cancel)
            tasks.append(task)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert queue.lanes == queue.waiting == 0
        words = [word for word, _ in log if word != "refused"]
        assert words == ["begins", "ends"] * (len(words) // 2)

    run_in_virtual_time(play())
