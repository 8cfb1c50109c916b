"""Turns by party: one each, in order, whoever is not eligible keeps its place."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.admission.round_robin import RoundRobin


def filled(*entries):
    queue = RoundRobin()
    for number, party in enumerate(entries):
        queue.add(party, number)
    return queue


def drained(queue):
    taken = []
    while (one := queue.take()) is not None:
        taken.append(one)
    return taken


def test_parties_take_turns_and_keep_their_own_order():
    queue = filled("a", "a", "a", "b", "c", "b")
    assert drained(queue) == [("a", 0), ("b", 3), ("c", 4), ("a", 1), ("b", 5), ("a", 2)]
    assert not queue


def test_who_is_not_eligible_is_passed_over_and_keeps_its_place():
    queue = filled("a", "b", "a", "b")
    assert queue.take(lambda party: party == "b") == ("b", 1)
    assert queue.take(lambda _: False) is None
    assert drained(queue) == [("a", 0), ("b", 3), ("a", 2)]


def test_who_gave_up_is_forgotten():
    queue = filled("a", "b", "a")
    queue.remove("a", 0)
    queue.remove("b", 1)
    queue.remove("b", 1)
    queue.remove("never", 7)
    assert "b" not in queue
    assert len(queue) == 1
    assert drained(queue) == [("a", 2)]


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_nobody_has_two_turns_more_than_another_who_waits_all_the_time(entries):
    queue = filled(*entries)
    waiting = {party: entries.count(party) for party in entries}
    turns = dict.fromkeys(waiting, 0)
    for party, _ in drained(queue):
        turns[party] += 1
        assert all(turns[party] - turns[other] <= 1 for other in waiting if turns[other] < waiting[other])
    assert turns == waiting
