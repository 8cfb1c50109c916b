"""The store: what is kept, what goes for room, what the tags still find, and what a response really weighs."""

import gc
import tracemalloc

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.adapters.memory_store import MemoryStore, accounted_bytes
from proxy.caching.key import CacheKey, Tag
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.semantics.message import Response

ROOMY = 10**9
NAMES = [istr(f"X-Field-Name-{number:04}") for number in range(40)]


def key(number: int = 1) -> CacheKey:
    return CacheKey(b"%016d" % number, "GET", f"/v1/vaults/{number:026}/items/{number:026}")


def response(
    number: int = 1,
    *tags: Tag,
    body: bytes = b"",
    nominated: tuple[tuple[str, str | None], ...] = (),
    fields: int = 0,
) -> StoredResponse:
    def instant() -> Instant:
        return Instant(wall_seconds=number + 0.1, boot_seconds=number + 0.2)

    values = [(NAMES[place], f"value-{number:020}-{place}") for place in range(fields)]
    return StoredResponse(
        key=key(number),
        nominated=nominated,
        response=Response(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict(values)), body=body),
        request_sent=instant(),
        response_received=instant(),
        corrected_initial_age_seconds=number + 0.3,
        freshness_lifetime_seconds=number + 0.4,
        stale_while_revalidate_seconds=number + 0.5,
        stale_if_error_seconds=number + 0.6,
        must_validate=False,
        must_revalidate=False,
        entity_tag=f'"{number:030}"',
        tags=tags,
        generation=number + 10_000,
        version=number + 20_000,
    )


def roomy() -> MemoryStore:
    return MemoryStore(total_bytes=ROOMY, per_response_bytes=ROOMY)


def test_response_replaces_the_one_with_the_same_key_and_nominated_values():
    store = roomy()
    old, new = response(body=b"old"), response(body=b"new")
    assert store.put(old)
    assert store.put(new)
    assert store.get(key()) == (new,)
    assert (store.stored_responses, store.stored_bytes) == (1, accounted_bytes(new))


def test_variants_are_kept_apart_most_recent_first():
    store = roomy()
    plain = response()
    german, french = (response(nominated=(("accept-language", language),)) for language in ("de", "fr"))
    for stored in (plain, german, french, german):
        store.put(stored)
    assert store.get(key()) == (german, french, plain)
    assert store.remove(key()) == 3
    assert store.get(key()) == ()


def test_variants_of_one_key_are_bounded():
    store = roomy()
    for number in range(20):
        store.put(response(1, ("tag",), nominated=(("user-agent", str(number)),)))
    assert [stored.nominated[0][1] for stored in store.get(key())] == [str(n) for n in range(19, 3, -1)]
    assert (store.stored_responses, store.evictions) == (16, 4)


def test_least_recently_used_goes_first():
    size = accounted_bytes(response())
    store = MemoryStore(total_bytes=3 * size, per_response_bytes=ROOMY)
    for number in (1, 2, 3):
        store.put(response(number))
    store.get(key(1))
    store.put(response(4))
    assert [bool(store.get(key(number))) for number in (1, 2, 3, 4)] == [True, False, True, True]
    assert (store.evictions, store.stored_responses, store.stored_bytes) == (1, 3, 3 * size)


def test_response_too_large_is_refused_and_takes_the_one_it_would_replace_with_it():
    store = MemoryStore(total_bytes=10_000, per_response_bytes=100)
    other = response(nominated=(("accept", "x"),))
    store.put(response())
    store.put(other)
    assert not store.put(response(body=b"x" * 101))
    assert store.get(key()) == (other,)


def test_response_larger_than_the_store_is_refused():
    store = MemoryStore(total_bytes=2_000, per_response_bytes=ROOMY)
    assert not store.put(response(body=b"x" * 2_000))
    assert (store.stored_responses, store.stored_bytes, store.evictions) == (0, 0, 0)


def test_stale_is_not_evicted():
    """Nothing but room and removal ends a stored response: there is no clock in the store."""
    store = roomy()
    store.put(response())
    assert store.get(key())[0].ttl_seconds(Instant(wall_seconds=1e9, boot_seconds=1e9)) < 0


def test_removal_needs_all_tags():
    store = roomy()
    store.put(response(1, ("a",), ("b",)))
    store.put(response(2, ("a",), ("c",)))
    store.put(response(3, ("a",)))
    assert store.remove_tagged([("a",), ("c",)]) == 1
    assert store.remove_tagged([("b",), ("c",)]) == 0
    assert store.remove_tagged([("x",)]) == 0
    assert [bool(store.get(key(number))) for number in (1, 2, 3)] == [True, False, True]
    assert store.remove_tagged([("a",)]) == 2


def test_removal_takes_only_the_variants_that_carry_the_tags():
    store = roomy()
    kept = response(1, ("b",), nominated=(("accept", "x"),))
    store.put(kept)
    store.put(response(1, ("a",)))
    assert store.remove_tagged([("a",)]) == 1
    assert store.get(key()) == (kept,)


def test_no_tags_remove_everything():
    store = roomy()
    for number in range(5):
        store.put(response(number, ("a",)))
    assert store.remove_tagged([]) == 5
    assert (store.stored_responses, store.stored_bytes, store.evictions) == (0, 0, 0)


def test_tag_of_one_response_costs_no_set():
    store = roomy()
    for number in range(3):
        store.put(response(number, ("own", str(number)), ("shared",)))
    kinds = {tag: type(keys) for tag, keys in store._tagged.items()}
    assert kinds == {("own", "0"): CacheKey, ("own", "1"): CacheKey, ("own", "2"): CacheKey, ("shared",): set}
    store.remove(key(0))
    store.remove(key(1))
    assert store._tagged == {("own", "2"): key(2), ("shared",): key(2)}


@pytest.mark.parametrize(
    ("body", "fields", "tags", "nominated"),
    [(0, 0, 0, 0), (0, 7, 4, 0), (2_000, 7, 4, 0), (0, 30, 4, 0), (0, 7, 10, 4), (100_000, 7, 4, 0)],
)
def test_accounted_size_is_what_a_response_really_takes(body, fields, tags, nominated):
    """No less than 10 % below, no more than 30 % above, or the store's bound means nothing."""
    store, count = roomy(), 1_000 if body < 50_000 else 100
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(count):
            own = [(f"tag-{place}", b"%016d" % number, f"{number:026}") for place in range(tags)]
            values = tuple((f"accept-{place}", f"{number:010}") for place in range(nominated))
            store.put(response(number, *own, body=bytes(body), nominated=values, fields=fields))
        gc.collect()
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 0.9 < store.stored_bytes / taken < 1.3


TAGS = st.lists(st.sampled_from([("a",), ("b",), ("c",), ("vault", "1")]), max_size=3, unique=True).map(tuple)
NUMBERS = st.integers(0, 7)


class StoreMachine(RuleBasedStateMachine):
    """Any sequence of put, get, remove and eviction; the store is small, so that most puts evict."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore(total_bytes=9_000, per_response_bytes=3_000)
        self.gone = 0
        self.put_in = 0

    @rule(number=NUMBERS, tags=TAGS, size=st.integers(0, 4_000), accept=st.sampled_from([None, "x", "y"]))
    def put(self, number: int, tags: tuple[Tag, ...], size: int, accept: str | None) -> None:
        stored = response(number, *tags, body=bytes(size), nominated=(("accept", accept),))
        replaced = [known for known in self.store.get(key(number)) if known.nominated == stored.nominated]
        self.gone += len(replaced)
        fits = self.store.put(stored)
        self.put_in += fits
        known = self.store.get(key(number))
        assert (known[:1] == (stored,)) if fits else stored not in known

    @rule(number=NUMBERS)
    def get(self, number: int) -> None:
        assert all(stored.key == key(number) for stored in self.store.get(key(number)))

    @rule(number=NUMBERS)
    def remove(self, number: int) -> None:
        expected = len(self.store.get(key(number)))
        assert self.store.remove(key(number)) == expected
        self.gone += expected

    @rule(tags=TAGS)
    def remove_tagged(self, tags: tuple[Tag, ...]) -> None:
        carriers = sum(set(tags) <= set(stored.tags) for stored in self.live())
        assert self.store.remove_tagged(tags) == carriers
        assert not any(set(tags) <= set(stored.tags) for stored in self.live())
        self.gone += carriers

    def live(self) -> list[StoredResponse]:
        return [stored for variants in self.store._responses.values() for stored in variants]

    @invariant()
    def the_tag_index_holds_exactly_what_is_stored(self) -> None:
        expected: dict[Tag, set[CacheKey]] = {}
        for stored in self.live():
            for tag in stored.tags:
                expected.setdefault(tag, set()).add(stored.key)
        indexed = {tag: set(self.store._keys(tag)) for tag in self.store._tagged}
        assert indexed == expected

    @invariant()
    def the_counters_tell_what_is_there(self) -> None:
        live = self.live()
        assert self.store.stored_responses == len(live)
        assert self.store.stored_bytes == sum(map(accounted_bytes, live)) <= 9_000
        assert self.put_in == len(live) + self.gone + self.store.evictions


TestAnySequence = StoreMachine.TestCase
TestAnySequence.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_peeking_is_no_use():
    size = accounted_bytes(response())
    store = MemoryStore(total_bytes=2 * size, per_response_bytes=ROOMY)
    store.put(response(1))
    store.put(response(2))
    assert store.peek(key(1)) == store.peek(key(1)) != ()
    assert store.peek(key(9)) == ()
    store.put(response(3))
    assert [bool(store.peek(key(number))) for number in (1, 2, 3)] == [False, True, True]
