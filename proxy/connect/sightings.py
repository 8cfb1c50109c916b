"""What a token has seen in a vault, and what its lists say is gone.

A list that omits an item says something only to a token that has seen the item: a write-only token's empty list must
not take anything from others. The first omission makes the item unservable until it is fetched again, the second one
(of a later request) removes it. Order counts by when requests were sent, never by when answers came.
"""

from collections import OrderedDict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

_Place = tuple[bytes, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Omissions:
    """Items that a list no longer shows: for the first time, and again."""

    first: tuple[str, ...] = ()
    again: tuple[str, ...] = ()


@dataclass(slots=True)
class _Vault:
    """When each item was last seen and first omitted: boot_seconds of the requests that showed it."""

    seen: dict[str, float] = field(default_factory=dict)
    omitted: dict[str, float] = field(default_factory=dict)


class Sightings:
    """Bounded memory per token and vault; what it forgets proves nothing."""

    def __init__(self, *, capacity: int = 65_536) -> None:
        self._capacity = capacity
        self._vaults: OrderedDict[_Place, _Vault] = OrderedDict()
        self._count = 0

    def is_absent(self, partition: bytes, vault: str, item: str) -> bool:
        """Tell whether the token's last word on an item is a list without it."""
        known = self._vaults.get((partition, vault))
        return known is not None and item in known.omitted

    def saw(self, partition: bytes, vault: str, item: str, sent_boot_seconds: float) -> None:
        """Note that the item itself was fetched."""
        known = self._place(partition, vault)
        omitted = known.omitted.get(item)
        if omitted is not None and sent_boot_seconds > omitted:
            del known.omitted[item]
        self._see(known, (item,), sent_boot_seconds)
        self._make_room()

    def listed(
        self, partition: bytes, vault: str, items: AbstractSet[str], sent_boot_seconds: float
    ) -> Omissions:
        """Note an unfiltered list that nothing speaks against; return what it omits."""
        known = self._place(partition, vault)
        missing = [
            item for item, seen in known.seen.items() if item not in items and seen < sent_boot_seconds
        ]
        first = tuple(item for item in missing if item not in known.omitted)
        again = tuple(
            item for item in missing if known.omitted.get(item, sent_boot_seconds) < sent_boot_seconds
        )
        for item in first:
            known.omitted[item] = sent_boot_seconds
        for item in again:
            self._drop(known, item)
        self._see(known, items, sent_boot_seconds)
        self._make_room()
        return Omissions(first=first, again=again)

    def forget(self, partition: bytes, vault: str, item: str) -> None:
        """Forget an item: its own 404 said that it is gone."""
        known = self._vaults.get((partition, vault))
        if known is not None:
            self._drop(known, item)

    def _place(self, partition: bytes, vault: str) -> _Vault:
        place = (partition, vault)
        known = self._vaults.get(place)
        if known is None:
            known = self._vaults[place] = _Vault()
        self._vaults.move_to_end(place)
        return known

    def _see(self, known: _Vault, items: Iterable[str], sent_boot_seconds: float) -> None:
        seen = known.seen
        for item in items:  # a list shows thousands: no call for each
            before = seen.get(item)
            if before is None:
                self._count += 1
            if before is None or before < sent_boot_seconds:
                seen[item] = sent_boot_seconds

    def _drop(self, known: _Vault, item: str) -> None:
        known.omitted.pop(item, None)
        if known.seen.pop(item, None) is not None:
            self._count -= 1

    def _make_room(self) -> None:
        while self._count > self._capacity or len(self._vaults) > self._capacity:
            _, dropped = self._vaults.popitem(last=False)
            self._count -= len(dropped.seen)
