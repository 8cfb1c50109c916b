"""The store: stored responses in memory, bounded by bytes, least recently used first to go (cachetools).

Stale responses stay until room is needed: they validate, and they answer in an outage. What a response is counted
with is its body, fields, key, tags and a measured overhead. The tag index holds exactly what is stored: it shrinks
with every eviction.
"""

from collections.abc import Callable, Sequence

from cachetools import Cache, LRUCache

from proxy.caching.key import CacheKey, Tag
from proxy.caching.stored_response import StoredResponse

_OVERHEAD_BYTES = 1_300
"""Objects around one response: key, dataclasses, multidict, floats, its places in the store. Like those below it
was measured with tracemalloc, and a test measures it again."""

_PER_FIELD_BYTES = 80  # names are shared between responses: see response_head in upstream_client
_PER_NOMINATED_BYTES = 170
_PER_TAG_BYTES = 250
_MOST_VARIANTS = 16
"""Stored responses under one key: an origin that varies by what every client sends must not fill the store."""


def accounted_bytes(stored: StoredResponse) -> int:
    """Return what a stored response counts for."""
    response = stored.response
    fields = sum(len(name) + len(value) + _PER_FIELD_BYTES for name, value in response.fields.items())
    nominated = sum(len(name) + len(value or "") + _PER_NOMINATED_BYTES for name, value in stored.nominated)
    tags = sum(sum(map(len, tag)) + _PER_TAG_BYTES for tag in stored.tags)
    return len(response.body) + fields + nominated + tags + len(stored.key.target) + _OVERHEAD_BYTES


class _Lru(LRUCache[CacheKey, tuple[StoredResponse, ...]]):
    """An LRUCache that tells when it makes room."""

    def __init__(self, total_bytes: int, on_evicted: Callable[[tuple[StoredResponse, ...]], None]) -> None:
        super().__init__(total_bytes, getsizeof=lambda variants: sum(map(accounted_bytes, variants)))
        self._on_evicted = on_evicted

    def peek(self, key: CacheKey) -> tuple[StoredResponse, ...]:
        """Return what is under a key, which is no use of it."""
        return Cache.__getitem__(self, key) if key in self else ()

    def exchange(self, key: CacheKey, variants: tuple[StoredResponse, ...]) -> None:
        """Put something of the same size under a known key, which is no use of it."""
        Cache.__setitem__(self, key, variants)

    def popitem(self) -> tuple[CacheKey, tuple[StoredResponse, ...]]:
        """Remove the least recently used."""
        key, variants = super().popitem()
        self._on_evicted(variants)
        return key, variants


class MemoryStore:
    """Stored responses by key, and by tag."""

    def __init__(self, *, total_bytes: int, per_response_bytes: int) -> None:
        self._per_response_bytes = per_response_bytes
        self._responses = _Lru(total_bytes, self._evicted)
        self._tagged: dict[Tag, CacheKey | set[CacheKey]] = {}  # a set only where there are several
        self._count = 0
        self._evictions = 0

    @property
    def stored_responses(self) -> int:
        """How many responses are stored, variants counted."""
        return self._count

    @property
    def limit_bytes(self) -> int:
        """What they may count for."""
        return int(self._responses.maxsize)

    @property
    def evictions(self) -> int:
        """How many responses have gone to make room."""
        return self._evictions

    @property
    def stored_bytes(self) -> int:
        """What they count for."""
        return int(self._responses.currsize)

    def get(self, key: CacheKey) -> Sequence[StoredResponse]:
        """Return the stored responses under a key, most recent first."""
        try:
            return self._responses[key]
        except KeyError:  # Cache.get would look twice
            return ()

    def peek(self, key: CacheKey) -> Sequence[StoredResponse]:
        """Return the stored responses under a key, which is no use of them."""
        return self._responses.peek(key)

    def put(self, stored: StoredResponse) -> bool:
        """Keep a response in place of the one with the same key and nominated values."""
        others = tuple(known for known in self._take(stored.key) if known.nominated != stored.nominated)
        size = accounted_bytes(stored)
        fits = len(stored.response.body) <= self._per_response_bytes and size <= self._responses.maxsize
        self._keep(stored.key, self._bounded((stored, *others)) if fits else others)
        return fits

    def renew(self, stored: StoredResponse) -> None:
        """Put a freshened response in place of the one it was made of."""
        variants = self._responses.peek(stored.key)
        renewed = tuple(stored if known.nominated == stored.nominated else known for known in variants)
        if renewed != variants:
            self._responses.exchange(stored.key, renewed)

    def tagged(self, tags: Sequence[Tag]) -> Sequence[StoredResponse]:
        """Return every response that carries all of `tags`."""
        smallest = min((self._keys(tag) for tag in tags), key=len)
        wanted = frozenset(tags)
        return [
            stored for key in smallest for stored in self._responses.peek(key) if wanted.issubset(stored.tags)
        ]

    def remove(self, key: CacheKey) -> int:
        """Remove all responses under a key; return how many."""
        return len(self._take(key))

    def remove_tagged(self, tags: Sequence[Tag]) -> int:
        """Remove every response that carries all of `tags`; return how many. No tags: everything goes."""
        if not tags:
            return sum(self.remove(key) for key in list(self._responses))
        smallest = min((self._keys(tag) for tag in tags), key=len)
        return sum(self._remove_variants(key, frozenset(tags)) for key in tuple(smallest))

    def _remove_variants(self, key: CacheKey, tags: frozenset[Tag]) -> int:
        variants = self._responses.get(key, ())
        kept = tuple(stored for stored in variants if not tags.issubset(stored.tags))
        if len(kept) == len(variants):
            return 0
        self._take(key)
        self._keep(key, kept)
        return len(variants) - len(kept)

    def _bounded(self, variants: tuple[StoredResponse, ...]) -> tuple[StoredResponse, ...]:
        kept = variants[:_MOST_VARIANTS]
        while len(kept) > 1 and sum(map(accounted_bytes, kept)) > self._responses.maxsize:
            kept = kept[:-1]
        self._evictions += len(variants) - len(kept)
        return kept

    def _keep(self, key: CacheKey, variants: tuple[StoredResponse, ...]) -> None:
        if variants:
            self._responses[key] = variants
            self._index(variants)

    def _take(self, key: CacheKey) -> tuple[StoredResponse, ...]:
        variants = self._responses.pop(key, ())
        self._unindex(variants)
        return variants

    def _evicted(self, variants: tuple[StoredResponse, ...]) -> None:
        self._evictions += len(variants)
        self._unindex(variants)

    def _keys(self, tag: Tag) -> set[CacheKey] | tuple[CacheKey, ...]:
        keys = self._tagged.get(tag, ())
        return (keys,) if isinstance(keys, CacheKey) else keys

    def _index(self, variants: tuple[StoredResponse, ...]) -> None:
        self._count += len(variants)
        for stored in variants:
            for tag in stored.tags:
                known = self._tagged.get(tag)
                if known is None:
                    self._tagged[tag] = stored.key
                elif isinstance(known, set):
                    known.add(stored.key)
                elif known != stored.key:
                    self._tagged[tag] = {known, stored.key}

    def _unindex(self, variants: tuple[StoredResponse, ...]) -> None:
        self._count -= len(variants)
        for stored in variants:
            for tag in stored.tags:
                known = self._tagged.get(tag)
                if isinstance(known, set):
                    known.discard(stored.key)
                    if len(known) == 1:
                        self._tagged[tag] = known.pop()
                elif known == stored.key:
                    del self._tagged[tag]
