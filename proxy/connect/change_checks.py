"""Change checks: which vaults are worth a list in the background, and when (design rules 6 and 11).

One list validates all that a token has stored of a vault, and verifies the token. It is due ahead of staleness, sooner
after a write that outdated the vault, and at once when Connect has restarted and waits for a token (rule 14). It is
only sent when it was earned: stored responses of that vault answered at least two requests since the last one, and the
token has come back to the vault: one burst of reads tells nothing of the next.
A token's own words (its Authorization field) are kept while it is in use, and no longer.
"""

from collections import OrderedDict
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from itertools import islice

from proxy.clock import Instant
from proxy.connect.earnings import Earnings

_EARNED_BY = 2
_EARNED_BY_AT_FIRST = 6
"""Before the first check of a vault nothing is known of what one saves, and two reads may be all there will be."""

_EARNED_BY_MOST = 64
_ENOUGH_SAVED = 2
"""A check costs one request; one that saves fewer than two is not worth its while."""
_LOOKS_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""After a write: when to look whether it is visible (facts.md 4.2: it usually is within 3 s)."""

_TOO_LARGE_SECONDS = 600.0
_UNEARNED_WAIT_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 5.0
_EARLIEST, _SPREAD = 0.8, 0.15
"""A check is due after 80 to 95 % of the interval: ahead of staleness, and not all sidecars at once."""


class CheckCause(StrEnum):
    """Why a vault is looked at in the background."""

    INTERVAL = "interval"  # ahead of staleness
    WRITE = "write"  # a write outdated the vault
    HINT = "hint"  # its contentVersion has moved
    PRIMING = "priming"  # Connect came back and needs a request with a valid token


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One list to ask for, in the name of one token."""

    partition: bytes
    vault: str
    authorization: str = field(repr=False)
    cause: CheckCause


@dataclass(slots=True)
class _Watch:
    """One token in one vault. Times are boot_seconds; `answered` counts hits since the last background request.

    `saved` are targets whose hits it made possible: a check that saves no request is to be earned by ever more hits.
    """

    authorization: str = field(repr=False)
    first_used: float
    used: float
    due: float
    cause: CheckCause = CheckCause.INTERVAL
    answered: int = 0
    needed: int = _EARNED_BY_AT_FIRST
    saved: set[str] = field(default_factory=set, repr=False)
    checked: float = float("-inf")
    is_under_way: bool = False


@dataclass(slots=True)
class _Written:
    """A vault that was written to: when, and which look comes next."""

    ended: float
    next_look: int = 0


class ChangeChecks:
    """All watches of one sidecar, bounded; `interval_seconds` 0 turns all background requests off."""

    def __init__(self, *, interval_seconds: float, active_seconds: float, capacity: int = 4096) -> None:
        self.interval_seconds = interval_seconds
        """How often; 0: never. May change: what is due by the old one comes first."""
        self._active_seconds = active_seconds
        self._capacity = capacity
        self._watches: OrderedDict[tuple[bytes, str], _Watch] = OrderedDict()
        self._written: dict[str, _Written] = {}
        self._earnings = Earnings()
        self.is_sooner = False
        """Whether a check was moved up since `wait_seconds` was asked last."""

    def __len__(self) -> int:
        return len(self._watches)

    def asked(
        self, partition: bytes, vault: str, authorization: str, now: Instant, *, is_verified: bool
    ) -> None:
        """Note a request of a client inside a vault.

        Only a token that Connect has lately let into it begins a watch: anybody may make up tokens and vaults.
        """
        if self.asked_again(partition, vault, now) or not is_verified or not self.interval_seconds:
            return
        place = (partition, vault)
        due = self._next_due(place, now.boot_seconds)
        self._watches[place] = _Watch(
            authorization=authorization, first_used=now.boot_seconds, used=now.boot_seconds, due=due
        )
        if len(self._watches) > self._capacity:
            self._watches.popitem(last=False)

    def asked_again(self, partition: bytes, vault: str, now: Instant) -> bool:
        """Note a request inside a vault that is watched already; False if it isn't."""
        return self._used((partition, vault), now) is not None

    def answered(self, partition: bytes, vault: str, count: int, saved: Set[str], now: Instant) -> None:
        """Note reads that stored responses answered; `saved` are targets among them that are fresh by a list only."""
        watch = self._used((partition, vault), now)
        if watch is not None:
            watch.answered += count
            if len(watch.saved) < _ENOUGH_SAVED:
                watch.saved |= saved
        self._earnings.earn(now, count)

    def proven(self, partition: bytes, vault: str, sent: Instant) -> None:
        """Note a complete list: the next one is due an interval later."""
        place = (partition, vault)
        watch = self._watches.get(place)
        if watch is not None and watch.cause is CheckCause.INTERVAL:
            watch.due = max(watch.due, self._next_due(place, sent.boot_seconds))

    def is_watched(self, partition: bytes, vault: str, now: Instant) -> bool:
        """Tell whether the last check is so recent that the next one comes before anything grows old."""
        watch = self._watches.get((partition, vault))
        return watch is not None and now.boot_seconds - watch.checked < self.interval_seconds

    def written(self, vault: str, ended: Instant) -> None:
        """Note that all that is stored of a vault must be validated: look early, and again while it is fenced."""
        boot = ended.boot_seconds
        for (_, watched), watch in self._watches.items():
            if watched == vault:
                self._written[vault] = _Written(ended=boot, next_look=1)
                self._move_up(watch, boot + _LOOKS_SECONDS[0], CheckCause.WRITE)

    def hinted(self, vault: str, now: Instant, partition: bytes | None = None) -> None:
        """Note that something may have changed in a vault, for one token or for all: look at its list now."""
        for (watching, watched), watch in self._watches.items():
            if watched == vault and partition in (None, watching) and watch.cause is CheckCause.INTERVAL:
                self._move_up(watch, now.boot_seconds, CheckCause.HINT)

    def prime(self, now: Instant, delay_seconds: float) -> None:
        """Note that Connect waits for a request with a valid token: the token used last shall send one."""
        active = [(watch.used, watch) for watch in self._watches.values() if not watch.is_under_way]
        if active:
            _, watch = max(active, key=lambda known: known[0])
            self._move_up(watch, now.boot_seconds + delay_seconds, CheckCause.PRIMING)

    def forget(self, partition: bytes) -> None:
        """Forget a token that Connect refused."""
        for place in [place for place in self._watches if place[0] == partition]:
            del self._watches[place]

    def forget_vault(self, partition: bytes, vault: str) -> None:
        """Forget a vault that Connect refused to a token."""
        self._watches.pop((partition, vault), None)

    def due(self, now: Instant, most: int) -> tuple[Check, ...]:
        """Return the checks to send now, at most so many; they count as sent."""
        self._forget_idle(now)
        return tuple(islice(self._due(now), most))

    def ended(self, check: Check, now: Instant, *, is_fenced: bool, is_too_large: bool) -> None:
        """Note that a check is over; a fenced vault is looked at again soon, one too large for a proof much later."""
        watch = self._watches.get((check.partition, check.vault))
        if watch is None:
            return
        watch.is_under_way = False
        if is_too_large:
            watch.due = now.boot_seconds + _TOO_LARGE_SECONDS
            watch.checked = float("-inf")
        elif is_fenced:
            self._look_again(check.vault, watch, now)

    def wait_seconds(self, now: Instant) -> float | None:
        """Return how long nothing can be due; None if there is nothing to wait for."""
        self.is_sooner = False
        if not self._watches:
            return None
        soonest = min(watch.due for watch in self._watches.values())
        ahead = soonest - now.boot_seconds
        # What is overdue waits to be earned; nothing tells when it is.
        return _UNEARNED_WAIT_SECONDS if ahead <= 0 else min(ahead, _LONGEST_WAIT_SECONDS)

    def _used(self, place: tuple[bytes, str], now: Instant) -> _Watch | None:
        watch = self._watches.get(place)
        if watch is not None:
            watch.used = now.boot_seconds
            self._watches.move_to_end(place)
        return watch

    def _due(self, now: Instant) -> Iterator[Check]:
        for (partition, vault), watch in list(self._watches.items()):
            if watch.is_under_way or now.boot_seconds < watch.due or not self._is_allowed(watch, now):
                continue
            check = Check(
                partition=partition, vault=vault, authorization=watch.authorization, cause=watch.cause
            )
            watch.is_under_way = True
            self._judge(watch)
            watch.answered = 0
            watch.checked = now.boot_seconds
            watch.cause = CheckCause.INTERVAL
            watch.due = self._next_due((partition, vault), now.boot_seconds)
            yield check

    def _is_allowed(self, watch: _Watch, now: Instant) -> bool:
        # Priming is for Connect's sake, and one for the whole sidecar: the window alone bounds it.
        is_in_use = watch.used - watch.first_used >= self.interval_seconds / 2
        is_earned = is_in_use and watch.answered >= watch.needed
        return (is_earned or watch.cause is CheckCause.PRIMING) and self._earnings.try_spend(now)

    def _judge(self, watch: _Watch) -> None:
        if watch.checked > float("-inf"):
            is_worth_it = len(watch.saved) >= _ENOUGH_SAVED
            watch.needed = _EARNED_BY if is_worth_it else min(2 * watch.needed, _EARNED_BY_MOST)
        watch.saved.clear()

    def _look_again(self, vault: str, watch: _Watch, now: Instant) -> None:
        written = self._written.get(vault)
        while written is not None and written.next_look < len(_LOOKS_SECONDS):
            at = written.ended + _LOOKS_SECONDS[written.next_look]
            written.next_look += 1
            if at > now.boot_seconds:
                self._move_up(watch, at, CheckCause.WRITE)
                return

    def _move_up(self, watch: _Watch, at: float, cause: CheckCause) -> None:
        self.is_sooner = True
        watch.due = min(watch.due, at)
        watch.cause = cause

    def _next_due(self, place: tuple[bytes, str], since: float) -> float:
        digest = blake2b(place[0] + place[1].encode() + int(since).to_bytes(8, "big"), digest_size=2).digest()
        fraction = int.from_bytes(digest, "big") / 65_536
        return since + self.interval_seconds * (_EARLIEST + _SPREAD * fraction)

    def _forget_idle(self, now: Instant) -> None:
        gone = now.boot_seconds - self._active_seconds
        for place in [place for place, watch in self._watches.items() if watch.used <= gone]:
            del self._watches[place]
        for vault in [vault for vault, known in self._written.items() if known.ended <= gone]:
            del self._written[vault]
