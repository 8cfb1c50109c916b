"""The highest version seen of everything that has one, across tokens.

Each replica of Connect has its own database, so answers may go backwards (facts.md 4.10). What is known here only
ever refuses storing or demands validation; it never makes anything fresher. It is kept for a bounded time, so that a
restored account can't lock itself out, and bounded in number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from proxy.clock import Instant

VersionKey = tuple[str, str]
"""(vault, item); a vault's own versions stand under words that no item id can be."""

ShownVersions = Sequence[tuple[VersionKey, int]]


CONTENT = "/content"
"""Stands for a vault's contents where an item's id would."""


def content_version(vault: str) -> VersionKey:
    """Return the key of a vault's contentVersion."""
    return (vault, CONTENT)


def attribute_version(vault: str) -> VersionKey:
    """Return the key of a vault's attributeVersion."""
    return (vault, "/attribute")


@dataclass(slots=True)
class _Known:
    """A highest version and when it was last shown (boot_seconds).

    No tuple: every garbage collection looks at a table of nothing but tuples anew (2 ms for 40,000), because it is no
    longer left out once something is put into it.
    """

    version: int
    shown: float


class Versions:
    """A table of the highest versions, each with the moment it was last confirmed."""

    def __init__(self, *, keep_seconds: float, capacity: int = 65_536) -> None:
        self._keep_seconds = keep_seconds
        self._capacity = capacity
        # Not an OrderedDict: one of 50,000 takes 7 ms to grow. Whoever is noted comes last, once it is nearly full.
        self._highest: dict[VersionKey, _Known] = {}
        self.discoveries = 0
        """How often anything became known that was not, or not any more."""

    def highest(self, key: VersionKey, now: Instant) -> int | None:
        """Return the highest version known; None if there is none or it was seen too long ago."""
        known = self._highest.get(key)
        if known is None or now.boot_seconds - known.shown > self._keep_seconds:
            return None
        return known.version

    def is_regressed(self, shown: ShownVersions, now: Instant) -> bool:
        """Tell whether any version shown lies below what is known."""
        return self._is_regressed(shown, self._found(shown), now)

    def note(self, shown: ShownVersions, now: Instant) -> tuple[VersionKey, ...]:
        """Take note of versions; return the keys that moved beyond what was known before."""
        return self._note(shown, self._found(shown), now)

    def note_unless_regressed(self, shown: ShownVersions, now: Instant) -> tuple[VersionKey, ...] | None:
        """Do the same; None, and nothing is noted, if any version shown lies below what is known."""
        found = self._found(shown)
        return None if self._is_regressed(shown, found, now) else self._note(shown, found, now)

    def _note(self, shown: ShownVersions, found: list[_Known | None], now: Instant) -> tuple[VersionKey, ...]:
        highest, boot_seconds = self._highest, now.boot_seconds
        has_room = 4 * len(highest) < 3 * self._capacity  # then it doesn't matter yet who comes last
        moved: list[VersionKey] = []
        for (key, version), before in zip(shown, found, strict=True):
            known = before or highest.get(key)  # twice in one answer
            if known is None:
                highest[key] = _Known(version, boot_seconds)
                self.discoveries += 1
                continue
            if boot_seconds - known.shown <= self._keep_seconds:
                if version < known.version:
                    continue
                if version > known.version:
                    moved.append(key)
            else:
                self.discoveries += 1  # what was shown too long ago is not known
            known.version, known.shown = version, boot_seconds
            if not has_room:
                del highest[key]
                highest[key] = known
        self._make_room()
        return tuple(moved)

    def _found(self, shown: ShownVersions) -> list[_Known | None]:
        highest = self._highest
        return [highest.get(key) for key, _ in shown]

    def _is_regressed(self, shown: ShownVersions, found: list[_Known | None], now: Instant) -> bool:
        least = now.boot_seconds - self._keep_seconds
        for (_, version), known in zip(shown, found, strict=True):
            if known is not None and version < known.version and known.shown >= least:
                return True
        return False

    def _make_room(self) -> None:
        excess = len(self._highest) - self._capacity
        if excess > 0:
            # Several at once: a dict looks for its first key among the places of all that were before it.
            for key in list(islice(self._highest, excess + self._capacity // 64)):
                del self._highest[key]
