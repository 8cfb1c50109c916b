"""Which lists need not be read when they come again, octet for octet.

A list is held against the versions that are known, against what its token has fetched of the vault, and against the
rules by which things are stored. As long as none of these has moved since it was read, it proves once more what it
proved. (What moves a generation is seen by the caller: a version that is higher than before, an omission, a write.)
"""

from collections import OrderedDict
from typing import NamedTuple

from proxy.clock import Instant
from proxy.connect.storing_rules import RulesByFreshness

_MOST_SECONDS = 600.0
"""After that it is read anew: what it shows was last noted then, and is forgotten after a while."""


class Grounds(NamedTuple):
    """The target of a list, and what it is held against: how many items have become known so far, and the rules."""

    target: str
    discoveries: int
    rules: RulesByFreshness


class RepeatedLists:
    """Of every token and vault the last list, and what it was held against, bounded; what is forgotten is read."""

    def __init__(self, *, keep_seconds: float, capacity: int = 4096) -> None:
        self._most_seconds = min(_MOST_SECONDS, keep_seconds / 2)
        self._capacity = capacity
        self._read: OrderedDict[tuple[bytes, str], tuple[Grounds, float]] = OrderedDict()

    def read(self, partition: bytes, vault: str, grounds: Grounds, now: Instant) -> None:
        """Note a list that was read, and that proves something."""
        place = (partition, vault)
        self._read[place] = (grounds, now.boot_seconds)
        self._read.move_to_end(place)
        if len(self._read) > self._capacity:
            self._read.popitem(last=False)

    def learnt(self, partition: bytes, vault: str) -> None:
        """Have the next list read: the token was told something else of the vault."""
        self._read.pop((partition, vault), None)

    def says_nothing_new(self, partition: bytes, vault: str, grounds: Grounds, now: Instant) -> bool:
        """Tell whether the same list would prove now what it proved when it was read."""
        known = self._read.get((partition, vault))
        if known is None:
            return False
        then, read = known
        return then == grounds and now.boot_seconds - read <= self._most_seconds
