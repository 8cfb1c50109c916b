"""A ticket: a decision to answer from the store that may be repeated without being made anew.

It refers to the stored response and is good while nothing has happened (the epoch stands still) and the time has not
come until which the decision holds: freshness, lease and the token's own expiry in one number for each clock. Every use
is charged, counted and on record as any hit is. Who makes them is in `tickets`.
"""

from dataclasses import dataclass
from typing import Generic

from proxy.admission.rate_limiter import Account, Budget
from proxy.audit.ledger import Identity
from proxy.caching.profile import SubjectT
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.exchange.epoch import Epoch
from proxy.exchange.ports import ReadRecord
from proxy.exchange.repeats import Tally

Figures = tuple[int, ...]
"""What of an answer changes from use to use: age and ttl in seconds; then, where budgets are shown, for each budget how
many requests are left and in how many seconds it is full."""

_NOTHING_TO_TELL: Figures = ()
_NEVER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a decision holds by: until when on either clock, what is charged, and whether the answer tells of that."""

    until_boot_seconds: float
    until_wall_seconds: float
    account: Account | None
    is_shown: bool


class Ticket(Generic[SubjectT]):
    """One decision to reuse a stored response, for one token as one peer. Made by `Tickets`, and renewed by it."""

    __slots__ = (
        "_account",
        "_decided_in",
        "_epoch",
        "_is_used",
        "_lifetime_seconds",
        "_record",
        "_requests",
        "_shown",
        "_tally",
        "_until_boot_seconds",
        "_until_wall_seconds",
        "read",
        "receipt",
        "stored",
        "subject",
    )

    def __init__(self, *, subject: SubjectT, read: Identity, tally: Tally[SubjectT], epoch: Epoch) -> None:
        self.subject = subject
        self.read = read
        """What the audit knows its uses by."""
        self._is_used = False
        self._tally = tally
        self._epoch = epoch

    def decide(self, stored: StoredResponse, record: ReadRecord, terms: Terms) -> None:
        """Be good from now on for this response, on these terms."""
        self.stored = stored
        self._decided_in = self._epoch.number
        self._account = account = terms.account
        self._requests = None if account is None else account.buckets[Budget.REQUESTS]
        self._shown = None if account is None or not terms.is_shown else account.buckets[Budget.UPSTREAM]
        self._until_boot_seconds = terms.until_boot_seconds
        self._until_wall_seconds = terms.until_wall_seconds
        self.receipt = stored.receipt
        self._lifetime_seconds = stored.terms.freshness_lifetime_seconds
        self.go_on(record)

    def was_used(self) -> bool:
        """Tell whether it was used since this was asked last."""
        is_used, self._is_used = self._is_used, False
        return is_used

    def outdate(self) -> None:
        """Be good for nothing until it is decided anew: something else is stored in place of its response."""
        self._decided_in = _NEVER

    def go_on(self, record: ReadRecord) -> None:
        """Go on as it was decided; uses are on another record."""
        self._record = record

    @property
    def shown_account(self) -> Account | None:
        """Whose balance is a part of the answer."""
        return None if self._shown is None else self._account

    def still_holds(self, now: Instant) -> bool:
        """Tell whether nothing has happened and no time has come that would have it decided otherwise."""
        return (
            self._decided_in == self._epoch.number
            and now.boot_seconds < self._until_boot_seconds
            and now.wall_seconds < self._until_wall_seconds
            and (self._account is None or self._account.is_current)
        )

    def spent(self, seconds: float) -> None:
        """Count time that uses took."""
        self._tally.seconds += seconds

    def use(self, boot_seconds: float, wall_seconds: float) -> Figures | None:
        """Charge, count and record one more hit.

        None, and nothing is done, if it must be renewed first, or if the token's budget is used up.
        """
        record = self._record
        if (
            self._decided_in != self._epoch.number
            or boot_seconds >= self._until_boot_seconds
            or wall_seconds >= self._until_wall_seconds
            or not record.interval.is_open
        ):
            return None
        left = _NOTHING_TO_TELL
        if self._account is not None and self._requests is not None:
            if not self._account.is_current:
                return None
            if self._shown is not None:
                taken = self._requests.take_beside(self._shown, boot_seconds)
                if taken is None:
                    return None
                left = taken
            elif self._requests.take_at(boot_seconds) is None:
                return None
        if not record.count:
            record.first_wall_seconds = wall_seconds
        record.count += 1
        record.last_wall_seconds = wall_seconds
        self._is_used = True
        age_seconds = boot_seconds - self.receipt.age_zero_boot_seconds
        tally = self._tally
        if not tally.count:
            tally.begin(self.stored)
        tally.count += 1
        tally.last = self.stored
        if age_seconds > tally.greatest_age_seconds:  # noqa: PLR1730 - a call costs more than all of this line
            tally.greatest_age_seconds = age_seconds
        return (int(age_seconds), int((self._lifetime_seconds - age_seconds) // 1), *left)

    def figures(self, boot_seconds: float) -> Figures:
        """Return the same of a use now, without one."""
        age_seconds = boot_seconds - self.receipt.age_zero_boot_seconds
        left = _NOTHING_TO_TELL
        if self._requests is not None and self._shown is not None:
            left = self._requests.left_at(boot_seconds) + self._shown.left_at(boot_seconds)
        return (int(age_seconds), int((self._lifetime_seconds - age_seconds) // 1), *left)
