"""The store in memory: `MemoryStore` is the port's `ResponseStore`."""

from proxy.adapters.memory_store.entries import Entry, accounted_bytes, tag_bytes
from proxy.adapters.memory_store.store import MemoryStore

__all__ = ["Entry", "MemoryStore", "accounted_bytes", "tag_bytes"]
