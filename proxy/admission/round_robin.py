"""A queue in which parties take turns: whoever has many waiting gets no more turns than whoever has one.

A party's own entries keep their order. Who is not eligible right now keeps its place and is passed over.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

PartyT = TypeVar("PartyT")
EntryT = TypeVar("EntryT")


class RoundRobin(Generic[PartyT, EntryT]):
    """Entries that wait, by party, the party whose turn is next first."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[PartyT, deque[EntryT]] = OrderedDict()
        self._entries = 0

    def __len__(self) -> int:
        return self._entries

    def __contains__(self, party: PartyT) -> bool:
        return party in self._waiting

    def __iter__(self) -> Iterator[PartyT]:
        return iter(self._waiting)

    def add(self, party: PartyT, entry: EntryT) -> None:
        """Put an entry behind the others of its party."""
        self._waiting.setdefault(party, deque()).append(entry)
        self._entries += 1

    def remove(self, party: PartyT, entry: EntryT) -> None:
        """Take an entry out that gave up; nothing if it has had its turn."""
        entries = self._waiting.get(party)
        if entries is None or entry not in entries:
            return
        entries.remove(entry)
        self._entries -= 1
        if not entries:
            del self._waiting[party]

    def take(self, is_eligible: Callable[[PartyT], bool] = lambda _: True) -> tuple[PartyT, EntryT] | None:
        """Take the entry whose turn it is, of the first eligible party, which then goes behind the others."""
        party = next((waiting for waiting in self._waiting if is_eligible(waiting)), None)
        if party is None:
            return None
        entries = self._waiting.pop(party)
        entry = entries.popleft()
        self._entries -= 1
        if entries:
            self._waiting[party] = entries
        return party, entry
