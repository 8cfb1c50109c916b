"""What the parts of this adapter have in common: each hears of some events and fills a section of the catalogue."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from prometheus_client.core import Metric

from proxy.exchange.events import Event

Hearing = Mapping[type[Event], Callable[[Any], None]]
"""Events by their type, and what takes note of each: one look-up, since some come with every request."""


class Section(Protocol):
    """A part of the catalogue."""

    def hearing(self) -> Hearing:
        """Return the events that are counted here."""
        ...

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now."""
        ...
