"""What a profile tells people who ask what would become of a request: everything it knows that decides about it.

Asking changes nothing, nowhere. Tokens are named, never shown; a filter is said to be there, never quoted.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

from proxy.caching.profile import Subject
from proxy.clock import Instant

InspectedT = TypeVar("InspectedT", bound=Subject)


class FenceEnd(StrEnum):
    """What the caution after a write waits for."""

    VERSION = "version"
    ABSENCE = "absence"
    TIME = "time"  # it is not known what the write has led to


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenFence:
    """A fence around what was written; it ends after `left_seconds` at the latest."""

    waits_for: FenceEnd
    age_seconds: float
    left_seconds: float
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What else than a stored response decides; what a profile has no idea of is None or False.

    `access_age_seconds` is how long ago the origin proved this token's access, `access_left_seconds` for how long that
    counts; `refused_again_seconds` for how long the token gets its last refusal once more.
    """

    is_filtered: bool = False
    is_refused: bool = False
    access_age_seconds: float | None = None
    access_left_seconds: float | None = None
    token_left_seconds: float | None = None
    is_outside_grants: bool = False
    is_absent: bool = False
    fence: OpenFence | None = None
    highest_version: int | None = None
    refused_again_seconds: float = 0.0


class Inspection(Protocol[InspectedT]):
    """A profile's answers."""

    def names(self) -> tuple[str, ...]:
        """Return the names by which a subject can be had, each once."""
        ...

    def subject_of(self, name: str, method: str, target: str) -> InspectedT | None:
        """Return what a request of a named token would be about; None if there is no such name."""
        ...

    def circumstances(self, subject: InspectedT, now: Instant) -> Circumstances:
        """Tell what decides about a subject."""
        ...
