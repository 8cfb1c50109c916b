"""A bounded memory of answers that can be worked out again.

Two dicts take turns: when the young one is full it becomes the old one and the previous old one is dropped. What
is asked for is carried over, so what is in use survives, and a hit costs one look-up and no reordering.
"""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Memo(Generic[KeyT, ValueT]):
    """At most twice `capacity` values; forgets what was not asked for lately."""

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._young: dict[KeyT, ValueT] = {}
        self._old: dict[KeyT, ValueT] = {}

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: KeyT) -> ValueT | None:
        """Return what was put under `key`, unless it is forgotten."""
        value = self._young.get(key)
        if value is not None:
            return value
        value = self._old.pop(key, None)
        if value is not None:
            self.put(key, value)
        return value

    def put(self, key: KeyT, value: ValueT) -> None:
        """Remember `value`."""
        if len(self._young) >= self._capacity:
            self._old, self._young = self._young, {}
        self._old.pop(key, None)
        self._young[key] = value

    def items(self) -> Iterator[tuple[KeyT, ValueT]]:
        """Iterate over all that is remembered."""
        yield from self._young.items()
        yield from self._old.items()

    def clear(self) -> None:
        """Forget everything."""
        self._young.clear()
        self._old.clear()
