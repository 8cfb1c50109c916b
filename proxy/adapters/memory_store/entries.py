"""What is stored under one key, what it counts for, and what is left of many when all go at once.

What a response is counted with is its body, fields, key, tags and a measured overhead.
"""

from collections import OrderedDict

from proxy.caching.key import CacheKey, Tag
from proxy.caching.stored_response import StoredResponse

_OVERHEAD_BYTES = 1_300
"""Objects around one response: key, dataclasses, multidict, floats, its places in the store. Like those below it
was measured with tracemalloc, and a test measures it again."""

_PER_FIELD_BYTES = 80  # names are shared between responses: see response_head in upstream_client
_PER_NOMINATED_BYTES = 170
_PER_TAG_BYTES = 250


def accounted_bytes(stored: StoredResponse) -> int:
    """Return what a stored response counts for."""
    response = stored.response
    fields = sum(len(name) + len(value) + _PER_FIELD_BYTES for name, value in response.fields.items())
    nominated = sum(len(name) + len(value or "") + _PER_NOMINATED_BYTES for name, value in stored.nominated)
    tags = sum(sum(map(len, tag)) + _PER_TAG_BYTES for tag in stored.tags)
    return len(response.body) + fields + nominated + tags + len(stored.key.target) + _OVERHEAD_BYTES


class Entry:
    """What is stored under one key: at least one response, the most recent first, and what they count for.

    It stays the same object for as long as anything is stored under its key, and is empty once it has been taken
    apart.
    """

    __slots__ = ("size_bytes", "variants")

    def __init__(self) -> None:
        self.variants: tuple[StoredResponse, ...] = ()
        self.size_bytes = 0


class Leftovers:
    """What a removal of everything has left, taken apart entry by entry; references first, so that none frees many."""

    def __init__(self, entries: OrderedDict[CacheKey, Entry], tagged: dict[Tag, Entry | set[Entry]]) -> None:
        self._entries = entries
        self._tagged = tagged
        self._carriers: set[Entry] = set()

    def step(self) -> int | None:
        """Take one thing apart; return how many bytes that gave back, None if nothing was left."""
        if self._carriers:
            self._carriers.pop()
            return 0
        if self._tagged:
            _, carriers = self._tagged.popitem()
            self._carriers = carriers if isinstance(carriers, set) else set()
            return 0
        if not self._entries:
            return None
        _, entry = self._entries.popitem()
        entry.variants = ()
        return entry.size_bytes
