"""Requests that no client waits for: what a profile wants to be asked for before any client asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from proxy.clock import Instant
from proxy.semantics.message import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """A request that no client waits for. `cause` is a closed word; profiles subclass it with what they need."""

    request: Request
    cause: StrEnum


BackgroundT = TypeVar("BackgroundT", bound=Background)


class Foresight(Protocol[BackgroundT]):
    """What a profile wants to be asked for before any client asks."""

    def background_due(self, now: Instant, most: int) -> Sequence[BackgroundT]:
        """Return requests to send now that no client waits for, at most so many; they count as sent."""
        ...

    def prime(self, now: Instant, delay_seconds: float) -> None:
        """Note that the origin has come back and may wait for a request; one will be due after the delay."""
        ...

    @property
    def is_sooner(self) -> bool:
        """Whether something may be due sooner than `background_wait_seconds` said last."""
        ...

    def background_wait_seconds(self, now: Instant) -> float | None:
        """Return how long nothing can be due; None if nothing will be before a client has asked again."""
        ...

    def background_ended(self, background: BackgroundT, now: Instant, *, is_too_large: bool = False) -> None:
        """Note that a background request is over; `is_too_large` if its answer could not be collected."""
        ...
