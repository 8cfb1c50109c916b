"""The store: what is kept, what goes for room, what the tags still find, and what a response really weighs."""

import gc
import itertools
import tracemalloc
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from multidict import CIMultiDict, CIMultiDictProxy, istr

from proxy.adapters.memory_store import Entry, MemoryStore, accounted_bytes, tag_bytes
from proxy.caching.key import CacheKey, Tag
from proxy.caching.receipt import Receipt
from proxy.caching.stored_response import ReuseTerms, StoredResponse
from proxy.clock import Instant
from proxy.semantics.message import Response

ROOMY = 10**9
SHARED_DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
NAMES = [istr(f"X-Field-Name-{number:04}") for number in range(40)]


TOKENS = [b"%016d" % number for number in range(20)]


def key(number: int = 1) -> CacheKey:
    return CacheKey(TOKENS[number % 20], "GET", f"/v1/vaults/{number:026}/items/{number:026}")


TERMS = ReuseTerms(60.0, 0.0, None, must_validate=False, must_revalidate=False)


def response(
    number: int = 1,
    *tags: Tag,
    body: bytes = b"",
    nominated: tuple[tuple[str, str | None], ...] = (),
    fields: int = 0,
) -> StoredResponse:
    # What real ones share is shared here, too: lifetimes, numbers, the token.
    values = [(NAMES[place], f"value-{number:020}-{place}") for place in range(fields)]
    return StoredResponse(
        key=key(number),
        nominated=nominated,
        response=Response(status=200, reason="OK", fields=CIMultiDictProxy(CIMultiDict(values)), body=body),
        receipt=Receipt(
            request_sent_boot_seconds=number + 0.1,
            received_wall_seconds=number + 0.2,
            received_boot_seconds=number + 0.4,
            age_zero_boot_seconds=number + 0.3,
            date=SHARED_DATE,
        ),
        terms=TERMS,
        entity_tag=f'"{number:030}"',
        tags=tags,
        generation=7,
        version=3,
    )


def total_bytes(*responses: StoredResponse) -> int:
    """Return what they count for together: each tag once."""
    tags = {tag for stored in responses for tag in stored.tags}
    return sum(map(accounted_bytes, responses)) + sum(map(tag_bytes, tags))


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


def test_tag_of_one_response_costs_no_table():
    store = roomy()
    for number in range(3):
        store.put(response(number, ("own", str(number)), ("shared",)))
    kinds = {tag: type(entries) for tag, entries in store._tagged.items()}
    assert kinds == {("own", "0"): Entry, ("own", "1"): Entry, ("own", "2"): Entry, ("shared",): dict}
    store.remove(key(0))
    store.remove(key(1))
    assert {tag: entry.variants[0].key for tag, entry in store._tagged.items()} == {
        ("own", "2"): key(2),
        ("shared",): key(2),
    }


def test_entry_stays_the_same_while_its_responses_change():
    store = roomy()
    store.put(response(body=b"old"))
    entry = store._entries[key()]
    store.put(response(body=b"new"))
    store.renew(response(body=b"renewed"))
    assert store._entries[key()] is entry
    assert [stored.response.body for stored in entry.variants] == [b"renewed"]
    store.remove(key())
    assert entry.variants == ()


PURGES = {"all": (), "by one tag": (("vault",),), "by two tags": (("vault",), ("token",))}


def large() -> MemoryStore:
    """Return a store with twenty responses to be purged, of which two are swept in one go."""
    store = MemoryStore(total_bytes=ROOMY, per_response_bytes=ROOMY, piece=2)
    for number in range(20):
        store.put(response(number, ("vault",), ("token",), ("item", str(number))))
    return store


@pytest.mark.parametrize("tags", PURGES.values(), ids=PURGES)
def test_large_removal_takes_effect_at_once_and_is_swept_in_pieces(tags):
    told = []
    store = large()
    store.on_left = lambda: told.append("left")
    store.put(response(99, ("vault",)))
    size = total_bytes(response(99, ("vault",)))
    is_kept = len(tags) == 2
    assert store.remove_tagged(tags) == (20 if is_kept else 21)
    assert told == ["left"]
    assert not any(store.get(key(number)) or store.peek(key(number)) for number in range(20))
    assert not store.tagged([("token",)])
    assert store.stored_responses == is_kept
    assert store.stored_bytes > size  # not yet given back
    assert store.remove_tagged(tags) == store.remove_tagged([("token",)]) == store.remove(key(0)) == 0
    pieces = 1
    while store.sweep():
        pieces += 1
    assert pieces > 2
    assert bool(store.get(key(99))) == is_kept
    assert (store.stored_responses, store.stored_bytes) == (is_kept, size * is_kept)
    assert (len(store._entries), len(store._tagged)) == (is_kept, is_kept)
    assert (store.evictions, told) == (0, ["left"] * len(told))


@pytest.mark.parametrize("tags", PURGES.values(), ids=PURGES)
def test_what_is_put_amid_a_sweep_stays(tags):
    store = large()
    store.remove_tagged(tags)
    new = [response(number, ("vault",), ("token",), body=b"new") for number in (1, 5, 9)]
    for stored in new:
        assert store.put(stored)
        assert store.get(stored.key) == (stored,)
        store.sweep()
    assert store.tagged([("vault",), ("token",)]) == Unordered(new)
    while store.sweep():
        pass
    assert [store.get(stored.key) for stored in new] == [(stored,) for stored in new]
    assert store.stored_bytes == total_bytes(*new)
    assert store.remove_tagged([("vault",)]) == 3


def test_removals_overlap_and_each_counts_what_it_takes():
    store = large()
    store.put(response(50, ("vault",), ("other",)))
    store.put(response(51, ("else",), ("other",)))
    assert store.remove_tagged([("token",)]) == 20
    assert store.remove_tagged([("vault",)]) == 1
    assert store.remove_tagged([]) == 1
    while store.sweep():
        pass
    assert (store.stored_responses, store.stored_bytes, store._entries, store._tagged) == (0, 0, {}, {})


def test_what_was_removed_goes_before_anything_is_evicted():
    size = accounted_bytes(response(0, ("a",)))
    store = MemoryStore(total_bytes=8 * size + 2 * tag_bytes(("a",)), per_response_bytes=ROOMY, piece=1)
    for number in range(8):
        store.put(response(number, ("a",) if number > 0 else ("b",)))
    store.remove_tagged([("a",)])
    for number in range(10, 17):
        store.put(response(number, ("c",)))
    assert store.get(key(0))
    assert (store.stored_responses, store.evictions, store.stored_bytes) == (
        8,
        0,
        8 * size + 2 * tag_bytes(("a",)),
    )


def test_small_removal_leaves_nothing():
    told = []
    store = roomy()
    store.on_left = lambda: told.append("left")
    for number in range(10):
        store.put(response(number, ("a",)))
    assert store.remove_tagged([("a",)]) == 10
    assert (store.stored_bytes, told, store.sweep()) == (0, [], False)


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


LIMIT = 9_000


class StoreMachine(RuleBasedStateMachine):
    """Any sequence beside a model that removes and evicts at once; the store is small, and sweeps one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore(total_bytes=LIMIT, per_response_bytes=3_000, piece=1)
        self.model: OrderedDict[CacheKey, list[StoredResponse]] = OrderedDict()
        self.evictions = 0

    @rule(number=NUMBERS, tags=TAGS, size=st.integers(0, 4_000), accept=st.sampled_from([None, "x", "y"]))
    def put(self, number: int, tags: tuple[Tag, ...], size: int, accept: str | None) -> None:
        stored = response(number, *tags, body=bytes(size), nominated=(("accept", accept),))
        fits = self.store.put(stored)
        assert fits == (size <= 3_000)
        others = [known for known in self.model.pop(stored.key, []) if known.nominated != stored.nominated]
        variants = [stored] * fits + others
        while most_bytes(variants) > LIMIT:
            variants.pop()
            self.evictions += 1
        if variants:
            self.model[stored.key] = variants
        while total_bytes(*self.live()) > LIMIT:
            self.evictions += len(self.model.popitem(last=False)[1])

    @rule(number=NUMBERS)
    def get(self, number: int) -> None:
        assert list(self.store.get(key(number))) == self.model.get(key(number), [])
        if key(number) in self.model:
            self.model.move_to_end(key(number))

    @rule(number=NUMBERS)
    def remove(self, number: int) -> None:
        assert self.store.remove(key(number)) == len(self.model.pop(key(number), []))

    @rule(tags=TAGS)
    def remove_tagged(self, tags: tuple[Tag, ...]) -> None:
        carriers = [stored for stored in self.live() if set(tags) <= set(stored.tags)]
        assert self.store.remove_tagged(tags) == len(carriers)
        for known, variants in list(self.model.items()):
            variants[:] = [stored for stored in variants if stored not in carriers]
            if not variants:
                del self.model[known]

    @rule(number=NUMBERS, accept=st.sampled_from([None, "x", "y"]))
    def renew(self, number: int, accept: str | None) -> None:
        for variants in [self.model.get(key(number), [])]:
            for place, known in enumerate(variants):
                if known.nominated == (("accept", accept),):
                    variants[place] = replace(known, is_confirmed=True)
                    self.store.renew(variants[place])

    @rule()
    def sweep(self) -> None:
        self.store.sweep()

    def live(self) -> list[StoredResponse]:
        return list(itertools.chain(*self.model.values()))

    @invariant()
    def what_is_found_is_what_is_stored(self) -> None:
        for number in range(8):
            assert list(self.store.peek(key(number))) == self.model.get(key(number), [])
        for tag in (("a",), ("b",), ("c",), ("vault", "1")):
            assert self.store.tagged([tag]) == Unordered([s for s in self.live() if tag in s.tags])

    @invariant()
    def the_tag_index_holds_what_is_stored_and_nothing_that_is_not_there(self) -> None:
        indexed = {tag: set(self.store._indexed(tag)) for tag in self.store._tagged}
        gone = set(self.store._gone)
        there = self.by_tag(self.entries())
        stored = {tag: entries - gone for tag, entries in there.items() if entries - gone}
        assert all(indexed[tag] <= there[tag] for tag in indexed)
        assert all(stored[tag] <= indexed[tag] for tag in stored)
        assert gone or indexed == stored

    def entries(self) -> list[Entry]:
        """What is there; to look at the values of an LRUCache would be a use of each."""
        return [entry for key in self.store._entries if (entry := self.store._entries.peek(key)) is not None]

    def by_tag(self, entries: Iterable[Entry]) -> dict[Tag, set[Entry]]:
        found: dict[Tag, set[Entry]] = {}
        for entry in entries:
            for stored in entry.variants:
                for tag in stored.tags:
                    found.setdefault(tag, set()).add(entry)
        return found

    @invariant()
    def the_counters_tell_what_is_there(self) -> None:
        live = self.live()
        assert (self.store.stored_responses, self.store.evictions) == (len(live), self.evictions)
        assert total_bytes(*live) <= self.store.stored_bytes <= LIMIT

    def teardown(self) -> None:
        while self.store.sweep():
            pass
        assert self.store.stored_bytes == total_bytes(*self.live())
        assert len(self.store._entries) == len(self.model)
        assert {tag: set(self.store._indexed(tag)) for tag in self.store._tagged} == self.by_tag(
            self.entries()
        )


def most_bytes(responses: Iterable[StoredResponse]) -> int:
    """Return what they count for if each brings all of its tags."""
    return sum(total_bytes(stored) for stored in responses)


class Unordered(list[StoredResponse]):
    """Equal to any sequence of the same responses."""

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, list)
        return sorted(map(id, self)) == sorted(map(id, other))

    __hash__ = None  # type: ignore[assignment]


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
