"""RFC 9111 alone, for any origin: the profile `http`.

Each credential has a private cache of its own; requests without one share a partition under shared-cache rules.
A successful unsafe request outdates its targets in all partitions (section 4.4). HEAD is answered from what GET
stored, and asks upstream with GET when there is nothing, as nginx does.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from proxy.caching.decisions import is_failure
from proxy.caching.inspection import Circumstances
from proxy.caching.invalidation import outdated_targets
from proxy.caching.key import ROOT, CacheKey, Tag
from proxy.caching.pieces import Pieces, whole
from proxy.caching.profile import (
    NO_EFFECTS,
    NO_END,
    CacheRules,
    Doubt,
    Effects,
    Finding,
    Handling,
    Horizon,
    RefusedBefore,
    Sent,
    Servability,
    Standing,
    Subject,
    WriteOutcome,
)
from proxy.caching.reasons import NotStoredReason
from proxy.caching.stored_response import StoredResponse
from proxy.clock import Instant
from proxy.semantics.message import SAFE_METHODS, Request, Response, ResponseHead

_NO_FINDING = Finding()
_SHARED = "shared"

PRIVATE_RULES = CacheRules(
    shared=False, heuristics=True, assigned_freshness_seconds=None, stale_if_error_seconds=0.0
)
SHARED_RULES = CacheRules(
    shared=True, heuristics=True, assigned_freshness_seconds=None, stale_if_error_seconds=0.0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSubject(Subject):
    """A request to any origin. `host` is its Host field."""

    host: str


class HttpInspection:
    """An `Inspection`. Credentials have no names here; what is asked without any goes by `shared`."""

    def names(self) -> tuple[str, ...]:
        """Return the one name there is."""
        return (_SHARED,)

    def subject_of(self, name: str, method: str, target: str) -> HttpSubject | None:
        """Return what a request without credentials would be about."""
        return _subject(method, target) if name == _SHARED else None

    def circumstances(self, subject: HttpSubject, now: Instant) -> Circumstances:
        """Know nothing but the target; any query may be a secret."""
        return Circumstances(is_filtered="?" in subject.key.target)


class HttpProfile:
    """Any origin.

    `digest` turns a credential into a partition; it is keyed: nobody can guess it back. `authority` is the
    host and port by which the origin knows itself, if it is told another than the client's Host.
    """

    def __init__(self, digest: Callable[[bytes], bytes], *, authority: str = "") -> None:
        self._digest = digest
        self._authority = authority
        self.inspection = HttpInspection()

    def key(self, request: Request) -> CacheKey:
        """Return the key of what it is about."""
        return self._subject(request).key

    def subject(self, request: Request, now: Instant) -> HttpSubject:
        """Tell what a request is about: its target, and whose it is."""
        return self._subject(request)

    def _subject(self, request: Request) -> HttpSubject:
        credentials = request.fields.getall("Authorization", ())
        is_shared = not credentials
        octets = "\n".join(credentials).encode("utf-8", "surrogateescape")  # no field value holds a line end
        partition = None if is_shared else self._digest(octets)
        return _subject(request.method, request.target, request.fields.get("Host", ""), partition)

    def standing(self, subject: HttpSubject, now: Instant) -> Standing:
        """Know nobody."""
        return Standing.STRANGER

    def refused_before(self, subject: HttpSubject, now: Instant) -> RefusedBefore | None:
        """Let everybody ask."""
        return None

    def servability(self, subject: HttpSubject, stored: StoredResponse, now: Instant) -> Servability:
        """The RFC's freshness is all there is."""
        return Servability.SERVABLE

    def storing_rules(self, subject: HttpSubject, now: Instant) -> CacheRules:
        """Return the rules of the request: they never change."""
        return subject.rules

    def examine(self, subject: HttpSubject, response: Response) -> Pieces[Finding]:
        """Read nothing."""
        return whole(_NO_FINDING)

    def hold_seconds(self, subject: HttpSubject, asked: Instant, now: Instant) -> float:
        """Hold nothing back."""
        return 0.0

    def doubts(self, subject: HttpSubject, status: int, now: Instant) -> Doubt | None:
        """Believe everything."""
        return None

    def health_told(self, answer: Response, now: Instant) -> None:
        """Nobody asks for health."""

    def is_outage(self, subject: HttpSubject, status: int, now: Instant) -> bool:
        """Go by the RFC's word for what is a failure."""
        return is_failure(status)

    def learn(
        self, subject: HttpSubject, head: ResponseHead, finding: Finding | None, sent: Sent, now: Instant
    ) -> Effects:
        """Learn nothing."""
        return NO_EFFECTS

    def learn_again(self, subject: HttpSubject, sent: Sent, now: Instant) -> bool:
        """Have everything examined."""
        return False

    def refuses_storing(
        self, subject: HttpSubject, finding: Finding, sent: Sent, now: Instant
    ) -> NotStoredReason | None:
        """Refuse nothing."""
        return None

    def concluded(
        self, subject: HttpSubject, request: Request, reused: StoredResponse | None, now: Instant
    ) -> bool:
        """Nothing is ever asked for in the background."""
        return False

    def stands_until(self, subject: HttpSubject, now: Instant) -> Horizon:
        """Know no end."""
        return NO_END

    def counts_with(self, subject: HttpSubject) -> Hashable:
        """Tell of all together."""
        return None

    def repeated(
        self, subject: HttpSubject, reused: Sequence[StoredResponse], count: int, now: Instant
    ) -> bool:
        """Nothing is ever asked for in the background."""
        return False

    def write_ended(
        self, subject: HttpSubject, outcome: WriteOutcome, answer: ResponseHead | None, now: Instant
    ) -> Effects:
        """Outdate the targets of a write that was not refused, for everybody."""
        if outcome is WriteOutcome.REFUSED:
            return NO_EFFECTS
        target, authorities = subject.key.target, (subject.host, self._authority)
        targets = (target,) if answer is None else outdated_targets(target, authorities, answer)
        tags: tuple[Tag, ...] = tuple(("target", target) for target in targets)
        return Effects(advance=tags, remove=tuple((tag,) for tag in tags))


def _subject(method: str, target: str, host: str = "", partition: bytes | None = None) -> HttpSubject:
    """Return what a request is about; without credentials (None) it shares a partition with others."""
    tag: Tag = ("target", target)
    return HttpSubject(
        host=host,
        resource="other",
        handling=_handling(method),
        key=CacheKey(partition or b"", "GET", target),
        partition_label=_SHARED if partition is None else "private",
        scopes=(ROOT, tag),
        tags=(tag, ("partition", partition or b"")),
        rules=SHARED_RULES if partition is None else PRIVATE_RULES,
    )


def _handling(method: str) -> Handling:
    if method in {"GET", "HEAD"}:
        return Handling.CACHE
    return Handling.PASS if method in SAFE_METHODS else Handling.WRITE
