"""What the cache asks of the application it caches.

RFC 9111 alone doesn't know what a resource is, who may read it, or which answers a write outdates. A profile
does: `HttpProfile` answers with the RFC's own rules for any origin, the Connect profile with Connect's meaning.
A profile performs nothing: it is told what happened and says what follows.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Protocol, TypeVar

from proxy.caching.key import CacheKey, Tag
from proxy.caching.pieces import Pieces
from proxy.caching.reasons import NotStoredReason
from proxy.caching.stored_response import Evidence, StoredResponse, Variation
from proxy.clock import Instant
from proxy.semantics.message import Request, Response, ResponseHead

About = tuple[tuple[str, str], ...]
"""What a request is about, as pairs of a word and an id that may be said aloud; never a title or a filter."""


class Handling(StrEnum):
    """What is done with a request."""

    CACHE = "cache"  # look up, collapse, store
    PASS = "pass"  # noqa: S105  (forward as it is; nothing is learnt for the store)
    WRITE = "write"  # forward once, then invalidate


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheRules:
    """How RFC 9111 is to be applied to one request.

    `assigned_freshness_seconds` is the lifetime where the origin states none; an origin's shorter one wins.
    `stale_if_error_seconds` is the bound of staleness in an outage where the origin states none, and
    `stale_if_error_most_seconds` the one that nobody's word extends.
    """

    shared: bool
    heuristics: bool
    assigned_freshness_seconds: float | None
    stale_if_error_seconds: float
    stale_if_error_most_seconds: float = 2.0**31
    ages_by_date: bool = True  # False: the origin itself answers, and its clock may differ from ours
    answer_stale_after_seconds: float | None = (
        None  # longer than this nobody waits who may have something stale
    )
    storable_statuses: frozenset[int] | None = None  # None: what the RFC allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a request is about, as far as caching must know.

    `resource` and `partition_label` are bounded words for metrics and logs, `route` is the template of the path;
    `about` and `credential_id` (what a token calls itself) are for lines and the audit. `scopes` are the generations
    that the answer depends on (for a write: those it raises); `tags` are what a stored answer is found by. Writes in
    one `lane` go one at a time. After `usable_until_wall_seconds` nothing stored is served.
    """

    resource: str
    handling: Handling
    key: CacheKey
    partition_label: str
    scopes: tuple[Tag, ...]
    tags: tuple[Tag, ...]
    rules: CacheRules
    lane: Tag | None = None
    route: str = ""
    about: About = ()
    credential_id: str = field(default="", repr=False)
    usable_until_wall_seconds: float | None = None


class Servability(StrEnum):
    """What a profile says of a stored response, whatever its freshness."""

    SERVABLE = "servable"
    MUST_VALIDATE = "must_validate"  # may be reused only after validation, or in an outage
    UNVERIFIED = "unverified"  # the token's lease has run out: validate; in an outage within its own bound
    FENCED = "fenced"  # a write may not be visible yet: forward, in an outage too
    REFUSED = "refused"  # never for this token


class Standing(StrEnum):
    """What is known of whoever sends a request."""

    STRANGER = "stranger"  # the origin has never accepted it
    UNVERIFIED = "unverified"  # it has, and must be asked again before anything is reused
    VERIFIED = "verified"


class Proof(Protocol):
    """What one complete answer proves about other stored responses than its own."""

    @property
    def about(self) -> tuple[Tag, ...]:
        """The tags that every response carries about which it says anything."""
        ...

    def confirms(self, stored: StoredResponse) -> CacheRules | None:
        """Return the rules by which an unchanged response is fresh again; None if this isn't proven."""
        ...

    def outdates(self, stored: StoredResponse) -> bool:
        """Tell whether a response must go."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What must follow from something learnt.

    `advance` lists scopes whose generation rises. `remove` lists conjunctions of tags: every stored response
    that carries all tags of one of them goes. `proofs` count for what was sent before any of this.
    `keeps_decisions`: all that was decided before still stands, but for what is stored anew.
    """

    advance: tuple[Tag, ...] = ()
    remove: tuple[tuple[Tag, ...], ...] = ()
    proofs: tuple[Proof, ...] = ()
    keeps_decisions: bool = False


NO_EFFECTS = Effects(keeps_decisions=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A refusal that may be a mistake: it is asked again after a pause, before anybody hears of it.

    `is_noted`: what it teaches counts meanwhile. `health_target` is asked first for what explains the refusal.
    """

    pause_seconds: float
    is_noted: bool = False
    health_target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedBefore:
    """What somebody gets who has just been refused, and in how many seconds the origin may be asked again."""

    response: Response
    retry_after_seconds: float


class WriteOutcome(StrEnum):
    """What became of a write."""

    REFUSED = "refused"  # the origin said no, or nothing was sent: nothing changed
    APPLIED = "applied"  # 2xx or 3xx
    UNKNOWN = "unknown"  # 408, 409, 5xx, timeout, reset: it may have been applied


_DEFINITE_REFUSALS = frozenset({400, 401, 403, 404, 405, 413, 415, 422, 429})


def write_outcome(status: int) -> WriteOutcome:
    """Tell what a complete answer to a write says of its effect."""
    if status in _DEFINITE_REFUSALS:
        return WriteOutcome.REFUSED
    return WriteOutcome.APPLIED if 200 <= status < 400 else WriteOutcome.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a profile read out of a complete answer; profiles subclass it with what they need."""

    refusal: NotStoredReason | None = None
    version: int | None = None
    evidence: Evidence = ()
    variation: Variation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """When a request went upstream, the generation of its scopes and the latest of any scope at that moment."""

    at: Instant
    generation: int
    latest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """Until when something holds by either clock: not at that moment any more."""

    boot_seconds: float
    wall_seconds: float


NO_END = Horizon(boot_seconds=inf, wall_seconds=inf)
OVER = Horizon(boot_seconds=-inf, wall_seconds=-inf)

SubjectT = TypeVar("SubjectT", bound=Subject)
FindingT = TypeVar("FindingT", bound=Finding)


class Profile(Protocol[SubjectT, FindingT]):
    """The application's part of every caching decision."""

    def subject(self, request: Request, now: Instant) -> SubjectT:
        """Tell what a request is about."""
        ...

    def key(self, request: Request) -> CacheKey:
        """Return that subject's key alone."""
        ...

    def standing(self, subject: SubjectT, now: Instant) -> Standing:
        """Tell what is known of whoever sends this request."""
        ...

    def refused_before(self, subject: SubjectT, now: Instant) -> RefusedBefore | None:
        """Return the refusal that answers this request without asking the origin; None lets it pass."""
        ...

    def servability(self, subject: SubjectT, stored: StoredResponse, now: Instant) -> Servability:
        """Tell whether a stored response of this subject may be reused, its freshness aside."""
        ...

    def storing_rules(self, subject: SubjectT, now: Instant) -> CacheRules:
        """Return the rules by which an answer to this subject is stored, as things are now."""
        ...

    def examine(self, subject: SubjectT, response: Response) -> Pieces[FindingT]:
        """Read a complete answer to a safe request, in pieces. Parses only; changes nothing."""
        ...

    def hold_seconds(self, subject: SubjectT, asked: Instant, now: Instant) -> float:
        """Return for how long a complete answer may be held back, as it may not show a write that has ended.

        `asked` is when the first request for it was sent; 0 or less: not at all.
        """
        ...

    def doubts(self, subject: SubjectT, status: int, now: Instant) -> Doubt | None:
        """Tell whether a status is to be asked for again before it is believed."""
        ...

    def health_told(self, answer: Response, now: Instant) -> None:
        """Take note of what a `Doubt`'s health target answered."""
        ...

    def is_outage(self, subject: SubjectT, status: int, now: Instant) -> bool:
        """Tell whether a status means that the origin could not answer, as far as this application is known."""
        ...

    def learn(
        self, subject: SubjectT, head: ResponseHead, finding: FindingT | None, sent: Sent, now: Instant
    ) -> Effects:
        """Take note of an upstream answer to a safe request; `finding` is None when its body wasn't kept."""
        ...

    def learn_again(self, subject: SubjectT, sent: Sent, now: Instant) -> bool:
        """Take note of an answer that says what the one stored under the subject's key said, octet for octet.

        False, and nothing is noted: it has to be examined, because something was learnt since, or for no reason.
        """
        ...

    def refuses_storing(
        self, subject: SubjectT, finding: FindingT, sent: Sent, now: Instant
    ) -> NotStoredReason | None:
        """Say why a complete answer must not be stored although RFC 9111 would allow it."""
        ...

    def write_ended(
        self, subject: SubjectT, outcome: WriteOutcome, answer: Response | None, now: Instant
    ) -> Effects:
        """Take note of a write that has ended; `answer` is its complete response, if there was one."""
        ...

    def concluded(
        self, subject: SubjectT, request: Request, reused: StoredResponse | None, now: Instant
    ) -> bool:
        """Take note of a client's request that has its answer, and of the stored response that gave it.

        Tells whether background requests may follow.
        """
        ...

    def stands_until(self, subject: SubjectT, now: Instant) -> Horizon:
        """Tell until when what is servable now stays so, if nothing is learnt; in the past if its token is renamed."""
        ...

    def counts_with(self, subject: SubjectT) -> Hashable:
        """Return what is equal for all subjects whose requests may be told of together, as `repeated`."""
        ...

    def repeated(self, subject: SubjectT, reused: Sequence[StoredResponse], count: int, now: Instant) -> bool:
        """Take note of so many more requests like some that were `concluded`, the last one now. Tells the same.

        They count with `subject`; `reused` are some of the stored responses that answered them.
        """
        ...
