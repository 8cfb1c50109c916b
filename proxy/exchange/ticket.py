"""A ticket: a decision to answer from the store that may be repeated without being made anew.

It refers to the stored response and is good while nothing has happened (the epoch stands still), the response is fresh,
and the token's lease and its own expiry have not come. Every use is charged, counted and on record as any hit is. Who
makes them is in `tickets`.
"""

from dataclasses import dataclass
from typing import Generic

from proxy.admission.rate_limiter import Account
from proxy.admission.token_bucket import TokenBucket
from proxy.audit.ledger import Aggregate, Identity, Interval
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
_CLOSED: ReadRecord = Aggregate(
    identity=Identity("", "", "", "", (), None, ""),
    first_wall_seconds=0.0,
    last_wall_seconds=0.0,
    count=0,
    interval=Interval(is_open=False),
)
"""On this nothing is ever noted."""


@dataclass(frozen=True, slots=True, kw_only=True, weakref_slot=True)
class Terms(Generic[SubjectT]):
    """What a decision holds by, and what comes of a use; the same object for all tickets that agree in it.

    It was made when the epoch was at `decided_in`, holds until a moment on either clock, and only for what is younger
    than `usable_age_seconds`. `requests` is charged; `shown` is the other budget that answers tell of, if they do.
    """

    epoch: Epoch
    decided_in: int
    until_boot_seconds: float
    until_wall_seconds: float
    usable_age_seconds: float
    freshness_lifetime_seconds: float
    account: Account | None
    requests: TokenBucket | None
    shown: TokenBucket | None
    tally: Tally[SubjectT]


class Ticket(Generic[SubjectT]):
    """One decision to reuse a stored response, for one token as one peer. Made by `Tickets`, and renewed by it."""

    __slots__ = ("_is_used", "_record", "_terms", "read", "receipt", "stored", "subject")

    def __init__(self, *, subject: SubjectT, read: Identity) -> None:
        self.subject = subject
        self.read = read
        """What the audit knows its uses by."""
        self._is_used = False

    def decide(self, stored: StoredResponse, record: ReadRecord, terms: Terms[SubjectT]) -> None:
        """Be good from now on for this response, on these terms."""
        self.stored = stored
        self.receipt = stored.receipt
        self._terms = terms
        self.go_on(record)

    def was_used(self) -> bool:
        """Tell whether it was used since this was asked last."""
        is_used, self._is_used = self._is_used, False
        return is_used

    def outdate(self) -> None:
        """Be good for nothing until it is decided anew: something else is stored in place of its response."""
        self._record = _CLOSED

    def go_on(self, record: ReadRecord) -> None:
        """Go on as it was decided; uses are on another record."""
        self._record = record

    @property
    def shown_account(self) -> Account | None:
        """Whose balance is a part of the answer."""
        return None if self._terms.shown is None else self._terms.account

    def still_holds(self, now: Instant) -> bool:
        """Tell whether nothing has happened and no time has come that would have it decided otherwise."""
        terms = self._terms
        return (
            self._record is not _CLOSED
            and terms.decided_in == terms.epoch.number
            and now.boot_seconds < terms.until_boot_seconds
            and now.wall_seconds < terms.until_wall_seconds
            and now.boot_seconds - self.receipt.age_zero_boot_seconds < terms.usable_age_seconds
            and (terms.account is None or terms.account.is_current)
        )

    def spent(self, seconds: float) -> None:
        """Count time that uses took."""
        self._terms.tally.seconds += seconds

    def use(self, boot_seconds: float, wall_seconds: float) -> Figures | None:
        """Charge, count and record one more hit.

        None, and nothing is done, if it must be renewed first, or if the token's budget is used up.
        """
        terms, record = self._terms, self._record
        age_seconds = boot_seconds - self.receipt.age_zero_boot_seconds
        if (
            terms.decided_in != terms.epoch.number
            or boot_seconds >= terms.until_boot_seconds
            or wall_seconds >= terms.until_wall_seconds
            or age_seconds >= terms.usable_age_seconds
            or not record.interval.is_open
        ):
            return None
        left = _NOTHING_TO_TELL
        account, requests = terms.account, terms.requests
        if account is not None and requests is not None:
            if not account.is_current:
                return None
            if terms.shown is not None:
                taken = requests.take_beside(terms.shown, boot_seconds)
                if taken is None:
                    return None
                left = taken
            elif requests.take_at(boot_seconds) is None:
                return None
        if not record.count:
            record.first_wall_seconds = wall_seconds
        record.count += 1
        record.last_wall_seconds = wall_seconds
        self._is_used = True
        tally = terms.tally
        if not tally.count:
            tally.begin(self)
        tally.count += 1
        tally.last = self
        if age_seconds > tally.greatest_age_seconds:  # noqa: PLR1730 - a call costs more than all of this line
            tally.greatest_age_seconds = age_seconds
        return (int(age_seconds), int((terms.freshness_lifetime_seconds - age_seconds) // 1), *left)

    def figures(self, boot_seconds: float) -> Figures:
        """Return the same of a use now, without one."""
        terms = self._terms
        age_seconds = boot_seconds - self.receipt.age_zero_boot_seconds
        left = _NOTHING_TO_TELL
        if terms.requests is not None and terms.shown is not None:
            left = terms.requests.left_at(boot_seconds) + terms.shown.left_at(boot_seconds)
        return (int(age_seconds), int((terms.freshness_lifetime_seconds - age_seconds) // 1), *left)
