"""Who issues tickets, and renews them.

When something has happened a decision is made anew, by the same rules as for any request. Whoever holds tickets
remembers by what a request is known again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic
from weakref import WeakValueDictionary

from multidict import CIMultiDict, CIMultiDictProxy

from proxy.admission.rate_limiter import Budget
from proxy.audit.ledger import Identity
from proxy.caching.profile import FindingT, Handling, Horizon, Profile, Subject, SubjectT
from proxy.caching.stored_response import StoredResponse
from proxy.caching.validation import is_only_redated
from proxy.clock import Clock, Instant
from proxy.exchange.answer import Answer
from proxy.exchange.composer import Composer
from proxy.exchange.entry import Entry
from proxy.exchange.epoch import Epoch
from proxy.exchange.events import Answered
from proxy.exchange.lookup import ROUNDING_SECONDS, Lookup
from proxy.exchange.ports import AuditTrail, Companion, ResponseStore
from proxy.exchange.rate_limits import RateLimits
from proxy.exchange.repeats import Repeats
from proxy.exchange.ticket import Figures, Terms, Ticket
from proxy.semantics.message import Fields, Request

_NO_FIELDS: Fields = CIMultiDictProxy(CIMultiDict())


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A ticket, and the answer that the full path gives to the same request at the same moment."""

    ticket: Ticket[Any]
    answer: Answer
    figures: Figures


class Tickets(Generic[SubjectT, FindingT]):
    """Issues tickets, and renews them.

    `may_repeat`: hits are answered from the store at all, and nobody wants to hear of each one by itself.
    """

    def __init__(
        self,
        *,
        profile: Profile[SubjectT, FindingT],
        store: ResponseStore,
        lookup: Lookup[SubjectT, FindingT],
        limits: RateLimits[SubjectT, FindingT],
        entry: Entry,
        composer: Composer,
        audit: AuditTrail,
        repeats: Repeats[SubjectT, FindingT],
        epoch: Epoch,
        clock: Clock,
        may_repeat: Callable[[], bool],
    ) -> None:
        self._profile = profile
        self.store = store
        self._lookup = lookup
        self._limits = limits
        self._entry = entry
        self._compose = composer
        self._audit = audit
        self._repeats = repeats
        self._epoch = epoch
        self.clock = clock
        self._may_repeat = may_repeat
        self._agreed: WeakValueDictionary[tuple[int, float], Terms[SubjectT]] = WeakValueDictionary()

    def issue(self, request: Request, now: Instant) -> Issued | None:
        """Decide about a GET as the full path would; None unless its answer is a hit that can be repeated.

        `request` has no field by which a client shapes its answer (conditions, Range, Cache-Control, Pragma).
        """
        subject = self._profile.subject(request, now)
        if subject.handling is not Handling.CACHE or request.method != "GET":
            return None
        if self._entry.refusal(request, subject.resource, may_hit=True) is not None:
            return None
        stored = self._lookup.repeatable(subject, request, now)
        if stored is None:
            return None
        ticket = Ticket(subject=subject, read=_identity(subject, request.peer.party, stored))
        return self._issued(ticket, request, now) if self._decide(ticket, stored, now) else None

    def companions(self, request: Request) -> Sequence[Companion]:
        """Return what is kept with what is stored for a GET; nothing if that has been here before."""
        return () if self._compose.is_loop(request) else self.store.companions(self._profile.key(request))

    def renew(self, ticket: Ticket[SubjectT], now: Instant) -> bool:
        """Have a ticket be good again for its response, be it with a new Date; False if its answer would be another."""
        if ticket.still_holds(now):
            record = self._audit.record_of(ticket.read, now)
            if record is not None:
                ticket.go_on(record)
            return record is not None
        variants, account = self.store.get(ticket.subject.key), ticket.shown_account
        if len(variants) != 1 or not _says_the_same(variants[0], ticket.stored):
            return False
        return self._decide(ticket, variants[0], now) and ticket.shown_account is account

    def reissue(self, ticket: Ticket[SubjectT], now: Instant) -> Issued | None:
        """Have a ticket stand for what is stored now in place of its response, if that suits the same requests."""
        variants = self.store.get(ticket.subject.key)
        if len(variants) != 1 or not _suits_the_same(variants[0], ticket.stored):
            return None
        ticket.read = ticket.read._replace(version=variants[0].version)
        if not self._decide(ticket, variants[0], now):
            return None
        return self._issued(ticket, Request(method="GET", target="", fields=_NO_FIELDS), now)

    def _decide(self, ticket: Ticket[SubjectT], stored: StoredResponse, now: Instant) -> bool:
        subject = ticket.subject
        if not (self._may_repeat() and self._entry.routes.permits("GET", subject.resource)):
            return False
        until = self._lookup.holds_until(subject, stored, now)
        record = None if until is None else self._audit.record_of(ticket.read, now)
        if until is None or record is None:
            return False
        ticket.decide(stored, record, self._terms(subject, stored, until, now))
        return True

    def _terms(
        self, subject: SubjectT, stored: StoredResponse, until: Horizon, now: Instant
    ) -> Terms[SubjectT]:
        account = self._limits.account(subject, now)
        lifetime_seconds = stored.terms.freshness_lifetime_seconds
        terms = Terms(
            epoch=self._epoch,
            decided_in=self._epoch.number,
            until_boot_seconds=until.boot_seconds,
            until_wall_seconds=until.wall_seconds,
            usable_age_seconds=lifetime_seconds - ROUNDING_SECONDS,
            freshness_lifetime_seconds=lifetime_seconds,
            account=account,
            requests=None if account is None else account.buckets[Budget.REQUESTS],
            shown=None if account is None or not self._limits.are_shown else account.buckets[Budget.UPSTREAM],
            tally=self._repeats.tally(subject),
        )
        # Whatever has the number of an earlier tally has not the same terms: they name their own.
        kind = (id(terms.tally), lifetime_seconds)
        known = self._agreed.get(kind)
        if known == terms:
            return known
        self._agreed[kind] = terms
        return terms

    def _issued(self, ticket: Ticket[SubjectT], request: Request, now: Instant) -> Issued:
        answer = self._compose.hit(request, ticket.stored, now)
        fields = self._limits.fields(ticket.subject, now)
        answer = self._compose.with_fields(answer, fields) if fields else answer
        return Issued(ticket=ticket, answer=answer, figures=ticket.figures(now.boot_seconds))


def _identity(subject: Subject, party: str, stored: StoredResponse) -> Identity:
    """Return what the audit knows equal reads by; of a full path's hits it makes the same."""
    return Identity(
        token=subject.partition_label,
        token_id=subject.credential_id,
        peer=party,
        resource=subject.resource,
        about=subject.about,
        version=stored.version,
        how=Answered.HIT.value,
    )


def _says_the_same(stored: StoredResponse, earlier: StoredResponse) -> bool:
    """Tell whether answers from a response are those from an earlier one but for age and Date."""
    later, before = stored.response, earlier.response
    return later is before or is_only_redated(later, before)


def _suits_the_same(stored: StoredResponse, earlier: StoredResponse) -> bool:
    """Tell whether a response is for the requests that an earlier one under the same key was for."""
    fields, before = stored.response.fields, earlier.response.fields
    return fields.getall("Content-Encoding", ()) == before.getall("Content-Encoding", ())
