"""What is left of many entries when all go at once, to be taken apart one by one."""

from proxy.adapters.memory_store.entries import EntriesByUse, Entry, tag_bytes
from proxy.caching.key import Tag

Carriers = dict[Entry, None]
"""Entries in the order in which they came. Taken apart from the end they free memory from its end, so that it goes back
to the system bit by bit; in the order of a set most of it would go back with the last one, in one long call."""


class Leftovers:
    """What a removal of everything has left, taken apart entry by entry; references first, so that none frees many."""

    def __init__(self, entries: EntriesByUse, tagged: dict[Tag, Entry | Carriers]) -> None:
        self._entries = entries
        self._tagged = tagged
        self._carriers: Carriers = {}

    def step(self) -> int | None:
        """Take one thing apart; return how many bytes that gave back, None if nothing was left."""
        if self._carriers:
            self._carriers.popitem()
            return 0
        if self._tagged:
            tag, carriers = self._tagged.popitem()
            self._carriers = carriers if isinstance(carriers, dict) else {}
            return tag_bytes(tag)
        if not self._entries:
            return None
        _, entry = self._entries.popitem()
        entry.take_apart()
        return entry.size_bytes
