"""What is kept with a stored response: counted with it, gone with it, and never in its way."""

from dataclasses import replace

import pytest

from proxy.adapters.memory_store import MemoryStore
from tests.unit.adapters.test_memory_store import ROOMY, key, response, roomy, total_bytes


class Paper:
    """A companion that notes that it has gone."""

    def __init__(self, size_bytes: int = 100) -> None:
        self.size_bytes = size_bytes
        self.times_dropped = self.times_outdated = 0
        self.is_used = False

    def was_used(self) -> bool:
        is_used, self.is_used = self.is_used, False
        return is_used

    def outdate(self) -> None:
        self.times_outdated += 1

    def drop(self) -> None:
        self.times_dropped += 1


def accompanied(total_bytes: int = ROOMY, number: int = 1) -> tuple[MemoryStore, Paper]:
    store, companion = MemoryStore(total_bytes=total_bytes, per_response_bytes=ROOMY), Paper()
    store.put(response(number, ("a",)))
    assert store.attach(key(number), companion)
    return store, companion


def test_a_companion_counts_with_its_response_and_goes_with_it():
    store, companion = accompanied()
    assert store.stored_bytes == total_bytes(response(1, ("a",))) + 100
    assert store.remove(key()) == 1
    assert (store.stored_bytes, companion.times_dropped) == (0, 1)


def test_nothing_is_kept_with_what_is_not_stored():
    store = roomy()
    companion = Paper()
    assert not store.attach(key(), companion)
    store.detach(key(), companion)
    assert (store.stored_bytes, companion.times_dropped) == (0, 0)


def test_a_companion_hears_of_every_other_response_that_is_stored_in_place_of_its_own():
    store, companion = accompanied()
    store.put(response(1, ("a",)))
    assert companion.times_outdated == 1
    store.renew(replace(store.peek(key())[0], version=9))
    assert companion.times_outdated == 2
    store.put(response(1, ("b",), nominated=(("accept", "x"),)))
    store.remove_tagged([("a",)])
    assert companion.times_outdated == 4
    store.put(response(2, ("a",)))
    store.get(key())
    assert (companion.times_outdated, companion.times_dropped) == (4, 0)


@pytest.mark.parametrize("tags", [(), (("a",),)])
def test_what_removes_by_tag_drops_companions(tags):
    store, companion = accompanied()
    store.remove_tagged(tags)
    assert (store.stored_bytes, companion.times_dropped) == (0, 1)


def test_a_companion_stays_as_long_as_any_variant_does():
    store, companion = accompanied()
    other = response(1, ("b",), nominated=(("accept", "x"),))
    store.put(other)
    store.remove_tagged([("a",)])
    assert companion.times_dropped == 0
    assert store.stored_bytes == total_bytes(other) + 100
    store.remove_tagged([("b",)])
    assert (store.stored_bytes, companion.times_dropped) == (0, 1)


def test_a_response_that_replaces_another_or_freshens_it_keeps_its_companions():
    store, companion = accompanied()
    new = response(1, body=b"longer than before")
    store.put(new)
    store.renew(replace(new, generation=7))
    assert companion.times_dropped == 0
    assert store.stored_bytes == total_bytes(new) + 100


def test_a_response_that_takes_another_with_it_and_is_refused_drops_companions():
    store = MemoryStore(total_bytes=10_000, per_response_bytes=100)
    companion = Paper()
    store.put(response())
    store.attach(key(), companion)
    assert not store.put(response(body=b"x" * 101))
    assert (store.stored_bytes, companion.times_dropped) == (0, 1)


def test_eviction_drops_companions():
    size = total_bytes(response(1, ("a",)))
    store, companion = accompanied(2 * size + 100)
    store.put(response(2, ("b",)))
    assert companion.times_dropped == 0
    store.put(response(3, ("c",)))
    assert (companion.times_dropped, store.evictions) == (1, 1)
    assert store.stored_bytes == 2 * size


def test_a_companion_makes_room_by_what_was_used_least():
    size = total_bytes(response(1, ("a",)))
    store, companion = accompanied(2 * size + 150)
    store.put(response(2, ("b",)))
    assert store.attach(key(2), Paper())
    assert (companion.times_dropped, store.evictions) == (1, 1)
    assert [bool(store.peek(key(number))) for number in (1, 2)] == [False, True]


def test_a_companion_for_which_its_own_response_would_have_to_go_is_not_kept():
    size = total_bytes(response(1, ("a",)))
    store, companion = accompanied(2 * size + 150)
    store.put(response(2, ("b",)))
    refused = Paper(2 * size)
    assert not store.attach(key(2), refused)
    assert (refused.times_dropped, companion.times_dropped, store.evictions) == (0, 0, 0)


def test_companions_give_way_to_a_larger_response_of_their_own():
    size = total_bytes(response(1, ("a",)))
    store, companion = accompanied(size + 150)
    larger = response(1, ("a",), body=b"x" * 120)
    assert store.put(larger)
    assert store.get(key()) == (larger,)
    assert (store.stored_bytes, companion.times_dropped) == (size + 120, 1)


def test_a_companion_that_is_detached_counts_no_longer_and_is_not_dropped():
    store, companion = accompanied()
    other = Paper()
    store.attach(key(), other)
    store.detach(key(), companion)
    store.detach(key(), companion)
    store.remove(key())
    assert (companion.times_dropped, other.times_dropped, store.stored_bytes) == (0, 1, 0)


def test_to_keep_something_with_a_response_is_no_use_of_it():
    size = total_bytes(response(1, ("a",)))
    store, companion = accompanied(2 * size + 200)
    store.put(response(2, ("b",)))
    store.attach(key(1), Paper())
    store.detach(key(1), companion)
    store.put(response(3, ("c",)))
    assert not store.peek(key(1))


def test_companions_of_one_key_are_bounded_and_the_oldest_goes_first():
    store, first = accompanied()
    second, *_ = companions = [Paper() for _ in range(256)]
    assert all(store.attach(key(), companion) for companion in companions)
    assert (first.times_dropped, second.times_dropped) == (1, 0)
    assert store.stored_bytes == total_bytes(response(1, ("a",))) + 25_600


def crowd(room: int, companions: int = 1) -> tuple[MemoryStore, list[list[Paper]]]:
    """Return a full store, and the companions of what is in it, the oldest first."""
    papers = [[Paper(0) for _ in range(companions)] for _ in range(room)]
    store = MemoryStore(
        total_bytes=sum(total_bytes(response(number)) for number in range(room)), per_response_bytes=ROOMY
    )
    for number, mine in enumerate(papers):
        store.put(response(number))
        for paper in mine:
            assert store.attach(key(number), paper)
    return store, papers


def left(store: MemoryStore, numbers: range) -> list[int]:
    return [number for number in numbers if store.peek(key(number))]


def test_what_companions_were_of_use_for_is_not_the_next_to_go():
    store, papers = crowd(4)
    papers[0][0].is_used = papers[1][0].is_used = True
    store.put(response(4))
    assert left(store, range(5)) == [0, 1, 3, 4]
    store.put(response(5))
    assert left(store, range(6)) == [0, 1, 4, 5]
    store.put(response(6))
    assert left(store, range(7)) == [0, 1, 5, 6], "0 and 1 were used later than 4 was stored"


def test_all_companions_are_asked_so_that_one_use_spares_once():
    store, papers = crowd(2, companions=3)
    for paper in papers[0]:
        paper.is_used = True
    store.put(response(2))
    assert left(store, range(3)) == [0, 2]
    store.put(response(3))
    store.put(response(4))
    assert left(store, range(5)) == [3, 4]


def test_there_is_an_end_to_looking_for_what_was_not_used(monkeypatch):
    monkeypatch.setattr("proxy.adapters.memory_store.entries._MOST_SPARED", 3)
    store, papers = crowd(5)
    for mine in papers:
        mine[0].is_used = True
    store.put(response(5))
    assert left(store, range(6)) == [0, 1, 2, 4, 5]
    assert papers[4][0].is_used, "it was not looked at"
