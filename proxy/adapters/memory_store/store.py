"""The store: stored responses in memory, bounded by bytes, least recently used first to go.

Stale responses stay until room is needed: they validate, and they answer in an outage. The tag index holds
exactly what is stored: it shrinks with every eviction. A large removal takes effect at once, and `sweep` gives its
memory back in pieces: to take 100,000 responses apart takes a good part of a second, and everybody would wait for it.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import filterfalse

from proxy.adapters.memory_store.entries import EntriesByUse, Entry, most_bytes, tag_bytes
from proxy.adapters.memory_store.leftovers import Carriers, Leftovers
from proxy.caching.key import CacheKey, Tag
from proxy.caching.stored_response import StoredResponse
from proxy.exchange.ports import Companion

_PIECE = 128
"""How many entries are taken apart in one go: well below a millisecond."""


class MemoryStore:
    """Stored responses by key, and by tag. `piece` is how many are swept at once."""

    def __init__(self, *, total_bytes: int, per_response_bytes: int, piece: int = _PIECE) -> None:
        self.on_left: Callable[[], None] | None = None
        """Called when a removal has left something to `sweep`."""
        self._total_bytes = total_bytes
        self._per_response_bytes = per_response_bytes
        self._piece = piece
        self._entries = EntriesByUse()
        self._tagged: dict[Tag, Entry | Carriers] = {}  # a dict only where there are several
        self._gone: Carriers = {}  # removed, but not yet taken out of the two above
        self._left: list[Leftovers] = []
        self._plural = 0  # entries of several variants
        self._bytes = 0
        self._count = 0
        self._evictions = 0

    @property
    def stored_responses(self) -> int:
        """How many responses are stored, variants counted."""
        return self._count

    @property
    def limit_bytes(self) -> int:
        """What they may count for."""
        return self._total_bytes

    @property
    def evictions(self) -> int:
        """How many responses have gone to make room."""
        return self._evictions

    @property
    def stored_bytes(self) -> int:
        """What they count for, and what was removed but is not yet given back."""
        return self._bytes

    def get(self, key: CacheKey) -> Sequence[StoredResponse]:
        """Return the stored responses under a key, most recent first."""
        try:
            entry = self._entries[key]
        except KeyError:
            return ()
        return () if self._gone and entry in self._gone else entry.variants

    def peek(self, key: CacheKey) -> Sequence[StoredResponse]:
        """Return the stored responses under a key, which is no use of them."""
        entry = self._entry(key)
        return () if entry is None else entry.variants

    def put(self, stored: StoredResponse) -> bool:
        """Keep a response in place of the one with the same key and nominated values."""
        entry = self._entry(stored.key)
        others = () if entry is None else entry.variants
        variants = [stored, *(other for other in others if other.nominated != stored.nominated)]
        fits = (
            len(stored.response.body) <= self._per_response_bytes and most_bytes(stored) <= self._total_bytes
        )
        if not fits:
            del variants[0]
        while len(variants) > Entry.MOST_VARIANTS or sum(map(most_bytes, variants)) > self._total_bytes:
            variants.pop()
            self._evictions += 1
        if variants:
            self._keep(stored.key, entry, tuple(variants))
        else:
            self.remove(stored.key)
        return fits

    def renew(self, stored: StoredResponse) -> None:
        """Put a freshened response in place of the one it was made of."""
        entry = self._entry(stored.key)
        if entry is not None:
            kept = [stored if known.nominated == stored.nominated else known for known in entry.variants]
            entry.hold(tuple(kept))

    def tagged(self, tags: Sequence[Tag]) -> Sequence[StoredResponse]:
        """Return every response that carries all of `tags`."""
        wanted, is_plain = frozenset(tags), not self._plural
        return [
            stored
            for entry in self._carriers(tags)
            for stored in entry.variants
            if is_plain or wanted.issubset(stored.tags)
        ]

    def companions(self, key: CacheKey) -> Sequence[Companion]:
        """Return what is attached under a key, which is no use of it."""
        entry = self._entry(key)
        return () if entry is None else entry.companions

    def attach(self, key: CacheKey, companion: Companion) -> bool:
        """Keep something with what is stored under a key, counted with it, until all of that has gone."""
        entry = self._entry(key)
        if entry is None or entry.size_bytes + companion.size_bytes > self._total_bytes:
            return False
        if len(entry.companions) >= Entry.MOST_COMPANIONS:
            self.detach(key, oldest := entry.companions[0])
            oldest.drop()
        self._make_room(companion.size_bytes)
        if self._entry(key) is not entry:
            return False
        entry.companions += (companion,)
        self._bytes += entry.count()
        return True

    def detach(self, key: CacheKey, companion: Companion) -> None:
        """Keep it no longer; nothing if it has gone."""
        entry = self._entries.peek(key)
        if entry is not None and companion in entry.companions:
            entry.companions = tuple(other for other in entry.companions if other is not companion)
            self._bytes += entry.count()

    def remove(self, key: CacheKey) -> int:
        """Remove all responses under a key; return how many."""
        entry = self._entry(key)
        if entry is None:
            return 0
        before, self._count = self._count, self._count - len(entry.variants)
        self._take_out(key, entry)
        return before - self._count

    def remove_tagged(self, tags: Sequence[Tag]) -> int:
        """Remove every response that carries all of `tags`; return how many. No tags: everything goes."""
        before = self._count
        if tags:
            self._remove_carriers(tags)
        else:
            self._remove_all()
        if self.sweep() and self.on_left is not None:
            self.on_left()
        return before - self._count

    def sweep(self) -> bool:
        """Give back a piece of what was removed; tell whether more is left."""
        for _ in range(self._piece):
            if not self._sweep_one():
                return False
        return bool(self._gone or self._left)

    def _remove_all(self) -> None:
        self._left.append(Leftovers(self._entries, self._tagged))
        self._entries, self._tagged, self._gone = EntriesByUse(), {}, {}
        self._plural = self._count = 0

    def _remove_carriers(self, tags: Sequence[Tag]) -> None:
        if self._plural:
            self._gone.update(self._carriers_only(self._carriers(tags), frozenset(tags)))
            return
        is_simple = len(tags) == 1 and not self._gone
        carriers = self._detached(tags[0]) if is_simple else dict.fromkeys(self._carriers(tags))
        self._count -= len(carriers)
        if self._gone:
            self._gone.update(carriers)
        else:
            self._gone = carriers

    def _carriers_only(self, entries: Iterable[Entry], tags: frozenset[Tag]) -> Carriers:
        """Return those of which nothing is left without the variants that carry `tags`; of the others these go now."""
        carriers: Carriers = {}
        for entry in list(entries):
            kept = tuple(stored for stored in entry.variants if not tags.issubset(stored.tags))
            if not kept:
                carriers[entry] = None
                self._count -= len(entry.variants)
            elif len(kept) < len(entry.variants):
                self._fill(entry, kept)
        return carriers

    def _carriers(self, tags: Sequence[Tag]) -> Iterable[Entry]:
        """Return the entries that carry all of `tags`, be it by several variants, in the order in which they came."""
        fewest, *others = sorted(map(self._indexed, tags), key=len)
        found: Iterable[Entry] = fewest
        for other in others:
            found = filter(other.__contains__, found)
        return filterfalse(self._gone.__contains__, found) if self._gone else found

    def _detached(self, tag: Tag) -> Carriers:
        """Return the carriers of a tag and forget that it was theirs: to copy 100,000 would take milliseconds."""
        carriers = self._indexed(tag)
        if self._tagged.pop(tag, None) is not None:
            self._bytes -= tag_bytes(tag)
        return carriers

    def _indexed(self, tag: Tag) -> Carriers:
        carriers = self._tagged.get(tag)
        if isinstance(carriers, Entry):
            return {carriers: None}
        return {} if carriers is None else carriers

    def _entry(self, key: CacheKey) -> Entry | None:
        entry = self._entries.peek(key)
        return None if entry is None or entry in self._gone else entry

    def _keep(self, key: CacheKey, entry: Entry | None, variants: tuple[StoredResponse, ...]) -> None:
        if entry is None:
            entry = self._entries.peek(key)
            if entry is not None:  # it has gone, but is still there
                del self._gone[entry]
                self._take_out(key, entry)
            entry = Entry()
        self._entries[key] = entry
        self._fill(entry, variants)
        self._make_room()

    def _make_room(self, for_bytes: int = 0) -> None:
        while self._bytes + for_bytes > self._total_bytes:
            if not self._sweep_one():
                self._evict()

    def _evict(self) -> None:
        key, entry = self._entries.pop_unused()
        if entry.companions and not self._entries:  # they give way to their own response
            entry.drop_companions()
            self._bytes += entry.count()
            self._entries[key] = entry
            return
        self._count -= len(entry.variants)
        self._evictions += len(entry.variants)
        self._let_go(entry)

    def _sweep_one(self) -> bool:
        """Take one thing apart that was removed; tell whether there was any."""
        if self._gone:
            entry, _ = self._gone.popitem()
            self._take_out(entry.variants[0].key, entry)
            return True
        while self._left:
            freed_bytes = self._left[-1].step()
            if freed_bytes is not None:
                self._bytes -= freed_bytes
                return True
            self._left.pop()
        return False

    def _fill(self, entry: Entry, variants: tuple[StoredResponse, ...]) -> None:
        before = entry.variants
        entry.hold(variants)
        self._count += len(variants) - len(before)
        self._plural += (len(variants) > 1) - (len(before) > 1)
        self._bytes += entry.count()
        self._unindex(entry, before)
        self._index(entry)

    def _take_out(self, key: CacheKey, entry: Entry) -> None:
        """Forget an entry, but for the count of responses: what has gone is no longer in it."""
        del self._entries[key]
        self._let_go(entry)

    def _let_go(self, entry: Entry) -> None:
        self._bytes -= entry.size_bytes
        self._plural -= len(entry.variants) > 1
        self._unindex(entry, entry.variants)
        entry.take_apart()

    def _index(self, entry: Entry) -> None:
        for stored in entry.variants:
            for tag in stored.tags:
                known = self._tagged.get(tag)
                if known is None:
                    self._tagged[tag] = entry
                    self._bytes += tag_bytes(tag)
                elif isinstance(known, dict):
                    known[entry] = None
                elif known is not entry:
                    self._tagged[tag] = {known: None, entry: None}

    def _unindex(self, entry: Entry, variants: tuple[StoredResponse, ...]) -> None:
        for stored in variants:
            for tag in stored.tags:
                known = self._tagged.get(tag)
                if known is entry:
                    del self._tagged[tag]
                    self._bytes -= tag_bytes(tag)
                elif isinstance(known, dict):
                    known.pop(entry, None)
                    if len(known) == 1:
                        self._tagged[tag], _ = known.popitem()
