"""A rolling window: sixty slots of five seconds, each a few integers; a slot is emptied when its turn comes again.

Requests are counted by how they were answered, their durations in buckets. Slots count on boot_seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.adapters.recent.latencies import BUCKETS, bucket_of, quantile_seconds
from proxy.clock import Instant
from proxy.exchange.events import Answered, ExchangeFinished, HitsRepeated, Result

SLOT_SECONDS = 5
SLOTS = 60
_LEAST_SECONDS = 1.0
"""Of a window that has just begun: one request in the first millisecond is not a thousand a second."""

_KINDS = tuple(Answered)
_NUMBER_OF = {kind: number for number, kind in enumerate(_KINDS)}
_NEVER = float("inf")


class _Slot:
    __slots__ = (
        "answers",
        "attempts",
        "durations",
        "errors",
        "limited",
        "number",
        "stale_until",
        "would_limit",
    )

    def __init__(self) -> None:
        self.begin(-1)

    def begin(self, number: int) -> None:
        self.number = number
        self.answers = [0] * len(_KINDS)
        self.errors = [0] * len(_KINDS)
        self.durations = [0] * BUCKETS
        self.attempts = 0
        self.limited = 0
        self.would_limit = 0
        self.stale_until = _NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class Lately:
    """The window's sums. `seconds` is how much of it has passed; None: there was nothing of the kind.

    `stale_left_seconds` is the least time for which what was served stale could still be served.
    """

    seconds: float
    answers: Mapping[Answered, int]
    errors: Mapping[Answered, int]
    attempts: int
    limited: int
    would_limit: int
    p50_seconds: float | None
    p99_seconds: float | None
    stale_left_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Counts slot by slot, the oldest first; the last slot is still filling."""

    answers: Mapping[Answered, Sequence[int]]
    attempts: Sequence[int]


class Window:
    """Counts, and forgets after five minutes."""

    def __init__(self, began: Instant) -> None:
        self._began = began.boot_seconds
        self._slots = [_Slot() for _ in range(SLOTS)]

    def answered(self, event: ExchangeFinished) -> None:
        """Count a client's request."""
        boot = event.at.boot_seconds
        slot, kind = self._slot(boot), _NUMBER_OF[event.cache]
        slot.answers[kind] += 1
        slot.durations[bucket_of(event.duration_seconds)] += 1
        if event.status >= 400 and event.result is Result.ERROR:
            slot.errors[kind] += 1
        if event.stale_left_seconds is not None:
            slot.stale_until = min(slot.stale_until, boot + event.stale_left_seconds)

    def repeated(self, event: HitsRepeated) -> None:
        """Count hits that are told in one sum."""
        slot = self._slot(event.at.boot_seconds)
        slot.answers[_NUMBER_OF[Answered.HIT]] += event.count
        slot.durations[bucket_of(event.total_seconds / event.count)] += event.count

    def attempted(self, now: Instant) -> None:
        """Count an attempt at a request to the upstream."""
        self._slot(now.boot_seconds).attempts += 1

    def limited(self, now: Instant, *, is_enforced: bool) -> None:
        """Count a request above its budget."""
        slot = self._slot(now.boot_seconds)
        if is_enforced:
            slot.limited += 1
        else:
            slot.would_limit += 1

    def lately(self, now: Instant) -> Lately:
        """Add up."""
        slots = [slot for slot in self._in_order(now) if slot is not None]
        durations = [sum(counts) for counts in zip(*(slot.durations for slot in slots), strict=True)]
        stale_until = min((slot.stale_until for slot in slots), default=_NEVER)
        in_ring = (SLOTS - 1) * SLOT_SECONDS + now.boot_seconds % SLOT_SECONDS
        return Lately(
            seconds=max(_LEAST_SECONDS, min(in_ring, now.boot_seconds - self._began)),
            answers={
                kind: sum(slot.answers[number] for slot in slots) for kind, number in _NUMBER_OF.items()
            },
            errors={kind: sum(slot.errors[number] for slot in slots) for kind, number in _NUMBER_OF.items()},
            attempts=sum(slot.attempts for slot in slots),
            limited=sum(slot.limited for slot in slots),
            would_limit=sum(slot.would_limit for slot in slots),
            p50_seconds=quantile_seconds(durations, 0.50),
            p99_seconds=quantile_seconds(durations, 0.99),
            stale_left_seconds=None if stale_until == _NEVER else max(0.0, stale_until - now.boot_seconds),
        )

    def history(self, now: Instant) -> History:
        """Return the counts slot by slot."""
        slots = self._in_order(now)
        return History(
            answers={
                kind: [0 if slot is None else slot.answers[number] for slot in slots]
                for kind, number in _NUMBER_OF.items()
            },
            attempts=[0 if slot is None else slot.attempts for slot in slots],
        )

    def _slot(self, boot_seconds: float) -> _Slot:
        number = int(boot_seconds) // SLOT_SECONDS
        slot = self._slots[number % SLOTS]
        if slot.number != number:
            slot.begin(number)
        return slot

    def _in_order(self, now: Instant) -> list[_Slot | None]:
        """Return the slots of the window, the oldest first; None where nothing happened."""
        last = int(now.boot_seconds) // SLOT_SECONDS
        slots = ((number, self._slots[number % SLOTS]) for number in range(last - SLOTS + 1, last + 1))
        return [slot if slot.number == number else None for number, slot in slots]
