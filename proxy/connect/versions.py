"""The highest version seen of everything that has one, across tokens.

Each replica of Connect has its own database, so answers may go backwards (facts.md 4.10). What is known here only
ever refuses storing or demands validation; it never makes anything fresher. It is kept for a bounded time, so that a
restored account can't lock itself out, and bounded in number.
"""

from collections import OrderedDict
from collections.abc import Iterable

from proxy.clock import Instant

VersionKey = tuple[str, str]
"""(vault, item); a vault's own versions stand under words that no item id can be."""

ShownVersions = Iterable[tuple[VersionKey, int]]


CONTENT = "/content"
"""Stands for a vault's contents where an item's id would."""


def content_version(vault: str) -> VersionKey:
    """Return the key of a vault's contentVersion."""
    return (vault, CONTENT)


def attribute_version(vault: str) -> VersionKey:
    """Return the key of a vault's attributeVersion."""
    return (vault, "/attribute")


class Versions:
    """A table of the highest versions, each with the moment it was last confirmed."""

    def __init__(self, *, keep_seconds: float, capacity: int = 65_536) -> None:
        self._keep_seconds = keep_seconds
        self._capacity = capacity
        self._highest: OrderedDict[VersionKey, tuple[int, float]] = OrderedDict()

    def highest(self, key: VersionKey, now: Instant) -> int | None:
        """Return the highest version known; None if there is none or it was seen too long ago."""
        known = self._highest.get(key)
        if known is None or now.boot_seconds - known[1] > self._keep_seconds:
            return None
        return known[0]

    def is_regressed(self, shown: ShownVersions, now: Instant) -> bool:
        """Tell whether any version shown lies below what is known."""
        highest, boot_seconds = self._highest, now.boot_seconds
        for key, version in shown:  # a list shows thousands: no call for each
            known = highest.get(key)
            if known is not None and version < known[0] and boot_seconds - known[1] <= self._keep_seconds:
                return True
        return False

    def note(self, shown: ShownVersions, now: Instant) -> tuple[VersionKey, ...]:
        """Take note of versions; return the keys that moved beyond what was known before."""
        highest, boot_seconds = self._highest, now.boot_seconds
        moved: list[VersionKey] = []
        for key, version in shown:
            known = highest.get(key)
            if known is not None and boot_seconds - known[1] <= self._keep_seconds:
                if version < known[0]:
                    continue
                if version > known[0]:
                    moved.append(key)
            highest[key] = (version, boot_seconds)
            highest.move_to_end(key)
        while len(self._highest) > self._capacity:
            self._highest.popitem(last=False)
        return tuple(moved)
