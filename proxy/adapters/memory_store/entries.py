"""What is stored under one key, and what it counts for.

What a response is counted with is its body, fields, key and a measured overhead; tags count once for all that carry
them.
"""

from math import inf
from typing import TYPE_CHECKING

from cachetools import Cache

from proxy.caching.kept_fields import are_common
from proxy.caching.key import CacheKey, Tag
from proxy.caching.stored_response import StoredResponse
from proxy.semantics.message import REPEATING_FIELDS, Fields

if TYPE_CHECKING:
    from proxy.exchange.ports import Companion

_OVERHEAD_BYTES = 890
"""Objects around one response: key, dataclasses, floats, places in the store. Like those below it
was measured with tracemalloc, and tests measure it again."""

_MOST_SPARED = 1_024
"""So many entries may be passed over when one has to go. Each was used since it was passed over last, so that on the
whole there is no more of it than of uses."""

_PER_FIELD_BYTES = 30  # names are shared between responses: see response_head in upstream_client
_PER_VALUE_BYTES = 50  # of a value that is not shared as well
_PER_NOMINATED_BYTES = 170
_PER_EVIDENCE_BYTES = 180
_PER_CARRIER_BYTES = 60  # one response among those of a tag
_PER_TAG_BYTES = 160


def accounted_bytes(stored: StoredResponse) -> int:
    """Return what a stored response counts for, its tags aside: others may have brought them."""
    nominated = sum(len(name) + len(value or "") + _PER_NOMINATED_BYTES for name, value in stored.nominated)
    return (
        len(stored.response.body)
        + _fields_bytes(stored.response.fields)
        + nominated
        + _PER_EVIDENCE_BYTES * len(stored.evidence)
        + _PER_CARRIER_BYTES * len(stored.tags)
        + len(stored.key.target)
        + _OVERHEAD_BYTES
    )


def _fields_bytes(fields: Fields) -> int:
    if are_common(fields):
        return 0  # then all that have the same share them
    return sum(
        _PER_FIELD_BYTES + (0 if name.lower() in REPEATING_FIELDS else _PER_VALUE_BYTES + len(value))
        for name, value in fields.items()
    )


def tag_bytes(tag: Tag) -> int:
    """Return what a tag counts for, once, for as long as anything carries it."""
    return sum(map(len, tag)) + _PER_TAG_BYTES


def most_bytes(stored: StoredResponse) -> int:
    """Return what a response counts for at most: if it brings all of its tags."""
    return accounted_bytes(stored) + sum(map(tag_bytes, stored.tags))


class Entry:
    """What is stored under one key: at least one response, the most recent first, and what they count for.

    It stays the same object for as long as anything is stored under its key, and is empty once it has been taken
    apart. `companions` are of use as long as that is so, and go with it.
    """

    __slots__ = ("companions", "newer", "older", "size_bytes", "variants")

    MOST_VARIANTS = 16
    """Responses under one key: an origin that varies by what every client sends must not fill the store."""

    MOST_COMPANIONS = 256
    """Under one key: a client whose requests never repeat must not fill the store with what is known of them."""

    def __init__(self) -> None:
        self.variants: tuple[StoredResponse, ...] = ()
        self.companions: tuple[Companion, ...] = ()
        self.size_bytes = 0
        """Of responses and companions together."""
        self.older: Entry | None = None
        self.newer: Entry | None = None

    def hold(self, variants: tuple[StoredResponse, ...]) -> None:
        """Hold other responses from now on, and have companions know."""
        self.variants = variants
        for companion in self.companions:
            companion.outdate()

    def count(self) -> int:
        """Count anew; return by how much more it is than before."""
        before = self.size_bytes
        self.size_bytes = sum(map(accounted_bytes, self.variants)) + sum(
            companion.size_bytes for companion in self.companions
        )
        return self.size_bytes - before

    def was_used(self) -> bool:
        """Tell whether any companion was of use since this was asked last."""
        return sum(companion.was_used() for companion in self.companions) > 0  # all of them are asked

    def take_apart(self) -> None:
        """Be empty, and have companions go."""
        self.variants = ()
        self.drop_companions()

    def drop_companions(self) -> None:
        """Have companions go."""
        companions, self.companions = self.companions, ()
        for companion in companions:
            companion.drop()


class EntriesByUse(Cache[CacheKey, Entry]):
    """Entries by key, and the order of their use. How many there may be is for who counts their bytes to say.

    The order is a list through the entries: an OrderedDict, as in an LRUCache, takes 100 bytes for each, and 7 ms to
    grow when it has 50,000.
    """

    def __init__(self) -> None:
        super().__init__(inf)
        self._oldest: Entry | None = None
        self._newest: Entry | None = None

    def __getitem__(self, key: CacheKey) -> Entry:
        """Return what is under a key, which makes it the one used last."""
        entry = super().__getitem__(key)
        self._make_newest(entry)
        return entry

    def __setitem__(self, key: CacheKey, entry: Entry) -> None:
        """Put an entry under a key, in place of what is there, as the one used last."""
        before = self.peek(key)
        if before is not None:
            self._unlink(before)
        super().__setitem__(key, entry)
        self._make_newest(entry)

    def __delitem__(self, key: CacheKey) -> None:
        """Forget what is under a key."""
        entry = super().__getitem__(key)
        super().__delitem__(key)
        self._unlink(entry)

    def popitem(self) -> tuple[CacheKey, Entry]:
        """Remove and return what was not used for longest."""
        oldest = self._oldest
        if oldest is None:
            raise KeyError
        key = oldest.variants[0].key
        del self[key]
        return key, oldest

    def pop_unused(self) -> tuple[CacheKey, Entry]:
        """Do the same, but first have those be the newest of which a companion was of use, as far as they are oldest.

        Companions don't tell of each use: that would cost more than all the rest of it.
        """
        for _ in range(_MOST_SPARED):
            oldest = self._oldest
            if oldest is None or not oldest.was_used():
                break
            self._make_newest(oldest)
        return self.popitem()

    def peek(self, key: CacheKey) -> Entry | None:
        """Return what is under a key, which is no use of it."""
        try:
            return super().__getitem__(key)
        except KeyError:
            return None

    def _make_newest(self, entry: Entry) -> None:
        if entry is self._newest:
            return
        self._unlink(entry)
        newest = self._newest
        if newest is None:
            self._oldest = entry
        else:
            newest.newer, entry.older = entry, newest
        self._newest = entry

    def _unlink(self, entry: Entry) -> None:
        """Take an entry out of the order, if it is in it."""
        older, newer = entry.older, entry.newer
        if older is not None:
            older.newer = newer
        elif entry is self._oldest:
            self._oldest = newer
        if newer is not None:
            newer.older = older
        elif entry is self._newest:
            self._newest = older
        entry.older = entry.newer = None
